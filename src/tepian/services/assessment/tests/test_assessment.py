"""An assessment from its opening to its end, through the verbs alone: who may, two at once, evidence that goes away, weights
that change."""

from __future__ import annotations

import threading
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection

from tepian.kernel.actors import Conflict, Denied, Invalid, NotFound
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.documents.queries import readable_file
from tepian.kernel.events.models import OutboxEvent

from .. import operations, policies, queries
from ..models import Assessment, Score
from .acting import answer_all, fresh, give_file, item, say, score_all
from .conftest import SMART, SMART_VERSION

pytestmark = pytest.mark.django_db


# --- the whole way ----------------------------------------------------------------------------------------------------


def test_from_the_opening_to_a_public_result(planner, reporter, assessor, actor_with, opened):
    assert [answer.item for answer in opened.answers.all()][:3] == ["baseline", "output", "outcome"]
    operations.assign(
        actor=planner,
        assessment=opened,
        agencies={"impact-living": "pupr", "output": "dinkes"},
        revision=opened.revision,
    )
    mine = queries.own_answers(fresh(opened), reporter)
    assert [answer.item for answer in mine] == ["impact-living"]
    say(reporter, item(opened, "impact-living"), 4)
    with pytest.raises(Denied):
        say(reporter, item(opened, "output"))
    row = fresh(opened)
    with pytest.raises(Invalid) as refusal:
        operations.submit(actor=planner, assessment=row, revision=row.revision)
    assert refusal.value.code == "gaps"
    answer_all(planner, row)
    row = operations.submit(actor=planner, assessment=fresh(row), revision=row.revision)
    with pytest.raises(Conflict):
        say(reporter, item(row, "impact-living"), 2)
    second = actor_with("assessor", username="second-assessor")
    score_all(assessor, row, 3)
    score_all(second, row, 3, outcome=2, impact_environment=1)
    result = queries.result_of(fresh(row))
    by_code = {line.node.code: line for line in result.lines}
    assert by_code["outcome"].mean == Fraction(5, 2)
    assert by_code["impact-environment"].spread == 2
    row = operations.finish_scoring(actor=assessor, assessment=row, revision=row.revision)
    with pytest.raises(Denied):
        operations.close(actor=assessor, assessment=row, revision=row.revision)
    row = operations.close(actor=planner, assessment=row, revision=row.revision)
    # 0.1·3 + 0.2·3 + 0.3·2.5 + 0.2·(3·5+2)/6 + 0.2·3 = 2.8166…
    outcome = queries.result_of(row).outcome()
    assert (
        outcome.value
        == Fraction("0.1") * 3
        + Fraction("0.2") * 3
        + Fraction("0.3") * Fraction(5, 2)
        + Fraction("0.2") * Fraction(17, 6)
        + Fraction("0.2") * 3
    )
    event = OutboxEvent.objects.get(type="assessment.closed.v1")
    assert event.data["score"] == "2.817"
    assert event.data["weights"] == "impact-20"
    assert event.audience == "public"
    with pytest.raises(Conflict):
        operations.change_weights(
            actor=planner, assessment=row, revision=row.revision, weights="impact-30", reason="Terlambat"
        )
    with pytest.raises(Conflict):
        operations.score_item(actor=assessor, answer=item(row, "output"), level=Decimal(1))


def test_every_change_is_in_the_record(planner, assessor, scored):
    names = set(AuditEntry.objects.filter(subject_type="assessment").values_list("operation", flat=True))
    assert {
        "assessment.open_assessment", "assessment.answer_item", "assessment.submit", "assessment.score_item",
        "assessment.finish_scoring",
    } <= names  # fmt: skip


def test_no_score_is_stored():
    """The models hold levels of items and what others published; the score itself is computed at every look."""
    fields = {field.name for field in Assessment._meta.get_fields()}
    assert not {name for name in fields if "score" in name} - {"scored_at"}


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_one_instrument_once_a_year_and_only_in_its_years(planner, opened):
    with pytest.raises(Conflict) as conflict:
        operations.open_assessment(actor=planner, instrument=SMART, version=SMART_VERSION, year=2026, agency="bappeda")
    assert conflict.value.code == "exists"
    with pytest.raises(Invalid) as refusal:
        operations.open_assessment(actor=planner, instrument="spbe", version="2020", year=2026, agency="bappeda")
    assert refusal.value.code == "not_in_force"
    for change in ({"instrument": "nothing"}, {"version": "1999"}, {"agency": "nobody"}):
        with pytest.raises(NotFound):
            operations.open_assessment(
                actor=planner,
                **{"instrument": "pillar-mean", "version": "2023", "year": 2026, "agency": "bappeda"} | change,
            )
    assert Assessment.objects.count() == 1


def test_a_person_cannot_open_a_demonstration(planner):
    with pytest.raises(Invalid):
        operations.open_assessment(
            actor=planner,
            instrument=SMART,
            version=SMART_VERSION,
            year=2026,
            agency="bappeda",
            demonstration=True,
        )


def test_opened_by_mistake_goes_only_while_it_is_empty(planner, opened):
    say(planner, item(opened, "output"))
    with pytest.raises(Invalid) as refusal:
        operations.discard_assessment(actor=planner, assessment=opened)
    assert refusal.value.code == "in_use"
    other = operations.open_assessment(
        actor=planner, instrument="pillar-mean", version="2023", year=2026, agency="bappeda"
    )
    operations.discard_assessment(actor=planner, assessment=other)
    assert list(Assessment.objects.values_list("code", flat=True)) == ["smart-city-evaluation-2026"]


@pytest.mark.parametrize("level", ["0", "5", "2.5", "NaN", "Infinity", "-1", "3.001"])
def test_a_level_stands_on_the_scale(planner, opened, level):
    with pytest.raises(Invalid) as refusal:
        say(planner, item(opened, "output"), level)
    assert refusal.value.code == "level"
    assert item(opened, "output").changed_at is None


def test_a_measure_takes_two_decimals(planner):
    row = operations.open_assessment(
        actor=planner, instrument="pillar-mean", version="2023", year=2026, agency="bappeda"
    )
    say(planner, item(row, "society"), "86.25")
    with pytest.raises(Invalid):
        say(planner, item(row, "living"), "100.01")
    assert item(row, "society").level == Decimal("86.25")


# --- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("planner", {"keep", "decide", "answer", "interview", "configure"}),
        ("plan_verifier", {"keep", "answer", "interview"}),
        ("assessor", {"score", "interview"}),
        ("head", {"decide"}),
        ("administrator", {"configure"}),
        ("plan_reporter", set()),
        ("viewer", set()),
        ("auditor", set()),
        ("data_steward", set()),
    ],
)
def test_each_role_may_what_it_may(contoh, actor_with, opened, role, allowed):
    scope = {"scope": "agency", "code": "dinkes"} if role == "plan_reporter" else {}
    actor = actor_with(role, **scope)
    answer = item(opened, "output")
    asked = {
        "keep": lambda: policies.may_keep(actor),
        "decide": lambda: policies.may_decide(actor),
        "answer": lambda: policies.may_answer(actor, answer),
        "score": lambda: policies.may_score(actor, answer),
        "interview": lambda: policies.may_plan_interview(actor),
        "configure": lambda: policies.may_configure(actor),
    }
    found = set()
    for name, ask in asked.items():
        try:
            ask()
            found.add(name)
        except Denied as refusal:
            assert str(refusal.reason)
            assert str(refusal.helper)
    assert found == allowed


def test_nobody_scores_what_they_answered_themselves(contoh, actor_with, opened):
    both = actor_with("assessor", "planner", username="both")
    say(both, item(opened, "output"))
    row = operations.submit(actor=both, assessment=fresh(opened), revision=opened.revision, with_gaps=True)
    with pytest.raises(Denied):
        operations.score_item(actor=both, answer=item(row, "output"), level=Decimal(3))
    assert operations.score_item(actor=both, answer=item(row, "outcome"), level=Decimal(3)).level == 3


def test_the_evidence_room_is_closed_to_others(planner, reporter, assessor, actor_with, opened):
    operations.assign(actor=planner, assessment=opened, agencies={"output": "pupr"}, revision=opened.revision)
    evidence = give_file(reporter, item(opened, "output"))
    other = actor_with("plan_reporter", scope="agency", code="dinkes", username="other")
    for actor in (reporter, planner, assessor, actor_with("auditor"), actor_with("head")):
        assert readable_file(actor, evidence.file).name == "bukti.txt"
    for actor in (other, actor_with("viewer"), actor_with("duty_officer")):
        with pytest.raises(NotFound):
            readable_file(actor, evidence.file)
    with pytest.raises(Denied):
        operations.withdraw_evidence(actor=assessor, evidence=evidence, reason="x")
    with pytest.raises(Denied):
        give_file(assessor, item(opened, "output"))


# --- two people on one item -------------------------------------------------------------------------------------------


def test_the_slower_of_two_is_told_and_nothing_is_lost(planner, actor_with, opened):
    other = actor_with("plan_verifier")
    seen = item(opened, "output")
    say(planner, seen, 3, "Yang pertama")
    with pytest.raises(Conflict) as conflict:
        say(other, seen, 2, "Yang kedua", revision=1)
    assert conflict.value.code == "too_late"
    assert item(opened, "output").explanation == "Yang pertama"
    # The same words once more are no conflict: a form that was sent twice.
    assert say(other, seen, 3, "Yang pertama", revision=1).revision == 2


@pytest.mark.django_db(transaction=True)
def test_at_the_very_same_moment_one_answer_counts(contoh, actor_with):
    actors = [actor_with("planner", username=f"planner-{number}") for number in range(4)]
    row = operations.open_assessment(
        actor=actors[0], instrument=SMART, version=SMART_VERSION, year=2026, agency="bappeda"
    )
    answer, ready, outcomes = item(row, "output"), threading.Barrier(4), []

    def work(number):
        try:
            ready.wait()
            say(actors[number], answer, 1 + number, f"Kata {number}", revision=1)
            outcomes.append("saved")
        except Conflict:
            outcomes.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["saved", "told", "told", "told"]
    stored = item(row, "output")
    assert stored.revision == 2
    assert stored.explanation == f"Kata {int(stored.level) - 1}"


@pytest.mark.django_db(transaction=True)
def test_assessors_at_the_very_same_moment_all_count(contoh, actor_with):
    planner = actor_with("planner")
    assessors = [actor_with("assessor", username=f"assessor-{number}") for number in range(3)]
    row = operations.open_assessment(
        actor=planner, instrument=SMART, version=SMART_VERSION, year=2026, agency="bappeda"
    )
    row = operations.submit(actor=planner, assessment=row, revision=row.revision, with_gaps=True)
    answer, ready = item(row, "output"), threading.Barrier(6)

    def work(number):
        try:
            ready.wait()
            operations.score_item(actor=assessors[number % 3], answer=answer, level=Decimal(1 + number % 3))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(Score.objects.values_list("level", flat=True)) == [1, 2, 3]
