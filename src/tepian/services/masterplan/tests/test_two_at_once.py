"""Two people press at the very same moment: one wins, the other is told, nothing is lost or said twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection

from tepian.kernel.actors import Actor, Conflict, Grant

from .. import operations, states
from ..models import Handover, Part, Report, Verification
from ..states import Quarter
from .planted import action, planted, report

pytestmark = pytest.mark.django_db(transaction=True)
Q2 = Quarter(2025, 2)


def person(name: str, *roles: str) -> Actor:
    grants = tuple(Grant(role, "agency", "pupr") if role == "plan_reporter" else Grant(role) for role in roles)
    return Actor(kind="person", id=name, label=name, grants=grants)


@pytest.fixture(name="road")
def _road(contoh: Any, on_day: Callable[[date], None]) -> Part:
    on_day(date(2025, 7, 10))
    _plan, revision = planted()
    return action(revision, "1.1.1", unit="km", targets={2025: 100})


def at_once(*acts: Callable[[], Any]) -> list[str]:
    """What became of each: its result's state, or the code of the refusal."""
    gate, results = threading.Barrier(len(acts)), [""] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        try:
            gate.wait(10)
            results[number] = str(getattr(act(), "state", "done"))
        except Conflict as refusal:
            results[number] = refusal.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return sorted(results)


def test_both_begin_and_there_is_one_report(road):
    plan = road.revision.plan

    def begin(name: str) -> Callable[[], Any]:
        return lambda: operations.start_report(actor=person(name, "plan_reporter"), plan=plan, key=road.key, quarter=Q2)

    assert at_once(begin("a"), begin("b"), begin("c")) == ["draft"] * 3
    assert Report.objects.count() == 1


def test_both_write_and_one_is_told(road):
    row = report(road.revision.plan, road, 2025, 2, 1, states.REPORT_DRAFT)

    def write(name: str, value: float) -> Callable[[], Any]:
        return lambda: operations.save_report(
            actor=person(name, "plan_reporter"), report=row, revision=row.revision, value=value, obstacle=name
        )

    assert at_once(write("a", 10), write("b", 20)) == ["draft", "too_late"]
    row.refresh_from_db()
    assert (row.value, row.obstacle) in ((10, "a"), (20, "b")) and row.revision == 2


def test_both_offices_accept_at_once_and_it_is_verified_once(road):
    row = report(road.revision.plan, road, 2025, 2, 1, sent_by_id="lapor")

    def accept(name: str, office: str) -> Callable[[], Any]:
        return lambda: operations.verify(
            actor=person(name, office), report=row, revision=row.revision, office=office, verdict="accepted"
        )

    assert at_once(accept("a", "planner"), accept("b", "plan_verifier")) == ["sent", "verified"]
    row.refresh_from_db()
    assert row.state == states.VERIFIED and Verification.objects.count() == 2


def test_one_accepts_while_the_other_sends_back(road):
    row = report(road.revision.plan, road, 2025, 2, 1, sent_by_id="lapor")

    def say(name: str, office: str, verdict: str) -> Callable[[], Any]:
        return lambda: operations.verify(
            actor=person(name, office), report=row, revision=row.revision, office=office, verdict=verdict, text="Kurang"
        )

    results = at_once(say("a", "planner", "accepted"), say("b", "plan_verifier", "returned"))
    row.refresh_from_db()
    assert row.state == states.RETURNED and results in (
        ["moved_on", "returned"],
        ["returned", "sent"],
        ["returned", "too_late"],
    )


def test_two_planners_hand_the_same_over_once(road):
    plan = road.revision.plan

    def hand(name: str, to: str) -> Callable[[], Any]:
        return lambda: operations.hand_over(
            actor=person(name, "planner"),
            plan=plan,
            from_agency="pupr",
            to_agency=to,
            on=date(2025, 7, 1),
            decision="1",
        )

    assert at_once(hand("a", "dishub"), hand("b", "dinkes")) == ["done", "nothing_to_hand_over"]
    assert Handover.objects.count() == 1


def test_evidence_is_withdrawn_while_an_office_accepts(road):
    plan = road.revision.plan
    row = report(plan, road, 2025, 2, 1, sent_by_id="lapor")
    found = row.evidence.create(kind="link", title="a", url="https://a.id", added_by="a", added_at=row.created_at)
    row.verifications.create(
        office="planner", verdict="accepted", by="p", by_id="p", at=row.created_at, report_revision=row.revision
    )
    results = at_once(
        lambda: operations.verify(
            actor=person("b", "plan_verifier"), report=row, revision=1, office="plan_verifier", verdict="accepted"
        ),
        lambda: operations.withdraw_evidence(actor=person("c", "planner"), evidence=found, reason="Salah"),
    )
    row.refresh_from_db()
    assert row.state == states.RETURNED, results  # whichever came first, it never stays verified on gone evidence
