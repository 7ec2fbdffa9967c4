"""All actions, and what they add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.kept import one_look

from ... import states
from ...models import Plan, Revision
from ...states import Quarter
from .. import figures as followed
from .reading import Ground, ground, report_days, stale_quarters
from .standing import STATUSES, Moment, Standing, standing

DIMENSION, SUBDIMENSION, PROGRAMME, GOAL, AGENCY = "dimension", "subdimension", "programme", "goal", "agency"


@dataclass(frozen=True, slots=True)
class Total:
    """Some actions together. `verified`, `claimed`, `computed`: means in percent, None where no action has a target;
    `computed` is the mean of the `followed` actions only. `statuses`, in order of `STATUSES`, adds up to `actions`."""

    code: str
    actions: int
    measured: int
    weight: int
    verified: float | None
    claimed: float | None
    computed: float | None
    followed: int
    without_value: int
    statuses: Mapping[str, int]
    budget: Mapping[str, int]
    spent: int
    milestones: int
    passed: int
    late_milestones: int
    evidence: int
    broken: int

    @property
    def budgeted(self) -> int:
        return sum(self.budget.values())

    def count(self, *wanted: str) -> int:
        return sum(self.statuses.get(each, 0) for each in wanted)


def standings(
    plan: Plan, quarter: Quarter, *, revision: Revision | None = None, on: date | None = None, computed: bool = True
) -> list[Standing]:
    """One an action, in the plan's order; empty where no revision counts. `revision`: the one in force at the quarter's
    end (today, while it runs) unless given. `on`: the day it is looked at. `computed=False` asks no other room."""
    day = on or today()
    with one_look():
        counts = revision or revision_at(plan, quarter, day)
        if counts is None:
            return []
        read = ground(plan, [counts], quarter, quarter)
        return _rows(read, counts, quarter, day, followed.values() if computed else None)


def _rows(
    read: Ground, revision: Revision, quarter: Quarter, day: date, figures: followed.Reader | None
) -> list[Standing]:
    moment = Moment.of(quarter, day, report_days(quarter.last), stale_quarters(quarter.last))
    return [standing(read, action, moment, figures) for action in read.actions.get(revision.pk, ())]


def revision_at(plan: Plan, quarter: Quarter, day: date) -> Revision | None:
    """The revision that counted at the quarter's end, or counts now while the quarter runs."""
    return _counting(list(_in_force(plan)), min(day, quarter.last))


def _in_force(plan: Plan) -> Iterable[Revision]:
    return plan.revisions.filter(state__in=(states.IN_FORCE, states.SUPERSEDED), in_force_from__isnull=False)


def _counting(revisions: Sequence[Revision], day: date) -> Revision | None:
    found = [
        each
        for each in revisions
        if each.in_force_from and each.in_force_from <= day and (each.in_force_to is None or day <= each.in_force_to)
    ]
    return max(found, key=lambda each: (each.in_force_from, each.number), default=None)


def total(rows: Iterable[Standing], code: str = "") -> Total:
    """Some actions together; all of them give the city."""
    rows = list(rows)
    measured = [row for row in rows if row.counts]
    asked = [row for row in measured if row.computed is not None]

    def mean(among: Iterable[Standing], which: str) -> float | None:
        return states.mean((row.counts, states.counted(getattr(row, which))) for row in among)

    statuses = dict.fromkeys(STATUSES, 0)
    budget: dict[str, int] = dict.fromkeys(states.SOURCES, 0)
    for row in rows:
        statuses[row.status] += 1
        for source, amount in row.budget.items():
            budget[source] += amount
    return Total(
        code=code,
        actions=len(rows),
        measured=len(measured),
        weight=sum(row.counts for row in measured),
        verified=mean(measured, "verified_percent"),
        claimed=mean(measured, "claimed_percent"),
        computed=mean(asked, "computed_percent"),
        followed=len(asked),
        without_value=sum(row.claimed is None for row in measured),
        statuses=statuses,
        budget=budget,
        spent=sum(row.spent or 0 for row in rows),
        milestones=sum(row.milestones for row in rows),
        passed=sum(row.passed for row in rows),
        late_milestones=sum(row.late_milestones for row in rows),
        evidence=sum(row.evidence for row in rows),
        broken=sum(row.broken for row in rows),
    )


def code_of(row: Standing, level: str) -> str:
    """Where an action belongs at a level: a code, a part's key as text; a sub-dimension is `dimension/subdimension`."""
    if level == SUBDIMENSION:
        return f"{row.dimension}/{row.subdimension}"
    return str(getattr(row, level) or "")


def by(rows: Iterable[Standing], level: str) -> dict[str, Total]:
    """Code → total, in order of the first action of each."""
    groups: dict[str, list[Standing]] = defaultdict(list)
    for row in rows:
        groups[code_of(row, level)].append(row)
    return {code: total(members, code) for code, members in groups.items()}


def history(plan: Plan, quarters: Iterable[Quarter], *, on: date | None = None) -> list[tuple[Quarter, Total]]:
    """The whole city's total a quarter, each by the revision that counted then; without computed values. In a constant
    number of queries."""
    day, wanted = on or today(), sorted(quarters)
    if not wanted:
        return []
    revisions = list(_in_force(plan))
    at = [(quarter, _counting(revisions, min(day, quarter.last))) for quarter in wanted]
    used = {each.pk: each for _quarter, each in at if each}
    with one_look():
        read = ground(plan, used.values(), wanted[0], wanted[-1])
        return [
            (quarter, total(_rows(read, revision, quarter, min(day, quarter.after.last), None)))
            for quarter, revision in at
            if revision
        ]


def quarters_of(plan: Plan, until: Quarter) -> list[Quarter]:
    """The plan's quarters up to one of them."""
    return [
        quarter
        for year in range(plan.first_year, plan.last_year + 1)
        for quarter in (Quarter(year, number) for number in (1, 2, 3, 4))
        if quarter <= until
    ]


def grouped(rows: Sequence[Standing], level: str) -> list[tuple[str, list[Standing]]]:
    """Neighbouring rows of one group, for lists with headings."""
    return [(code, list(members)) for code, members in groupby(rows, key=lambda row: code_of(row, level))]
