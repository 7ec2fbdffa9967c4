"""The standing of actions and what they add up to."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from .. import states
from ..models import Evidence, Handover, MilestoneReached, Part
from ..queries import rollup
from ..states import Quarter
from .planted import MOMENT, action, part, planted, report

pytestmark = pytest.mark.django_db
Q1, Q2, Q3, Q4 = (Quarter(2025, number) for number in (1, 2, 3, 4))
JULY = date(2025, 7, 20)


def one(plan: Any, quarter: Quarter = Q2, on: date = JULY, **options: Any) -> rollup.Standing:
    (row,) = rollup.standings(plan, quarter, on=on, **options)
    return row


def test_claimed_and_verified_are_told_apart() -> None:
    plan, revision = planted()
    row = action(revision, "1.1.1", targets={2025: 200})
    report(plan, row, 2025, 1, 50, states.VERIFIED)
    report(plan, row, 2025, 2, 120)
    found = one(plan)
    assert (found.verified, found.claimed) == (50, 120)
    assert (found.verified_percent, found.claimed_percent) == (25, 60)
    assert found.unverified and found.status == rollup.ON_TRACK and found.reported == Q2


def test_quarters_add_up_where_the_rule_says_so() -> None:
    plan, revision = planted()
    row = action(revision, "1.1.1", targets={2025: 100}, rule=states.SUM)
    report(plan, row, 2024, 4, 900, states.VERIFIED)
    report(plan, row, 2025, 1, 10, states.VERIFIED)
    report(plan, row, 2025, 2, 20)
    report(plan, row, 2025, 3, 40)
    assert (one(plan).claimed, one(plan).verified) == (30, 10)
    assert one(plan, Q3, date(2025, 10, 20)).claimed == 70


def test_a_draft_or_a_returned_report_claims_nothing() -> None:
    plan, revision = planted()
    row = action(revision, "1.1.1", targets={2025: 100})
    report(plan, row, 2025, 1, 40, states.RETURNED)
    report(plan, row, 2025, 2, 80, states.REPORT_DRAFT)
    found = one(plan)
    assert found.claimed is None and found.verified is None and found.report_state == states.REPORT_DRAFT
    assert rollup.total([found]).claimed == 0  # without a value it counts 0, never nothing


def test_a_missing_report_is_overdue_after_the_due_day_and_silent_after_two_quarters() -> None:
    plan, revision = planted()
    row = action(revision, "1.1.1", targets={2025: 100})
    report(plan, row, 2025, 1, 60)
    assert one(plan, on=date(2025, 7, 15)).status == rollup.ON_TRACK  # the last day in time
    assert one(plan, on=date(2025, 7, 16)).status == rollup.OVERDUE
    assert one(plan, Q3, date(2025, 10, 16)).status == rollup.STALE
    assert one(plan, Q3, date(2025, 9, 1)).status != rollup.STALE


def test_an_action_that_never_reported_is_silent_too() -> None:
    plan, revision = planted()
    action(revision, "1.1.1", targets={2025: 100})
    assert one(plan, Q1, date(2025, 4, 20)).status == rollup.OVERDUE
    assert one(plan).status == rollup.STALE


def test_behind_is_less_than_the_part_of_the_year_that_was_told() -> None:
    plan, revision = planted()
    row = action(revision, "1.1.1", targets={2025: 100})
    report(plan, row, 2025, 1, 20)
    assert one(plan, Q1, date(2025, 4, 2)).status == rollup.BEHIND
    report(plan, row, 2025, 2, 50)
    assert one(plan).status == rollup.ON_TRACK


def test_late_is_a_milestone_or_a_years_target_passed() -> None:
    plan, revision = planted()
    row = action(revision, "1.1.1", targets={2025: 100, 2029: 500}, milestones={"Jembatan dibuka": date(2025, 6, 30)})
    sent = report(plan, row, 2025, 2, 100)
    found = one(plan)
    assert found.status == rollup.LATE and (found.milestones, found.passed, found.late_milestones) == (1, 0, 1)
    MilestoneReached.objects.create(report=sent, key=row.milestones.get().key, reached_on=date(2025, 6, 1))
    assert one(plan).status == rollup.ON_TRACK and one(plan).passed == 1 and one(plan).passed_verified == 0
    sent.value = 90
    sent.save()
    report(plan, row, 2025, 4, 90)
    assert one(plan, Q4, date(2025, 12, 31)).status != rollup.LATE
    assert one(plan, Q4, date(2026, 1, 1)).status == rollup.LATE


def test_what_was_never_finished_stays_in_sight_after_its_years() -> None:
    plan, revision = planted()
    row = action(revision, "1.1.1", targets={2025: 100}, first_year=2025, last_year=2025)
    report(plan, row, 2025, 4, 70, states.VERIFIED)
    later = one(plan, Quarter(2027, 1), date(2027, 4, 20))
    assert later.status == rollup.LATE and later.target == 100 and later.verified_percent == 70
    report(plan, row, 2027, 1, 100, states.VERIFIED)
    assert one(plan, Quarter(2027, 1), date(2027, 4, 20)).status == rollup.FINISHED


def test_finished_needs_both_offices_and_all_milestones() -> None:
    plan, revision = planted()
    row = action(revision, "1.1.1", targets={2025: 100}, last_year=2025, milestones={"Selesai": date(2025, 12, 1)})
    sent = report(plan, row, 2025, 2, 100)
    assert one(plan).status == rollup.ON_TRACK
    sent.state = states.VERIFIED
    sent.save()
    assert one(plan).status == rollup.ON_TRACK
    MilestoneReached.objects.create(report=sent, key=row.milestones.get().key, reached_on=date(2025, 6, 1))
    assert one(plan).status == rollup.FINISHED


def test_less_is_better_and_a_baseline() -> None:
    plan, revision = planted()
    row = action(revision, "1.1.1", targets={2025: 10}, direction=states.DOWN, baseline=30)
    report(plan, row, 2025, 2, 20)
    assert one(plan).claimed_percent == 50


def test_not_begun_and_without_a_target_are_named_but_not_in_the_mean() -> None:
    plan, revision = planted()
    action(revision, "1.1.1", targets={2027: 5}, first_year=2027)
    without = action(revision, "1.1.2")
    measured = action(revision, "1.1.3", targets={2025: 10})
    report(plan, without, 2025, 2, 5)
    report(plan, measured, 2025, 2, 10, states.VERIFIED)
    rows = rollup.standings(plan, Q2, on=JULY)
    assert [row.status for row in rows] == [rollup.NOT_BEGUN, rollup.NO_TARGET, rollup.ON_TRACK]
    total = rollup.total(rows)
    assert (total.actions, total.measured, total.verified) == (3, 1, 100)


def test_overfulfilment_hides_no_failure() -> None:
    plan, revision = planted()
    much, little = (action(revision, f"1.1.{number}", targets={2025: 10}) for number in (1, 2))
    report(plan, much, 2025, 2, 40, states.VERIFIED)
    report(plan, little, 2025, 2, 0, states.VERIFIED)
    rows = rollup.standings(plan, Q2, on=JULY)
    assert rows[0].verified_percent == 400 and rollup.total(rows).verified == 50


def test_weights_count() -> None:
    plan, revision = planted()
    heavy, light = action(revision, "1", targets={2025: 10}, weight=3), action(revision, "2", targets={2025: 10})
    report(plan, heavy, 2025, 2, 10)
    report(plan, light, 2025, 2, 0)
    assert rollup.total(rollup.standings(plan, Q2, on=JULY)).claimed == 75


def test_actions_belong_to_the_agency_of_the_day() -> None:
    plan, revision = planted()
    first, second = action(revision, "1"), action(revision, "2")
    for key, given, taken, on in (
        (first.key, "pupr", "dinkes", date(2025, 5, 1)),
        (None, "pupr", "perkim", date(2025, 8, 1)),
    ):
        Handover.objects.create(
            plan=plan, key=key, from_agency=given, to_agency=taken, on=on, decision="1/2025", by="tests", at=MOMENT
        )
    assert [row.agency for row in rollup.standings(plan, Q1, on=date(2025, 4, 30))] == ["pupr", "pupr"]
    assert [row.agency for row in rollup.standings(plan, Q2, on=JULY)] == ["dinkes", "pupr"]
    assert [row.agency for row in rollup.standings(plan, Q3, on=date(2025, 8, 1))] == ["dinkes", "perkim"]
    assert second.key


def test_money_and_evidence() -> None:
    plan, revision = planted()
    row = action(revision, "1", targets={2025: 10}, money={(2025, "APBD"): 1000, (2025, "CSR"): 5, (2026, "APBD"): 9})
    report(plan, row, 2025, 1, 1, spent=300)
    sent = report(plan, row, 2025, 2, 2, spent=700)
    for reachable, gone in ((True, None), (False, None), (False, datetime(2025, 7, 1, tzinfo=UTC))):
        Evidence.objects.create(
            report=sent, kind="link", title="a", reachable=reachable, added_by="a", added_at=MOMENT, withdrawn_at=gone
        )
    found = one(plan)
    assert (found.budget, found.spent, found.evidence, found.broken) == ({"APBD": 1000, "CSR": 5}, 700, 2, 1)
    total = rollup.total([found])
    assert total.budgeted == 1005 and total.spent == 700


def test_each_level_counts_the_same_actions() -> None:
    plan, revision = planted()
    goal = part(revision, "1", states.GOAL, dimension="")
    programme = part(revision, "1.1", states.PROGRAMME, goal, dimension="economy")
    inherits = action(revision, "1.1.1", parent=programme, dimension="", targets={2025: 10})
    own = action(revision, "1.1.2", parent=programme, targets={2025: 10}, subdimension="a")
    for each, value in ((inherits, 5), (own, 10)):
        report(plan, each, 2025, 2, value)
    rows = rollup.standings(plan, Q2, on=JULY)
    assert [row.dimension for row in rows] == ["economy", "living"]
    assert {code: each.claimed for code, each in rollup.by(rows, rollup.DIMENSION).items()} == {
        "economy": 50, "living": 100,
    }  # fmt: skip
    assert set(rollup.by(rows, rollup.SUBDIMENSION)) == {"economy/", "living/a"}
    for level, key in ((rollup.PROGRAMME, programme.key), (rollup.GOAL, goal.key)):
        assert rollup.by(rows, level)[str(key)].claimed == rollup.total(rows).claimed == 75


def test_history_uses_the_revision_that_counted_and_needs_few_queries(django_assert_max_num_queries: Any) -> None:
    plan, first = planted()
    kept = action(first, "1", targets={2025: 10, 2026: 10})
    first.state, first.in_force_to = states.SUPERSEDED, date(2025, 12, 31)
    first.save()
    second = plan.revisions.create(
        number=2, state=states.IN_FORCE, in_force_from=date(2026, 1, 1), created_by="a", created_at=MOMENT
    )
    action(second, "1", key=kept.key, targets={2026: 20})
    action(second, "2", targets={2026: 10})
    for year in (2025, 2026):
        for number in (1, 2, 3, 4):
            report(plan, kept, year, number, 10, states.VERIFIED)
    with django_assert_max_num_queries(12):
        found = rollup.history(plan, rollup.quarters_of(plan, Quarter(2026, 2)), on=date(2026, 8, 1))
    assert [(str(quarter), total.actions, total.verified) for quarter, total in found] == [
        ("2025-Q1", 1, 100), ("2025-Q2", 1, 100), ("2025-Q3", 1, 100), ("2025-Q4", 1, 100),
        ("2026-Q1", 2, 25), ("2026-Q2", 2, 25),
    ]  # fmt: skip
    assert rollup.standings(plan, Q1, on=date(2024, 1, 1)) == []  # nothing was in force


def test_the_number_of_queries_does_not_grow_with_the_plan(django_assert_num_queries: Any) -> None:
    plan, revision = planted()
    rollup.standings(plan, Quarter(2025, 2), on=JULY, computed=False)
    with django_assert_num_queries(10) as small:
        rollup.standings(plan, Q2, on=JULY, computed=False)
    for number in range(30):
        row = action(revision, str(number), targets={2025: 5}, milestones={"a": date(2025, 3, 1)})
        report(plan, row, 2025, 2, 3)
    assert Part.objects.count() == 30
    with django_assert_num_queries(len(small.captured_queries)):
        rollup.standings(plan, Q2, on=JULY, computed=False)


def test_the_quarter_that_is_shown_is_the_newest_that_is_due() -> None:
    assert rollup.shown_quarter(date(2026, 1, 15)) == Quarter(2025, 3)
    assert rollup.shown_quarter(date(2026, 1, 16)) == Quarter(2025, 4)
