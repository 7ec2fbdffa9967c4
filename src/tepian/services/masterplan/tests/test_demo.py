"""The demonstration is made by the verbs, says what it is, and shows every way in which a report can stand."""

from __future__ import annotations

from typing import Any

import pytest

from tepian.kernel.actors import system

from .. import demo
from ..models import Plan, Report
from ..queries import rollup

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contoh")]


def test_the_demonstration_shows_the_good_the_late_and_the_silent(client: Any) -> None:
    plan = demo.demo_plan(actor=system("tests"))
    assert plan is not None and plan.simulated
    rows = rollup.standings(plan, rollup.shown_quarter())
    total = rollup.total(rows)
    assert len(rows) == 22 and len(rollup.by(rows, rollup.DIMENSION)) == 6
    assert total.verified is not None and total.claimed is not None and 20 < total.verified < total.claimed < 100
    assert {rollup.LATE, rollup.STALE, rollup.OVERDUE, rollup.ON_TRACK} <= {row.status for row in rows}
    assert {"sent", "verified", "returned"} == set(Report.objects.values_list("state", flat=True))
    page = client.get("/rencana").content.decode()
    assert "Peragaan." in page and "Taman tepian yang selesai dibangun" in page


def test_making_it_again_changes_nothing() -> None:
    assert demo.publish_examples(actor=system("tests")) > 0
    reports = Report.objects.count()
    assert demo.publish_examples(actor=system("tests")) == 0
    assert (Plan.objects.filter(simulated=True, code="peragaan").count(), Report.objects.count()) == (1, reports)
