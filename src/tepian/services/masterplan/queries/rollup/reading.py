"""What standings are computed from, read in a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q

from tepian.kernel.catalogue.city import city_setting, today

from ... import states
from ...models import Evidence, Handover, Milestone, MilestoneReached, Money, Part, Plan, Report, Revision, Target
from ...states import Quarter

COUNTED_STATES = (states.SENT, states.VERIFIED)  # what is with the reporter claims nothing


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


@dataclass(slots=True)
class Said:
    pk: int
    quarter: Quarter
    state: str
    value: float | None
    spent: int | None


@dataclass(slots=True)
class Told:
    """An action's reports, oldest first, and those that were sent; `at` and `sent_at` are their quarters' indices."""

    all: list[Said] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    sent: list[Said] = field(default_factory=list)
    sent_at: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Action:
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

    actions: dict[int, list[Action]]  # by revision
    reports: dict[UUID, Told]
    reached: dict[tuple[UUID, UUID], list[tuple[date, bool]]]  # (action, milestone) → day passed, verified?
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


def _actions(plan: Plan, revisions: Sequence[int]) -> tuple[dict[int, list[Action]], dict[int, Action]]:
    rows = {
        row["id"]: row
        for row in Part.objects.filter(revision__in=revisions)
        .order_by("revision", "position", "code", "id")
        .values(*PART_FIELDS)
    }
    by_revision: dict[int, list[Action]] = defaultdict(list)
    by_pk: dict[int, Action] = {}
    for row in rows.values():
        if row["kind"] != states.ACTION:
            continue
        programme = rows.get(row["parent_id"])
        goal = rows.get(programme["parent_id"]) if programme else None
        action = Action(
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


def _reports(plan: Plan, back: Quarter, last: Quarter, ended: set[UUID], since: int) -> dict[UUID, Told]:
    columns = ("key", "year", "quarter", "id", "state", "value", "spent")
    rows = Report.objects.filter(plan=plan, year__lte=last.year)
    wanted = list(rows.filter(year__gte=back.year).order_by().values_list(*columns))
    if ended and since < back.year:
        wanted += rows.filter(year__gte=since, year__lt=back.year, key__in=ended).order_by().values_list(*columns)
    wanted.sort(key=itemgetter(1, 2))
    found: dict[UUID, Told] = defaultdict(Told)
    for key, year, number, pk, state, value, spent in wanted:
        told, said = found[key], Said(pk, Quarter(year, number), state, value, spent)
        told.all.append(said)
        told.at.append(4 * year + number - 1)
        if state in COUNTED_STATES:
            told.sent.append(said)
            told.sent_at.append(4 * year + number - 1)
    return dict(found)


def _reached(plan: Plan) -> dict[tuple[UUID, UUID], list[tuple[date, bool]]]:
    found: dict[tuple[UUID, UUID], list[tuple[date, bool]]] = defaultdict(list)
    rows = MilestoneReached.objects.filter(report__plan=plan, report__state__in=COUNTED_STATES)
    for action, key, on, state in rows.values_list("report__key", "key", "reached_on", "report__state"):
        found[action, key].append((on, state == states.VERIFIED))
    return found


def _evidence(plan: Plan, year: int, last: Quarter) -> dict[int, tuple[int, int]]:
    rows = Evidence.objects.filter(
        report__plan=plan, report__year__gte=year, report__year__lte=last.year, withdrawn_at=None
    ).order_by()
    counts = rows.values("report").annotate(all=Count("pk"), broken=Count("pk", filter=Q(reachable=False)))
    return {row["report"]: (row["all"], row["broken"]) for row in counts}
