"""How far the plan is, computed from its records at each look; nothing of it is stored.

`standings(plan, quarter)` gives one `Standing` an action, in the plan's order, as of the end of the quarter or of today
when the quarter still runs. `total(rows)` adds any of them up, `by(rows, "dimension")` splits them (dimension,
subdimension, programme, goal, agency): every level adds the same rows, so totals agree. `history(plan, quarters)` gives
a `Total` a quarter for a line. `shown_quarter()` is the quarter that public pages tell of.

Three values are told apart, in the action's unit and as percent of the target: `verified` (both offices accepted),
`claimed` (sent by the agency, not refused) and `computed` (the platform's own figure). Where the action's years are over,
its last year's target still holds, so that what was never finished stays in sight. In means an action counts 0 to 100
with its weight; one without a value counts 0; one that has not begun, or has no target in that year, is not in the mean
but is counted and named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q
from django.utils.translation import gettext_lazy as _

from tepian.kernel.catalogue.city import city_setting, today
from tepian.kernel.catalogue.kept import one_look

from .. import states
from ..models import Evidence, Handover, Milestone, MilestoneReached, Money, Part, Plan, Report, Revision, Target
from ..states import Quarter
from . import figures as followed
from .plan import in_language

NOT_BEGUN, FINISHED, LATE, STALE, OVERDUE, NO_TARGET, BEHIND, ON_TRACK = (
    "not_begun", "finished", "late", "stale", "overdue", "no_target", "behind", "on_track",
)  # fmt: skip
STATUSES = (LATE, STALE, OVERDUE, BEHIND, NO_TARGET, ON_TRACK, FINISHED, NOT_BEGUN)  # the worst first
STATUS_LABELS = {
    LATE: _("late"),
    STALE: _("silent"),
    OVERDUE: _("report missing"),
    BEHIND: _("behind"),
    NO_TARGET: _("no target"),
    ON_TRACK: _("on track"),
    FINISHED: _("finished"),
    NOT_BEGUN: _("not begun"),
}
LEVELS = {LATE: "danger", STALE: "danger", OVERDUE: "warning", BEHIND: "notice"}  # of the others: normal
DIMENSION, SUBDIMENSION, PROGRAMME, GOAL, AGENCY = "dimension", "subdimension", "programme", "goal", "agency"
COUNTED_STATES = (states.SENT, states.VERIFIED)  # what is with the reporter claims nothing
Figures = Callable[[str, int, Quarter, str], "followed.Value"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an action stands. `target`, `claimed`, `verified` and `computed` are in `unit`; `attained` is percent of the
    target, not cut. `year` is the year whose target counts. `dimension` and `subdimension` are codes ("" for none);
    `programme` and `goal` are keys of parts. Money is rupiah of the quarter's year; `spent` up to the newest report."""

    part: int
    key: UUID
    code: str
    title: str
    title_en: str
    unit: str
    direction: str
    rule: str
    baseline: float | None
    figure: str
    weight: int
    quick_win: bool
    first_year: int
    last_year: int
    dimension: str
    subdimension: str
    programme: UUID | None
    goal: UUID | None
    agency: str
    year: int
    target: float | None
    claimed: float | None
    verified: float | None
    computed: float | None
    computed_state: (
        str  # "" nothing is followed; known; none (nothing for this time); unknown (the source did not answer)
    )
    computed_period: str
    computed_url: str
    claimed_percent: float | None
    verified_percent: float | None
    computed_percent: float | None
    differs: bool
    report_state: str  # of this quarter's report; "" for none
    reported: Quarter | None  # the newest report that was sent
    milestones: int
    passed: int  # said by a report that was sent
    passed_verified: int
    late_milestones: int
    overdue: bool
    stale: bool
    late: bool
    status: str
    budget: Mapping[str, int]
    spent: int | None
    evidence: int
    broken: int

    @property
    def label(self) -> str:
        return in_language(self, "title")

    @property
    def counts(self) -> int:
        """The weight in means; 0 where there is nothing to measure against."""
        return 0 if self.status == NOT_BEGUN or self.target is None else self.weight

    @property
    def unverified(self) -> bool:
        """Is more claimed than the two offices have accepted?"""
        return states.counted(self.claimed_percent) > states.counted(self.verified_percent)


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


def report_days(on: date | None = None) -> int:
    """Days after a quarter's end within which agencies report."""
    return int(city_setting("plan_report_days", on, states.REPORT_DAYS))


def stale_quarters(on: date | None = None) -> int:
    return max(1, int(city_setting("plan_stale_quarters", on, states.STALE_QUARTERS)))


def shown_quarter(on: date | None = None) -> Quarter:
    """The newest quarter whose reports are due."""
    day = on or today()
    quarter = Quarter.of(day).before
    return quarter if day > quarter.due(report_days(day)) else quarter.before


# --- what is read -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Report:
    pk: int
    quarter: Quarter
    state: str
    value: float | None
    spent: int | None


@dataclass(slots=True)
class _Action:
    """A part with what hangs on it."""

    row: Mapping[str, Any]
    first_year: int
    last_year: int
    programme: UUID | None
    goal: UUID | None
    targets: dict[int, float] = field(default_factory=dict)
    milestones: list[tuple[UUID, date]] = field(default_factory=list)
    money: dict[int, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))


@dataclass(slots=True)
class Ground:
    """Everything that standings of some quarters are computed from."""

    actions: dict[int, list[_Action]]  # by revision
    reports: dict[UUID, list[_Report]]  # oldest first
    reached: dict[tuple[UUID, UUID], list[tuple[date, Quarter, bool]]]  # (action, milestone) → day, report, verified?
    handovers: list[tuple[UUID | None, str, str, date]]
    evidence: dict[int, tuple[int, int]]  # by report: how many, how many do not open


PART_FIELDS = (
    "id", "key", "kind", "parent_id", "revision_id", "code", "title", "title_en", "dimension", "subdimension",
    "agency_code", "quick_win", "first_year", "last_year", "unit", "direction", "rule", "baseline", "figure",
    "tolerance", "weight",
)  # fmt: skip


def ground(plan: Plan, revisions: Iterable[Revision], first: Quarter, last: Quarter) -> Ground:
    """Read what standings from one quarter to another need, in a constant number of queries."""
    wanted = [each.pk for each in revisions]
    actions, by_pk = _actions(plan, wanted)
    in_plan = {"part__revision__in": wanted, "part__kind": states.ACTION}
    years = Q(year__gte=first.year, year__lte=last.year)
    its_last = Q(year=F("part__last_year")) | Q(year=plan.last_year)
    for pk, year, value in Target.objects.filter(years | its_last, **in_plan).values_list("part", "year", "value"):
        by_pk[pk].targets[year] = value
    for pk, key, due in Milestone.objects.filter(**in_plan).values_list("part", "key", "due_on"):
        by_pk[pk].milestones.append((key, due))
    for pk, year, source, amount in Money.objects.filter(years, **in_plan).values_list(
        "part", "year", "source", "amount"
    ):
        by_pk[pk].money[year][source] = amount
    back = Quarter(first.year - 1 - stale_quarters() // 4, 1)
    ended = {action.row["key"] for action in by_pk.values() if action.last_year < back.year}
    since = min((action.last_year for action in by_pk.values()), default=back.year)
    return Ground(
        actions,
        _reports(plan, back, last, ended, since),
        _reached(plan),
        list(
            Handover.objects.filter(plan=plan).order_by("on", "id").values_list("key", "from_agency", "to_agency", "on")
        ),
        _evidence(plan, min(since, back.year) if ended else back.year, last),
    )


def _actions(plan: Plan, revisions: Sequence[int]) -> tuple[dict[int, list[_Action]], dict[int, _Action]]:
    rows = {
        row["id"]: row
        for row in Part.objects.filter(revision__in=revisions)
        .order_by("revision", "position", "code", "id")
        .values(*PART_FIELDS)
    }
    by_revision: dict[int, list[_Action]] = defaultdict(list)
    by_pk: dict[int, _Action] = {}
    for row in rows.values():
        if row["kind"] != states.ACTION:
            continue
        programme = rows.get(row["parent_id"])
        goal = rows.get(programme["parent_id"]) if programme else None
        action = _Action(
            row,
            row["first_year"] or plan.first_year,
            row["last_year"] or plan.last_year,
            programme["key"] if programme else None,
            goal["key"] if goal else None,
        )
        # An action without a dimension of its own has its programme's, or its goal's.
        for above in (programme, goal):
            if above and not row["dimension"] and above["dimension"]:
                row["dimension"], row["subdimension"] = above["dimension"], above["subdimension"]
        by_revision[row["revision_id"]].append(action)
        by_pk[row["id"]] = action
    return by_revision, by_pk


def _reports(plan: Plan, back: Quarter, last: Quarter, ended: set[UUID], since: int) -> dict[UUID, list[_Report]]:
    found: dict[UUID, list[_Report]] = defaultdict(list)
    columns = ("id", "key", "year", "quarter", "state", "value", "spent")
    rows = Report.objects.filter(plan=plan, year__lte=last.year)
    wanted = list(rows.filter(year__gte=back.year).order_by().values_list(*columns))
    if ended and since < back.year:
        wanted += rows.filter(year__gte=since, year__lt=back.year, key__in=ended).order_by().values_list(*columns)
    for pk, key, year, number, state, value, spent in wanted:
        found[key].append(_Report(pk, Quarter(year, number), state, value, spent))
    for each in found.values():
        each.sort(key=attrgetter("quarter"))
    return found


def _reached(plan: Plan) -> dict[tuple[UUID, UUID], list[tuple[date, Quarter, bool]]]:
    found: dict[tuple[UUID, UUID], list[tuple[date, Quarter, bool]]] = defaultdict(list)
    for action, key, on, year, number, state in MilestoneReached.objects.filter(
        report__plan=plan, report__state__in=COUNTED_STATES
    ).values_list("report__key", "key", "reached_on", "report__year", "report__quarter", "report__state"):
        found[action, key].append((on, Quarter(year, number), state == states.VERIFIED))
    return found


def _evidence(plan: Plan, year: int, last: Quarter) -> dict[int, tuple[int, int]]:
    rows = Evidence.objects.filter(
        report__plan=plan, report__year__gte=year, report__year__lte=last.year, withdrawn_at=None
    ).order_by()
    counts = rows.values("report").annotate(all=Count("pk"), broken=Count("pk", filter=Q(reachable=False)))
    return {row["report"]: (row["all"], row["broken"]) for row in counts}


# --- one action -------------------------------------------------------------------------------------------------------


def _year_of_account(action: _Action, quarter: Quarter) -> int:
    return min(quarter.year, max(action.first_year, action.last_year))


def _value(reports: Sequence[_Report], rule: str) -> float | None:
    values = [each.value for each in reports if each.value is not None]
    if not values:
        return None
    return sum(values) if rule == states.SUM else values[-1]


def _agency(action: _Action, handovers: Sequence[tuple[UUID | None, str, str, date]], day: date) -> str:
    code: str = action.row["agency_code"]
    for key, given, taken, on in handovers:
        if on <= day and given == code and key in (None, action.row["key"]):
            code = taken
    return code


def standing(ground: Ground, action: _Action, quarter: Quarter, day: date, days: int, silent: int,
             figures: Figures | None) -> Standing:  # fmt: skip
    """Pure arithmetic; `days` and `silent` are the city's `plan_report_days` and `plan_stale_quarters`."""
    row = action.row
    key, rule, direction, baseline = row["key"], row["rule"], row["direction"], row["baseline"]
    year = _year_of_account(action, quarter)
    target = action.targets.get(year)
    known = [each for each in ground.reports.get(key, ()) if each.quarter <= quarter]
    sent = [each for each in known if each.state in COUNTED_STATES]
    window = [each for each in sent if each.quarter.year >= year]
    claimed = _value(window, rule)
    verified = _value([each for each in window if each.state == states.VERIFIED], rule)
    value = followed.NOTHING
    if figures and row["figure"]:
        value = figures(row["figure"], year, quarter, rule)

    def percent(amount: float | None) -> float | None:
        return states.attained(amount, target, baseline, direction)

    milestones, passed, passed_verified, late_milestones = len(action.milestones), 0, 0, 0
    for milestone, due in action.milestones:
        said = [each for each in ground.reached.get((key, milestone), ()) if each[0] <= quarter.last]
        passed += bool(said)
        passed_verified += any(checked for _on, _quarter, checked in said)
        late_milestones += not said and due <= quarter.last and due < day

    this = known[-1] if known and known[-1].quarter == quarter else None
    begun = action.first_year <= quarter.year
    newest = sent[-1].quarter if sent else None
    is_sent = newest == quarter
    is_due = day > quarter.due(days)
    last_target = action.targets.get(action.last_year)
    complete = (year == action.last_year or rule == states.LAST) and states.counted(
        states.attained(verified, last_target, baseline, direction)
    ) >= 100
    finished = begun and complete and last_target is not None and passed_verified == milestones
    overdue = begun and not finished and is_due and not is_sent
    # The newest quarter that should have been told by now; an action is silent once the quarters up to it all are.
    told_until = quarter if is_due else quarter.before
    first_told = max((newest.index if newest else -1), Quarter(action.first_year, 1).index - 1)
    stale = begun and not finished and told_until.index - first_told >= silent
    claimed_percent = percent(claimed)
    year_over = quarter.year > year or (quarter.number == 4 and day > quarter.last)
    late = (
        begun
        and not finished
        and (late_milestones > 0 or (target is not None and year_over and states.counted(claimed_percent) < 100))
    )
    quarters_told = 4 if quarter.year > year else quarter.number - (not is_due and not is_sent)
    behind = target is not None and states.counted(claimed_percent) < 25 * quarters_told
    status = next(
        name
        for name, holds in (
            (NOT_BEGUN, not begun),
            (FINISHED, finished),
            (LATE, late),
            (STALE, stale),
            (OVERDUE, overdue),
            (NO_TARGET, target is None),
            (BEHIND, behind),
            (ON_TRACK, True),
        )
        if holds
    )
    evidence = [ground.evidence.get(each.pk, (0, 0)) for each in known if each.quarter.year >= year]
    spending = [each.spent for each in sent if each.spent is not None and each.quarter.year == quarter.year]
    return Standing(
        part=row["id"],
        key=key,
        code=row["code"],
        title=row["title"],
        title_en=row["title_en"],
        unit=row["unit"],
        direction=direction,
        rule=rule,
        baseline=baseline,
        figure=row["figure"],
        weight=row["weight"],
        quick_win=row["quick_win"],
        first_year=action.first_year,
        last_year=action.last_year,
        dimension=row["dimension"],
        subdimension=row["subdimension"],
        programme=action.programme,
        goal=action.goal,
        agency=_agency(action, ground.handovers, day),
        year=year,
        target=target,
        claimed=claimed,
        verified=verified,
        computed=value.value,
        computed_state=value.state,
        computed_period=value.period,
        computed_url=value.url,
        claimed_percent=claimed_percent,
        verified_percent=percent(verified),
        computed_percent=percent(value.value),
        differs=states.differs(
            claimed, value.value, states.TOLERANCE if row["tolerance"] is None else row["tolerance"]
        ),
        report_state=this.state if this else "",
        reported=newest,
        milestones=milestones,
        passed=passed,
        passed_verified=passed_verified,
        late_milestones=late_milestones,
        overdue=overdue,
        stale=stale,
        late=late,
        status=status,
        budget=dict(action.money.get(quarter.year, {})),
        spent=spending[-1] if spending else None,
        evidence=sum(count for count, _broken in evidence),
        broken=sum(broken for _count, broken in evidence),
    )


# --- all actions, and what they add up to -----------------------------------------------------------------------------


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


def _rows(read: Ground, revision: Revision, quarter: Quarter, day: date, figures: Figures | None) -> list[Standing]:
    days, silent = report_days(quarter.last), stale_quarters(quarter.last)
    return [standing(read, action, quarter, day, days, silent, figures) for action in read.actions.get(revision.pk, ())]


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
