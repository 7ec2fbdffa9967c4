"""The projects and meetings of the demonstration, and how often pages with something in them ask the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tepian.kernel.actors import system
from tepian.kernel.catalogue import pagecache

from ..demo import demo_meetings, demo_projects
from ..models import Project
from ..queries import comments, projects
from .built import DAY, END, park, told
from .test_project_pages import text, words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _july(contoh: Any, on_day: Callable[[date], None]) -> None:
    on_day(DAY)


@pytest.fixture(name="judge")
def _judge(as_role: Callable[..., Any]) -> Any:
    return as_role("plan_verifier", username="penilai")


@pytest.fixture(name="shown")
def _shown(monkeypatch: pytest.MonkeyPatch) -> Project:
    """The demonstration on today's date."""
    monkeypatch.undo()
    assert demo_projects(actor=system("demo")) == 3 and demo_projects(actor=system("demo")) == 0
    return Project.objects.get(slug="peragaan-taman-tepi-sungai")


def test_the_demonstration_says_so_on_every_page(client, shown):
    for path in ("/rencana/proyek", *(f"/rencana/proyek/{row.slug}" for row in Project.objects.all())):
        assert "Peragaan." in text(client.get(path)), path
    page = words(text(client.get(f"/rencana/proyek/{shown.slug}")))
    assert "melebihi" not in page and "2 tidak ditampilkan" in page
    assert {row.status for row in projects.standings(public=True)} == {
        projects.LATE, projects.FINISHED, projects.AS_PLANNED,
    }  # fmt: skip
    assert comments.to_judge().count() == 1


def test_the_demonstration_has_a_meeting_with_a_late_decision(judge, shown):
    assert demo_meetings(actor=system("demo")) == 2 and demo_meetings(actor=system("demo")) == 0
    page = text(judge.get("/kerja/rencana/rapat"))
    assert "1 keputusan terlambat" in page and "terlambat 9 hari" in page and "Persiapan laporan" in page


BUDGETS = {
    "/rencana/proyek": 8,
    "/rencana/proyek/peragaan-taman-tepi-sungai": 12,
    "/rencana/proyek/peragaan-taman-tepi-sungai/tulis": 5,
    "/rencana/proyek/peragaan-taman-tepi-sungai/kurva.csv": 5,
    "/kerja/rencana/proyek": 10,
    "/kerja/rencana/proyek/peragaan-taman-tepi-sungai": 19,
    "/kerja/rencana/proyek/peragaan-taman-tepi-sungai/ubah": 12,
    "/kerja/rencana/proyek/peragaan-taman-tepi-sungai/tahap": 10,
    "/kerja/rencana/komentar": 13,
}


@pytest.mark.parametrize("path", BUDGETS)
def test_pages_keep_their_budgets_with_projects_in_them(client, as_role, shown, path: str):
    who = as_role("planner", "plan_verifier", username="semua") if path.startswith("/kerja") else client
    text(who.get(path))
    pagecache.forget_all()
    with CaptureQueriesContext(connection) as asked:
        text(who.get(path))
    assert len(asked) <= BUDGETS[path], "\n".join(each["sql"][:160] for each in asked)


def test_twenty_projects_ask_no_more_than_three(client):
    def asked() -> int:
        pagecache.forget_all()
        with CaptureQueriesContext(connection) as found:
            client.get("/rencana/proyek")
        return len(found)

    for number in range(3):
        told(park(title=f"Proyek {number}"), 8)
    client.get("/rencana/proyek")
    few = asked()
    for number in range(3, 20):
        told(park(title=f"Proyek {number}"), 8)
    assert asked() == few


def test_a_promise_of_the_past_counts_until_it_is_kept(client, on_day):
    row = told(park(), 9)
    on_day(END + timedelta(days=30))
    assert projects.standing(row).days_late == 30
