"""What the room hangs in the hall: each menu entry stands for exactly those who may open its page; what runs at start."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from tepian.kernel.catalogue.contributions import GatewayService, Job, LiveState, MenuEntry, offered
from tepian.kernel.identity.roles import ROLES
from tepian.services.dispatch import jobs, live, operations
from tepian.services.dispatch.models import Unit
from tepian.services.dispatch.queries import positions, travel

from .conftest import CREW

PAGES = ("/kerja/112", "/kerja/dispatch", "/kerja/112/langsung", "/unit", "/kerja/112/lanjutan")


@pytest.mark.parametrize("role", sorted(ROLES))
def test_who_may_open_a_page_finds_it_in_the_menu_and_nobody_else_does(city, as_role, role):
    client = as_role(role)
    entries = {entry.url: entry for entry in offered(MenuEntry) if entry.area == "staff"}
    for page in PAGES:
        status = client.get(page).status_code
        assert status in (200, 403), (page, status)
        listed = role in entries[page].roles
        assert listed == (status == 200) or (role, page) == ("supervisor", "/unit"), (role, page)
    if role in ("supervisor", "dispatcher", "call_taker"):
        rail = client.get("/kerja").content.decode()
        assert 'href="/kerja/112/langsung"' in rail
    if role in ("responder", "head", "supervisor"):
        assert 'href="/kerja/112/lanjutan"' in client.get("/kerja").content.decode(), "not cut off by the rail's limit"
    if role in ("supervisor", "dispatcher"):
        assert client.get("/dinding").status_code == 200


# --- what runs at start -----------------------------------------------------------------------------------------------


@pytest.fixture
def cold(monkeypatch):
    monkeypatch.setattr(travel, "_warming", threading.Event())
    yield
    for thread in threading.enumerate():
        if thread.name == "roads":
            thread.join(30)


@pytest.mark.parametrize("way", ["server", "worker"])
def test_the_road_search_is_made_ready_in_the_background_once_a_process(cold, monkeypatch, way):
    from tepian.toolkit import roads as search

    go, made = threading.Event(), []

    def slow() -> bool:
        go.wait(10)
        made.append(threading.current_thread().name)
        return True

    monkeypatch.setattr(travel, "roads", lambda: object())
    monkeypatch.setattr(search, "warm_up", slow)
    monkeypatch.setattr(operations, "escalate_units", lambda: 0)
    monkeypatch.setattr(operations, "escalate_tasks", lambda: 0)
    begun = time.monotonic()
    for _time in range(3):
        if way == "server":
            assert live.ROADS in offered(GatewayService)
            asyncio.run(live.ROADS.start())
        else:
            assert jobs.CLOCKS in offered(Job)
            jobs.CLOCKS.run()
    assert time.monotonic() - begun < 1 and not made, "the start does not wait"
    go.set()
    for thread in threading.enumerate():
        if thread.name == "roads":
            thread.join(10)
    assert made == ["roads"]


def test_a_city_without_roads_loads_nothing_and_a_failure_stops_nobody(monkeypatch):
    from tepian.toolkit import roads as search

    monkeypatch.setattr(search, "warm_up", lambda: pytest.fail("nothing to make ready"))
    monkeypatch.setattr(travel, "roads", lambda: None)
    travel._warm_up()

    def broken() -> None:
        raise OSError("gone")

    monkeypatch.setattr(travel, "roads", broken)
    travel._warm_up()


def test_open_maps_learn_of_positions_as_state(city):
    assert live.UNITS in offered(LiveState) and live.UNITS.audience == "staff"
    operations.sign_on(actor=CREW, call_sign="D-01")
    now = timezone.now() - timedelta(minutes=1)
    operations.report_position(actor=CREW, call_sign="D-01", lon=117.2, lat=-0.5, at=now)
    cursor, items = positions.changes_since(None)
    assert [(item["key"], item["lon"], item["lat"]) for item in items] == [("unit/D-01", 117.2, -0.5)]
    operations.report_position(actor=CREW, call_sign="D-01", lon=117.3, lat=-0.6, at=now + timedelta(seconds=9))
    assert positions.changes_since(cursor) == (cursor, []), "not asked more than once a second"
    cursor, items = positions.changes_since((0.0, cursor[1]))
    assert [item["lon"] for item in items] == [117.3]
    assert positions.changes_since((0.0, cursor[1]))[1] == []
    Unit.objects.update(state="off_duty")
    assert positions.changes_since(None)[1] == []
