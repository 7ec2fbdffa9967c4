"""Two want the same: to change one incident, by browser, by verb, at the very same moment; to man one unit."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tepian.kernel.actors import Conflict
from tepian.kernel.audit.models import AuditEntry
from tepian.services.dispatch import operations
from tepian.services.dispatch.models import Incident, Shift, Unit

from .conftest import CREW, DISPATCHER, SECOND, SUPERVISOR, TAKER, build_city
from .test_desk import HERE, ring, send


def hidden(page: str) -> dict[str, str]:
    """What a browser would send of the card: every field of its form as it was drawn."""
    form = page.split('id="form112"')[1].split("</form>")[0]
    fields = {}
    for tag in re.findall(r"<input [^>]*>", form):
        given = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if given.get("type") != "radio" or " checked" in tag:
            fields[given["name"]] = html.unescape(given.get("value", ""))
    fields["note"] = html.unescape(form.split("</textarea>")[0].rsplit(">", 1)[1])
    return fields


@pytest.fixture
def two_desks(city, as_role):
    """A call that was sent, its card open in two browsers."""
    first, second = as_role("call_taker", username="meja-a"), as_role("supervisor", username="kepala-b")
    call = ring()
    first.post(f"/kerja/112/panggilan/{call.pk}/ambil")
    drawn = hidden(first.get(f"/kerja/112?panggilan={call.pk}").content.decode())
    first.post(
        f"/kerja/112/panggilan/{call.pk}/kirim", drawn | {"place": "Jalan Contoh 3", "type": "K1", "severity": "D"}
    )
    cards = [hidden(each.get(f"/kerja/112?panggilan={call.pk}").content.decode()) for each in (first, second)]
    return call, first, second, *cards


def test_the_slower_of_two_browsers_is_told_and_keeps_what_was_typed(two_desks):
    call, first, second, one, other = two_desks
    address = f"/kerja/112/panggilan/{call.pk}/kirim"
    assert first.post(address, one | {"place": "Jalan Contoh 5", "severity": "E"}).status_code == 302
    typed = {"place": "Jalan Contoh 7", "injured": "2", "note": "dua orang di lantai atas"}
    refused = second.post(address, other | typed)
    page = refused.content.decode()
    incident = Incident.objects.get()
    assert refused.status_code == 409
    assert "Post meja-a" in page and "Jalan Contoh 5" in page
    assert (incident.place, incident.severity, incident.victims) == ("Jalan Contoh 5", "E", {})
    assert not incident.entries.filter(text__contains="lantai atas").exists()
    kept = hidden(page)
    assert {key: kept[key] for key in typed} == typed
    assert (kept["severity"], kept["version"]) == ("E", "2"), "what was not touched is as the other has set it"
    assert second.post(address, kept).status_code == 302
    incident.refresh_from_db()
    assert (incident.place, incident.severity, incident.victims) == ("Jalan Contoh 7", "E", {"injured": 2})
    assert incident.entries.filter(text="dua orang di lantai atas").count() == 1


def test_the_card_alone_is_answered_in_the_same_way(two_desks):
    call, first, second, one, other = two_desks
    address, quick = f"/kerja/112/panggilan/{call.pk}/kirim", {"HX-Request": "true"}
    assert first.post(address, one | {"type": "M1"}, headers=quick).status_code == 200
    refused = second.post(address, other | {"trapped": "3"}, headers=quick)
    kept = hidden(refused.content.decode())
    assert (refused.status_code, kept["trapped"], kept["type"]) == (409, "3", "M1")
    assert "<html" not in refused.content.decode()
    assert second.post(address, kept, headers=quick).status_code == 200
    assert Incident.objects.get().victims == {"trapped": 3}


def test_a_note_alone_never_conflicts_and_sets_nothing_back(two_desks):
    call, first, second, one, other = two_desks
    address = f"/kerja/112/panggilan/{call.pk}/kirim"
    first.post(address, one | {"severity": "E"})
    assert second.post(address, other | {"note": "asap hitam"}).status_code == 302
    incident = Incident.objects.get()
    assert incident.severity == "E" and incident.entries.filter(text="asap hitam").exists()


def test_one_s_own_answers_may_come_again_and_a_unit_on_its_way_is_no_conflict(two_desks):
    call, first, _second, one, _other = two_desks
    address, number = f"/kerja/112/panggilan/{call.pk}/kirim", Incident.objects.get().number
    for place in ("Jalan Contoh 5", "Jalan Contoh 5", "Jalan Contoh 6"):  # sent again, and on before the answer came
        assert first.post(address, one | {"place": place}).status_code == 302
    drawn = Incident.objects.get().version
    row = operations.ask_unit(actor=DISPATCHER, number=number, call_sign="D-01")
    operations.report_step(actor=CREW, deployment=row.pk, step="accepted", key="s1")
    assert Incident.objects.get().version == drawn
    operations.change_incident(actor=SECOND, number=number, severity="E", version=drawn)
    assert Incident.objects.get().severity == "E"


def test_the_verbs_refuse_a_change_on_top_of_an_unseen_one(city):
    call = operations.claim_call(actor=TAKER, call=ring().pk)
    incident = operations.send_call(actor=TAKER, call=call.pk, version=0, **HERE)
    operations.send_call(actor=TAKER, call=call.pk, version=1, severity="E")
    for version in (0, 1):  # 0: the sender had seen no incident at all
        with pytest.raises(Conflict) as refusal:
            operations.send_call(actor=SUPERVISOR, call=call.pk, version=version, severity="B")
        assert refusal.value.code == "too_late" and "Meja 1" in str(refusal.value.message)
    operations.send_call(actor=SUPERVISOR, call=call.pk, version=1, severity="E")  # changes nothing
    operations.send_call(actor=SUPERVISOR, call=call.pk, version=2, severity="B")
    incident.refresh_from_db()
    assert (incident.severity, incident.version) == ("B", 3)


@pytest.mark.django_db(transaction=True)
def test_of_changes_at_the_very_same_moment_one_stands_and_all_others_are_told():
    build_city()
    number = send(operations.claim_call(actor=TAKER, call=ring().pk)).number
    gate, won, lost = threading.Barrier(5), [], []

    def change(n: int) -> None:
        actor = replace(TAKER, id=f"desk{n}", label=f"Desk {n}")
        try:
            gate.wait()
            won.append(operations.change_incident(actor=actor, number=number, place=f"Jalan {n}", version=1).place)
        except Conflict as refusal:
            lost.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=change, args=(n,)) for n in range(5)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert lost == ["too_late"] * 4
    assert [Incident.objects.get().place] == won


@pytest.mark.django_db(transaction=True)
def test_sending_merging_splitting_and_crews_never_wait_for_each_other_for_ever():
    """Every verb that touches an incident with what belongs to it, against every other, as fast as it goes."""
    build_city()
    calls = [operations.claim_call(actor=TAKER, call=ring(f"c{n}", f"08130000{n}").pk) for n in range(2)]
    whole, part = (send(call) for call in calls)
    rows = [
        operations.ask_unit(actor=DISPATCHER, number=incident.number, call_sign=sign)
        for incident, sign in ((whole, "D-01"), (part, "D-02"))
    ]
    crew = [replace(CREW, id=f"regu{n}") for n in range(2)]
    gate, stuck = threading.Barrier(6), []

    def again(work: Callable[[int], object]) -> None:
        gate.wait()
        try:
            for turn in range(25):
                with suppress(Conflict):
                    work(turn)
        except Exception as error:  # a deadlock that the database ended
            stuck.append(repr(error))
        finally:
            connection.close()

    def send_again(n: int) -> Callable[[int], object]:
        return lambda turn: operations.send_call(
            actor=TAKER, call=calls[n].pk, text=f"kabar {n} {turn}", place=f"x{turn}"
        )

    def step(n: int) -> Callable[[int], object]:
        return lambda turn: operations.report_step(
            actor=crew[n], deployment=rows[n].pk, step="accepted" if turn % 2 else "under_way", key=f"{n}-{turn}"
        )

    work = [
        send_again(0),
        send_again(1),
        step(0),
        step(1),
        lambda turn: operations.merge_incident(actor=DISPATCHER, number=part.number, into=whole.number),
        lambda turn: operations.split_incident(actor=DISPATCHER, number=part.number),
    ]
    threads = [threading.Thread(target=again, args=(each,)) for each in work]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not stuck
    with suppress(Conflict):
        operations.split_incident(actor=DISPATCHER, number=part.number)
    for incident, call, row in zip((whole, part), calls, rows, strict=True):
        call.refresh_from_db()
        row.refresh_from_db()
        assert (call.incident_id, row.incident_id) == (incident.pk, incident.pk), "each has its own again"


# --- two crews, one unit ----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_crews_that_sign_on_at_the_very_same_moment_one_has_the_unit_and_the_others_are_told_who():
    build_city()
    Unit.objects.filter(call_sign="D-01").update(state="off_duty")
    now = timezone.now()
    shift = Shift.objects.create(
        unit=Unit.objects.get(call_sign="D-01"), starts_at=now - timedelta(minutes=1), ends_at=now + timedelta(hours=8),
        crew="Regu 1",
    )  # fmt: skip
    gate, won, lost = threading.Barrier(6), [], []

    def sign_on(n: int) -> None:
        actor = replace(CREW, id=f"regu{n // 2}", label=f"Regu {n // 2}")  # each crew presses twice
        try:
            gate.wait()
            won.append(operations.sign_on(actor=actor, call_sign="D-01").crew_account)
        except Conflict as refusal:
            lost.append(str(refusal.message))
        finally:
            connection.close()

    threads = [threading.Thread(target=sign_on, args=(n,)) for n in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    unit = Unit.objects.get(call_sign="D-01")
    shift.refresh_from_db()
    assert (len(won), len(lost)) == (2, 4), (won, lost)
    assert set(won) == {unit.crew_account} and unit.state == "available" and shift.began_at
    assert all(unit.crew in told for told in lost) and unit.crew == f"Regu {unit.crew_account[-1]}"
    assert AuditEntry.objects.filter(operation="dispatch.sign_on").count() == 2
