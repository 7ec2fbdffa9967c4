"""What may follow what in the plan, its reports, meetings, projects and comments, and the arithmetic of progress. No
database here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

# --- the plan and its revisions ---------------------------------------------------------------------------------------

DRAFT, PROPOSED, IN_FORCE, SUPERSEDED, DROPPED = "draft", "proposed", "in_force", "superseded", "dropped"
REVISION_NEXT = {
    DRAFT: (PROPOSED, DROPPED),
    PROPOSED: (IN_FORCE, DRAFT, DROPPED),
    IN_FORCE: (SUPERSEDED,),
    SUPERSEDED: (),
    DROPPED: (),
}

GOAL, PROGRAMME, ACTION = "goal", "programme", "action"
KINDS = (GOAL, PROGRAMME, ACTION)
BELOW = {GOAL: (PROGRAMME,), PROGRAMME: (ACTION,), ACTION: ()}  # a goal holds programmes, a programme actions

APBD, APBN, CSR, OTHER = "APBD", "APBN", "CSR", "other"
SOURCES = (APBD, APBN, CSR, OTHER)

UP, DOWN = "up", "down"
LAST, SUM = "last", "sum"  # a quarter's value is where the year stands, or adds to it

# --- reports ----------------------------------------------------------------------------------------------------------

REPORT_DRAFT, SENT, RETURNED, VERIFIED = "draft", "sent", "returned", "verified"
REPORT_NEXT = {
    REPORT_DRAFT: (SENT,),
    SENT: (RETURNED, VERIFIED),
    RETURNED: (SENT,),
    VERIFIED: (RETURNED,),  # evidence turned out false
}
WITH_REPORTER = (REPORT_DRAFT, RETURNED)
OFFICES = ("planner", "plan_verifier")  # both verify: Bappeda the plan, Diskominfo the smart-city side
ACCEPTED, SENT_BACK = "accepted", "returned"

FILE, PHOTO, LINK = "file", "photo", "link"
EVIDENCE_KINDS = (FILE, PHOTO, LINK)

REPORT_DAYS = 15  # days after a quarter's end within which agencies report; city setting `plan_report_days`
STALE_QUARTERS = 2  # quarters without a report after which an action is stale; city setting `plan_stale_quarters`
TOLERANCE = 5.0  # percent between claim and computed value above which a reason is asked; a part may say otherwise

# --- meetings ---------------------------------------------------------------------------------------------------------

COUNCIL, TEAM = "council", "team"
BODY_KINDS = (COUNCIL, TEAM)
PLANNED, HELD, CANCELLED = "planned", "held", "cancelled"
MEETING_NEXT = {PLANNED: (HELD, CANCELLED), HELD: (), CANCELLED: ()}
OPEN, DONE = "open", "done"
RESOLUTION_NEXT = {OPEN: (DONE, DROPPED), DONE: (OPEN,), DROPPED: (OPEN,)}

# --- projects ---------------------------------------------------------------------------------------------------------

RUNNING, PAUSED = "running", "paused"
PROJECT_NEXT = {
    PLANNED: (RUNNING, CANCELLED),
    RUNNING: (PAUSED, DONE, CANCELLED),
    PAUSED: (RUNNING, CANCELLED),
    DONE: (RUNNING,),  # work found unfinished after all
    CANCELLED: (),
}
BEFORE, DURING, AFTER = "before", "during", "after"
PHASES = (BEFORE, DURING, AFTER)

WAITING, SHOWN, HIDDEN = "waiting", "shown", "hidden"
COMMENT_NEXT = {WAITING: (SHOWN, HIDDEN), SHOWN: (HIDDEN,), HIDDEN: (SHOWN,)}
FACT, QUESTION = "fact", "question"
COMMENT_KINDS = (FACT, QUESTION)
HIDE_REASONS = ("insult", "personal", "off_topic", "advertising", "repeated", "photo", "unreadable")
FINDINGS = ("insult", "personal", "link", "repeated", "shouting")

# A contract is critical when the work is further behind its plan than this, in points of percent: 10 while the plan stands
# at up to 70 %, 5 above it. Source: general conditions (SSUK) of public works contracts, "kontrak kritis".
CRITICAL = ((70.0, 10.0), (100.0, 5.0))
REPORT_BY_DAY = 10  # of the month after the one that is told


def critical(planned: float | None, actual: float | None) -> bool:
    """Is the work so far behind that the contract's owner must call the firm to account?"""
    if planned is None or actual is None:
        return False
    return planned - actual > next(limit for until, limit in CRITICAL if planned <= until or until == CRITICAL[-1][0])


# --- quarters ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A quarter of a year; ordered in time."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Quarter:
        return cls(day.year, (day.month + 2) // 3)

    @property
    def first(self) -> date:
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last(self) -> date:
        return self.after.first - timedelta(days=1)

    @property
    def after(self) -> Quarter:
        return Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)

    @property
    def before(self) -> Quarter:
        return Quarter(self.year - 1, 4) if self.number == 1 else Quarter(self.year, self.number - 1)

    @property
    def index(self) -> int:
        """A number that grows by one each quarter."""
        return 4 * self.year + self.number - 1

    def due(self, days: int = REPORT_DAYS) -> date:
        """The last day on which its report is in time."""
        return self.last + timedelta(days=days)

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"


# --- the arithmetic of progress ---------------------------------------------------------------------------------------


def attained(value: float | None, target: float | None, baseline: float | None, direction: str) -> float | None:
    """How much of a target is reached, in percent, not cut: 120 means more than asked. None where it cannot be known.

    With a baseline: the way gone of the whole way. Without one: value of target, and for “less is better” target of
    value (a value of 0 or less then counts as reached)."""
    if value is None or target is None:
        return None
    if baseline is not None and baseline != target:
        return 100 * (value - baseline) / (target - baseline)
    if direction == DOWN:
        return 100.0 if value <= max(target, 0) else 100 * target / value
    if target == 0:
        return 100.0 if value >= 0 else 0.0
    return 100 * value / target


def counted(percent: float | None) -> float:
    """What an action adds to the mean of its programme, dimension and city: 0 to 100. Overfulfilment of one action never
    hides another's failure, and an action without a value counts 0, never nothing."""
    return 0.0 if percent is None else min(100.0, max(0.0, percent))


def mean(pairs: Iterable[tuple[float, float]]) -> float | None:
    """The weighted mean of (weight, percent) pairs; None for no weight at all. Means of parts weighted by their weights'
    sums give the same number as the mean over all actions: totals agree at every level."""
    total, weight = 0.0, 0.0
    for each, percent in pairs:
        total += each * percent
        weight += each
    return total / weight if weight else None


def differs(claim: float | None, computed: float | None, tolerance: float = TOLERANCE) -> bool:
    """Is the claim further from the computed value than the tolerance, in percent of the computed value?"""
    if claim is None or computed is None:
        return False
    return abs(claim - computed) > abs(computed) * tolerance / 100
