"""Meetings of the council and the team, what they decide, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.packs import keep_row
from tepian.kernel.catalogue.rows import held
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit, note, operation
from tepian.kernel.organisations import queries as organisations

from .. import policies, states
from ..events import ResolutionMade
from ..models import Body, Meeting, Membership, Plan, Resolution
from ..queries import meetings as queries
from ..queries.plan import TOPIC, revision_on

MINUTES = 40_000
LONGEST_MEETING = timedelta(days=3)
MOST_RESOLUTIONS, MOST_GUESTS = 100, 2000
FARTHEST = timedelta(days=366 * 10)


def _meeting(meeting: Meeting, revision: int | None, **options: Any) -> Meeting:
    row = held(meeting, revision=revision, next_states=states.MEETING_NEXT, labels=queries.MEETING_LABELS, **options)
    note("meeting", row.key, body=row.body.code)
    return row


def _saved(row: Meeting) -> Meeting:
    row.revision += 1
    row.changed_at = timezone.now()
    row.save()
    touch(TOPIC)
    return row


# --- bodies come with the pack ----------------------------------------------------------------------------------------


@operation("masterplan.load_bodies", policy=policies.may_keep_plan)
def load_bodies(*, actor: Actor, bodies: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Loading again changes nothing. A seat that a pack no longer names ends today; that it was there stays."""
    counts: dict[str, int] = {"created": 0, "changed": 0, "unchanged": 0}
    for given in bodies:
        values = {
            "kind": given["kind"],
            "title": given["title"],
            "title_en": given.get("title_en", ""),
            "basis": given.get("basis", ""),
            "valid_from": given["valid_from"],
            "valid_to": given.get("valid_to"),
        }
        body = keep_row(Body, {"code": given["code"]}, values, counts)
        named = []
        for seat in given.get("member", []):
            row = keep_row(
                Membership,
                {
                    "body": body,
                    "position_code": seat.get("position", ""),
                    "institution": seat.get("institution", ""),
                    "seat": seat.get("seat", "member"),
                },
                {"valid_from": seat.get("valid_from", given["valid_from"]), "valid_to": seat.get("valid_to")},
                counts,
            )
            named.append(row.pk)
        counts["changed"] += body.members.filter(valid_to=None).exclude(pk__in=named).update(valid_to=today())
    note("masterplan_pack", counts=counts)
    if counts["created"] or counts["changed"]:
        touch(TOPIC)
    return counts


# --- meetings ---------------------------------------------------------------------------------------------------------


def _checked(title: str, starts_at: datetime, ends_at: datetime, place: str, agenda: str) -> dict[str, Any]:
    if ends_at <= starts_at or ends_at - starts_at > LONGEST_MEETING:
        raise Invalid(_("A meeting ends after it begins, at most three days later."), code="ends_at", field="ends_at")
    if not timezone.now() - FARTHEST < starts_at < timezone.now() + FARTHEST:
        raise Invalid(_("This day is too far away to be right."), code="starts_at", field="starts_at")
    return {
        "title": checked_text(title, "title", limit=200),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "place": checked_text(place, "place", limit=200, needed=False),
        "agenda": checked_text(agenda, "agenda", needed=False),
    }


@operation("masterplan.plan_meeting", policy=policies.may_keep_meetings)
def plan_meeting(
    *,
    actor: Actor,
    body: Body,
    title: str,
    starts_at: datetime,
    ends_at: datetime,
    place: str = "",
    agenda: str = "",
    plan: Plan | None = None,
) -> Meeting:
    """A meeting to come; of one that was held already, the minutes follow at once."""
    values = _checked(title, starts_at, ends_at, place, agenda)
    same = Meeting.objects.filter(body=body, state=states.PLANNED, **values).first()
    if same is not None:  # the form was sent twice
        note("meeting", same.key, body=body.code)
        return same
    now = timezone.now()
    row = Meeting.objects.create(
        body=body, plan=plan, created_by=actor.label[:200], created_at=now, changed_at=now, **values
    )
    note("meeting", row.key, body=body.code)
    touch(TOPIC)
    return row


@operation("masterplan.change_meeting", policy=policies.may_keep_meetings)
def change_meeting(
    *,
    actor: Actor,
    meeting: Meeting,
    revision: int,
    title: str,
    starts_at: datetime,
    ends_at: datetime,
    place: str = "",
    agenda: str = "",
) -> Meeting:
    row = _meeting(meeting, revision, among=(states.PLANNED,))
    values = _checked(title, starts_at, ends_at, place, agenda)
    if all(getattr(row, name) == value for name, value in values.items()):
        return row
    for name, value in values.items():
        setattr(row, name, value)
    return _saved(row)


@operation("masterplan.hold_meeting", policy=policies.may_keep_meetings)
def hold_meeting(
    *,
    actor: Actor,
    meeting: Meeting,
    revision: int,
    minutes: str,
    present: Sequence[str] = (),
    guests: int = 0,
) -> Meeting:
    """It took place: minutes and who was there. Of a meeting that was held, minutes may be corrected; the record keeps
    who did."""
    row = _meeting(meeting, revision, among=(states.PLANNED, states.HELD))
    if row.starts_at > timezone.now():
        raise Invalid(_("This meeting has not begun. Write its minutes afterwards."), code="future", field="minutes")
    known = {seat.name for seat in queries.seats(row.body, timezone.localdate(row.starts_at))}
    if strangers := set(present) - known - set(row.present):
        raise Invalid(
            format_lazy(_("“{name}” has no seat in this meeting."), name=sorted(strangers)[0]),
            code="stranger",
            field="present",
        )
    if not 0 <= guests <= MOST_GUESTS:
        raise Invalid(_("Guests are counted with a number from 0 on."), code="guests", field="guests")
    if not present:
        raise Invalid(_("Tick who was there."), code="present", field="present")
    row.minutes = checked_text(minutes, "minutes", limit=MINUTES)
    row.present, row.guests, row.state = list(dict.fromkeys(present)), guests, states.HELD
    return _saved(row)


@operation("masterplan.cancel_meeting", policy=policies.may_keep_meetings)
def cancel_meeting(*, actor: Actor, meeting: Meeting, revision: int, reason: str) -> Meeting:
    row = _meeting(meeting, revision, to=states.CANCELLED)
    row.reason, row.state = checked_text(reason, "reason", limit=500), states.CANCELLED
    return _saved(row)


# --- what they decide -------------------------------------------------------------------------------------------------


@operation("masterplan.add_resolution", policy=policies.may_keep_meetings)
def add_resolution(
    *,
    actor: Actor,
    meeting: Meeting,
    text: str,
    agency: str,
    due_on: date,
    part_key: UUID | None = None,
) -> Resolution:
    """Something that an agency does by a day. The number follows those that are there; the same again is the one that is
    there."""
    row = _meeting(meeting, None, among=(states.HELD,))
    words = checked_text(text, "text", limit=2000)
    if not any(each.code == agency for each in organisations.agencies()):
        raise Invalid(_("Choose the agency that is to do it."), code="agency", field="agency")
    held_on = timezone.localdate(row.starts_at)
    if not held_on <= due_on <= held_on + FARTHEST:
        raise Invalid(_("It is due on a day after the meeting."), code="due_on", field="due_on")
    if part_key is not None and not _is_part(row.plan, part_key):
        raise Invalid(_("There is no such part in the plan that is in force."), code="part", field="part")
    same = row.resolutions.filter(text=words, agency_code=agency, due_on=due_on).first()
    if same is not None:
        return same
    numbers = list(row.resolutions.order_by("-number").values_list("number", flat=True)[:1])
    if numbers and numbers[0] >= MOST_RESOLUTIONS:
        raise Invalid(
            format_lazy(_("A meeting has at most {most} decisions."), most=MOST_RESOLUTIONS),
            code="too_many",
            field="text",
        )
    made = Resolution.objects.create(
        meeting=row,
        number=(numbers[0] if numbers else 0) + 1,
        text=words,
        agency_code=agency,
        due_on=due_on,
        part_key=part_key,
    )
    note("resolution", made.key, meeting=str(row.key), agency=agency)
    emit(ResolutionMade(meeting=str(row.key), resolution=str(made.key), agency=agency, due=due_on.isoformat()))
    touch(TOPIC)
    return made


def _is_part(plan: Plan | None, key: UUID) -> bool:
    revision = revision_on(plan) if plan else None
    return revision is not None and revision.parts.filter(key=key).exists()


@operation("masterplan.end_resolution", policy=policies.may_end_resolution)
def end_resolution(
    *, actor: Actor, resolution: Resolution, revision: int, to: str, outcome: str, on: date | None = None
) -> Resolution:
    """Done or dropped, with what came of it; or opened again, with why."""
    row = held(
        resolution,
        revision=revision,
        next_states=states.RESOLUTION_NEXT,
        to=to or "-",
        labels=queries.RESOLUTION_LABELS,
    )
    note("resolution", row.key, state=to)
    if to == states.DROPPED and not (actor.is_system or actor.has(policies.PLANNER, policies.VERIFIER)):
        raise Conflict(
            _("An agency says what is done. Only the secretariat drops a decision. Nothing was changed."),
            code="not_yours_to_drop",
        )
    words = checked_text(outcome, "outcome", limit=2000)
    day = on or today()
    if day > today():
        raise Invalid(_("Choose a day that has come."), code="day", field="on")
    row.state, row.outcome = to, words
    row.ended_on, row.ended_by = (None, "") if to == states.OPEN else (day, actor.label[:200])
    row.revision += 1
    row.save()
    touch(TOPIC)
    return row
