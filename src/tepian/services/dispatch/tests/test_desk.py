"""From the ring to the closed case, by the verbs: duplicates, two desks at once, silence, privacy."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import close_old_connections, connection
from django.utils import timezone

from tepian.kernel.actors import Actor, Conflict, Denied, Grant, Invalid
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.events.models import OutboxEvent
from tepian.services.dispatch import operations, queries, states
from tepian.services.dispatch.models import Call, Deployment, Incident, IncidentType, Unit
from tepian.services.dispatch.queries import advice, record

from .conftest import CREW, DISPATCHER, EXCHANGE, SECOND, SUPERVISOR, TAKER, build_city

HERE = {"place": "Jalan Contoh 1", "lon": 117.104, "lat": -0.403}
STRANGER = Actor(kind="person", id="asing", label="Awak ambulans", grants=(Grant("responder", "agency", "ambulans"),))


def ring(key: str = "c1", number: str = "081200000777", **more) -> Call:
    call, _new = operations.receive_call_event(
        actor=EXCHANGE, id=f"{key}-ring", type="ringing", call=key, at=timezone.now(), number=number, **more
    )
    return call


def send(call: Call, **more) -> Incident:
    return operations.send_call(actor=TAKER, call=call.pk, **(HERE | {"type_code": "K1"} | more))


def test_a_place_is_enough_and_questions_go_on(city):
    call = operations.claim_call(actor=TAKER, call=ring().pk)
    incident = operations.send_call(actor=TAKER, call=call.pk, **HERE)
    assert incident.region_code == "99.01.01.1001"
    assert incident.type_code == ""
    again = operations.send_call(
        actor=TAKER, call=call.pk, type_code="k1", victims={"injured": "2"}, text="Lantai dua, ada tabung gas."
    )
    assert again.pk == incident.pk
    assert (again.type_code, again.severity, again.victims, again.place) == ("K1", "D", {"injured": 2}, HERE["place"])
    assert incident.entries.filter(text__contains="tabung gas").count() == 1
    call.refresh_from_db()
    assert (call.kind, call.incident_id) == (states.REAL, incident.pk)
    assert call.closed_at is not None


def test_sent_twice_because_the_connection_broke_is_one_incident(city):
    call = operations.claim_call(actor=TAKER, call=ring().pk)
    first, second = send(call, text="api besar"), send(call, text="api besar")
    assert first.pk == second.pk
    assert Incident.objects.count() == 1
    assert first.entries.filter(text="api besar").count() == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"place": "", "lon": None, "lat": None}, "place"),
        ({"type_code": "XX"}, "type"),
        ({"severity": "F"}, "severity"),
        ({"victims": {"injured": "banyak"}}, "victims"),
        ({"victims": {"injured": -1}}, "victims"),
        ({"lat": 95.0}, "lat"),
        ({"text": "a" * 4001}, "note"),
    ],
)
def test_bad_input_is_refused_with_its_field_and_nothing_is_opened(city, given, field):
    call = operations.claim_call(actor=TAKER, call=ring().pk)
    with pytest.raises(Invalid) as refusal:
        send(call, **given)
    assert refusal.value.field == field
    assert not Incident.objects.exists()


def test_what_was_typed_survives_the_browser_and_an_older_draft_never_wins(city):
    call = operations.claim_call(actor=TAKER, call=ring().pk)
    operations.save_draft(actor=TAKER, call=call.pk, draft={"place": "Jalan Baru", "x": 1}, version=2000)
    late = operations.save_draft(actor=TAKER, call=call.pk, draft={"place": "Jalan"}, version=1000)
    assert late.draft == {"place": "Jalan Baru"}


def test_one_of_two_desks_gets_the_call_and_the_other_is_told_who(city):
    call = ring()
    operations.claim_call(actor=TAKER, call=call.pk)
    operations.claim_call(actor=TAKER, call=call.pk)  # repeating changes nothing
    with pytest.raises(Conflict) as refusal:
        operations.claim_call(actor=SECOND, call=call.pk)
    assert "Meja 1" in str(refusal.value.message)
    with pytest.raises(Conflict):
        operations.save_draft(actor=SECOND, call=call.pk, draft={"place": "y"}, version=1)


def test_the_exchange_opens_the_card_at_the_desk_that_picked_up(city):
    operations.set_desk(actor=TAKER, state="available", extension="21")
    call = ring()
    operations.receive_call_event(actor=EXCHANGE, id="a1", type="answered", call="c1", at=timezone.now(), agent="21")
    call.refresh_from_db()
    assert call.desk == TAKER.id


def test_one_key_closes_what_is_no_emergency_and_can_be_undone(city):
    call = ring()
    for kind in (states.PRANK, states.GHOST, states.INFORMATION):
        assert operations.close_call(actor=TAKER, call=call.pk, kind=kind).closed_at
    assert operations.close_call(actor=TAKER, call=call.pk, kind="").closed_at is None
    send(operations.claim_call(actor=TAKER, call=call.pk))
    with pytest.raises(Conflict):
        operations.close_call(actor=TAKER, call=call.pk, kind=states.PRANK)


def test_a_second_call_about_the_same_fire_is_offered_and_joins(city):
    incident = send(operations.claim_call(actor=TAKER, call=ring().pk))
    twin = ring("c2", "081200000888", lon=117.1045, lat=-0.4032, radius_m=80)
    [found] = advice.twins(lon=twin.lon, lat=twin.lat, type_code="K1")
    assert found.incident.pk == incident.pk
    assert found.likeness.score >= states.LIKELY
    assert not advice.twins(lon=117.30, lat=-0.60, type_code="K1")
    joined = operations.attach_call(actor=SECOND, call=twin.pk, number=incident.number, text="asap hitam")
    assert joined.calls.count() == 2
    assert joined.entries.filter(kind="call_joined", text="asap hitam").exists()


def test_something_else_near_it_is_not_taken_for_the_same(city):
    send(operations.claim_call(actor=TAKER, call=ring().pk))
    [found] = advice.twins(lon=HERE["lon"], lat=HERE["lat"], type_code="M1")
    assert found.likeness.score < states.LIKELY


def test_merged_and_taken_apart_again_nothing_is_lost(city):
    one = send(operations.claim_call(actor=TAKER, call=ring("c1").pk))
    other = operations.claim_call(actor=SECOND, call=ring("c2", "0813").pk)
    two = operations.send_call(actor=SECOND, call=other.pk, **(HERE | {"type_code": "K1"}))
    unit = operations.ask_unit(actor=DISPATCHER, number=two.number, call_sign="D-02")
    whole = operations.merge_incident(actor=DISPATCHER, number=two.number, into=one.number)
    unit.refresh_from_db()
    assert (unit.incident_id, whole.calls.count(), whole.state) == (one.pk, 2, states.DISPATCHED)
    with pytest.raises(Conflict) as refusal:
        operations.ask_unit(actor=DISPATCHER, number=two.number, call_sign="D-01")
    assert one.number in str(refusal.value.message)
    part = operations.split_incident(actor=DISPATCHER, number=two.number)
    unit.refresh_from_db()
    assert (unit.incident_id, part.calls.count(), part.state) == (two.pk, 1, states.DISPATCHED)
    one.refresh_from_db()
    assert (one.state, one.calls.count()) == (states.WAITING, 1)


def test_two_dispatchers_want_one_unit(city):
    one = send(operations.claim_call(actor=TAKER, call=ring("c1").pk))
    two = send(operations.claim_call(actor=TAKER, call=ring("c2").pk), lon=117.2, lat=-0.5)
    operations.ask_unit(actor=DISPATCHER, number=one.number, call_sign="D-01")
    same = operations.ask_unit(actor=DISPATCHER, number=one.number, call_sign="D-01")
    assert Deployment.objects.filter(pk=same.pk).count() == 1
    with pytest.raises(Conflict) as refusal:
        operations.ask_unit(actor=SUPERVISOR, number=two.number, call_sign="D-01")
    text = str(refusal.value.message)
    assert "Petugas Pengerahan" in text and one.number in text and "D-02" in text
    assert Deployment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_at_the_very_same_moment_one_unit_goes_to_one_incident():
    build_city()
    incidents = [
        send(operations.claim_call(actor=TAKER, call=ring(f"c{n}").pk), lon=117.10 + n / 100) for n in range(6)
    ]
    gate, won, lost = threading.Barrier(6), [], []

    def want(number: str) -> None:
        try:
            gate.wait()
            won.append(operations.ask_unit(actor=DISPATCHER, number=number, call_sign="D-01"))
        except Conflict as refusal:
            lost.append(refusal.code)
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=want, args=(incident.number,)) for incident in incidents]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert (len(won), len(lost)) == (1, 5)
    assert Deployment.objects.filter(unit__call_sign="D-01", state__in=states.ACTIVE_STEPS).count() == 1


def test_the_advice_says_why_and_leaves_out_who_cannot_go(city):
    incident = send(operations.claim_call(actor=TAKER, call=ring().pk))
    first, second = advice.advise(incident)
    assert (first.unit.call_sign, second.unit.call_sign) == ("D-01", "D-02")
    assert first.basis == "straight" and first.seconds < second.seconds
    operations.report_readiness(actor=CREW, call_sign="D-01", missing="pompa rusak")
    assert [each.unit.call_sign for each in advice.advise(incident)] == ["D-02"]


def test_a_crew_that_does_not_answer_is_followed_by_the_next_and_then_the_supervisor(city):
    incident = send(operations.claim_call(actor=TAKER, call=ring().pk))
    first = operations.ask_unit(actor=DISPATCHER, number=incident.number)
    past = timezone.now() - timedelta(seconds=1)
    Deployment.objects.update(answer_by=past)
    assert operations.escalate_units() == 1
    first.refresh_from_db()
    assert first.state == states.EXPIRED
    [second] = Deployment.objects.filter(state=states.ASKED)
    assert second.unit.call_sign == "D-02"
    Deployment.objects.update(answer_by=past)
    operations.escalate_units()
    incident.refresh_from_db()
    assert incident.escalation == "supervisor"
    assert queries.open_incidents()[0].pk == incident.pk
    assert OutboxEvent.objects.filter(type="dispatch.help_refused.v1").count() == 2
    assert operations.escalate_units() == 0


def test_who_declines_is_followed_at_once(city):
    incident = send(operations.claim_call(actor=TAKER, call=ring().pk))
    row = operations.ask_unit(actor=DISPATCHER, number=incident.number)
    operations.decline(actor=CREW, deployment=row.pk, reason="ban bocor")
    assert Deployment.objects.get(state=states.ASKED).unit.call_sign == "D-02"
    with pytest.raises(Conflict):
        operations.decline(actor=CREW, deployment=row.pk, reason="lagi")


def test_the_run_card_asks_agencies_and_a_silent_one_is_told_once(city):
    IncidentType.objects.filter(code="K1").update(
        tasks=[{"agency": "damkar", "task": "Putuskan listrik", "task_en": "Power off", "before_entry": True}]
    )
    from tepian.kernel.catalogue.versions import touch

    touch("dispatch-types")
    incident = send(operations.claim_call(actor=TAKER, call=ring().pk))
    task = incident.tasks.get()
    assert task.before_entry
    incident.tasks.update(answer_by=timezone.now() - timedelta(seconds=1))
    assert operations.escalate_tasks() == 1
    assert operations.escalate_tasks() == 0
    done = operations.answer_task(actor=CREW, task=task.pk, done=True)
    assert done.accepted_at and done.done_at
    with pytest.raises(Denied):
        operations.answer_task(actor=STRANGER, task=task.pk)


def test_closing_waits_for_the_unit_on_scene_and_calls_off_the_others(city):
    incident = send(operations.claim_call(actor=TAKER, call=ring().pk))
    one = operations.ask_unit(actor=DISPATCHER, number=incident.number, call_sign="D-01")
    two = operations.ask_unit(actor=DISPATCHER, number=incident.number, call_sign="D-02")
    operations.report_step(actor=CREW, deployment=one.pk, step="arrived", key="a")
    with pytest.raises(Conflict):
        operations.close_incident(actor=DISPATCHER, number=incident.number, outcome="helped")
    operations.report_step(actor=CREW, deployment=one.pk, step="done", key="b")
    closed = operations.close_incident(
        actor=DISPATCHER, number=incident.number, outcome="helped", victims={"injured": 1}
    )
    two.refresh_from_db()
    assert (closed.state, two.state, closed.victims) == (states.CLOSED, states.CANCELLED, {"injured": 1})
    assert set(Unit.objects.filter(call_sign__startswith="D").values_list("state", flat=True)) == {"available"}
    with pytest.raises(Conflict):
        operations.change_incident(actor=TAKER, number=incident.number, place="x")


def test_a_contagious_disease_opens_a_case_for_the_agency(city):
    IncidentType.objects.filter(code="M1").update(follow_up="ambulans")
    from tepian.kernel.catalogue.versions import touch

    touch("dispatch-types")
    incident = send(operations.claim_call(actor=TAKER, call=ring().pk), type_code="M1")
    operations.close_incident(actor=DISPATCHER, number=incident.number, outcome="helped")
    case = incident.follow_ups.get()
    operations.count_contacts(actor=STRANGER, case=case.pk, agency="ambulans", contacts=7, reached=5)
    with pytest.raises(Invalid):
        operations.count_contacts(actor=STRANGER, case=case.pk, agency="ambulans", contacts=1, reached=5)
    operations.close_follow_up(actor=STRANGER, case=case.pk, agency="ambulans")
    with pytest.raises(Conflict):
        operations.count_contacts(actor=STRANGER, case=case.pk, agency="ambulans", contacts=8, reached=5)
    with pytest.raises(Denied):
        operations.count_contacts(actor=CREW, case=case.pk, agency="ambulans", contacts=7, reached=6)


def test_nobody_else_sees_the_callers_number_and_every_view_is_recorded(city):
    call = operations.claim_call(actor=TAKER, call=ring(number="0812 0000 0777").pk)
    incident = send(call)
    assert "777" not in Call.objects.values_list("number_sealed", flat=True)[0]
    assert operations.view_call(actor=TAKER, call=call, purpose="t") == "+6281200000777"
    assert AuditEntry.objects.filter(operation="audit.view", subject_id=str(call.pk)).count() == 1
    row = operations.ask_unit(actor=DISPATCHER, number=incident.number, call_sign="D-01")
    for outsider in (CREW, STRANGER):
        with pytest.raises(Denied):
            operations.view_caller(actor=outsider, number=incident.number)
    operations.sign_on(actor=CREW, call_sign="D-01")
    assert operations.view_caller(actor=CREW, number=incident.number) == ["+6281200000777"]
    operations.report_step(actor=CREW, deployment=row.pk, step="done", key="d")
    with pytest.raises(Denied):
        operations.view_caller(actor=CREW, number=incident.number)
    said = "".join(str(event.data) for event in OutboxEvent.objects.all())
    assert "0000777" not in said + str(record.record(incident))


def test_a_number_is_blocked_only_for_pranks_and_only_for_a_day(city):
    call = operations.close_call(actor=TAKER, call=ring().pk, kind=states.GHOST)
    with pytest.raises(Invalid):
        operations.block_number(actor=SUPERVISOR, call=call.pk, reason="diam")
    call = operations.close_call(actor=TAKER, call=call.pk, kind=states.PRANK)
    block = operations.block_number(actor=SUPERVISOR, call=call.pk, reason="menyanyi")
    assert block.until - block.made_at == timedelta(hours=24)
    assert operations.block_number(actor=SUPERVISOR, call=call.pk, reason="lagi").pk == block.pk
    later, earlier = ring("c8"), ring("c9", "0815")
    assert later.blocked and not earlier.blocked
    assert [row.pk for row in queries.open_calls()] == [earlier.pk, later.pk]
    with pytest.raises(Denied):
        operations.block_number(actor=TAKER, call=call.pk, reason="x")


@pytest.mark.parametrize("way", ["opened again", "silent after all", "joined an incident"])
def test_a_call_that_is_no_prank_any_more_takes_its_block_with_it(city, way):
    call = operations.close_call(actor=TAKER, call=ring().pk, kind=states.PRANK)
    block = operations.block_number(actor=SUPERVISOR, call=call.pk, reason="menyanyi")
    waiting = ring("c8")
    assert waiting.blocked
    operations.close_call(actor=TAKER, call=call.pk, kind=states.PRANK)
    block.refresh_from_db()
    assert block.lifted_at is None, "still a prank"
    if way == "joined an incident":
        incident = send(operations.claim_call(actor=TAKER, call=ring("c5", "0817").pk))
        operations.attach_call(actor=TAKER, call=call.pk, number=incident.number)
    else:
        operations.close_call(actor=TAKER, call=call.pk, kind="" if way == "opened again" else states.GHOST)
    block.refresh_from_db()
    waiting.refresh_from_db()
    assert block.lifted_at and block.lifted_by == TAKER.label and not waiting.blocked and not ring("c9").blocked
    verb = "dispatch.attach_call" if way == "joined an incident" else "dispatch.close_call"
    assert AuditEntry.objects.filter(operation=verb).last().details["block_lifted"] == block.pk


def test_a_block_that_rests_on_another_call_stays(city):
    first = operations.close_call(actor=TAKER, call=ring().pk, kind=states.PRANK)
    block = operations.block_number(actor=SUPERVISOR, call=first.pk, reason="menyanyi")
    second = operations.close_call(actor=TAKER, call=ring("c2").pk, kind=states.PRANK)
    operations.close_call(actor=TAKER, call=second.pk, kind="")
    block.refresh_from_db()
    assert block.lifted_at is None and ring("c3").blocked


def test_handed_over_to_the_neighbours(city):
    from tepian.services.dispatch.models import Neighbour

    Neighbour.objects.create(code="n", name="Kota Sebelah", contact="112")
    incident = send(operations.claim_call(actor=TAKER, call=ring().pk))
    done = operations.hand_over(actor=DISPATCHER, number=incident.number, neighbour="n", text="Meja 3")
    assert (done.outcome, done.neighbour.name) == ("handed_over", "Kota Sebelah")


def test_clocks_against_their_targets(city):
    from tepian.services.dispatch.models import ClockTarget

    ClockTarget.objects.create(clock="dispatch", seconds=60, valid_from="2020-01-01")
    incident = send(operations.claim_call(actor=TAKER, call=ring().pk))
    operations.ask_unit(actor=DISPATCHER, number=incident.number)
    incident.refresh_from_db()
    asked = next(clock for clock in queries.clocks(incident) if clock["target"])
    assert asked["kept"] and asked["seconds"] <= 60
