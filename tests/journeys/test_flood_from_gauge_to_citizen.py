"""A river rises, a second source agrees, an officer confirms, citizens are told; and nothing earlier."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tepian.kernel.events.delivery import deliver_all
from tepian.kernel.events.models import Delivery, OutboxEvent
from tepian.services.emergency import operations as emergency
from tepian.services.emergency import queries as incidents
from tepian.services.emergency.models import Incident
from tepian.services.warnings import queries as warnings
from tepian.services.warnings.models import PublicWarning, WarningMessage

from .conftest import OFFICER, build_city, level, returned, silent

PUBLIC_PAGES = ["/banjir", "/en/banjir", "/banjir/riwayat", "/banjir/cap.xml", "/en/banjir/riwayat"]


def words(**more):
    return {
        "level": "siaga",
        "areas": ["99.01.01.1001", "99.01.01.1002"],
        "headline": "Banjir di Hulu dan Tengah",
        "headline_en": "Flood in Hulu and Tengah",
        "instruction": "Naikkan barang.",
        "instruction_en": "Lift your things.",
        "valid_until": timezone.now() + timedelta(hours=6),
    } | more


def confirm(number: str, **more) -> None:
    emergency.confirm_draft(actor=OFFICER, number=number, **words(**more))
    deliver_all()


def draft() -> str:
    level("hulu", "siaga")
    level("tengah", "waspada", ward="99.01.01.1002")
    return Incident.objects.get().number


def no_trouble() -> bool:
    return not Delivery.objects.exists()


def test_one_river_alone_opens_nothing(city):
    level("hulu", "awas")
    level("hulu", "awas", before="siaga", minutes=1, value=4.9, datastream="2")
    assert not Incident.objects.exists()
    assert no_trouble()


def test_rain_and_river_open_a_draft(city):
    level("pos-hujan", "siaga", kind="rain", value=32)
    level("hulu", "siaga")
    incident = Incident.objects.get()
    assert {sign.source_kind for sign in incident.signs.all()} == {"rain", "station"}
    assert incident.state == "draft"


def test_nothing_is_public_before_a_person_confirms(city, client):
    number = draft()
    assert not PublicWarning.objects.exists() and not WarningMessage.objects.exists()
    for page in PUBLIC_PAGES:
        answer = client.get(page)
        assert answer.status_code == 200
        assert number not in answer.content.decode() and "Pos hulu" not in answer.content.decode()
    public = OutboxEvent.objects.filter(audience="public").exclude(type__startswith="sensors.")
    assert not public.exists()
    confirm(number)
    assert "Banjir di Hulu dan Tengah" in client.get("/banjir").content.decode()
    assert "Flood in Hulu and Tengah" in client.get("/en/banjir").content.decode()


def test_a_dismissed_draft_tells_nobody(city, client):
    emergency.dismiss_draft(actor=OFFICER, number=draft(), reason_code="sensor_fault", reason="Pelampung macet.")
    deliver_all()
    assert not PublicWarning.objects.exists()
    assert "Pelampung" not in client.get("/banjir").content.decode()


def test_the_warning_names_sources_and_the_office_that_confirmed(city, client):
    confirm(draft())
    warning = PublicWarning.objects.get()
    assert warning.confirmed_by == "Petugas Jaga Pusdalops"
    page = client.get(f"/banjir/{warning.number}").content.decode()
    for text in ("Petugas Jaga Pusdalops", "Pos hulu", "Pos tengah", "Naikkan barang."):
        assert text in page
    english = client.get(f"/en/banjir/{warning.number}").content.decode()
    for text in ("Station hulu", "Lift your things."):
        assert text in english


def test_update_and_close_reach_the_public(city, client):
    number = draft()
    confirm(number)
    version = Incident.objects.get().version
    emergency.request_warning_update(
        actor=OFFICER, number=number, version=version, **words(level="awas", headline="AWAS banjir")
    )
    deliver_all()
    warning = PublicWarning.objects.get()
    assert (warning.level, warning.version) == ("awas", 2)
    emergency.close_incident(actor=OFFICER, number=number, outcome="happened")
    deliver_all()
    warning.refresh_from_db()
    assert warning.state == "cancelled"
    assert list(WarningMessage.objects.order_by("sequence").values_list("kind", flat=True)) == [
        "Alert",
        "Update",
        "Cancel",
    ]
    assert "AWAS banjir" not in client.get("/banjir").content.decode()
    assert "AWAS banjir" in client.get("/banjir/riwayat").content.decode()
    kinds = [entry.params.get("what") for entry in Incident.objects.get().timeline.filter(kind="warning")]
    assert kinds == ["published", "updated", "cancelled"]
    assert no_trouble()


def test_reopening_publishes_anew(city):
    number = draft()
    confirm(number)
    emergency.close_incident(actor=OFFICER, number=number, outcome="happened")
    deliver_all()
    emergency.reopen_incident(
        actor=OFFICER, number=number, reason="Hujan lagi.", valid_until=timezone.now() + timedelta(hours=3)
    )
    deliver_all()
    assert [row.state for row in PublicWarning.objects.order_by("id")] == ["cancelled", "active"]


def test_events_delivered_twice_are_told_once(city):
    from tepian.kernel.events.definition import CONSUMERS
    from tepian.kernel.events.queries import after

    confirm(draft())
    before = WarningMessage.objects.count(), Incident.objects.count(), Incident.objects.get().timeline.count()
    for envelope in after(0):
        for consumer in CONSUMERS.values():
            if consumer.name.startswith("journeys.") and envelope.type in consumer.handlers:
                consumer.handlers[envelope.type](envelope)
    deliver_all()
    assert (WarningMessage.objects.count(), Incident.objects.count(), Incident.objects.get().timeline.count()) == before


def test_levels_that_fall_end_signs_and_suggest_closing(city):
    number = draft()
    confirm(number)
    level("hulu", "normal", before="siaga", minutes=1)
    level("tengah", "normal", before="waspada", minutes=1)
    incident = Incident.objects.get()
    assert incident.suggested_level == "normal"
    assert PublicWarning.objects.get().in_force  # a person ends it


def test_a_silent_station_is_noted_in_the_time_line(city):
    draft()
    silent("hulu")
    assert Incident.objects.get().timeline.filter(kind="source_silent").count() == 1
    returned("hulu")
    assert Incident.objects.get().timeline.filter(kind="source_returned").count() == 1


def test_simulation_is_marked_everywhere(city, client):
    level("hulu", "siaga", simulated=True)
    level("tengah", "siaga", ward="99.01.01.1002", simulated=True)
    confirm(Incident.objects.get().number)
    warning = PublicWarning.objects.get()
    assert warning.simulated
    xml = WarningMessage.objects.get().xml
    assert "<status>Exercise</status>" in xml and "Actual" not in xml
    assert "[SIMULASI]" in xml and "[SIMULATION]" in xml
    assert "SIMULASI" in client.get("/banjir").content.decode()
    assert "SIMULATION" in client.get("/en/banjir").content.decode()
    assert "SIMULASI" in client.get(f"/banjir/{warning.number}").content.decode()
    assert "SIMULASI" in client.get("/banjir/cap.xml").content.decode()


@pytest.mark.django_db
def test_only_the_citys_setting_lets_the_system_confirm(client):
    build_city(automatic=True)
    draft()
    deliver_all()
    incident = Incident.objects.get()
    assert (incident.state, incident.automatic) == ("open", True)
    assert incident.timeline.filter(kind="confirmed_automatically").exists()
    warning = PublicWarning.objects.get()
    assert warning.automatic
    assert warning.headline.startswith("Siaga banjir di ")
    assert incidents.record(incident)["automatic"] is True


def test_the_setting_ends_with_its_date(city):
    from tepian.services.warnings.models import PublicationRule, WarningKind

    today = timezone.localdate()
    PublicationRule.objects.create(
        kind=WarningKind.objects.get(),
        automatic=True,
        valid_from=today - timedelta(days=9),
        valid_to=today - timedelta(days=1),
    )
    assert warnings.automatic("flood", today - timedelta(days=2)) is True
    assert warnings.automatic("flood") is False
    draft()
    assert Incident.objects.get().state == "draft"


def test_the_record_holds_the_messages(city):
    number = draft()
    confirm(number)
    record = incidents.record(Incident.objects.get())
    messages = record["parts"][0]["warnings"][0]["messages"]
    assert messages[0]["kind"] == "Alert" and len(messages[0]["sha256"]) == 64
    assert "warnings.publish_warning" in {entry["operation"] for entry in record["audit"]}
    assert "warning" in [clock["name"] for clock in record["clocks"]]
