"""112 and the city's hazards tell each other: calls are signs, a confirmed hazard gets units, warnings are linked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from tepian.kernel.actors import Actor, Grant
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events.delivery import deliver_all
from tepian.kernel.events.models import Delivery
from tepian.services.dispatch import operations as dispatch
from tepian.services.dispatch import queries
from tepian.services.dispatch.models import Incident, IncidentType
from tepian.services.emergency import operations as emergency
from tepian.services.emergency.models import Incident as Hazard
from tepian.services.emergency.models import Sign

from .conftest import OFFICER, level

DESK = Actor(kind="person", id="meja", label="Meja 112", grants=(Grant("call_taker"), Grant("dispatcher")))
EXCHANGE = Actor(kind="device", id="pbx", label="Sentral", grants=(Grant("device"),))


@pytest.fixture
def desk(city):
    IncidentType.objects.create(
        code="A1", name="Banjir", name_en="Flood", group="water", severity="C", hazard="flood", hazard_level="siaga",
        valid_from=date(2020, 1, 1),
    )  # fmt: skip
    IncidentType.objects.create(
        code="M1", name="Sakit", name_en="Illness", group="medical", severity="C", valid_from=date(2020, 1, 1)
    )
    touch("dispatch-types")


def call(key: str, *, kind: str = "A1", lon: float = 117.10, lat: float = -0.40) -> Incident:
    row, _new = dispatch.receive_call_event(actor=EXCHANGE, id=f"{key}-r", type="ringing", call=key, at=timezone.now())
    incident = dispatch.send_call(actor=DESK, call=row.pk, place="Jalan Hulu", lon=lon, lat=lat, type_code=kind)
    deliver_all()
    return incident


def confirm(number: str) -> None:
    emergency.confirm_draft(
        actor=OFFICER,
        number=number,
        level="siaga",
        areas=["99.01.01.1001"],
        headline="Banjir",
        instruction="Naikkan barang.",
        valid_until=timezone.now() + timedelta(hours=3),
    )
    deliver_all()


def test_a_call_and_a_gauge_open_a_draft_but_two_calls_alone_do_not(desk):
    call("c1")
    call("c2", lon=117.101)
    assert Sign.objects.filter(source_kind="call").count() == 2
    assert not Hazard.objects.exists()
    level("hulu", "siaga")
    assert Hazard.objects.get().state == "draft"
    assert not Delivery.objects.exists()


def test_an_illness_is_no_sign_of_a_flood(desk):
    call("c1", kind="M1")
    assert not Sign.objects.exists()


def test_the_desk_proposes_a_warning_and_the_officer_decides(desk):
    incident = call("c1")
    dispatch.propose_warning(actor=DESK, number=incident.number)
    dispatch.propose_warning(actor=DESK, number=incident.number)
    deliver_all()
    hazard = Hazard.objects.get()
    assert hazard.state == "draft"
    confirm(hazard.number)
    incident.refresh_from_db()
    assert incident.hazard_number == hazard.number
    assert incident.warning_number
    assert not Delivery.objects.exists()


def test_a_confirmed_hazard_is_one_incident_of_the_desk_however_often_it_is_told(desk):
    level("hulu", "siaga")
    level("tengah", "waspada", ward="99.01.01.1002")
    hazard = Hazard.objects.get()
    confirm(hazard.number)
    deliver_all()
    opened = Incident.objects.get(source="incident")
    assert (opened.hazard_number, opened.type_code) == (hazard.number, "A1")
    assert Sign.objects.filter(source_kind="call").count() == 0


def test_a_call_from_inside_a_warning_is_linked_to_it(desk):
    level("hulu", "siaga")
    level("tengah", "waspada", ward="99.01.01.1002")
    confirm(Hazard.objects.get().number)
    inside, outside = call("c1", kind="M1"), call("c2", kind="M1", lon=117.12, lat=-0.42)
    inside.refresh_from_db()
    outside.refresh_from_db()
    assert inside.warning_number and not outside.warning_number
    assert any(entry.kind == "warning_linked" for entry in inside.entries.all())
    assert queries.incident_by(inside.number).pk == inside.pk
