"""An agency is dissolved in the middle of a year."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tepian.kernel.actors import Conflict, Denied, Invalid, NotFound, system
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.organisations.models import Agency

from .. import operations, states
from ..models import Handover, Part, Plan, Report
from ..queries import reporting as queries
from ..queries import rollup
from ..states import Quarter
from .planted import action, planted, report

pytestmark = pytest.mark.django_db
Q2, Q3 = Quarter(2025, 2), Quarter(2025, 3)
MAY, JULY = date(2025, 5, 1), date(2025, 7, 10)


@pytest.fixture(autouse=True)
def _july(on_day: Callable[[date], None]) -> None:
    on_day(JULY)


@pytest.fixture(name="parts")
def _parts() -> list[Part]:
    _plan, revision = planted()
    return [action(revision, str(number), targets={2025: 10}) for number in (1, 2, 3)]


def hand_over(actor: Any, plan: Plan, **options: Any) -> Handover:
    given = {"from_agency": "pupr", "to_agency": "dishub", "on": MAY, "decision": "Perda 3/2025"} | options
    return operations.hand_over(actor=actor, plan=plan, **given)


def test_all_actions_of_an_agency_pass_and_old_reports_stay(parts, planner, actor_with):
    plan = parts[0].revision.plan
    old = report(plan, parts[0], 2025, 1, 5, states.VERIFIED)
    hand_over(planner, plan)
    assert {row.agency for row in rollup.standings(plan, Q2, on=JULY)} == {"dishub"}
    old.refresh_from_db()
    assert old.agency_code == "pupr"
    successor = actor_with("plan_reporter", scope="agency", code="dishub")
    row = operations.start_report(actor=successor, plan=plan, key=parts[0].key, quarter=Q2)
    assert (row.agency_code, row.value) == ("dishub", 5)  # begins with what the old agency said
    with pytest.raises(Denied):
        operations.start_report(
            actor=actor_with("plan_reporter", scope="agency", code="pupr"), plan=plan, key=parts[1].key, quarter=Q2
        )


def test_one_action_alone(parts, planner):
    plan = parts[0].revision.plan
    hand_over(planner, plan, key=parts[1].key)
    assert [row.agency for row in rollup.standings(plan, Q2, on=JULY)] == ["pupr", "dishub", "pupr"]
    hand_over(planner, plan, to_agency="dinkes")  # the rest
    assert [row.agency for row in rollup.standings(plan, Q2, on=JULY)] == ["dinkes", "dishub", "dinkes"]


def test_what_was_not_sent_passes_to_the_successor(parts, planner, reporter, actor_with):
    plan = parts[0].revision.plan
    draft = operations.start_report(actor=reporter, plan=plan, key=parts[0].key, quarter=Q2)
    returned = report(plan, parts[1], 2025, 1, 5, states.RETURNED)
    sent = report(plan, parts[2], 2025, 1, 5)
    hand_over(planner, plan, on=date(2025, 7, 10))
    Report.objects.update(created_at="2025-06-01T00:00:00Z")
    operations.take_effect(actor=system("tests"))
    assert [Report.objects.get(pk=row.pk).agency_code for row in (draft, returned, sent)] == [
        "dishub",
        "dishub",
        "pupr",
    ]
    successor = actor_with("plan_reporter", scope="agency", code="dishub")
    draft.refresh_from_db()
    operations.save_report(actor=successor, report=draft, revision=draft.revision, value=6)


def test_a_day_to_come_changes_nothing_yet(parts, planner, on_day):
    plan = parts[0].revision.plan
    Report.objects.filter(pk=report(plan, parts[0], 2025, 1, 5, states.REPORT_DRAFT).pk).update(
        created_at="2025-07-01T00:00:00Z"
    )
    hand_over(planner, plan, on=date(2025, 8, 1))
    assert queries.agency_on(plan, parts[0]) == "pupr"
    assert operations.take_effect(actor=system("tests")) == 0
    on_day(date(2025, 8, 1))
    assert queries.agency_on(plan, parts[0]) == "dishub"
    assert operations.take_effect(actor=system("tests")) == 1
    assert operations.take_effect(actor=system("tests")) == 0


def test_a_returned_report_goes_to_who_answers_now(parts, planner, verifier):
    plan = parts[0].revision.plan
    sent = report(plan, parts[0], 2025, 1, 5, sent_by_id="lapor")
    hand_over(planner, plan)
    row = operations.verify(
        actor=verifier, report=sent, revision=sent.revision, office="plan_verifier", verdict="returned", text="Kurang."
    )
    assert (row.state, row.agency_code) == (states.RETURNED, "dishub")


def test_what_cannot_be_handed_over(parts, planner, reporter):
    plan = parts[0].revision.plan
    with pytest.raises(Denied):
        hand_over(reporter, plan)
    with pytest.raises(NotFound):
        hand_over(planner, plan, to_agency="nowhere")
    Agency.objects.create(code="bubar", name="Dinas Bubar", valid_to=date(2025, 1, 31))
    touch("organisations")
    for options, code in (
        ({"to_agency": "pupr"}, "same_agency"),
        ({"decision": " "}, "text_missing"),
        ({"to_agency": "bubar"}, "successor_gone"),
    ):
        with pytest.raises(Invalid) as refused:
            hand_over(planner, plan, **options)
        assert refused.value.code == code
    with pytest.raises(Conflict):
        hand_over(planner, plan, from_agency="dinkes")
    hand_over(planner, plan)
    with pytest.raises(Conflict):
        hand_over(planner, plan)  # already so
    assert Handover.objects.count() == 1


def test_back_again(parts, planner):
    plan = parts[0].revision.plan
    hand_over(planner, plan)
    hand_over(planner, plan, from_agency="dishub", to_agency="pupr", on=date(2025, 7, 1))
    assert queries.agency_on(plan, parts[0], date(2025, 6, 1)) == "dishub"
    assert queries.agency_on(plan, parts[0]) == "pupr"
