"""The desk and the wall: what waits, worst first; what is old, grey; what fails, named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tepian.kernel.catalogue import contributions
from tepian.kernel.catalogue.contributions import Freshness, MapLayer, MenuEntry, Tile, WallTile, WorkItem, WorkList
from tepian.kernel.maps import queries as maps
from tepian.portal import context, desk, views, wall

NOW = datetime.now(UTC)


@pytest.fixture
def hang(monkeypatch: pytest.MonkeyPatch) -> Any:
    real = contributions.offered
    own: dict[type, list[Any]] = {WorkList: [], WallTile: [], Freshness: [], MapLayer: []}
    for module in (context, desk, views, wall, maps):
        monkeypatch.setattr(module, "offered", lambda kind: own[kind] if kind in own else real(kind))

    def set_kind(kind: type, things: list[Any]) -> None:
        own[kind] = things

    return set_kind


def broken(*_args: Any) -> Any:
    raise RuntimeError("away")


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["/kerja", "/kerja/tugas", "/dinding", "/dinding/isi", "/dinding/utama"])
def test_strangers_are_sent_to_sign_in_and_back(client: Client, page: str) -> None:
    response = client.get(page)
    assert response.status_code == 302 and response["Location"].startswith("/masuk?next=")


@pytest.mark.django_db
def test_tasks_stand_worst_first_then_most_urgent(as_role: Any, hang: Any) -> None:
    items = [
        WorkItem("c", "Biasa", "/c"), WorkItem("a", "Bahaya", "/a", level="danger", decision=True),
        WorkItem("b2", "Nanti", "/b2", level="warning", due=NOW + timedelta(hours=3)),
        WorkItem("b1", "Terlambat", "/b1", level="warning", due=NOW - timedelta(hours=1), since=NOW),
        WorkItem("a", "Bahaya dua kali", "/a", level="danger", decision=True),
    ]  # fmt: skip
    hang(WorkList, [WorkList("x", lambda actor: items), WorkList("diam", broken)])
    body = as_role("duty_officer").get("/kerja").content.decode()
    assert body.index("Bahaya") < body.index("Terlambat") < body.index("Nanti") < body.index("Biasa")
    assert "Bahaya dua kali" not in body and "1 hal perlu keputusan" in body and "Lewat tenggat" in body
    assert "Tugas dari “diam” tidak dapat dibaca" in body, "a room that fails is named, the others are shown"
    assert "(1) Tugas saya" in body, "the tab's title counts decisions"
    assert "Post duty_officer" in body, "own positions"


@pytest.mark.django_db
def test_an_empty_desk_and_one_without_a_position(as_role: Any, hang: Any) -> None:
    assert "Tidak ada yang menunggu Anda" in as_role("viewer").get("/kerja").content.decode()
    assert "tidak memegang jabatan" in as_role().get("/kerja").content.decode()


@pytest.mark.django_db
def test_the_rail_shows_at_most_seven_own_workplaces(as_role: Any, hang: Any) -> None:
    hang(
        MenuEntry,
        [MenuEntry("staff", f"Tempat {n}", f"/kerja/{n}", roles=("head",)) for n in range(12)]
        + [MenuEntry("staff", "Rahasia", "/kerja/r", roles=("auditor",))],
    )
    body = as_role("head").get("/kerja").content.decode()
    rail = body.split('class="rel"')[1].split("</nav>")[0]
    assert rail.count("<li>") == context.RAIL and "Rahasia" not in rail
    assert 'class="rel"' in as_role("viewer").get("/kerja").content.decode(), "everybody has the own desk"


def minutes_ago(number: int) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=number)


@pytest.mark.django_db
def test_the_wall_speaks_of_the_city_and_marks_what_is_old(as_role: Any, hang: Any) -> None:
    hang(
        WallTile,
        [
            WallTile("air", lambda: Tile("Tinggi air", "2,9", "m", "naik", "siaga", minutes_ago(26), "/sensor")),
            WallTile("hujan", lambda: Tile("Hujan", None, "mm")),
            WallTile("rusak", broken),
            *[WallTile(f"x{n}", lambda n=n: Tile(f"Ubin {n}", "0", at=datetime.now(UTC))) for n in range(9)],
        ],
    )
    hang(Freshness, [Freshness("a", "Data air", lambda: (NOW, "late", "terlambat 26 menit"))])
    body = as_role("viewer").get("/dinding").content.decode()
    assert body.count('<p class="besar">') == 7, "never more than seven numbers"
    assert "Tidak ada yang perlu diputuskan" in body
    tile = body.split("Tinggi air")[0].rsplit("<a ", 1)[1]
    assert "stale" in tile and "level-siaga" in tile and "26 menit lalu" in body
    assert body.count('<p class="besar">–') == 2, "unknown is a dash, never 0"
    assert "Data air: terlambat 26 menit" in body
    assert 'class="wall"' in body and "<nav" not in body
    assert 'hx-get="/dinding/utama/isi"' in body and 'data-live="*"' in body


@pytest.mark.django_db
def test_the_wall_s_headline_leads_to_the_decision(as_role: Any, hang: Any) -> None:
    item = WorkItem("i/1", "Rancangan banjir", "/kerja/kejadian/K-1", decision=True)
    hang(WorkList, [WorkList("emergency", lambda actor: [item] if actor.has("head") else [])])
    body = as_role("head").get("/dinding/isi").content.decode()
    assert "1 hal perlu keputusan" in body and 'href="/kerja/kejadian/K-1"' in body and "<html" not in body


@pytest.mark.django_db
def test_the_wall_in_english_and_unknown_layouts(as_role: Any, hang: Any) -> None:
    client = as_role("head")
    client.account.language = "en"
    client.account.save()
    assert b"Nothing needs a decision" in client.get("/dinding").content
    assert client.get("/dinding/tidak-ada").status_code == 404


@pytest.mark.django_db
def test_the_desk_keeps_its_budget_of_questions(as_role: Any, hang: Any) -> None:
    hang(WorkList, [WorkList("x", lambda actor: [WorkItem(str(n), f"T{n}", "/") for n in range(200)])])
    client = as_role("duty_officer")
    client.get("/kerja")
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/kerja").status_code == 200
    assert len(asked) <= 8, [query["sql"][:120] for query in asked]
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/dinding/isi").status_code == 200
    assert len(asked) <= 10, [query["sql"][:120] for query in asked]
