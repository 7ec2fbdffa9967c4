"""Codes, tickets and counting: nothing is lost, nothing counts twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import signing
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tepian.kernel.actors import ANONYMOUS, Conflict, Denied, Invalid

from .. import operations, queries, states
from ..models import Attendance, AttendanceCount, Session, Sitting
from ..operations import TooMany, attendance
from ..queries import door
from .conftest import SYSTEM, WARDS, come, person, sit, step

pytestmark = pytest.mark.django_db


def refusal(code, now=None):
    with pytest.raises(door.Refused) as refused:
        door.enter(code, now)
    return refused.value.code


def test_the_code_of_the_screen_lives_two_steps(opened):
    now = timezone.now()
    code = door.screen_code(opened, now)
    assert door.enter(code, now) == opened
    assert door.enter(code.lower().replace("-", " "), now + timedelta(seconds=states.STEP_S)) == opened
    assert refusal(code, now + timedelta(seconds=2 * states.STEP_S)) == "code_old"
    assert refusal(code, now - timedelta(seconds=states.STEP_S)) == "code_old"  # a screen ahead of the server


def test_the_poster_counts_in_its_hours_only(opened):
    code = door.poster_code(opened)
    inside = (opened.starts_at - states.DOOR_BEFORE, opened.ends_at + states.DOOR_AFTER)
    for moment in inside:
        assert door.enter(code, moment) == opened
    for moment in (inside[0] - timedelta(seconds=1), inside[1] + timedelta(seconds=1)):
        assert refusal(code, moment) == "poster_closed"
    Session.objects.filter(pk=opened.pk).update(poster=False)
    assert refusal(code) == "poster_closed"


def test_a_code_opens_its_own_session_only_and_new_ones_end_the_old(opened, plan):
    other = step(operations.open_session, plan())
    mixed = door.poster_code(opened)[:5] + door.poster_code(other)[5:]
    assert refusal(mixed) == "code_old"
    code, ticket = door.poster_code(opened), door.new_ticket(opened, person(1))
    step(operations.renew_code, opened)
    assert refusal(code) == "code_old"
    with pytest.raises(door.Refused):
        door.read_ticket(ticket)


@pytest.mark.parametrize("state", [states.PLANNED, states.HELD, states.CANCELLED])
def test_no_code_works_while_the_session_is_not_open(plan, state):
    row = plan()
    if state == states.HELD:
        row = step(operations.hold_session, row)
    if state == states.CANCELLED:
        row = step(operations.cancel_session, row, reason="Banjir di jalan menuju balai.")
    codes = {states.PLANNED: "session_not_open", states.HELD: "session_over", states.CANCELLED: "session_cancelled"}
    assert refusal(door.screen_code(row)) == codes[state]
    assert refusal(door.poster_code(row)) == codes[state]


@given(st.text(max_size=40))
def test_any_text_is_refused_in_peace(text):
    assert door.typed(text) is None or len(door.typed(text) or "") == 15


@pytest.mark.parametrize("text", ["", "x" * 5000, "😀" * 13, "L-7K4M-2", "0" * 13, "7K4M2-AAAA-AAAA"])
def test_wrong_codes_are_refused(contoh, text):
    assert refusal(text) in {"code_wrong", "code_old"}


def test_the_same_phone_counts_once_and_a_late_form_still_counts(opened):
    ticket = door.new_ticket(opened, person(1))
    first = operations.attend(actor=ANONYMOUS, ticket=ticket, region=WARDS[0], group="umum")
    again = operations.attend(actor=ANONYMOUS, ticket=ticket, region=WARDS[1], group="asn")
    assert first == again
    assert Attendance.objects.count() == 1
    assert person(1) not in first.token
    step(operations.hold_session, opened)
    assert (
        operations.attend(actor=ANONYMOUS, ticket=ticket, region=WARDS[0], group="umum") == first
    )  # its answer got lost
    with pytest.raises(door.Refused):
        come(opened, person(2))


@pytest.mark.parametrize(
    "forged",
    ["", "x", "a:b:c", signing.dumps([1, 1, "x"], salt="other"), signing.dumps(7, salt=door.SALT)],
    ids=("empty", "x", "colons", "another salt", "a number"),  # a signature tells the second: no name for two processes
)
def test_forged_and_old_tickets_are_refused(opened, forged, monkeypatch):
    with pytest.raises(door.Refused):
        operations.attend(actor=ANONYMOUS, ticket=forged, region=WARDS[0], group="umum")
    ticket = door.new_ticket(opened, person(1))
    monkeypatch.setattr(states, "TICKET_S", -1)
    with pytest.raises(door.Refused):
        operations.attend(actor=ANONYMOUS, ticket=ticket, region=WARDS[0], group="umum")
    assert not Attendance.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"region": "99"}, "region"), ({"group": "x"}, "group"), ({"age": "7"}, "age"), ({"gender": "x"}, "age")],
)
def test_what_is_not_in_the_lists_is_refused(opened, wrong, field):
    with pytest.raises(Invalid) as refused:
        come(opened, person(1), **wrong)
    assert refused.value.field == field


def test_people_from_outside_the_city_count(opened):
    assert come(opened, person(1), region="").region_code == ""


def test_a_room_holds_no_more_than_twice_its_seats(plan):
    row = step(operations.open_session, plan(capacity=5))
    for number in range(states.most_people(5)):
        come(row, person(number))
    with pytest.raises(Invalid) as refused:
        come(row, person(999))
    assert refused.value.code == "session_full"
    assert Attendance.objects.count() == 30


def test_one_network_cannot_send_thousands(opened, monkeypatch):
    monkeypatch.setattr(attendance, "MOST_ARRIVALS", 3)
    for number in range(3):
        come(opened, person(number), address="203.0.113.7")
    with pytest.raises(TooMany):
        come(opened, person(4), address="203.0.113.7")
    come(opened, person(1), address="203.0.113.7")  # the same phone again is no new one
    come(opened, person(5), address="203.0.113.8")
    assert Attendance.objects.count() == 4
    operations.forget_arrivals()


def test_counts_by_hand_replace_and_go(opened):
    row = step(operations.write_counts, opened, rows=[(WARDS[0], "umum", 7), ("", "asn", 2)])
    row = step(operations.write_counts, row, rows=[(WARDS[0], "umum", 9)])
    assert queries.attendances_of(row) == (0, 11)
    row = step(operations.write_counts, row, rows=[("", "asn", 0)])
    assert AttendanceCount.objects.get().people == 9
    with pytest.raises(Conflict):
        operations.write_counts(actor=SYSTEM, session=row, revision=1, rows=[(WARDS[0], "umum", 1)])
    for rows in ([], [("99", "umum", 1)], [(WARDS[0], "x", 1)], [(WARDS[0], "umum", 5001)], [(WARDS[0], "umum", -1)]):
        with pytest.raises(Invalid):
            step(operations.write_counts, row, rows=rows)
    assert queries.attendances_of(row) == (0, 9)


# --- tests ------------------------------------------------------------------------------------------------------------


def test_before_is_before_and_after_is_after(opened):
    come(opened, person(1))
    with pytest.raises(Conflict):
        sit(opened, 1, states.AFTER, 2)
    first = sit(opened, 1, states.BEFORE, 2)
    assert sit(opened, 1, states.BEFORE, 5) == first
    row = step(operations.end_lesson, opened)
    come(row, person(2))
    with pytest.raises(Conflict):
        sit(row, 2, states.BEFORE, 2)
    row = step(operations.hold_session, row)
    after = sit(row, 1, states.AFTER, 4)
    assert after.answers != first.answers
    Session.objects.filter(pk=row.pk).update(ends_at=timezone.now() - states.TEST_AFTER - timedelta(minutes=1))
    row.refresh_from_db()
    with pytest.raises(Conflict):
        sit(row, 2, states.AFTER, 1)
    assert Sitting.objects.count() == 2


def test_the_test_after_a_later_session_takes_the_place_of_the_earlier(opened, plan):
    later = step(operations.open_session, plan())
    for row in (opened, later):
        come(row, person(1))
    sit(opened, 1, states.BEFORE, 1)
    one, two = step(operations.end_lesson, opened), step(operations.end_lesson, later)
    sit(one, 1, states.AFTER, 2)
    sit(two, 1, states.AFTER, 5)
    after = Sitting.objects.get(phase=states.AFTER)
    assert after.session == two
    assert Sitting.objects.count() == 2


def test_who_was_not_there_sits_no_test(opened):
    with pytest.raises(Invalid) as refused:
        sit(opened, 1, states.BEFORE, 2)
    assert refused.value.code == "not_attended"


@pytest.mark.parametrize("answers", [{}, {"999999": 0}, {"x": 1}])
def test_bad_answers_store_nothing(opened, answers):
    come(opened, person(1))
    with pytest.raises(Invalid):
        operations.sit_test(actor=ANONYMOUS, session=opened, person=person(1), phase=states.BEFORE, answers=answers)
    question = queries.questions_of(opened.programme)[0]
    for place in (-1, 99):
        with pytest.raises(Invalid):
            operations.sit_test(
                actor=ANONYMOUS,
                session=opened,
                person=person(1),
                phase=states.BEFORE,
                answers={str(question.pk): place},
            )
    assert not Sitting.objects.exists()


def test_made_up_people_are_the_systems(opened):
    with pytest.raises(Denied):
        operations.attend_made_up(actor=ANONYMOUS, session=opened, person="x", region=WARDS[0], group="umum")


# --- at once ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_hundred_phones_at_once_lose_nobody_and_count_nobody_twice(contoh):
    programme = queries.programme_by("cakap-digital-aman")
    starts = timezone.now() - timedelta(minutes=20)
    row = operations.plan_session(
        actor=SYSTEM, programme=programme, title="Ramai", place="Aula", region=WARDS[0],
        starts_at=starts, ends_at=starts + timedelta(hours=2), capacity=200,
    )  # fmt: skip
    row = step(operations.open_session, row)
    tickets = [door.new_ticket(row, person(number)) for number in range(200)]

    def send(number: int) -> int:
        try:  # every phone sends twice, as on a bad network, from the same hall
            return operations.attend(
                actor=ANONYMOUS,
                ticket=tickets[number % 200],
                region=WARDS[number % 5],
                group="umum",
                address="203.0.113.9",
            ).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as phones:
        found = list(phones.map(send, [number % 200 for number in range(400)]))
    assert len(found) == 400
    assert Attendance.objects.filter(session=row).count() == 200
    assert len(set(found)) == 200
