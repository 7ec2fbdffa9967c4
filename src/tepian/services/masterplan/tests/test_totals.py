"""Totals agree at every level under any edit, and with a plain recomputation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .. import states
from ..models import Evidence, Handover, MilestoneReached, Money, Part, Plan, Report, Target
from ..queries import rollup
from ..states import Quarter
from .planted import MOMENT, action, part, planted

pytestmark = pytest.mark.django_db
LEVELS = (rollup.DIMENSION, rollup.SUBDIMENSION, rollup.PROGRAMME, rollup.GOAL, rollup.AGENCY)
AGENCIES = ("pupr", "dinkes", "dishub")
numbers = st.one_of(st.none(), st.floats(-50, 500, allow_nan=False).map(lambda value: round(value, 2)))
STATES = (states.REPORT_DRAFT, states.SENT, states.RETURNED, states.VERIFIED)
years = st.integers(2025, 2027)
edits = st.lists(
    st.one_of(
        st.tuples(st.just("report"), st.integers(0, 5), st.integers(0, 11), numbers, st.sampled_from(STATES)),
        st.tuples(st.just("target"), st.integers(0, 5), st.integers(2025, 2027), st.floats(0, 300).map(round), st.none()),
        st.tuples(st.just("weight"), st.integers(0, 5), st.integers(1, 9), st.none(), st.none()),
        st.tuples(st.just("move"), st.integers(0, 5), st.integers(0, 2), st.sampled_from(("living", "economy", "")), st.none()),
        st.tuples(st.just("rule"), st.integers(0, 5), st.sampled_from(("last", "sum")), st.sampled_from(("up", "down")), numbers),
        st.tuples(st.just("hand"), st.integers(-1, 5), st.integers(0, 11), st.sampled_from(AGENCIES), st.sampled_from(AGENCIES)),
        st.tuples(st.just("money"), st.integers(0, 5), years, st.sampled_from(states.SOURCES), st.integers(0, 10**12)),
        st.tuples(st.just("remove"), st.integers(0, 5), st.none(), st.none(), st.none()),
        st.tuples(st.just("withdraw"), st.integers(0, 5), st.none(), st.none(), st.none()),
        st.tuples(st.just("milestone"), st.integers(0, 5), st.integers(0, 11), st.none(), st.none()),
        st.tuples(st.just("years"), st.integers(0, 5), st.integers(2025, 2026), st.integers(2025, 2027), st.none()),
    ),
    max_size=40,
)  # fmt: skip


def quarter_number(index: int) -> Quarter:
    return Quarter(2025 + index // 4, index % 4 + 1)


def tree() -> tuple[Plan, list[Part], list[Part]]:
    plan, revision = planted(last=2027)
    goals = [part(revision, f"{number}", states.GOAL) for number in (1, 2)]
    programmes = [
        part(revision, f"1.{number}", states.PROGRAMME, goals[number % 2], dimension="") for number in (0, 1, 2)
    ]
    actions = [
        action(revision, f"1.1.{number}", parent=programmes[number % 3], targets={2025: 10, 2026: 20, 2027: 30},
               milestones={"m": date(2026, 3, 1)}, agency_code=AGENCIES[number % 3], subdimension="a" if number % 2 else "")
        for number in range(6)
    ]  # fmt: skip
    return plan, programmes, actions


def apply(plan: Plan, programmes: list[Part], actions: list[Part], edit: tuple[Any, ...]) -> None:
    kind, which, a, b, c = edit
    row = actions[which] if which >= 0 else None
    if row is not None:
        row = Part.objects.filter(pk=row.pk).first()
        if row is None:
            return
    match kind:
        case "report":
            assert row is not None
            quarter = quarter_number(a)
            Report.objects.update_or_create(
                plan=plan, key=row.key, year=quarter.year, quarter=quarter.number,
                defaults={"value": b, "state": c, "agency_code": "pupr", "created_by": "a", "created_at": MOMENT, "spent": a},
            )  # fmt: skip
        case "target":
            Target.objects.update_or_create(part=row, year=a, defaults={"value": b})
        case "weight":
            Part.objects.filter(pk=row.pk).update(weight=a)  # type: ignore[union-attr]
        case "move":
            Part.objects.filter(pk=row.pk).update(parent=programmes[a], dimension=b)  # type: ignore[union-attr]
        case "rule":
            Part.objects.filter(pk=row.pk).update(rule=a, direction=b, baseline=c)  # type: ignore[union-attr]
        case "hand":
            Handover.objects.create(
                plan=plan, key=row.key if row else None, from_agency=b, to_agency=c, on=quarter_number(a).first,
                decision="1", by="a", at=MOMENT,
            )  # fmt: skip
        case "money":
            Money.objects.update_or_create(part=row, year=a, source=b, defaults={"amount": c})
        case "remove":
            row.delete()  # type: ignore[union-attr]
        case "withdraw":
            found = Report.objects.filter(key=row.key, state=states.VERIFIED).first()  # type: ignore[union-attr]
            if found:
                Evidence.objects.create(
                    report=found, kind="link", title="a", added_by="a", added_at=MOMENT, reachable=False
                )
                found.state = states.RETURNED
                found.save()
        case "milestone":
            said = Report.objects.filter(key=row.key).first()  # type: ignore[union-attr]
            if said:
                MilestoneReached.objects.update_or_create(
                    report=said,
                    key=row.milestones.get().key,
                    defaults={"reached_on": quarter_number(a).first},  # type: ignore[union-attr]
                )
        case "years":
            Part.objects.filter(pk=row.pk).update(first_year=a, last_year=max(a, b))  # type: ignore[union-attr]


def plainly(plan: Plan, quarter: Quarter, only: tuple[str, ...]) -> Iterator[tuple[Part, float, int]]:
    """(action, percent counted, weight) straight from the records, one question each."""
    for row in Part.objects.filter(kind=states.ACTION).order_by("position"):
        last, first = row.last_year or plan.last_year, row.first_year or plan.first_year
        year = min(quarter.year, last)
        target = Target.objects.filter(part=row, year=year).first()
        if first > quarter.year or target is None:
            continue
        values = [
            each.value
            for each in Report.objects.filter(plan=plan, key=row.key, state__in=only).order_by("year", "quarter")
            if each.value is not None and year <= each.year and Quarter(each.year, each.quarter) <= quarter
        ]
        value = None if not values else sum(values) if row.rule == states.SUM else values[-1]
        yield row, states.counted(states.attained(value, target.value, row.baseline, row.direction)), row.weight


@given(edits, st.integers(0, 11))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_totals_agree_at_every_level(done: list[tuple[Any, ...]], index: int) -> None:
    for model in (Report, Handover, Plan):
        model.objects.all().delete()
    plan, programmes, actions = tree()
    for edit in done:
        apply(plan, programmes, actions, edit)
    quarter = quarter_number(index)
    day = quarter.after.first
    rows = rollup.standings(plan, quarter, on=day, computed=False)
    city = rollup.total(rows)
    assert city.actions == Part.objects.filter(kind=states.ACTION).count() == sum(city.statuses.values())
    for which, only in (("verified", (states.VERIFIED,)), ("claimed", (states.SENT, states.VERIFIED))):
        plain = list(plainly(plan, quarter, only))
        weight = sum(each for _row, _percent, each in plain)
        expected = sum(percent * each for _row, percent, each in plain) / weight if weight else None
        assert getattr(city, which) == (None if expected is None else pytest.approx(expected, abs=1e-6))
        assert city.weight == weight and city.measured == len(plain)
    assert city.budgeted == sum(Money.objects.filter(year=quarter.year).values_list("amount", flat=True))
    for level in LEVELS:
        groups = rollup.by(rows, level)
        for name in (
            "actions",
            "measured",
            "weight",
            "spent",
            "milestones",
            "passed",
            "evidence",
            "broken",
            "followed",
        ):
            assert sum(getattr(each, name) for each in groups.values()) == getattr(city, name)
        for name in ("statuses", "budget"):
            added: dict[str, int] = defaultdict(int)
            for each in groups.values():
                for key, value in getattr(each, name).items():
                    added[key] += value
            assert dict(added) == dict(getattr(city, name)) or not groups
        for which in ("verified", "claimed"):
            whole = states.mean((each.weight, getattr(each, which)) for each in groups.values() if each.weight)
            assert whole == (None if city.verified is None else pytest.approx(getattr(city, which), abs=1e-6))
    (told,) = rollup.history(plan, [quarter], on=day) or [(quarter, city)]
    assert told[1].verified == city.verified and told[1].statuses == city.statuses
