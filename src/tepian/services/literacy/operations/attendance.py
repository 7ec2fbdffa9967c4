"""People come in, sit tests, or are counted from a paper list. Nobody says who they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation

from .. import policies, queries, states
from ..models import Arrivals, Attendance, AttendanceCount, Session, Sitting
from ..queries import TOPIC, door
from .parts import checked_group, checked_number, checked_ward, locked

WINDOW = timedelta(minutes=10)
MOST_ARRIVALS = 400  # through one network: a hall full of phones on one router
MOST_WRONG = 40  # codes that are not right, from one network
MOST_BY_HAND = 5000


class TooMany(Invalid):
    """This network sent more than a hall full of people would."""


def _count(address: str, what: str, most: int, now: datetime) -> None:
    """One more from this network. In the database, so that it holds over processes and restarts."""
    row, _new = Arrivals.objects.select_for_update().get_or_create(
        address=door.network_of(address, what), defaults={"since": now}
    )
    if row.since <= now - WINDOW:
        row.since, row.count = now, 0
    if row.count >= most:
        raise TooMany(
            _(
                "Very many people came in through this network in a short time. Nothing was recorded. "
                "Try again in ten minutes, or tell the organiser: they can add you by hand."
            ),
            code="too_many",
        )
    row.count += 1
    row.save()


# Not in the record of decisions: nobody decided anything, and two hundred phones at a door must not wait for the lock
# that orders what the whole city decides.
@operation("literacy.try_code", policy=None, recorded=False)
def count_wrong_code(*, actor: Actor, address: str) -> None:
    """Somebody tried a code that is not right. Raises `TooMany` where a network keeps guessing."""
    _count(address, "wrong", MOST_WRONG, timezone.now())


@operation("literacy.attend", policy=None, recorded=False)
def attend(
    *,
    actor: Actor,
    ticket: str,
    region: str,
    group: str,
    age: str = "",
    gender: str = "",
    address: str = "",
) -> Attendance:
    """Somebody is here, with the ticket that a good code gave. Sent twice, also at the same instant, it counts once."""
    given = door.read_ticket(ticket)
    return _attend(given.session, given.person, region, group, age, gender, address)


@operation("literacy.attend_made_up", policy=policies.only_the_system, recorded=False)
def attend_made_up(*, actor: Actor, session: Session, person: str, region: str, group: str) -> Attendance:
    """For demonstrations: as if this person had scanned the code."""
    return _attend(session, person, region, group, "", "", "")


def _attend(session: Session, person: str, region: str, group: str, age: str, gender: str, address: str) -> Attendance:
    token, now = door.token_of(session, person), timezone.now()
    known = Attendance.objects.filter(session=session, token=token).first()
    if known is not None:
        return known
    door.check_state(session)
    checked_ward(region, elsewhere=True)
    checked_group(group, session.programme)
    if (age and age not in states.AGES) or (gender and gender not in states.GENDERS):
        raise Invalid(_("Choose from the list, or leave it empty."), code="choice_unknown", field="age")
    if address:
        _count(address, "attend", MOST_ARRIVALS, now)
    most = states.most_people(session.capacity)
    if Attendance.objects.filter(session=session).count() >= most:
        raise Invalid(
            format_lazy(
                _(
                    "{most} people are counted already, more than this room holds. Nothing was recorded. "
                    "Tell the organiser: they can add you by hand."
                ),
                most=most,
            ),
            code="session_full",
        )
    row, _new = Attendance.objects.get_or_create(
        session=session,
        token=token,
        defaults={"region_code": region, "group": group, "age": age, "gender": gender, "at": now},
    )
    return row


@operation("literacy.sit_test", policy=None, recorded=False)
def sit_test(*, actor: Actor, session: Session, person: str, phase: str, answers: Mapping[str, int | None]) -> Sitting:
    """A test of somebody who attended. `answers`: question's id → place of the choice; a question left out was not known.
    Once per phase: sent again it changes nothing, but the test after a later session takes the place of an earlier one."""
    return _sit(session, person, phase, answers)


@operation("literacy.sit_made_up", policy=policies.only_the_system, recorded=False)
def sit_made_up(
    *, actor: Actor, session: Session, person: str, phase: str, answers: Mapping[str, int | None]
) -> Sitting:
    """For demonstrations: also of sessions whose time for tests is over."""
    return _sit(session, person, phase, answers, now=session.ends_at)


def _sit(
    session: Session, person: str, phase: str, answers: Mapping[str, int | None], now: datetime | None = None
) -> Sitting:
    here = door.attended(session, person)
    if here is None:
        raise Invalid(
            _("This phone is not counted at this session. Scan the code in the room first."), code="not_attended"
        )
    if phase not in states.PHASES:
        raise Invalid(_("There is no such test."), code="phase_unknown", field="phase")
    programme, now = session.programme, now or timezone.now()
    asked = {str(row.pk): len(row.choices) for row in queries.questions_of(programme)}
    if any(key not in asked or (place is not None and not 0 <= place < asked[key]) for key, place in answers.items()):
        raise Invalid(
            _("The questions have changed meanwhile. Nothing was stored. Load the page and answer again."),
            code="answer_unknown",
            field="answers",
        )
    if not any(place is not None for place in answers.values()):
        raise Invalid(
            _("Answer at least one question. “I do not know” is an answer where you do not know."),
            code="answers_missing",
            field="answers",
        )
    found = {"programme": programme, "year": session.year, "token": here.token, "phase": phase}
    known = Sitting.objects.select_for_update().filter(**found).first()
    if known is not None and (known.session_id == session.pk or phase == states.BEFORE):
        return known
    if not session.takes_test(phase, now):
        raise Conflict(
            _("This test is closed now. Nothing of it was stored. Your attendance counts all the same."),
            code="test_closed",
        )
    values = {
        "session": session,
        "group": here.group,
        "answers": {key: answers.get(key) for key in asked},
        "at": now,
    }
    if known is not None:
        for name, value in values.items():
            setattr(known, name, value)
        known.save()
        return known
    row, _new = Sitting.objects.get_or_create(**found, defaults=values)
    return row


@operation("literacy.write_counts", policy=policies.may_run)
def write_counts(*, actor: Actor, session: Session, revision: int, rows: Iterable[tuple[str, str, int]]) -> Session:
    """People from a paper list, as (ward, group, people): those only who did not use the code. A number of a ward and
    group takes the place of the earlier one; 0 takes it away."""
    row = locked(session, revision=revision, among=(states.OPEN, states.HELD))
    now, written = timezone.now(), []
    for ward, group, people in rows:
        checked_ward(ward, elsewhere=True)
        checked_group(group, row.programme)
        checked_number(people, "people", most=MOST_BY_HAND)
        found: dict[str, Any] = {"session": row, "region_code": ward, "group": group, "source": AttendanceCount.PAPER}
        if people:
            values = {"people": people, "attendances": people, "by": actor.label or actor.id, "at": now}
            AttendanceCount.objects.update_or_create(**found, defaults=values)
        else:
            AttendanceCount.objects.filter(**found).delete()
        written.append([ward, group, people])
    if not written:
        raise Invalid(_("Write how many people came from at least one ward."), code="counts_missing", field="people")
    note("session", row.number, counts=written)
    row.revision += 1
    row.save(update_fields=["revision"])
    touch(TOPIC)
    return row
