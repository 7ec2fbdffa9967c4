"""A report from its first draft to two offices' word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.utils import translation

from tepian.kernel.actors import Conflict, Denied, Invalid, NotFound
from tepian.kernel.catalogue.contributions import Figure
from tepian.kernel.events.models import OutboxEvent

from .. import operations, states
from ..models import Evidence, Part, Plan, Report
from ..operations import reporting
from ..queries import figures
from ..queries import reporting as queries
from ..queries.figures import Value
from ..states import Quarter
from .planted import MOMENT, action, planted, report

pytestmark = pytest.mark.django_db
Q1, Q2, Q3 = (Quarter(2025, number) for number in (1, 2, 3))
DAY = date(2025, 7, 10)


@pytest.fixture(autouse=True)
def _july(on_day: Callable[[date], None]) -> None:
    on_day(DAY)


@pytest.fixture(name="road")
def _road() -> Part:
    _plan, revision = planted()
    return action(revision, "1.1.1", title="Jalan mulus", unit="km", targets={2025: 100},
                  milestones={"Lelang selesai": date(2025, 5, 1)})  # fmt: skip


def evidence(of: Report, **values: Any) -> Evidence:
    return Evidence.objects.create(
        report=of,
        added_by="a",
        added_at=MOMENT,
        **{"kind": "link", "title": "a", "url": "https://a.id", "reachable": True} | values,
    )


def plan_of(part: Part) -> Plan:
    return part.revision.plan


def begun(actor: Any, part: Part, quarter: Quarter = Q2) -> Report:
    return operations.start_report(actor=actor, plan=plan_of(part), key=part.key, quarter=quarter)


def written(actor: Any, part: Part, value: float | None = 40, quarter: Quarter = Q2, **more: Any) -> Report:
    row = begun(actor, part, quarter)
    return operations.save_report(actor=actor, report=row, revision=row.revision, value=value, **more)


def sent(actor: Any, part: Part, value: float | None = 40, quarter: Quarter = Q2, **more: Any) -> Report:
    row = written(actor, part, value, quarter, **more)
    evidence(row)
    return operations.send_report(actor=actor, report=row, revision=row.revision)


def accepted(row: Report, *people: tuple[Any, str]) -> Report:
    for actor, office in people:
        row = operations.verify(actor=actor, report=row, revision=row.revision, office=office, verdict="accepted")
    return row


def events() -> list[str]:
    rows = OutboxEvent.objects.filter(type__startswith="masterplan.").order_by("time")
    return [row.type for row in rows]


# --- begin and write --------------------------------------------------------------------------------------------------


def test_a_report_begins_with_what_was_said_last(road, reporter):
    report(plan_of(road), road, 2025, 1, 30, spent=500, obstacle="Hujan", next_step="Aspal")
    row = begun(reporter, road)
    assert (row.state, row.value, row.spent, row.obstacle, row.next_step) == ("draft", 30, 500, "Hujan", "Aspal")
    assert begun(reporter, road).pk == row.pk  # again: the same


def test_money_of_another_year_is_not_carried_over(road, reporter):
    report(plan_of(road), road, 2024, 4, 30, spent=500)
    assert begun(reporter, road).spent is None


def test_what_adds_up_begins_empty(road, reporter):
    Part.objects.update(rule=states.SUM)
    report(plan_of(road), road, 2025, 1, 30)
    assert begun(reporter, road).value is None


def test_it_begins_with_the_computed_value_where_there_is_one(road, reporter, monkeypatch):
    monkeypatch.setattr(figures, "value_of", lambda *_given: Value("known", 33.5, "2025-Q2", Q2.last))
    Part.objects.update(figure="x:y")
    report(plan_of(road), road, 2025, 1, 30)
    row = begun(reporter, road)
    assert (row.value, row.computed, row.computed_period) == (33.5, 33.5, "2025-Q2")


@pytest.mark.parametrize(
    ("quarter", "code"), [(Quarter(2025, 4), "future"), (Quarter(2024, 4), "not_begun"), (Quarter(2026, 1), "future")]
)
def test_quarters_that_cannot_be_reported(road, reporter, quarter, code):
    with pytest.raises(Invalid) as refused:
        begun(reporter, road, quarter)
    assert refused.value.code == code and not Report.objects.exists()


def test_only_its_agency_reports(road, reporter, planner, verifier, actor_with):
    for stranger in (actor_with("plan_reporter", scope="agency", code="dinkes"), verifier, actor_with("viewer")):
        with pytest.raises(Denied):
            begun(stranger, road)
    row = begun(reporter, road)
    for stranger in (actor_with("plan_reporter", scope="agency", code="dinkes"), verifier):
        with pytest.raises(Denied):
            operations.save_report(actor=stranger, report=row, revision=row.revision, value=1)
        with pytest.raises(Denied):
            operations.send_report(actor=stranger, report=row, revision=row.revision)
    assert begun(planner, road).pk == row.pk  # a planner stands in


def test_the_slower_of_two_is_told_and_nothing_is_overwritten(road, reporter, planner):
    row = begun(reporter, road)
    operations.save_report(actor=planner, report=row, revision=row.revision, value=10, obstacle="Banjir")
    with pytest.raises(Conflict):
        operations.save_report(actor=reporter, report=row, revision=row.revision, value=20)
    row.refresh_from_db()
    assert (row.value, row.obstacle) == (10, "Banjir")


def test_saving_the_same_again_changes_nothing(road, reporter):
    row = written(reporter, road, 40)
    again = operations.save_report(actor=reporter, report=row, revision=row.revision, value=40)
    assert again.revision == row.revision


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e15, -1e18])
def test_numbers_that_cannot_be(road, reporter, value):
    row = begun(reporter, road)
    with pytest.raises(Invalid):
        operations.save_report(actor=reporter, report=row, revision=row.revision, value=value)
    with pytest.raises(Invalid):
        operations.save_report(actor=reporter, report=row, revision=row.revision, value=1, spent=-1)


def test_milestones_are_said_in_the_report_and_never_of_tomorrow(road, reporter):
    row, key = begun(reporter, road), road.milestones.get().key

    def say(on: date | None) -> Report:
        row.refresh_from_db()
        reached = {} if on is None else {key: on}
        return operations.save_report(actor=reporter, report=row, revision=row.revision, value=1, reached=reached)

    with pytest.raises(Invalid):
        say(date(2025, 7, 11))
    say(date(2025, 5, 20))
    (state,) = queries.milestones_of(plan_of(road), road, row)
    assert state.reached_on == date(2025, 5, 20) and state.here and not state.verified
    say(None)
    assert queries.milestones_of(plan_of(road), road, row)[0].is_late
    with pytest.raises(Invalid):
        operations.save_report(
            actor=reporter, report=row, revision=Report.objects.get().revision, value=1, reached={road.key: DAY}
        )


def test_an_action_that_a_later_revision_took_out_stays_readable(road, reporter, on_day):
    first = road.revision
    row = sent(reporter, road)
    first.state, first.in_force_to = states.SUPERSEDED, date(2025, 7, 31)
    first.save()
    first.plan.revisions.create(
        number=2, state=states.IN_FORCE, in_force_from=date(2025, 8, 1), created_by="a", created_at=MOMENT
    )
    on_day(date(2025, 10, 5))
    assert queries.action_of(first.plan, road.key).title == "Jalan mulus"
    assert [each.pk for each in queries.reports_of(first.plan, road.key)] == [row.pk]
    with pytest.raises(Invalid) as refused:
        begun(reporter, road, Q3)
    assert refused.value.code == "not_in_plan"
    with pytest.raises(NotFound):
        queries.action_of(first.plan, first.plan.pk and "00000000-0000-4000-8000-000000000000")


# --- send -------------------------------------------------------------------------------------------------------------


def refusal(actor: Any, row: Report, **options: Any) -> list[str]:
    computed = queries.computed_of(row.plan, queries.action_of(row.plan, row.key), queries.quarter_of(row))
    try:
        operations.send_report(actor=actor, report=row, revision=row.revision, **options)
    except Invalid:
        row.refresh_from_db()
        return [code for code, _field, _text in operations.missing_for_sending(row, computed, **options)]
    return []


def test_progress_needs_evidence_and_standing_still_does_not(road, reporter):
    row = written(reporter, road, 40)
    assert refusal(reporter, row) == ["evidence"]
    evidence(row)
    assert refusal(reporter, row) == []
    assert events() == ["masterplan.report_sent.v1"]
    assert refusal(reporter, written(reporter, road, 40, Q3)) == []  # Q3 says the same


def test_less_is_better_is_progress_too(road, reporter):
    Part.objects.update(direction=states.DOWN, baseline=50)
    assert refusal(reporter, written(reporter, road, 60)) == []
    row = Report.objects.get()
    row.state, row.value = states.RETURNED, 40
    row.save()
    assert refusal(reporter, row) == ["evidence"]


def test_a_milestone_needs_evidence(road, reporter):
    row = written(reporter, road, 0, reached={road.milestones.get().key: date(2025, 5, 2)})
    assert refusal(reporter, row) == ["evidence"]


def test_evidence_that_nobody_can_open_is_none(road, reporter):
    row = written(reporter, road, 40)
    evidence(row, reachable=False)
    assert refusal(reporter, row) == ["evidence_closed"]
    with translation.override("id"), pytest.raises(Invalid) as refused:
        operations.send_report(actor=reporter, report=row, revision=row.revision)
    assert str(refused.value.message) == "Bukti tidak bisa dibuka publik. Unggah berkas atau ubah izin tautan."
    evidence(row)
    assert refusal(reporter, row) == []


def test_no_value_needs_a_word_why(road, reporter):
    row = written(reporter, road, None)
    assert refusal(reporter, row) == ["value"]
    row = operations.save_report(actor=reporter, report=row, revision=row.revision, value=None, obstacle="Belum lelang")
    assert refusal(reporter, row) == []


def test_a_claim_far_from_the_computed_value_says_why(road, reporter, monkeypatch):
    monkeypatch.setattr(figures, "value_of", lambda *_given: Value("known", 30.0, "2025-Q2", Q2.last))
    row = written(reporter, road, 31)
    assert refusal(reporter, row) == []  # within five percent, and the platform itself is the evidence
    row = written(reporter, road, 40, Q3)
    evidence(row)
    with translation.override("id"), pytest.raises(Invalid) as refused:
        operations.send_report(actor=reporter, report=row, revision=row.revision)
    assert refused.value.code == "difference_reason"
    assert "Anda menulis 40 km, sistem menghitung 30 km" in str(refused.value.message)
    row = operations.save_report(
        actor=reporter, report=row, revision=row.revision, value=40, difference_reason="Ruas baru belum masuk data."
    )
    assert refusal(reporter, row) == []
    row.refresh_from_db()
    assert (row.computed, row.computed_period) == (30.0, "2025-Q2")


def test_an_actions_own_tolerance_counts(road, reporter, monkeypatch):
    monkeypatch.setattr(figures, "value_of", lambda *_given: Value("known", 30.0, "2025-Q2", Q2.last))
    Part.objects.update(tolerance=50)
    assert refusal(reporter, written(reporter, road, 40)) == []


def test_quarters_that_add_up_are_compared_as_the_year_so_far(road, reporter, monkeypatch):
    monkeypatch.setattr(figures, "value_of", lambda *_given: Value("known", 70.0, "2025-Q2", Q2.last))
    Part.objects.update(rule=states.SUM)
    report(plan_of(road), road, 2025, 1, 30)
    assert refusal(reporter, written(reporter, road, 40)) == []


def test_a_value_beyond_belief_is_asked_for_twice(road, reporter):
    row = written(reporter, road, 4000)
    evidence(row)
    assert refusal(reporter, row) == ["implausible"]
    assert refusal(reporter, row, confirmed=True) == []
    Part.objects.update(unit="%")
    assert reporting._beyond_belief(plan_of(road), Part.objects.get(), Q2, 101)


def test_all_that_is_missing_is_said_at_once(road, reporter):
    row = written(reporter, road, 4000)
    assert refusal(reporter, row) == ["evidence", "implausible"]
    with pytest.raises(Invalid) as refused:
        operations.send_report(actor=reporter, report=row, revision=row.revision)
    assert "foto" in str(refused.value.message) and "di atas target" in str(refused.value.message)


def test_a_sent_report_is_not_changed(road, reporter):
    row = sent(reporter, road)
    with pytest.raises(Conflict):
        operations.save_report(actor=reporter, report=row, revision=row.revision, value=50)
    with pytest.raises(Conflict):
        operations.send_report(actor=reporter, report=row, revision=row.revision)


# --- verify -----------------------------------------------------------------------------------------------------------


def test_both_offices_accept_before_it_counts(road, reporter, planner, verifier):
    row = accepted(sent(reporter, road), (planner, "planner"))
    assert row.state == states.SENT
    row = accepted(row, (verifier, "plan_verifier"))
    assert row.state == states.VERIFIED
    assert events() == ["masterplan.report_sent.v1", "masterplan.report_verified.v1"]


def test_an_office_says_its_word_once_and_only_for_itself(road, reporter, planner, verifier):
    row = accepted(sent(reporter, road), (planner, "planner"))
    with pytest.raises(Conflict):
        accepted(row, (planner, "planner"))
    with pytest.raises(Denied):
        accepted(row, (planner, "plan_verifier"))
    with pytest.raises(Denied):
        accepted(row, (reporter, "planner"))


def test_nobody_verifies_the_own_report_or_speaks_for_both(road, planner, actor_with, reporter):
    own = sent(planner, road)
    with pytest.raises(Denied):
        accepted(own, (planner, "planner"))
    both = actor_with("planner", "plan_verifier", username="berdua")
    row = accepted(own, (both, "planner"))
    with pytest.raises(Denied):
        accepted(row, (both, "plan_verifier"))


def test_sent_back_with_words_mended_and_accepted_anew(road, reporter, planner, verifier):
    row = accepted(sent(reporter, road), (planner, "planner"))
    with pytest.raises(Invalid):
        operations.verify(actor=verifier, report=row, revision=row.revision, office="plan_verifier", verdict="returned")
    row = operations.verify(
        actor=verifier,
        report=row,
        revision=row.revision,
        office="plan_verifier",
        verdict="returned",
        text="Foto kabur.",
    )
    assert row.state == states.RETURNED
    row = operations.save_report(actor=reporter, report=row, revision=row.revision, value=39)
    row = operations.send_report(actor=reporter, report=row, revision=row.revision)
    row = accepted(row, (verifier, "plan_verifier"))
    assert row.state == states.SENT  # Bappeda's word was about an earlier state and no longer counts
    assert accepted(row, (planner, "planner")).state == states.VERIFIED
    assert row.verifications.count() == 4


def test_a_word_on_what_has_changed_meanwhile_is_refused(road, reporter, planner, verifier):
    row = sent(reporter, road)
    seen = row.revision
    back = operations.verify(
        actor=verifier, report=row, revision=seen, office="plan_verifier", verdict="returned", text="Kurang."
    )
    operations.send_report(actor=reporter, report=back, revision=back.revision)
    with pytest.raises(Conflict):
        operations.verify(actor=planner, report=row, revision=seen, office="planner", verdict="accepted")


def test_verified_turned_out_wrong_goes_back_with_the_reason(road, reporter, planner, verifier):
    row = accepted(sent(reporter, road), (planner, "planner"), (verifier, "plan_verifier"))
    with pytest.raises(Denied):
        operations.reopen_report(actor=reporter, report=row, text="Salah")
    with pytest.raises(Invalid):
        operations.reopen_report(actor=verifier, report=row, text=" ")
    row = operations.reopen_report(actor=verifier, report=row, text="Jalannya belum diaspal.")
    assert row.state == states.RETURNED
    assert events()[-1] == "masterplan.report_returned.v1"
    assert not queries.standing_verifications(row)


# --- figures ----------------------------------------------------------------------------------------------------------


def test_a_source_that_fails_is_unknown_and_breaks_nothing(monkeypatch):
    def broken(*_given: Any) -> Figure:
        raise RuntimeError("gone")

    source = figures.Figures("elsewhere", lambda _text, _limit: broken(), broken)
    own = figures.Indicators("here", broken)
    monkeypatch.setattr(figures, "offered", lambda kind: [source] if kind is figures.Figures else [own])
    for key in ("elsewhere:a", "here:b", "nowhere:c"):
        assert figures.value_of(key, date(2025, 1, 1), Q2, states.LAST).state == figures.UNKNOWN
    assert figures.find("a") == []


def test_published_months_add_up_to_the_year_so_far(monkeypatch):
    months = {date(2025, 4, 30): 4.0, date(2025, 5, 31): 5.0, date(2025, 6, 30): 6.0, date(2024, 12, 31): 99.0}

    def read(_key: str, since: date, until: date) -> Figure:
        ended = [day for day in months if since <= day <= until]
        if not ended:
            return Figure("a", "A", "")
        return Figure("a", "A", "", value=months[max(ended)], period=f"{max(ended):%Y-%m}", day=max(ended), url="/x")

    monkeypatch.setattr(
        figures, "offered",
        lambda kind: [figures.Figures("there", lambda _t, _l: [], read)] if kind is figures.Figures else [],
    )  # fmt: skip
    found = figures.value_of("there:a", date(2025, 1, 1), Q2, states.SUM)
    assert (found.value, found.period, found.url) == (15, "2025-06", "/x")
    assert figures.value_of("there:a", date(2025, 1, 1), Q2, states.LAST).value == 6
