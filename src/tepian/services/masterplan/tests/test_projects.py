"""A project's life: what was promised stays, nothing is finished that is not, and every figure can be worked out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tepian.kernel.actors import Conflict, Denied, Invalid
from tepian.kernel.events.models import OutboxEvent

from .. import operations, states
from ..models import ProgressPoint, Project, ProjectStep, Stage
from ..queries import projects as queries
from .built import BUDGET, DAY, END, START, SYSTEM, fails, park, picture, told

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _july(contoh: Any, on_day: Callable[[date], None]) -> None:
    on_day(DAY)


# --- what it is -------------------------------------------------------------------------------------------------------


def test_addresses_are_made_of_titles_and_never_clash():
    assert [park(running=False).slug, park(running=False).slug] == ["taman-tepi-sungai", "taman-tepi-sungai-2"]
    assert park(running=False, title="Foto").slug == "foto-2", "“foto” is a word of our own addresses"
    assert park(running=False, title="🏗️🚧").slug == "proyek"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"summary": "x" * 5000}, "summary"),
        ({"budget": -1}, "budget"),
        ({"budget": 10**15}, "budget"),
        ({"contract_amount": -5}, "contract_amount"),
        ({"source": "gold"}, "source"),
        ({"lon": 200.0}, "lon"),
        ({"lat": None}, "lon"),
        ({"ends_on": date(2024, 1, 1)}, "ends_on"),
    ],
)
def test_what_cannot_be_right_is_refused_with_its_field(values: dict[str, Any], field: str):
    with pytest.raises(Invalid) as found:
        park(**values)
    assert found.value.field == field
    assert not Project.objects.exists()


def test_what_people_type_comes_back_as_they_typed_it():
    row = park(title="Taman “O'Neil” <b>🏗️</b>", contractor="PT 'Karya' & Co; DROP TABLE")
    row.refresh_from_db()
    assert (row.title, row.contractor) == ("Taman “O'Neil” <b>🏗️</b>", "PT 'Karya' & Co; DROP TABLE")


def test_an_agency_changes_its_own_and_no_other(reporter, planner, actor_with):
    other = actor_with("plan_reporter", scope="agency", code="dinkes", username="lain")
    row = park(reporter)
    with pytest.raises(Denied):
        operations.change_project(actor=other, project=row, revision=row.revision, values={"title": "Milik saya"})
    with pytest.raises(Denied):
        park(actor_with("viewer", username="pengamat"))
    with pytest.raises(Denied, match=r"planner|perencana"):
        operations.change_project(actor=reporter, project=row, revision=row.revision, values={"agency_code": "dinkes"})
    row = operations.change_project(actor=planner, project=row, revision=row.revision, values={"agency_code": "dinkes"})
    assert row.agency_code == "dinkes"


def test_the_promise_stays_when_the_end_moves():
    row = park()
    assert (row.promised_on, row.first_budget) == (END, BUDGET)
    change = {"ends_on": date(2025, 12, 31), "budget": BUDGET + 500_000_000}
    fails("reason", lambda: operations.change_project(actor=SYSTEM, project=row, revision=row.revision, values=change))
    row = operations.change_project(
        actor=SYSTEM, project=row, revision=row.revision, values=change, reason="Tanah lunak."
    )
    assert (row.promised_on, row.ends_on, row.first_budget) == (END, date(2025, 12, 31), BUDGET)
    moved = {step.kind: (step.was, step.now, step.reason) for step in ProjectStep.objects.filter(project=row)}
    assert moved["end"] == ("2025-10-31", "2025-12-31", "Tanah lunak.")
    assert moved["budget"] == ("2000000000", "2500000000", "Tanah lunak.")
    assert queries.standing(row, date(2025, 11, 10)).days_late == 10, "late against the promise, not the newest plan"


def test_before_work_begins_everything_may_change_freely():
    row = park(running=False)
    row = operations.change_project(
        actor=SYSTEM, project=row, revision=row.revision, values={"ends_on": date(2025, 12, 1)}
    )
    assert not ProjectStep.objects.exists() and row.promised_on is None


def test_the_slower_of_two_is_told():
    row = park()
    operations.change_project(actor=SYSTEM, project=row, revision=row.revision, values={"place": "Hilltop"})
    for act in (
        lambda: operations.change_project(actor=SYSTEM, project=row, revision=row.revision, values={"place": "x"}),
        lambda: operations.report_month(actor=SYSTEM, project=row, revision=row.revision, month=START, physical=5),
        lambda: operations.set_stages(actor=SYSTEM, project=row, revision=row.revision, stages=[]),
        lambda: operations.move_project(
            actor=SYSTEM, project=row, revision=row.revision, to=states.PAUSED, reason="Hujan."
        ),
    ):
        fails("too_late", act, Conflict)
    assert Stage.objects.filter(project=row).count() == 2


def test_it_is_published_when_people_can_understand_it_and_only_a_planner_takes_it_away(reporter, planner):
    row = park(reporter, public=False, running=False, summary="")
    error = fails("incomplete", lambda: operations.publish_project(
        actor=reporter, project=row, revision=row.revision, public=True))  # fmt: skip
    assert error.field == "summary"
    row = operations.change_project(actor=reporter, project=row, revision=row.revision, values={"summary": "Taman."})
    row = operations.publish_project(actor=reporter, project=row, revision=row.revision, public=True)
    with pytest.raises(Denied):
        operations.publish_project(actor=reporter, project=row, revision=row.revision, public=False, reason="Malu.")
    fails("text_missing", lambda: operations.publish_project(
        actor=planner, project=row, revision=row.revision, public=False))  # fmt: skip
    row = operations.publish_project(actor=planner, project=row, revision=row.revision, public=False, reason="Ganda.")
    assert not row.public and list(queries.projects(public=True)) == []


# --- its life ---------------------------------------------------------------------------------------------------------


def test_work_does_not_begin_without_an_end():
    row = park(running=False, public=False, ends_on=None)
    fails("no_end", lambda: operations.move_project(
        actor=SYSTEM, project=row, revision=row.revision, to=states.RUNNING))  # fmt: skip


@pytest.mark.parametrize("to", [states.PAUSED, states.CANCELLED])
def test_stopping_and_cancelling_need_a_reason(to: str):
    row = park()
    fails("text_missing", lambda: operations.move_project(actor=SYSTEM, project=row, revision=row.revision, to=to))
    row = operations.move_project(actor=SYSTEM, project=row, revision=row.revision, to=to, reason="Kontrak putus.")
    assert (row.state, row.reason) == (to, "Kontrak putus.")


def test_what_may_not_follow_is_refused():
    row = park(running=False)
    for to in (states.DONE, states.PAUSED, "flying", ""):
        with pytest.raises((Conflict, Invalid)):
            operations.move_project(actor=SYSTEM, project=row, revision=row.revision, to=to, reason="x")
        row.refresh_from_db()
        assert row.state == states.PLANNED


@pytest.mark.parametrize("on", [date(2025, 7, 21), date(2025, 1, 5)])
def test_a_day_lies_between_the_start_and_today(on: date):
    row = park()
    fails("day", lambda: operations.move_project(
        actor=SYSTEM, project=row, revision=row.revision, to=states.PAUSED, on=on, reason="x"))  # fmt: skip


def finished() -> Project:
    row = told(park(), 20, 60, 90)
    days = [(START, date(2025, 5, 31)), (date(2025, 6, 1), date(2025, 7, 15))]
    row = operations.set_stages(
        actor=SYSTEM, project=row, revision=row.revision,
        stages=[
            {"id": stage.pk, "title": stage.title, "weight": stage.weight, "starts_on": stage.starts_on,
             "ends_on": stage.ends_on, "started_on": began, "ended_on": ended}
            for stage, (began, ended) in zip(row.stages.all(), days, strict=True)
        ],
    )  # fmt: skip
    row = operations.report_month(
        actor=SYSTEM, project=row, revision=row.revision, month=date(2025, 7, 1), physical=100
    )
    operations.add_photo(
        actor=SYSTEM, project=row, content=picture(), name="a.png", phase=states.AFTER, spot="Gerbang", caption="Selesai",
        taken_on=DAY,
    )  # fmt: skip
    return row


def test_nobody_calls_a_thing_finished_that_is_not():
    row = told(park(), 20, 60, 90)
    error = fails("unfinished", lambda: operations.move_project(
        actor=SYSTEM, project=row, revision=row.revision, to=states.DONE))  # fmt: skip
    assert all(part in str(error.message) for part in ("2", "100 %", "foto"))
    row.refresh_from_db()
    assert row.state == states.RUNNING


def test_finished_and_opened_again_for_it_was_not_after_all():
    row = finished()
    row = operations.move_project(actor=SYSTEM, project=row, revision=row.revision, to=states.DONE)
    assert row.ended_on == DAY and queries.standing(row).status == queries.FINISHED
    fails("text_missing", lambda: operations.move_project(
        actor=SYSTEM, project=row, revision=row.revision, to=states.RUNNING))  # fmt: skip
    row = operations.move_project(
        actor=SYSTEM, project=row, revision=row.revision, to=states.RUNNING, reason="Pagar belum ada."
    )
    assert row.ended_on is None and row.promised_on == END, "the first promise still counts"
    assert [step.kind for step in queries.steps(row)] == ["running", "done", "running"]


def test_the_public_hears_of_public_projects_only():
    park(public=False)
    assert not OutboxEvent.objects.filter(type="masterplan.project_changed.v1").exists()
    row = told(park(), 12)
    data = OutboxEvent.objects.filter(type="masterplan.project_changed.v1").latest("position").data
    assert (data["project"], data["state"], data["physical"]) == (row.slug, "running", 12)


# --- stages and curves ------------------------------------------------------------------------------------------------


def test_stages_keep_their_place_when_they_change_order():
    row = park()
    first, second = row.stages.all()
    base = {"weight": 1, "starts_on": START, "ends_on": END}
    row = operations.set_stages(
        actor=SYSTEM, project=row, revision=row.revision,
        stages=[
            {"id": second.pk, "title": "Taman", **base}, {"title": "Baru", **base},
            {"id": first.pk, "title": "Tanggul", **base},
        ],
    )  # fmt: skip
    assert [(s.title, s.position) for s in row.stages.all()] == [("Taman", 1), ("Baru", 2), ("Tanggul", 3)]
    assert {first.pk, second.pk} < {s.pk for s in row.stages.all()}
    other = park()
    stranger = other.stages.first()
    row = operations.set_stages(
        actor=SYSTEM, project=row, revision=row.revision, stages=[{"id": stranger.pk, "title": "Milik lain", **base}]
    )
    stranger.refresh_from_db()
    assert stranger.project_id == other.pk and stranger.title == "Tanggul", "another project's stage is out of reach"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"title": ""}, "text_missing"),
        ({"ends_on": date(2024, 1, 1)}, "stage_dates"),
        ({"starts_on": None}, "stage_dates"),
        ({"ended_on": date(2025, 2, 1)}, "stage_days"),
        ({"started_on": date(2025, 3, 1), "ended_on": date(2025, 2, 1)}, "stage_days"),
        ({"started_on": date(2025, 8, 1)}, "stage_days"),
        ({"weight": 1001}, "weight"),
        ({"weight": -1}, "weight"),
    ],
)
def test_stages_that_cannot_be(change: dict[str, Any], code: str):
    row = park()
    stage = {"title": "Tahap", "starts_on": START, "ends_on": END} | change
    fails(code, lambda: operations.set_stages(actor=SYSTEM, project=row, revision=row.revision, stages=[stage]))
    assert row.stages.count() == 2


@pytest.mark.parametrize(
    ("points", "code"),
    [
        ([], "months"),
        ([(START, 50.0, None), (START, 100.0, None)], "months"),
        ([(START, 60.0, None), (date(2025, 2, 1), 50.0, None)], "curve"),
        ([(START, 101.0, None)], "curve"),
        ([(START, float("nan"), None)], "curve"),
        ([(START, 90.0, None)], "curve_end"),
        ([(START, 50.0, 9), (date(2025, 2, 1), 100.0, 8)], "curve_money"),
        ([(START, 100.0, -1)], "curve_money"),
    ],
)
def test_curves_that_cannot_be(points: list[Any], code: str):
    row = park()
    fails(code, lambda: operations.plan_progress(
        actor=SYSTEM, project=row, revision=row.revision, points=points, reason="x"))  # fmt: skip
    assert row.points.count() == 10


def test_another_curve_keeps_what_was_reported_and_says_why():
    row = told(park(), 8, 15)
    points = [(date(2025, 3, 1), 40.0, None), (date(2025, 9, 1), 100.0, None)]
    fails("text_missing", lambda: operations.plan_progress(
        actor=SYSTEM, project=row, revision=row.revision, points=points))  # fmt: skip
    row = operations.plan_progress(
        actor=SYSTEM, project=row, revision=row.revision, points=points, reason="Desain diubah."
    )
    assert [(p.month.month, p.planned_physical, p.physical) for p in row.points.all()] == [
        (1, None, 8), (2, None, 15), (3, 40, None), (9, 100, None),
    ]  # fmt: skip
    assert queries.steps(row)[-1].kind == "curve"


# --- months -----------------------------------------------------------------------------------------------------------


def test_the_same_month_again_changes_nothing():
    row = told(park(), 8)
    again = operations.report_month(actor=SYSTEM, project=row, revision=1, month=START, physical=8)
    assert again.revision == row.revision, "a form sent twice is no conflict"


def test_a_value_that_falls_asks_why():
    row = told(park(), 8, 20)
    march = date(2025, 3, 1)
    fails("fell", lambda: operations.report_month(
        actor=SYSTEM, project=row, revision=row.revision, month=march, physical=19))  # fmt: skip
    row = operations.report_month(
        actor=SYSTEM, project=row, revision=row.revision, month=march, physical=19, text="Diukur ulang."
    )
    fails("fell", lambda: operations.report_month(
        actor=SYSTEM, project=row, revision=row.revision, month=START, physical=30))  # fmt: skip
    assert row.points.get(month=march).note == "Diukur ulang."


@pytest.mark.parametrize(
    ("month", "physical", "money", "code"),
    [
        (date(2025, 8, 1), 10.0, None, "future"),
        (date(2024, 12, 1), 10.0, None, "before_start"),
        (date(2025, 2, 1), 101.0, None, "physical"),
        (date(2025, 2, 1), -1.0, None, "physical"),
        (date(2025, 2, 1), float("inf"), None, "physical"),
        (date(2025, 2, 1), 10.0, -1, "money"),
        (date(2025, 2, 1), 100.0, None, "stages_open"),
    ],
)
def test_months_that_cannot_be(month: date, physical: float, money: int | None, code: str):
    row = park()
    fails(code, lambda: operations.report_month(
        actor=SYSTEM, project=row, revision=row.revision, month=month, physical=physical, money=money))  # fmt: skip
    assert not ProgressPoint.objects.filter(physical__isnull=False).exists()


def test_only_work_that_goes_on_is_reported():
    row = park(running=False)
    fails("moved_on", lambda: operations.report_month(
        actor=SYSTEM, project=row, revision=row.revision, month=START, physical=1), Conflict)  # fmt: skip


def test_money_above_the_budget_is_told_not_refused():
    row = told(park(), 8, money=BUDGET + 7)
    assert queries.standing(row).over_budget == 7


# --- how it stands ----------------------------------------------------------------------------------------------------


def test_exact_figures():
    row = told(park(), 8, 15, 24, 30, 41, 50, money=900_000_000)
    found = queries.standing(row, DAY)
    assert (found.physical, found.planned, found.deviation) == (50, 60, -10)
    assert (found.month, found.spent, found.planned_money) == (date(2025, 6, 1), 900_000_000, 1_200_000_000)
    assert found.stages == 0, "no stage has ended"
    assert (found.status, found.days_late, found.missing) == (queries.BEHIND, 0, ())
    ahead = found.forecast
    assert ahead is not None and ahead.pace == pytest.approx((50 - 24) / 3), "March to June: three months"
    assert ahead.months == pytest.approx(50 / (26 / 3))
    assert ahead.ends == date(2025, 12, 23), "30 June and 5.769 months of 30.4375 days"


@pytest.mark.parametrize(
    ("planned", "actual", "critical"),
    [(60, 50, False), (60, 49.9, True), (70, 60, False), (70.1, 65.1, False), (80, 74.9, True), (100, 95, False),
     (100, 94, True), (None, 10, False), (50, None, False)],
)  # fmt: skip
def test_when_a_contract_is_critical(planned: float | None, actual: float | None, critical: bool):
    assert states.critical(planned, actual) is critical


def test_a_project_far_behind_is_critical_a_silent_one_silent():
    row = told(park(), 8, 15, 24, 30, 35, 40)
    assert queries.standing(row, DAY).status == queries.CRITICAL
    row = told(park(), 9, 18, 29, 39)
    found = queries.standing(row, DAY)
    assert (found.status, found.missing) == (queries.SILENT, (date(2025, 5, 1), date(2025, 6, 1)))
    assert queries.standing(row, date(2025, 6, 10)).missing == (), "the report of May is due on the tenth"
    assert queries.standing(row, date(2025, 6, 11)).missing == (date(2025, 5, 1),)


def test_as_planned_is_said_of_nothing_that_slips():
    good = told(park(), 9, 19, 29, 39, 49, 59)
    assert queries.standing(good, DAY).status == queries.AS_PLANNED
    slow = told(park(), 9, 19, 40, 44, 50, 56)
    found = queries.standing(slow, DAY)
    assert found.deviation == -4 and found.status == queries.BEHIND, (
        "its pace ends it in February, October was promised"
    )
    assert queries.finding(found).startswith("Dengan kecepatan ini selesai lebih lambat dari janji")
    Stage.objects.filter(project=good, position=1).update(ends_on=date(2025, 7, 19))
    found = queries.standing(Project.objects.get(pk=good.pk), DAY)
    assert (found.status, found.stages_late) == (queries.BEHIND, 1)
    assert queries.finding(found).startswith("1 tahap terlambat, terbangun 59%")


def test_work_that_does_not_move_has_no_end():
    row = told(park(), 8, 8, 8, 8)
    ahead = queries.standing(row, DAY).forecast
    assert ahead is not None and ahead.ends is None
    assert "tidak bertambah" in queries.forecast_words(queries.standing(row, DAY))


def test_stages_weigh_and_an_unfinished_one_counts_nothing():
    stage = Stage(weight=3, ended_on=DAY), Stage(weight=1, started_on=DAY)
    assert queries.stage_percent(stage) == 75 and queries.stage_percent([]) is None


def test_late_ones_come_first():
    late, good = told(park(title="B"), 9, 19, 29, 39, 49, 59), told(park(title="A"), 9, 19, 29, 39, 49, 59)
    Project.objects.filter(pk=late.pk).update(promised_on=date(2025, 7, 1))
    rows = queries.standings(on=DAY)
    assert [(row.project.pk, row.days_late) for row in rows] == [(late.pk, 19), (good.pk, 0)]


def test_work_that_should_have_begun_is_late():
    found = queries.standing(park(running=False), DAY)
    assert (found.status, found.days_late) == (queries.LATE, (DAY - START).days)


def test_curves_have_every_month():
    row = park()
    row.points.filter(month=date(2025, 4, 1)).delete()
    physical, _money = queries.curves(told(row, 8))
    assert len(physical.months) == 10 and physical.planned[3] is None and physical.actual[:2] == [8, None]
