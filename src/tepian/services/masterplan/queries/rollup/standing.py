"""Where one action stands: pure arithmetic on what was read."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tepian.ui.words import in_language

from ... import states
from ...states import Quarter
from .. import figures as followed
from .reading import Action, Ground, Said, Told

NOT_BEGUN, FINISHED, LATE, STALE, OVERDUE, NO_TARGET, BEHIND, ON_TRACK = (
    "not_begun", "finished", "late", "stale", "overdue", "no_target", "behind", "on_track",
)  # fmt: skip
STATUSES = (LATE, STALE, OVERDUE, BEHIND, NO_TARGET, ON_TRACK, FINISHED, NOT_BEGUN)  # the worst first
STATUS_LABELS = {
    LATE: _("late"),
    STALE: _("without news"),
    OVERDUE: _("report missing"),
    BEHIND: _("behind"),
    NO_TARGET: _("no target"),
    ON_TRACK: _("on track"),
    FINISHED: _("finished"),
    NOT_BEGUN: _("not begun"),
}
LEVELS = {LATE: "danger", STALE: "danger", OVERDUE: "warning", BEHIND: "notice"}  # of the others: normal


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


def _year_of_account(action: Action, quarter: Quarter) -> int:
    return min(quarter.year, max(action.first_year, action.last_year))


def _value(reports: Sequence[Said], rule: str) -> float | None:
    values = [each.value for each in reports if each.value is not None]
    if not values:
        return None
    return sum(values) if rule == states.SUM else values[-1]


def _agency(action: Action, handovers: Sequence[tuple[UUID | None, str, str, date]], day: date) -> str:
    code: str = action.row["agency_code"]
    for key, given, taken, on in handovers:
        if on <= day and given == code and key in (None, action.row["key"]):
            code = taken
    return code


@dataclass(frozen=True, slots=True)
class Moment:
    """A quarter, looked at on a day. `days` and `silent`: the city's `plan_report_days` and `plan_stale_quarters`."""

    quarter: Quarter
    day: date
    silent: int
    index: int
    last: date
    is_due: bool
    told_until: int  # index of the newest quarter that should have been told by now

    @classmethod
    def of(cls, quarter: Quarter, day: date, days: int, silent: int) -> Moment:
        is_due = day > quarter.due(days)
        return cls(quarter, day, silent, quarter.index, quarter.last, is_due, quarter.index - (not is_due))


NEVER = Told()


def standing(ground: Ground, action: Action, moment: Moment, figures: followed.Reader | None) -> Standing:
    """Pure arithmetic on what was read."""
    row, quarter, day = action.row, moment.quarter, moment.day
    key, rule, direction, baseline = row["key"], row["rule"], row["direction"], row["baseline"]
    year = _year_of_account(action, quarter)
    target = action.targets.get(year)
    told = ground.reports.get(key, NEVER)
    until = bisect_right(told.sent_at, moment.index)
    window = told.sent[bisect_left(told.sent_at, 4 * year, 0, until) : until]
    claimed = _value(window, rule)
    verified = _value([each for each in window if each.state == states.VERIFIED], rule)
    value = followed.NOTHING
    if figures and row["figure"]:
        value = figures(row["figure"], date(year, 1, 1), quarter, rule)

    def percent(amount: float | None) -> float | None:
        return states.attained(amount, target, baseline, direction)

    milestones, passed, passed_verified, late_milestones = len(action.milestones), 0, 0, 0
    for milestone, due in action.milestones:
        said = [verified_too for on, verified_too in ground.reached.get((key, milestone), ()) if on <= moment.last]
        passed += bool(said)
        passed_verified += any(said)
        late_milestones += not said and due <= moment.last and due < day

    end = bisect_right(told.at, moment.index)
    this = told.all[end - 1] if end and told.at[end - 1] == moment.index else None
    begun = action.first_year <= quarter.year
    newest = told.sent[until - 1].quarter if until else None
    is_sent = bool(until) and told.sent_at[until - 1] == moment.index
    last_target = action.targets.get(action.last_year)
    complete = (year == action.last_year or rule == states.LAST) and states.counted(
        states.attained(verified, last_target, baseline, direction)
    ) >= 100
    finished = begun and complete and last_target is not None and passed_verified == milestones
    overdue = begun and not finished and moment.is_due and not is_sent
    # Counted from the newest report, or from the quarter before the action's first.
    quiet_since = max(told.sent_at[until - 1] if until else -1, 4 * action.first_year - 1)
    stale = begun and not finished and moment.told_until - quiet_since >= moment.silent
    claimed_percent = percent(claimed)
    year_over = quarter.year > year or (quarter.number == 4 and day > moment.last)
    late = (
        begun
        and not finished
        and (late_milestones > 0 or (target is not None and year_over and states.counted(claimed_percent) < 100))
    )
    quarters_told = 4 if quarter.year > year else quarter.number - (not moment.is_due and not is_sent)
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
    shown = told.all[bisect_left(told.at, 4 * year, 0, end) : end]
    evidence = [ground.evidence.get(each.pk, (0, 0)) for each in shown] if ground.evidence else []
    spending = [each.spent for each in window if each.spent is not None and each.quarter.year == quarter.year]
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
