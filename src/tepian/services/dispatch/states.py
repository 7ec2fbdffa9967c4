"""What may follow what, and the rules of the desk that need no database: calls, incidents, units, duplicates, clocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

# --- calls ------------------------------------------------------------------------------------------------------------

RINGING, ANSWERED, ENDED, LOST = "ringing", "answered", "ended", "lost"
CALL_STATES = (RINGING, ANSWERED, ENDED, LOST)
CALL_EVENTS = ("ringing", "answered", "ended", "lost", "location")
LOST_STAGES = ("menu", "queue", "ring")  # the announcement and its keys, the waiting line, a desk that rang in vain
# What a call turned out to be (SOP of 112: normal, ghost, prank, information).
REAL, PRANK, GHOST, INFORMATION = "real", "prank", "ghost", "information"
CALL_KINDS = (REAL, PRANK, GHOST, INFORMATION)


def call_state(*, answered: datetime | None, ended: datetime | None, lost: datetime | None) -> str:
    """A call's state from the moments that are known, whatever order they arrived in. Who was answered was not lost."""
    if ended is not None:
        return ENDED if answered is not None else LOST
    if answered is not None:
        return ANSWERED
    return LOST if lost is not None else RINGING


# --- incidents --------------------------------------------------------------------------------------------------------

WAITING, DISPATCHED, ON_SCENE, CLOSED, MERGED = "waiting", "dispatched", "on_scene", "closed", "merged"
OPEN_STATES = (WAITING, DISPATCHED, ON_SCENE)
INCIDENT_STATES = (*OPEN_STATES, CLOSED, MERGED)
SEVERITIES = ("A", "B", "C", "D", "E")  # E is the gravest: life is ending now
OUTCOMES = ("helped", "nothing_found", "false_alarm", "cancelled", "handed_over")
VICTIMS = ("injured", "trapped", "missing", "dead")


def grave(severity: str) -> int:
    """0 for A … 4 for E; unknown ranks below A."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


def incident_state(steps: Iterable[str], now: str) -> str:
    """An open incident's state from the steps of its deployments; a closed or merged one stays as it is."""
    if now not in OPEN_STATES:
        return now
    steps = set(steps)
    if steps & {ARRIVED, DONE}:
        return ON_SCENE
    return DISPATCHED if steps & {ASKED, ACCEPTED, UNDER_WAY} else WAITING


# --- deployments ------------------------------------------------------------------------------------------------------

ASKED, ACCEPTED, UNDER_WAY, ARRIVED, DONE = "asked", "accepted", "under_way", "arrived", "done"
DECLINED, EXPIRED, CANCELLED = "declined", "expired", "cancelled"
CREW_STEPS = (ACCEPTED, UNDER_WAY, ARRIVED, DONE)
ACTIVE_STEPS = (ASKED, ACCEPTED, UNDER_WAY, ARRIVED)
ENDED_STEPS = (DONE, DECLINED, EXPIRED, CANCELLED)
STEPS = (ASKED, *CREW_STEPS, DECLINED, EXPIRED, CANCELLED)


def step_after(state: str) -> str | None:
    """The crew's next step, for the one large button; None when there is nothing left to do."""
    order = (ASKED, *CREW_STEPS)
    return order[order.index(state) + 1] if state in order[:-1] else None


def newest_step(moments: Mapping[str, datetime | None]) -> str:
    """The furthest crew step that is known. A phone that sends late or out of order never takes a unit backwards."""
    return next((step for step in reversed(CREW_STEPS) if moments.get(step) is not None), ASKED)


UNIT_STATES = ("off_duty", "available", "asked", "under_way", "on_scene", "out_of_service")
UNIT_STATE_OF = {ASKED: "asked", ACCEPTED: "under_way", UNDER_WAY: "under_way", ARRIVED: "on_scene"}


# --- clocks that do not agree -----------------------------------------------------------------------------------------

CLOCK_TOLERANCE = timedelta(seconds=120)
OLDEST_REPORT = timedelta(hours=12)


def settled_moment(claimed: datetime, received: datetime, sent: datetime | None = None) -> tuple[datetime, float]:
    """When a device's step really happened, and by how many seconds its clock runs ahead of ours (0 when it agrees).

    `sent` is the device's clock when it sent: its difference to `received` is the clock's error, so that a step kept for
    twenty minutes offline keeps its age. The future, and what is older than twelve hours, is pulled to the border."""
    error = (sent - received).total_seconds() if sent is not None else 0.0
    if abs(error) <= CLOCK_TOLERANCE.total_seconds():
        error = 0.0
    moment = claimed - timedelta(seconds=error)
    return max(received - OLDEST_REPORT, min(moment, received)), error


# --- near in place, time and kind -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Likeness:
    """How probable it is that two reports tell of one thing: `score` 0 to 1, with what it rests on."""

    score: float
    metres: float
    minutes: float
    same_type: bool
    same_group: bool


LIKELY = 0.5


def likeness(
    *, metres: float, minutes: float, same_type: bool, same_group: bool, within_m: float, within_minutes: float
) -> Likeness:
    """Near, soon after, and of the same kind. `within_m` and `within_minutes` come from the type's row: a fire is seen
    from further than a fall. Each share falls linearly to nothing at twice its bound; a report without a type yet is
    judged by place and time alone."""
    place = max(0.0, 1 - metres / (2 * within_m)) if within_m else 0.0
    time = max(0.0, 1 - minutes / (2 * within_minutes)) if within_minutes else 0.0
    kind = 1.0 if same_type else 0.75 if same_group else 0.25
    return Likeness(place * (0.5 + 0.5 * time) * kind if time else 0.0, metres, minutes, same_type, same_group)


# --- targets ----------------------------------------------------------------------------------------------------------

CLOCKS = ("answer", "dispatch", "accept", "arrival")


def percentile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, ceil(round(share * len(ordered), 9)) - 1)]


# --- what the public is told ------------------------------------------------------------------------------------------


def told_counts(counts: Mapping[str, int], small: int) -> dict[str, int | None]:
    """Counts of one day by ward as everybody may know them beside the day's total: those below `small` are None. When
    all hidden ones are equal (one alone is), the total would give them away, so the wards with the next smallest count
    are hidden too; when no ward would be left, one None under the empty name stands for the whole day.

    Only how large the counts are decides, never the wards' names: two hidden wards exchanged give the same answer, so
    nobody who knows this rule learns which has how many."""
    hidden = {n for n in counts.values() if n < small}
    if len(hidden) == 1:
        hidden |= {min((n for n in counts.values() if n >= small), default=0)}
    if hidden and hidden.issuperset(counts.values()):
        return {"": None}
    return {ward: None if n in hidden else n for ward, n in counts.items()}
