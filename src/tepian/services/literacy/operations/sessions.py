"""Sessions: planned, opened, held, cancelled."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.events import note, operation
from tepian.toolkit.identifiers import new_code
from tepian.ui import words

from .. import policies, queries, states
from ..events import LessonEnded, SessionCancelled, SessionChanged, SessionHeld, SessionOpened, SessionPlanned
from ..models import Attendance, Programme, Session
from .parts import checked_number, checked_times, checked_ward, kept, locked, tell

PREFIX = queries.PREFIX
TRIES = 20
MOST_CHAIRS = 5000


def _values(
    *,
    title: str,
    title_en: str,
    place: str,
    region: str,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int,
    speaker: str,
    poster: bool,
) -> dict[str, Any]:
    checked_times(starts_at, ends_at)
    return {
        "title": checked_text(title, "title", limit=200),
        "title_en": checked_text(title_en, "title_en", limit=200, needed=False),
        "place": checked_text(place, "place", limit=200),
        "region_code": checked_ward(region),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "year": queries.year_of(starts_at),
        "capacity": checked_number(capacity, "capacity", least=1, most=MOST_CHAIRS),
        "speaker": checked_text(speaker, "speaker", limit=200, needed=False),
        "poster": poster,
    }


@operation("literacy.plan_session", policy=policies.may_organise)
def plan_session(
    *,
    actor: Actor,
    programme: Programme,
    title: str,
    place: str,
    region: str,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int,
    title_en: str = "",
    speaker: str = "",
    poster: bool = True,
) -> Session:
    """A session with its day and place; citizens see it at once. A past day is allowed: what was held without this
    system can be written down afterwards."""
    values = _values(
        title=title,
        title_en=title_en,
        place=place,
        region=region,
        starts_at=starts_at,
        ends_at=ends_at,
        capacity=capacity,
        speaker=speaker,
        poster=poster,
    )
    if not programme.active:
        raise Invalid(_("This programme has ended. Choose another one."), code="programme_ended", field="programme")
    for _try in range(TRIES):
        try:
            with transaction.atomic():
                row = Session.objects.create(
                    programme=programme, number=new_code(PREFIX), changed_at=timezone.now(), **values
                )
            break
        except IntegrityError:  # the number is taken
            continue
    else:
        raise Conflict(_("No free number was found. Nothing was stored; send it again."), code="no_number")
    note("session", row.number, programme=programme.code)
    tell(SessionPlanned, row)
    return row


@operation("literacy.change_session", policy=policies.may_run)
def change_session(
    *,
    actor: Actor,
    session: Session,
    revision: int,
    title: str,
    place: str,
    region: str,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int,
    title_en: str = "",
    speaker: str = "",
    poster: bool = True,
) -> Session:
    """Its day, place and words, while it is to come. The year stays once somebody was counted in it."""
    row = locked(session, revision=revision, among=states.TO_COME)
    values = _values(
        title=title,
        title_en=title_en,
        place=place,
        region=region,
        starts_at=starts_at,
        ends_at=ends_at,
        capacity=capacity,
        speaker=speaker,
        poster=poster,
    )
    if values["year"] != row.year and Attendance.objects.filter(session=row).exists():
        raise Invalid(
            _("People were counted already: the session stays in its year."), code="year_fixed", field="starts_at"
        )
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    note("session", row.number, changed=sorted(changed))
    for name in changed:
        setattr(row, name, values[name])
    row = kept(row, *changed)
    tell(SessionChanged, row)
    return row


@operation("literacy.open_session", policy=policies.may_run)
def open_session(*, actor: Actor, session: Session, revision: int) -> Session:
    """Let people in: codes work, the test before is open. From twelve hours before the start until two hours after the
    end; one that was closed too early opens again within a day."""
    row = locked(session, revision=revision, to=states.OPEN)
    note("session", row.number)
    now = timezone.now()
    again = row.state == states.HELD
    latest = row.ends_at + (states.REOPEN_WITHIN if again else states.HELD_AFTER)
    if not actor.is_system and now > latest:
        raise Invalid(
            _("The time of this session is over. Say that it was held and write the people down by hand."),
            code="time_over",
            field="starts_at",
        )
    if not actor.is_system and now < row.starts_at - states.OPENS_BEFORE:
        raise Invalid(
            format_lazy(
                _("This session begins on {moment}. It can be opened from twelve hours before."),
                moment=words.moment(row.starts_at),
            ),
            code="too_early",
            field="starts_at",
        )
    row.state, row.closed_at = states.OPEN, None
    row.opened_at = row.opened_at or now
    row = kept(row, "state", "opened_at", "closed_at")
    tell(SessionOpened, row)
    return row


@operation("literacy.end_lesson", policy=policies.may_run)
def end_lesson(*, actor: Actor, session: Session, revision: int) -> Session:
    """The lesson is over, people are still here: the test before closes and the test after opens."""
    row = locked(session, revision=revision, among=(states.OPEN,))
    note("session", row.number)
    if row.lesson_ended_at is not None:
        return row
    row.lesson_ended_at = timezone.now()
    row = kept(row, "lesson_ended_at")
    tell(LessonEnded, row)
    return row


@operation("literacy.hold_session", policy=policies.may_run)
def hold_session(*, actor: Actor, session: Session, revision: int) -> Session:
    """It is over: codes end, its people count in public. The test after stays open for two days."""
    row = locked(session, revision=revision, to=states.HELD)
    now = timezone.now()
    if row.starts_at > now:
        raise Invalid(
            _("This session has not begun. Change its time, or cancel it."), code="not_begun", field="starts_at"
        )
    row.state, row.closed_at = states.HELD, now
    row.lesson_ended_at = row.lesson_ended_at or now
    row = kept(row, "state", "closed_at", "lesson_ended_at")
    attendances = sum(queries.attendances_of(row))
    note("session", row.number, attendances=attendances)
    tell(SessionHeld, row, attendances=attendances)
    return row


@operation("literacy.cancel_session", policy=policies.may_run)
def cancel_session(*, actor: Actor, session: Session, revision: int, reason: str) -> Session:
    """It will not be held; the public reads why, also whoever scans its code at the door."""
    row = locked(session, revision=revision, to=states.CANCELLED)
    row.reason = checked_text(reason, "reason", limit=300)
    note("session", row.number, reason=row.reason)
    row.state, row.closed_at = states.CANCELLED, timezone.now()
    row = kept(row, "state", "reason", "closed_at")
    tell(SessionCancelled, row, reason=row.reason)
    return row


@operation("literacy.renew_code", policy=policies.may_run)
def renew_code(*, actor: Actor, session: Session, revision: int) -> Session:
    """A code got into wrong hands: all earlier codes, posters and open forms are worthless."""
    row = locked(session, revision=revision, among=states.TO_COME)
    row.door += 1
    note("session", row.number, door=row.door)
    return kept(row, "door")


@operation("literacy.hold_due", policy=policies.only_the_system)
def hold_due(*, actor: Actor, now: datetime | None = None) -> int:
    """Open sessions whose end is two hours past and that nobody closed count as held."""
    now, done = now or timezone.now(), 0
    for row in Session.objects.filter(state=states.OPEN, ends_at__lt=now - states.HELD_AFTER).order_by("pk"):
        hold_session(actor=actor, session=row, revision=row.revision)
        done += 1
    note("sessions", held=done)
    return done
