"""The plan's way: drafts, what is missing, decisions, what counts on a day, and two people at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import translation

from tepian.kernel.actors import Actor, Conflict, Denied, Invalid, NotFound
from tepian.kernel.events.models import OutboxEvent

from .. import operations, queries, states
from ..models import Plan, Revision
from ..queries.missing import problems
from .draft import MACHINE, action_values, decide, found, new_draft, new_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(contoh: Any) -> Plan:
    return new_plan()


@pytest.fixture
def head(actor_with: Callable[..., Any]) -> Any:
    return actor_with("head", username="walikota")


def codes(revision: Revision) -> list[str]:
    return [each.code for each in problems(revision) if not each.hint]


class TestPlan:
    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ({"code": "Kota 2025"}, "code"),
            ({"title": " "}, "text_missing"),
            ({"first_year": 20}, "year"),
            ({"last_year": 2024}, "years"),
            ({"last_year": 2090}, "years"),
            ({"framework": "unknown"}, "framework"),
        ],
    )
    def test_bad_input_is_refused_with_its_field(self, contoh: Any, given: dict[str, Any], code: str) -> None:
        values = {"code": "kota", "title": "Rencana", "first_year": 2025, "last_year": 2029} | given
        with pytest.raises(Invalid) as refusal:
            operations.create_plan(actor=MACHINE, **values)
        assert refusal.value.code == code
        assert not Plan.objects.exists()

    def test_a_code_is_taken_once(self, plan: Plan) -> None:
        with pytest.raises(Conflict):
            new_plan(plan.code)

    def test_only_planners_write_plans(self, plan: Plan, reporter: Actor, verifier: Actor, head: Actor) -> None:
        for actor in (reporter, verifier, head):
            with pytest.raises(Denied):
                operations.start_revision(actor=actor, plan=plan)
            with pytest.raises(Denied):
                operations.change_plan(actor=actor, plan=plan, values={"title": "Lain"})
            with pytest.raises(Denied):
                operations.publish_plan(actor=actor, plan=plan, since=None)

    def test_its_words_change_and_its_years_do_not(self, plan: Plan, planner: Actor) -> None:
        operations.change_plan(actor=planner, plan=plan, values={"title": "Rencana baru", "vision": "Kota yang rapi"})
        plan.refresh_from_db()
        assert (plan.title, plan.vision, plan.first_year) == ("Rencana baru", "Kota yang rapi", 2025)

    def test_it_is_public_only_once_something_is_in_force(self, plan: Plan, planner: Actor) -> None:
        with pytest.raises(Invalid) as refusal:
            operations.publish_plan(actor=planner, plan=plan, since=date(2025, 2, 1))
        assert refusal.value.code == "not_in_force"
        decide(new_draft(plan, "A"))
        operations.publish_plan(actor=planner, plan=plan, since=date(2025, 2, 1))
        assert queries.current(date(2025, 1, 31), public=True) is None
        assert queries.current(date(2025, 2, 1), public=True) == plan
        with pytest.raises(Invalid):
            operations.publish_plan(actor=planner, plan=plan, since=None)
        operations.publish_plan(actor=planner, plan=plan, since=None, reason="Angka salah")
        assert queries.current(date(2025, 2, 1), public=True) is None


class TestWay:
    def test_a_change_copies_everything_and_keeps_every_key(self, plan: Plan, planner: Actor) -> None:
        first = new_draft(plan, "A", "B")
        a, b = found(first, "A"), found(first, "B")
        operations.change_part(
            actor=planner,
            part=b,
            edits=b.edits,
            values={
                "milestones": [{"title": "Lelang", "due_on": date(2025, 6, 1)}],
                "risks": [{"text": "Banjir", "likelihood": 3, "severity": 4, "response": "Geser"}],
                "dependencies": [{"on_key": a.key, "note": "butuh data"}],
                "title_en": "B in English",
            },
        )
        decide(first)
        second = operations.start_revision(actor=planner, plan=plan, reason="Anggaran berubah")
        copy = found(second, "B")
        original = found(first, "B")
        assert [part.key for part in queries.parts(second)] == [part.key for part in queries.parts(first)]
        assert copy.pk != original.pk
        assert copy.parent is not None and copy.parent.revision_id == second.pk
        assert [(each.year, each.value) for each in copy.targets.all()] == [(2025, 1.0), (2026, 2.0)]
        assert [each.key for each in copy.milestones.all()] == [each.key for each in original.milestones.all()]
        assert [each.on_key for each in copy.dependencies.all()] == [a.key]
        assert copy.risks.get().response == "Geser"
        assert copy.title_en == "B in English"

    def test_one_draft_at_a_time_and_every_change_has_a_reason(self, plan: Plan, planner: Actor) -> None:
        first = new_draft(plan, "A")
        with pytest.raises(Conflict) as refusal:
            operations.start_revision(actor=planner, plan=plan)
        assert refusal.value.code == "open_revision"
        decide(first)
        with pytest.raises(Invalid):
            operations.start_revision(actor=planner, plan=plan)
        assert operations.start_revision(actor=planner, plan=plan, reason="Pemeriksaan BPK").number == 2

    def test_a_decision_supersedes_the_last_revision_the_day_before(
        self, plan: Plan, planner: Actor, head: Actor
    ) -> None:
        first = decide(new_draft(plan, "A"), date(2025, 1, 2))
        second = operations.start_revision(actor=planner, plan=plan, reason="Ada aksi baru")
        second = operations.propose_revision(actor=planner, revision=second, edits=second.edits)
        with pytest.raises(Invalid) as refusal:
            operations.put_in_force(actor=head, revision=second, decision="Perwali 9/2026", decided_on=date(2025, 1, 2))
        assert refusal.value.code == "overlap"
        operations.put_in_force(
            actor=head,
            revision=second,
            decision="Perwali 9/2026",
            decided_on=date(2026, 3, 1),
            in_force_from=date(2026, 4, 1),
        )
        first.refresh_from_db()
        assert (first.state, first.in_force_to) == (states.SUPERSEDED, date(2026, 3, 31))
        assert queries.revision_on(plan, date(2026, 3, 31)) == first
        assert queries.revision_on(plan, date(2026, 4, 1)) == second
        assert queries.revision_on(plan, date(2025, 1, 1)) is None
        event = OutboxEvent.objects.filter(type="masterplan.revision_in_force.v1").latest("time")
        assert event.data["decision"] == "Perwali 9/2026" and event.data["parts"] == 3

    def test_four_eyes(self, plan: Plan, planner: Actor, actor_with: Callable[..., Any]) -> None:
        draft = new_draft(plan, "A")
        draft = operations.propose_revision(actor=planner, revision=draft, edits=draft.edits)
        when = {"decision": "Perwali 1/2025", "decided_on": date(2025, 1, 2)}
        with pytest.raises(Denied, match="sendiri"):
            operations.put_in_force(actor=planner, revision=draft, **when)
        other = actor_with("planner", username="bappeda-2")
        assert operations.put_in_force(actor=other, revision=draft, **when).state == states.IN_FORCE

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"decision": " "}, "decision"),
            ({"decided_on": date.today() + timedelta(days=2)}, "decided_on"),
            ({"in_force_from": date(2024, 12, 31)}, "in_force_from"),
            ({"in_force_from": date(2031, 1, 1)}, "in_force_from"),
        ],
    )
    def test_a_decision_has_a_number_and_days_that_can_be(
        self, plan: Plan, head: Actor, given: dict[str, Any], field: str
    ) -> None:
        draft = new_draft(plan, "A")
        draft = operations.propose_revision(actor=MACHINE, revision=draft, edits=draft.edits)
        values = {"decision": "Perwali 1/2025", "decided_on": date(2025, 1, 2)} | given
        with pytest.raises(Invalid) as refusal:
            operations.put_in_force(actor=head, revision=draft, **values)
        assert refusal.value.field == field
        draft.refresh_from_db()
        assert draft.state == states.PROPOSED

    def test_back_to_the_draft_with_a_reason(self, plan: Plan, planner: Actor, head: Actor, reporter: Actor) -> None:
        draft = new_draft(plan, "A")
        draft = operations.propose_revision(actor=planner, revision=draft, edits=draft.edits)
        with pytest.raises(Conflict):
            operations.add_part(actor=planner, revision=draft, kind="goal", values={"title": "Lagi"})
        with pytest.raises(Denied):
            operations.return_revision(actor=reporter, revision=draft, reason="Tidak")
        with pytest.raises(Invalid):
            operations.return_revision(actor=head, revision=draft, reason="")
        operations.return_revision(actor=head, revision=draft, reason="Pagu belum pas")
        draft.refresh_from_db()
        assert (draft.state, draft.returned_reason, draft.proposed_by_id) == (states.DRAFT, "Pagu belum pas", "")
        operations.add_part(actor=planner, revision=draft, kind="goal", values={"title": "Lagi"})

    def test_dropped_it_stays_readable_and_the_next_can_begin(self, plan: Plan, planner: Actor) -> None:
        draft = new_draft(plan, "A")
        operations.drop_revision(actor=planner, revision=draft, reason="Salah berkas")
        assert queries.open_revision(plan) is None
        assert found(draft, "A").title == "A"
        assert operations.start_revision(actor=planner, plan=plan).number == 2
        with pytest.raises(Conflict):
            operations.drop_revision(actor=planner, revision=draft, reason="Sekali lagi")

    def test_who_proposes_has_seen_it_all(self, plan: Plan, planner: Actor) -> None:
        draft = new_draft(plan, "A")
        seen = draft.edits
        a = found(draft, "A")
        operations.change_part(actor=MACHINE, part=a, edits=a.edits, values={"title": "A2"})
        with pytest.raises(Conflict) as refusal:
            operations.propose_revision(actor=planner, revision=draft, edits=seen)
        assert refusal.value.code == "too_late"


class TestMissing:
    def test_an_empty_plan(self, plan: Plan, planner: Actor) -> None:
        draft = operations.start_revision(actor=planner, plan=plan)
        with pytest.raises(operations.Incomplete) as refusal:
            operations.propose_revision(actor=planner, revision=draft, edits=draft.edits)
        assert [each.code for each in refusal.value.problems] == ["no_actions"]
        for language, words in (("en", "no action yet"), ("id", "belum punya aksi")):
            with translation.override(language):
                assert words in str(refusal.value.message)

    @pytest.mark.parametrize(
        ("values", "code"),
        [
            ({"agency_code": ""}, "no_agency"),
            ({"targets": {}}, "no_target"),
            ({"dimension": ""}, "no_dimension"),
            ({"subdimension": "mobility"}, "subdimension"),
            ({"unit": ""}, "no_unit"),
            ({"direction": ""}, "no_direction"),
            ({"first_year": 2026}, "outside"),
            ({"milestones": [{"title": "M", "due_on": date(2033, 1, 1)}]}, "milestone_outside"),
            ({"dependencies": [{"on_key": uuid.uuid4()}]}, "dependency_gone"),
        ],
    )
    def test_an_action(self, plan: Plan, values: dict[str, Any], code: str) -> None:
        draft = new_draft(plan, "A")
        a = found(draft, "A")
        operations.change_part(actor=MACHINE, part=a, edits=a.edits, values=values)
        assert codes(draft) == [code]
        draft.refresh_from_db()
        with pytest.raises(operations.Incomplete) as refusal:
            operations.propose_revision(actor=MACHINE, revision=draft, edits=draft.edits)
        assert refusal.value.item == str(a.key)

    def test_goals_and_programmes_hold_something(self, plan: Plan) -> None:
        draft = new_draft(plan, "A")
        operations.add_part(actor=MACHINE, revision=draft, kind="goal", values={"title": "Kosong"})
        assert codes(draft) == ["empty"]

    def test_an_agency_that_is_no_more(self, plan: Plan) -> None:
        from tepian.kernel.catalogue.versions import touch
        from tepian.kernel.organisations.models import Agency

        draft = new_draft(plan, "A")
        Agency.objects.filter(code="diskominfo").update(valid_to=date(2020, 1, 1))
        touch("organisations")
        assert codes(draft) == ["agency_gone"]

    def test_a_circle_names_its_actions_and_not_those_that_wait_for_it(self, plan: Plan) -> None:
        draft = new_draft(plan, "A", "B", "C", "D")
        for one, other in (("A", "B"), ("B", "C"), ("C", "A"), ("D", "A")):
            part = found(draft, one)
            operations.change_part(
                actor=MACHINE,
                part=part,
                edits=part.edits,
                values={"dependencies": [{"on_key": found(draft, other).key}]},
            )
        assert sorted(each.label[-1] for each in problems(draft) if each.code == "circle") == ["A", "B", "C"]

    def test_hints_do_not_stand_in_the_way(self, plan: Plan) -> None:
        draft = new_draft(plan, "A")
        a = found(draft, "A")
        operations.change_part(actor=MACHINE, part=a, edits=a.edits, values={"money": {}, "baseline": None})
        assert {each.code for each in problems(draft)} == {"no_money", "no_baseline"}
        decide(draft)


class TestReading:
    def test_what_is_not_there(self, plan: Plan) -> None:
        for call in (
            lambda: queries.plan_by("tidak-ada"),
            lambda: queries.revision_by(plan, 7),
            lambda: queries.part_by(new_draft(plan), uuid.uuid4()),
        ):
            with pytest.raises(NotFound):
                call()
        assert action_values()["title"] == "Aksi"
