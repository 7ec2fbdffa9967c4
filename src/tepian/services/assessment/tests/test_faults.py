"""What may go wrong after the scores are given: evidence goes, weights change, items stay empty; and what stands beside the
scores: interviews, the survey, other cities."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.utils import timezone

from tepian.kernel.actors import Conflict, Denied, Invalid, system
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.catalogue.city import today
from tepian.kernel.events.models import OutboxEvent
from tepian.toolkit import links

from .. import demo, operations, queries, states
from ..models import Assessment, CityInstrument, Evidence, Response
from .acting import answer_all, fresh, give_file, item, say, score_all
from .conftest import SMART, SMART_VERSION

pytestmark = pytest.mark.django_db


# --- evidence ---------------------------------------------------------------------------------------------------------


def finding(code):
    return lambda url: links.Finding(code, url, 200)


def test_a_link_must_open_for_everybody(planner, opened):
    answer = item(opened, "output")
    evidence = operations.add_link(actor=planner, answer=answer, url="https://a.example/x", look=finding(links.OPEN))
    assert (evidence.finding, evidence.title) == (links.OPEN, "https://a.example/x")
    for code in (links.SIGN_IN, links.MISSING, links.PRIVATE, links.MALFORMED):
        with pytest.raises(Invalid) as refusal:
            operations.add_link(actor=planner, answer=answer, url="https://a.example/y", look=finding(code))
        assert refusal.value.code == code
    quiet = operations.add_link(actor=planner, answer=answer, url="https://b.example/", look=finding(links.NO_ANSWER))
    assert quiet.finding == links.NO_ANSWER
    again = operations.check_again(actor=planner, evidence=quiet, look=finding(links.OPEN))
    assert again.finding == links.OPEN
    assert answer.evidence.count() == 2
    with pytest.raises(Invalid):
        operations.add_link(actor=planner, answer=answer, url="http://127.0.0.1/", title="x")


@pytest.mark.parametrize("url", ["//evil.example/", "https://evil.example/", "/kerja/data", "/akun", "/a\\b", "data"])
def test_a_page_of_the_platform_is_a_public_one(planner, opened, url):
    with pytest.raises(Invalid):
        operations.add_evidence(actor=planner, answer=item(opened, "output"), kind=states.PAGE, url=url, title="x")


def test_withdrawn_evidence_marks_the_score_until_somebody_looks_again(planner, assessor, actor_with, opened):
    evidence = give_file(planner, item(opened, "output"))
    answer_all(planner, opened)
    row = operations.submit(actor=planner, assessment=fresh(opened), revision=opened.revision)
    score_all(assessor, row)
    operations.withdraw_evidence(actor=planner, evidence=evidence, reason="Berkasnya keliru")
    event = OutboxEvent.objects.get(type="assessment.evidence_withdrawn.v1")
    assert (event.data["item"], event.data["scores"]) == ("output", 1)
    result = queries.result_of(fresh(row))
    assert [line.node.code for line in result.doubtful] == ["output"]
    with pytest.raises(Invalid) as refusal:
        operations.finish_scoring(actor=assessor, assessment=row, revision=row.revision)
    assert refusal.value.code == "doubtful"
    with pytest.raises(Conflict):
        operations.withdraw_evidence(actor=planner, evidence=evidence, reason="Sekali lagi")
    operations.score_item(actor=assessor, answer=item(row, "output"), level=Decimal(2), note_text="Tanpa bukti.")
    row = operations.finish_scoring(actor=assessor, assessment=row, revision=row.revision)
    assert row.state == states.SCORED
    kept = Evidence.objects.get(pk=evidence.pk)
    assert (kept.withdrawn_reason, kept.withdrawn_by) == ("Berkasnya keliru", planner.label)


def test_evidence_withdrawn_between_scoring_and_closing_stops_the_closing(planner, assessor, opened):
    evidence = give_file(planner, item(opened, "output"))
    answer_all(planner, opened)
    row = operations.submit(actor=planner, assessment=fresh(opened), revision=opened.revision)
    score_all(assessor, row)
    row = operations.finish_scoring(actor=assessor, assessment=row, revision=row.revision)
    operations.withdraw_evidence(actor=planner, evidence=evidence, reason="Keliru")
    with pytest.raises(Invalid) as refusal:
        operations.close(actor=planner, assessment=row, revision=row.revision)
    assert refusal.value.code == "doubtful"
    row = operations.give_back(actor=planner, assessment=row, revision=row.revision, reason="Periksa lagi butir ini")
    operations.score_item(actor=assessor, answer=item(row, "output"), level=Decimal(1))
    row = operations.finish_scoring(actor=assessor, assessment=row, revision=row.revision)
    assert operations.close(actor=planner, assessment=row, revision=row.revision).state == states.CLOSED


def test_after_closing_only_the_keepers_withdraw_and_it_shows(planner, reporter, assessor, opened):
    operations.assign(actor=planner, assessment=opened, agencies={"output": "pupr"}, revision=opened.revision)
    evidence = give_file(reporter, item(opened, "output"))
    answer_all(planner, opened)
    row = operations.submit(actor=planner, assessment=fresh(opened), revision=fresh(opened).revision)
    score_all(assessor, row)
    row = operations.finish_scoring(actor=assessor, assessment=row, revision=row.revision)
    row = operations.close(actor=planner, assessment=row, revision=row.revision)
    with pytest.raises(Conflict):
        operations.withdraw_evidence(actor=reporter, evidence=evidence, reason="x")
    operations.withdraw_evidence(actor=planner, evidence=evidence, reason="Ternyata dari tahun lain")
    assert [line.node.code for line in queries.result_of(row).doubtful] == ["output"]


def test_an_answer_that_changes_after_it_was_scored_marks_the_score(planner, submitted, assessor):
    score_all(assessor, submitted)
    row = operations.give_back(
        actor=planner, assessment=submitted, revision=submitted.revision, reason="Penjelasan kurang"
    )
    assert row.state == states.OPEN
    say(planner, item(row, "outcome"), 4, "Baru")
    row = operations.submit(actor=planner, assessment=fresh(row), revision=row.revision)
    assert [line.node.code for line in queries.result_of(row).doubtful] == ["outcome"]


# --- weights ----------------------------------------------------------------------------------------------------------


def test_changed_weights_leave_the_scores_and_the_old_result(planner, submitted, assessor):
    score_all(assessor, submitted, 3, quick_win=4, impact_living=1)
    before = queries.result_of(submitted)
    old = before.outcome().value
    decision = operations.change_weights(
        actor=planner,
        assessment=submitted,
        revision=submitted.revision,
        weights="impact-30",
        reason="Kementerian menerbitkan bobot baru",
    )
    after = queries.result_of(fresh(submitted))
    assert after.weights.code == "impact-30"
    assert after.outcome().value != old
    assert after.outcomes(after.instrument.weight_sets["impact-20"])[""].value == old
    assert [each.weights for each in after.decisions] == ["impact-20", "impact-30"]
    assert decision.reason == "Kementerian menerbitkan bobot baru"
    assert decision.decided_by == planner.label
    assert before.values() == after.values()
    for wrong, code in (("impact-30", "same"), ("nothing", "weights")):
        with pytest.raises(Invalid) as refusal:
            operations.change_weights(
                actor=planner,
                assessment=submitted,
                revision=fresh(submitted).revision,
                weights=wrong,
                reason="x",
            )
        assert refusal.value.code == code
    with pytest.raises(Invalid):
        operations.change_weights(
            actor=planner, assessment=submitted, revision=fresh(submitted).revision, weights="impact-20", reason=" "
        )


def test_weights_count_only_in_their_years(planner):
    given = {
        "code": "ours", "version": "1", "title": "x", "title_en": "x", "source": "x", "formula": "weighted",
        "valid_from": "2020-01-01", "scale": {"min": 1, "max": 5, "step": 1},
        "weights": [
            {"code": "old", "title": "x", "title_en": "x", "source": "x", "valid_to": "2024-12-31", "values": {"a": 100}},
            {"code": "new", "title": "x", "title_en": "x", "source": "x", "valid_from": "2025-01-01", "values": {"a": 100}},
        ],
        "item": [{"code": "a", "title": "a", "title_en": "a"}],
    }  # fmt: skip
    operations.load_pack(actor=planner, instruments=[given])
    for year, code in ((2024, "old"), (2026, "new")):
        row = operations.open_assessment(actor=planner, instrument="ours", version="1", year=year, agency="bappeda")
        assert queries.result_of(row).weights.code == code
    with pytest.raises(Invalid):
        operations.change_weights(actor=planner, assessment=row, revision=row.revision, weights="old", reason="x")


# --- gaps, last year, frames ------------------------------------------------------------------------------------------


def test_what_is_not_scored_leaves_a_range(planner, assessor, submitted):
    for answer in submitted.answers.select_related("assessment").exclude(item="outcome"):
        operations.score_item(actor=assessor, answer=answer, level=Decimal(3))
    with pytest.raises(Invalid):
        operations.finish_scoring(actor=assessor, assessment=submitted, revision=submitted.revision)
    row = operations.finish_scoring(actor=assessor, assessment=submitted, revision=submitted.revision, with_gaps=True)
    row = operations.close(actor=planner, assessment=row, revision=row.revision)
    outcome = queries.result_of(row).outcome()
    assert (outcome.value, outcome.low, outcome.high) == (None, Fraction("2.4"), Fraction("3.3"))
    assert (outcome.known, outcome.count) == (9, 10)
    assert OutboxEvent.objects.get(type="assessment.closed.v1").data["score"] == ""


def test_the_improvement_is_the_difference_from_last_year(contoh, planner, assessor, actor_with):
    demo.make_assessments(actor=system("tests"))
    now = Assessment.objects.get(instrument_code=SMART, year=today().year)
    answer_all(planner, now)
    now = operations.submit(actor=planner, assessment=fresh(now), revision=fresh(now).revision)
    score_all(assessor, now, 4)
    comparison = queries.year_before(queries.result_of(now))
    last = comparison.before.outcome().value
    assert comparison.same_way
    assert comparison.difference == 4 - last
    operations.change_weights(
        actor=planner, assessment=now, revision=now.revision, weights="impact-30", reason="Bobot baru"
    )
    other = queries.year_before(queries.result_of(fresh(now)))
    assert (other.same_way, other.difference) == (False, None)


def test_a_frame_gathers_but_computes_nothing_until_the_city_completes_it(planner, contoh):
    row = operations.open_assessment(actor=planner, instrument="pemdi", version="2026", year=2026, agency="bappeda")
    operations.answer_item(
        actor=planner, answer=item(row, "i01"), revision=1, level=None, explanation="Sudah ada kebijakannya."
    )
    with pytest.raises(Invalid):
        say(planner, item(row, "i02"), 3)
    with pytest.raises(Invalid) as refusal:
        operations.submit(actor=planner, assessment=row, revision=row.revision, with_gaps=True)
    assert refusal.value.code == "incomplete"
    result = queries.result_of(row)
    assert (result.outcome(), result.weights, result.gains()) == (None, None, [])
    with pytest.raises(Invalid):
        operations.complete_instrument(actor=planner, assessment=row, revision=row.revision)
    whole = {
        "code": "pemdi", "version": "2026", "title": "Pemdi", "title_en": "Pemdi", "source": "x", "formula": "weighted",
        "valid_from": "2026-01-01", "scale": {"min": 1, "max": 5, "step": 1},
        "weights": [{"code": "w", "title": "w", "title_en": "w", "source": "x", "values": {"i01": 60, "i99": 40}}],
        "item": [{"code": code, "title": code, "title_en": code} for code in ("i01", "i99")],
    }  # fmt: skip
    operations.load_pack(actor=planner, instruments=[whole])
    assert operations.load_pack(actor=planner, instruments=[whole])["unchanged"] == 1
    row = operations.complete_instrument(actor=planner, assessment=fresh(row), revision=row.revision)
    assert {answer.item: answer.explanation for answer in row.answers.all()} == {
        "i01": "Sudah ada kebijakannya.",
        "i99": "",
    }
    say(planner, item(row, "i01"), 5)
    say(planner, item(row, "i99"), 2)
    assert queries.result_of(row).outcome(queries.SELF).value == Fraction("3.8")


def test_the_instrument_of_an_assessment_never_changes(planner, opened):
    CityInstrument.objects.create(code=SMART, version=SMART_VERSION, document="{}")
    row = fresh(opened)
    assert len(queries.instrument_of(row).items) == 10


# --- interviews and the survey ----------------------------------------------------------------------------------------


def test_interviews_are_planned_noted_and_cancelled(planner, assessor, reporter, submitted):
    moment = timezone.now() + timedelta(days=3)
    row = operations.plan_interview(
        actor=planner,
        assessment=submitted,
        starts_at=moment,
        place="Balai Kota",
        agency="pupr",
        questions="Apa hasilnya?",
    )
    noted = operations.note_interview(actor=assessor, interview=row, revision=1, answers="Banjir berkurang.")
    assert (noted.answers, noted.noted_by) == ("Banjir berkurang.", assessor.label)
    with pytest.raises(Conflict):
        operations.note_interview(actor=planner, interview=row, revision=1, answers="Lain")
    with pytest.raises(Denied):
        operations.note_interview(actor=reporter, interview=row, revision=2, answers="Lain")
    operations.cancel_interview(actor=planner, interview=row, revision=2, reason="Hujan deras")
    with pytest.raises(Conflict):
        operations.note_interview(actor=planner, interview=row, revision=3, answers="Lain")


def test_the_survey_counts_a_browser_once_and_keeps_nothing_of_the_person(planner, opened, client):
    survey = operations.open_survey(
        actor=planner, assessment=opened, opens_on=today(), closes_on=today() + timedelta(days=10)
    )
    demo.survey_answers(actor=system("x"), code=survey.code, count=9)
    assert queries.survey_result(survey).questions == ()
    demo.survey_answers(actor=system("x"), code=survey.code, count=0)
    operations.answer_survey(actor=system("x"), survey=survey, answers={"governance": 5}, browser="tenth")
    result = queries.survey_result(survey)
    assert result.n == 10
    first = result.questions[0]
    assert (first.key, first.n) == ("governance", 10)
    assert sum(count for _number, count in first.counts) == 10
    with pytest.raises(Conflict) as conflict:
        operations.answer_survey(actor=system("x"), survey=survey, answers={"governance": 1}, browser="tenth")
    assert conflict.value.code == "answered"
    for bad in ({}, {"governance": 6}, {"governance": 0}, {"unknown": 3}):
        with pytest.raises(Invalid):
            operations.answer_survey(actor=system("x"), survey=survey, answers=bad, browser="bad")
    assert {field.name for field in Response._meta.fields} == {"id", "survey", "answers", "browser", "answered_on"}
    assert "tenth" not in str(list(Response.objects.values()))
    entries = AuditEntry.objects.filter(operation="assessment.answer_survey")
    assert all("governance" not in str(entry.details) for entry in entries)
    ended = operations.end_survey(actor=planner, survey=survey, closes_on=today() - timedelta(days=0))
    assert queries.is_open(ended)
    assert not queries.is_open(ended, today() + timedelta(days=1))


@pytest.mark.parametrize(("first", "last"), [(0, -1), (0, 400)])
def test_a_survey_has_sensible_days(planner, opened, first, last):
    with pytest.raises(Invalid):
        operations.open_survey(
            actor=planner,
            assessment=opened,
            opens_on=today() + timedelta(days=first),
            closes_on=today() + timedelta(days=last),
        )


def test_published_results_can_be_written_down(planner, contoh):
    row = operations.record_published(
        actor=planner, city="Kota Lain", instrument=SMART, version=SMART_VERSION, year=2024, score="3,2", source="Koran"
    )
    assert row.score == Decimal("3.2")
    for wrong in ({"score": "9"}, {"score": "x"}, {"year": 24}, {"source": ""}):
        with pytest.raises(Invalid):
            operations.record_published(
                actor=planner,
                **{
                    "city": "Kota Lain", "instrument": SMART, "version": SMART_VERSION, "year": 2023, "score": "3",
                    "source": "Koran",
                } | wrong,
            )  # fmt: skip
    operations.remove_published(actor=planner, result=row.pk)
    pack_row = next(each.row for each in queries.elsewhere() if each.row.city == "Kota Kediri")
    with pytest.raises(Invalid):
        operations.remove_published(actor=planner, result=pack_row.pk)
    found = {each.row.city: each for each in queries.elsewhere()}
    assert set(found) == {"Kota Kediri", "Kota Malang"}
    assert found["Kota Kediri"].counted == Fraction("3.315")


def test_the_demonstration_says_what_it_is_and_is_made_once(contoh):
    assert demo.make_assessments(actor=system("tests")) == 2
    assert demo.make_assessments(actor=system("tests")) == 0
    assert all(Assessment.objects.values_list("demonstration", flat=True))
    last = Assessment.objects.get(state=states.CLOSED)
    assert last.year == today().year - 1
    assert queries.result_of(last).outcome().value is not None
