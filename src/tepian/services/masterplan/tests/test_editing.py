"""Parts of a draft: what they may hold, where they hang, and two planners at once."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection

from tepian.kernel.actors import Actor, Conflict, Denied, Invalid, NotFound

from .. import operations, queries, states
from ..models import Part, Plan, Revision
from .draft import MACHINE, action_values, decide, found, new_draft, new_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(contoh: Any) -> Plan:
    return new_plan()


def numbers(revision: Revision) -> list[str]:
    return [f"{part.code} {part.title}" for part in queries.parts(revision)]


class TestFields:
    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"title": "  "}, "title"),
            ({"title": "x" * 301}, "title"),
            ({"dimension": "moon"}, "dimension"),
            ({"subdimension": "moon"}, "subdimension"),
            ({"agency_code": "tidak-ada"}, "agency_code"),
            ({"direction": "sideways"}, "direction"),
            ({"rule": "mean"}, "rule"),
            ({"first_year": 2020}, "first_year"),
            ({"first_year": 2028, "last_year": 2026}, "last_year"),
            ({"weight": 0}, "weight"),
            ({"weight": 1.5}, "weight"),
            ({"baseline": float("nan")}, "baseline"),
            ({"baseline": "many"}, "baseline"),
            ({"tolerance": 101}, "tolerance"),
            ({"planning_code": "1.01.01.2"}, "planning_code"),
            ({"planning_code": "10.1.1"}, "planning_code"),
            ({"targets": {2031: 4}}, "targets"),
            ({"targets": {2025: float("inf")}}, "targets"),
            ({"money": {(2025, "APBD"): -1}}, "money"),
            ({"money": {(2025, "APBD"): 0.5}}, "money"),
            ({"money": {(2025, "bank"): 1}}, "money"),
            ({"milestones": [{"title": "M"}]}, "milestones"),
            ({"milestones": [{"title": "", "due_on": date(2025, 1, 1)}]}, "milestones"),
            ({"risks": [{"text": "R", "likelihood": 6, "severity": 1}]}, "risks"),
            ({"risks": [{"text": "R", "likelihood": 1, "severity": 1}] * 2}, "risks"),
            ({"unheard_of": 1}, "unheard_of"),
        ],
    )
    def test_bad_values_are_refused_at_their_field(self, plan: Plan, values: dict[str, Any], field: str) -> None:
        draft = new_draft(plan, "A")
        a = found(draft, "A")
        with pytest.raises(Invalid) as refusal:
            operations.change_part(actor=MACHINE, part=a, edits=a.edits, values=values)
        assert refusal.value.field == field
        assert found(draft, "A").edits == a.edits

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("1.01.01.2.02.0001", "1.01.01.2.02.0001"),
            (" 2.16 ", "2.16"),
            ("2.16.02", "2.16.02"),
            ("2.16.02.2.01", "2.16.02.2.01"),
            ("2-16-02-2-01-03", "2.16.02.2.01.03"),
            ("x.xx.01.2.01.0001", "X.XX.01.2.01.0001"),
            ("1", "1"),
            ("", ""),
        ],
    )
    def test_planning_codes_end_at_any_level(self, plan: Plan, text: str, kept: str) -> None:
        draft = new_draft(plan, "A")
        a = found(draft, "A")
        operations.change_part(actor=MACHINE, part=a, edits=a.edits, values={"planning_code": text})
        assert found(draft, "A").planning_code == kept

    def test_goals_and_programmes_are_not_measured(self, plan: Plan) -> None:
        draft = new_draft(plan, "A")
        goal = draft.parts.get(kind=states.GOAL)
        for values in (
            {"targets": {2025: 1}},
            {"unit": "orang"},
            {"milestones": [{"title": "M", "due_on": date.today()}]},
        ):
            with pytest.raises(Invalid) as refusal:
                operations.change_part(actor=MACHINE, part=goal, edits=goal.edits, values=values)
            assert refusal.value.code == "not_an_action"

    def test_an_action_does_not_wait_for_itself(self, plan: Plan) -> None:
        draft = new_draft(plan, "A")
        a = found(draft, "A")
        with pytest.raises(Invalid) as refusal:
            operations.change_part(actor=MACHINE, part=a, edits=a.edits, values={"dependencies": [{"on_key": a.key}]})
        assert refusal.value.code == "waits_for_itself"

    def test_what_is_not_given_stays_and_the_same_again_is_no_change(self, plan: Plan) -> None:
        draft = new_draft(plan, "A")
        a = found(draft, "A")
        operations.change_part(actor=MACHINE, part=a, edits=a.edits, values={"title": "A baru"})
        a = found(draft, "A baru")
        assert {each.year: each.value for each in a.targets.all()} == {2025: 1.0, 2026: 2.0}
        before = a.edits
        operations.change_part(actor=MACHINE, part=a, edits=before, values=action_values("A baru"))
        assert found(draft, "A baru").edits == before

    def test_a_milestone_keeps_its_key_when_it_changes(self, plan: Plan) -> None:
        draft = new_draft(plan, "A")
        a = found(draft, "A")
        operations.change_part(
            actor=MACHINE,
            part=a,
            edits=a.edits,
            values={"milestones": [{"title": "Lelang", "due_on": date(2025, 3, 1)}]},
        )
        a = found(draft, "A")
        key = a.milestones.get().key
        operations.change_part(
            actor=MACHINE,
            part=a,
            edits=a.edits,
            values={"milestones": [{"key": key, "title": "Lelang umum", "due_on": date(2025, 4, 1)}]},
        )
        assert found(draft, "A").milestones.get().key == key


class TestTree:
    def test_numbers_come_by_themselves(self, plan: Plan) -> None:
        draft = new_draft(plan, "A", "B")
        goal = operations.add_part(actor=MACHINE, revision=draft, kind="goal", values={"title": "Tujuan lain"})
        below = operations.add_part(
            actor=MACHINE, revision=draft, kind="programme", parent=goal.key, values={"title": "Program lain"}
        )
        operations.add_part(actor=MACHINE, revision=draft, kind="action", parent=below.key, values={"title": "C"})
        assert numbers(draft) == [
            "1 Tujuan",
            "1.1 Program",
            "1.1.01 A",
            "1.1.02 B",
            "2 Tujuan lain",
            "2.1 Program lain",
            "2.1.01 C",
        ]

    def test_an_action_takes_over_what_its_programme_says(self, plan: Plan) -> None:
        draft = new_draft(plan)
        programme = draft.parts.get(kind=states.PROGRAMME)
        operations.change_part(
            actor=MACHINE, part=programme, edits=1, values={"dimension": "living", "agency_code": "dinkes"}
        )
        action = operations.add_part(
            actor=MACHINE, revision=draft, kind="action", parent=programme.key, values={"title": "A"}
        )
        assert (action.dimension, action.agency_code) == ("living", "dinkes")

    @pytest.mark.parametrize(
        ("kind", "under"),
        [("goal", "goal"), ("programme", None), ("programme", "programme"), ("action", "goal"), ("action", None)],
    )
    def test_every_kind_has_its_place(self, plan: Plan, kind: str, under: str | None) -> None:
        draft = new_draft(plan)
        parent = draft.parts.get(kind=under).key if under else None
        with pytest.raises(Invalid) as refusal:
            operations.add_part(actor=MACHINE, revision=draft, kind=kind, parent=parent, values={"title": "X"})
        assert refusal.value.code == "wrong_parent"
        with pytest.raises(NotFound):
            operations.add_part(
                actor=MACHINE, revision=draft, kind="action", parent=uuid.uuid4(), values={"title": "X"}
            )
        with pytest.raises(Invalid):
            operations.add_part(actor=MACHINE, revision=draft, kind="dream", values={"title": "X"})

    def test_a_number_is_taken_once(self, plan: Plan) -> None:
        draft = new_draft(plan, "A", "B")
        b = found(draft, "B")
        with pytest.raises(Invalid) as refusal:
            operations.change_part(actor=MACHINE, part=b, edits=b.edits, values={"code": "1.1.01"})
        assert refusal.value.code == "code_taken"
        operations.change_part(actor=MACHINE, part=b, edits=b.edits, values={"code": "1.1.1a"})
        assert found(draft, "B").code == "1.1.1a"

    def test_moving_up_and_elsewhere(self, plan: Plan) -> None:
        draft = new_draft(plan, "A", "B", "C")
        a, c = found(draft, "A"), found(draft, "C")
        operations.move_part(actor=MACHINE, part=c, edits=c.edits, parent=a.parent.key, before=a.key)
        assert [part.title for part in queries.parts(draft)][2:] == ["C", "A", "B"]
        goal = draft.parts.get(kind=states.GOAL)
        other = operations.add_part(
            actor=MACHINE, revision=draft, kind="programme", parent=goal.key, values={"title": "Lain"}
        )
        a = found(draft, "A")
        operations.move_part(actor=MACHINE, part=a, edits=a.edits, parent=other.key)
        assert numbers(draft)[-2:] == ["1.2 Lain", "1.2.01 A"]
        with pytest.raises(Conflict):
            operations.move_part(actor=MACHINE, part=found(draft, "B"), edits=1, parent=other.key, before=c.key)

    def test_a_programme_moves_with_its_actions(self, plan: Plan) -> None:
        draft = new_draft(plan, "A")
        goal = operations.add_part(actor=MACHINE, revision=draft, kind="goal", values={"title": "Dua"})
        programme = draft.parts.get(kind=states.PROGRAMME)
        operations.move_part(actor=MACHINE, part=programme, edits=programme.edits, parent=goal.key)
        assert numbers(draft) == ["1 Tujuan", "2 Dua", "2.1 Program", "2.1.01 A"]

    def test_removing_says_how_much_goes(self, plan: Plan) -> None:
        draft = new_draft(plan, "A", "B")
        programme = draft.parts.get(kind=states.PROGRAMME)
        with pytest.raises(Conflict):
            operations.remove_part(actor=MACHINE, part=programme, edits=programme.edits)
        assert operations.remove_part(actor=MACHINE, part=programme, edits=programme.edits, with_parts=2) == 3
        assert numbers(draft) == ["1 Tujuan"]

    def test_what_is_in_force_never_changes(self, plan: Plan) -> None:
        first = decide(new_draft(plan, "A"))
        a = found(first, "A")
        for call in (
            lambda: operations.change_part(actor=MACHINE, part=a, edits=a.edits, values={"title": "B"}),
            lambda: operations.move_part(actor=MACHINE, part=a, edits=a.edits, parent=a.parent.key),
            lambda: operations.remove_part(actor=MACHINE, part=a, edits=a.edits),
            lambda: operations.add_part(actor=MACHINE, revision=first, kind="goal", values={"title": "B"}),
        ):
            with pytest.raises(Conflict) as refusal:
                call()
            assert refusal.value.code == "moved_on"

    def test_only_planners(self, plan: Plan, reporter: Actor, verifier: Actor) -> None:
        draft = new_draft(plan, "A")
        a = found(draft, "A")
        for actor in (reporter, verifier):
            with pytest.raises(Denied):
                operations.change_part(actor=actor, part=a, edits=a.edits, values={"title": "B"})
            with pytest.raises(Denied):
                operations.remove_part(actor=actor, part=a, edits=a.edits)
            with pytest.raises(Denied):
                operations.move_part(actor=actor, part=a, edits=a.edits, parent=None)
            with pytest.raises(Denied):
                operations.add_part(actor=actor, revision=draft, kind="goal", values={"title": "B"})


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run together in threads; each gives its result or its error."""
    results: list[Any] = [None] * len(calls)
    barrier = threading.Barrier(len(calls))

    def run(number: int, call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[number] = call()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number, call)) for number, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_two_planners_on_two_actions_never_meet(self, plan: Plan) -> None:
        draft = new_draft(plan, "A", "B")
        a, b = found(draft, "A"), found(draft, "B")
        results = at_once(
            lambda: operations.change_part(actor=MACHINE, part=a, edits=a.edits, values={"description": "dari satu"}),
            lambda: operations.change_part(actor=MACHINE, part=b, edits=b.edits, values={"description": "dari dua"}),
        )
        assert [type(each) for each in results] == [Part, Part]
        assert {part.description for part in draft.parts.filter(kind="action")} == {"dari satu", "dari dua"}

    def test_on_the_same_action_the_slower_is_told(self, plan: Plan) -> None:
        draft = new_draft(plan, "A")
        a = found(draft, "A")
        results = at_once(
            *(
                lambda text=text: operations.change_part(
                    actor=MACHINE, part=a, edits=a.edits, values={"description": text}
                )
                for text in ("satu", "dua")
            )
        )
        assert sorted(type(each).__name__ for each in results) == ["Conflict", "Part"]

    def test_two_who_begin_a_change_get_one_draft(self, plan: Plan) -> None:
        results = at_once(*(lambda: operations.start_revision(actor=MACHINE, plan=plan) for _ in range(3)))
        assert sorted(type(each).__name__ for each in results) == ["Conflict", "Conflict", "Revision"]
        assert plan.revisions.count() == 1

    def test_two_who_decide_make_one_decision(self, plan: Plan) -> None:
        draft = new_draft(plan, "A")
        draft = operations.propose_revision(actor=MACHINE, revision=draft, edits=draft.edits)
        results = at_once(
            *(
                lambda number=number: operations.put_in_force(
                    actor=MACHINE, revision=draft, decision=f"Perwali {number}/2025", decided_on=date(2025, 1, 2)
                )
                for number in (1, 2)
            )
        )
        assert sorted(type(each).__name__ for each in results) == ["Conflict", "Revision"]
        assert plan.revisions.filter(state=states.IN_FORCE).count() == 1

    def test_proposed_while_another_edits(self, plan: Plan) -> None:
        draft = new_draft(plan, "A")
        a = found(draft, "A")
        results = at_once(
            lambda: operations.propose_revision(actor=MACHINE, revision=draft, edits=draft.edits),
            lambda: operations.change_part(actor=MACHINE, part=a, edits=a.edits, values={"targets": {}}),
        )
        assert sorted(isinstance(each, Conflict) for each in results) == [False, True]
        draft.refresh_from_db()
        if draft.state == states.PROPOSED:
            assert found(draft, "A").targets.count() == 2

    def test_two_who_add_get_two_numbers(self, plan: Plan) -> None:
        draft = new_draft(plan)
        programme = draft.parts.get(kind=states.PROGRAMME)
        at_once(
            *(
                lambda title=title: operations.add_part(
                    actor=MACHINE, revision=draft, kind="action", parent=programme.key, values={"title": title}
                )
                for title in ("A", "B", "C")
            )
        )
        assert sorted(draft.parts.filter(kind="action").values_list("code", flat=True)) == [
            "1.1.01",
            "1.1.02",
            "1.1.03",
        ]
        assert sorted(draft.parts.values_list("position", flat=True)) == [1, 2, 3, 4, 5]
