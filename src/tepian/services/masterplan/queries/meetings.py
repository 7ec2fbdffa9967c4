"""The council and the technical team: their meetings, and what became of what they decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.city import today
from tepian.kernel.organisations import queries as organisations

from .. import states
from ..models import Body, Meeting, Membership, Part, Plan, Resolution
from .plan import revision_on

MEETING_LABELS = {
    states.PLANNED: gettext_lazy("planned"),
    states.HELD: gettext_lazy("held"),
    states.CANCELLED: gettext_lazy("cancelled"),
}
RESOLUTION_LABELS = {
    states.OPEN: gettext_lazy("not done yet"),
    states.DONE: gettext_lazy("done"),
    states.DROPPED: gettext_lazy("dropped"),
}
BODY_KIND_LABELS = {states.COUNCIL: gettext_lazy("Council"), states.TEAM: gettext_lazy("Technical team")}
SEAT_LABELS = {
    "chair": gettext_lazy("chair"),
    "deputy": gettext_lazy("deputy chair"),
    "secretary": gettext_lazy("secretary"),
    "member": gettext_lazy("member"),
}


def bodies(on: date | None = None) -> list[Body]:
    """Those that exist on the day."""
    day = on or today()
    return list(Body.objects.filter(valid_from__lte=day).filter(Q(valid_to=None) | Q(valid_to__gte=day)))


def body_by(code: str) -> Body:
    """Raises `NotFound`."""
    found = Body.objects.filter(code=code).first()
    if found is None:
        raise NotFound(_("There is no such council or team."), code="no_body", item=code)
    return found


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat as it is called on a day: the post's title or the institution."""

    row: Membership
    name: str
    role: str


def seats(body: Body, on: date | None = None) -> list[Seat]:
    """The chair first, then as the pack orders them."""
    day = on or today()
    rows = body.members.filter(valid_from__lte=day).filter(Q(valid_to=None) | Q(valid_to__gte=day)).order_by("id")
    order = list(SEAT_LABELS)
    return sorted(
        (Seat(row, seat_name(row), str(SEAT_LABELS.get(row.seat, row.seat))) for row in rows),
        key=lambda seat: order.index(seat.row.seat) if seat.row.seat in order else len(order),
    )


def seat_name(row: Membership) -> str:
    if not row.position_code:
        return row.institution
    try:
        return organisations.position(row.position_code).title
    except NotFound:
        return row.position_code


def meetings() -> QuerySet[Meeting]:
    """The newest first."""
    return Meeting.objects.select_related("body", "plan").order_by("-starts_at", "-id")


def meeting_by(key: UUID | str) -> Meeting:
    """Raises `NotFound`."""
    found = meetings().filter(key=key).first()
    if found is None:
        raise NotFound(_("There is no such meeting."), code="no_meeting", item=str(key))
    return found


def resolution_by(key: UUID | str) -> Resolution:
    """Raises `NotFound`."""
    found = Resolution.objects.select_related("meeting", "meeting__body").filter(key=key).first()
    if found is None:
        raise NotFound(_("There is no such decision."), code="no_resolution", item=str(key))
    return found


def open_resolutions(plan: Plan | None = None) -> QuerySet[Resolution]:
    """What was decided and is not done, the latest first due; of one plan's meetings, or of all."""
    rows = Resolution.objects.filter(state=states.OPEN).select_related("meeting", "meeting__body", "meeting__plan")
    return (rows.filter(meeting__plan=plan) if plan else rows).order_by("due_on", "id")


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A resolution as lists show it; `days_late` 0 while its day has not passed."""

    row: Resolution
    agency: str
    days_late: int
    part: Part | None


def follow_ups(rows: Iterable[Resolution], on: date | None = None) -> list[FollowUp]:
    """With the part of the plan that each names, as it is called today."""
    day, found = on or today(), list(rows)
    keys = {row.part_key for row in found if row.part_key}
    parts: dict[UUID, Part] = {}
    if keys:
        plans = {row.meeting.plan for row in found if row.part_key and row.meeting.plan}
        revisions = [revision for plan in plans if (revision := revision_on(plan, day))]
        parts = {part.key: part for part in Part.objects.filter(revision__in=revisions, key__in=keys)}
    return [
        FollowUp(
            row,
            organisations.agency_name(row.agency_code),
            max(0, (day - row.due_on).days) if row.state == states.OPEN else 0,
            parts.get(row.part_key) if row.part_key else None,
        )
        for row in found
    ]
