"""What differs between two revisions, in words and in figures."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.utils import translation

from .. import operations, states
from ..models import Plan, Revision
from ..queries import differences
from ..queries.differences import ADDED, CHANGED, MOVED, REMOVED, Sentences, difference, tree_of
from .draft import MACHINE, action_values, decide, found, new_draft, new_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(contoh: Any) -> tuple[Plan, Revision, Revision]:
    """A plan with a revision in force and a copy of it to change."""
    plan = new_plan()
    first = new_draft(plan, "A", "B", "C")
    a = found(first, "A")
    operations.change_part(
        actor=MACHINE,
        part=a,
        edits=a.edits,
        values={"milestones": [{"title": "Lelang", "due_on": date(2025, 6, 1)}]},
    )
    decide(first)
    return plan, first, operations.start_revision(actor=MACHINE, plan=plan, reason="Berubah")


def change(revision: Revision, title: str, **values: Any) -> None:
    part = found(revision, title)
    operations.change_part(actor=MACHINE, part=part, edits=part.edits, values=values)


def said(plan: Plan, first: Revision, second: Revision) -> dict[str, list[str]]:
    with translation.override("en"):
        sentences = Sentences(plan)
        result = difference(tree_of(first), tree_of(second))
        return {each.part["title"]: [f"{each.how}", *sentences.all(each)] for each in result.changes}


def test_a_copy_does_not_differ(pair: tuple[Plan, Revision, Revision]) -> None:
    _plan, first, second = pair
    result = difference(tree_of(first), tree_of(second))
    assert result.changes == []
    assert result.counts == {"goal": (1, 1), "programme": (1, 1), "action": (3, 3)}
    assert [(each.year, each.source, each.before, each.after) for each in result.money] == [
        (2025, "APBD", 300_000_000, 300_000_000)
    ]


def test_everything_is_a_sentence_with_old_and_new(pair: tuple[Plan, Revision, Revision]) -> None:
    plan, first, second = pair
    b = found(second, "B")
    lelang = found(second, "A").milestones.get()
    change(
        second,
        "A",
        agency_code="bpbd",
        targets={2025: 3, 2027: 5},
        money={(2025, "APBD"): 50_000_000, (2026, "CSR"): 7_000_000},
        milestones=[
            {"key": lelang.key, "title": "Lelang", "due_on": date(2025, 8, 1)},
            {"title": "Serah terima", "due_on": date(2025, 12, 1)},
        ],
        risks=[{"text": "Banjir", "likelihood": 2, "severity": 3}],
        dependencies=[{"on_key": b.key}],
        description="Kata baru",
        quick_win=True,
        baseline=0.5,
    )
    lines = said(plan, first, second)
    assert list(lines) == ["A"]
    assert lines["A"] == [
        "changed",
        "Description is new: “Kata baru”.",
        "Agency was “Diskominfo” and is now “BPBD”.",
        "Quick win was “no” and is now “yes”.",
        "Where it starts from was “0” and is now “0.5”.",
        "The target for 2025 rises from 1 layanan to 3 layanan.",
        "The target for 2026 was taken out; it was 2 layanan.",
        "The target for 2027 is new: 5 layanan.",
        "Money of 2025, City budget (APBD), falls from Rp100,000,000 to Rp50,000,000.",
        "Money of 2026, Companies (CSR), is new: Rp7,000,000.",
        "Milestone “Lelang” moves from 1 June 2025 to 1 August 2025.",
        "Milestone “Serah terima” is new, for 1 December 2025.",
        "Risk “Banjir” is new.",
        "It now waits for “1.1.02 B”.",
    ]


def test_coming_going_and_moving(pair: tuple[Plan, Revision, Revision]) -> None:
    plan, first, second = pair
    goal = second.parts.get(kind=states.GOAL)
    other = operations.add_part(
        actor=MACHINE, revision=second, kind="programme", parent=goal.key, values={"title": "Program lain"}
    )
    b, c = found(second, "B"), found(second, "C")
    operations.move_part(actor=MACHINE, part=b, edits=b.edits, parent=other.key)
    operations.remove_part(actor=MACHINE, part=c, edits=c.edits)
    operations.add_part(
        actor=MACHINE, revision=second, kind="action", parent=other.key, values=action_values("D", money={})
    )
    result = difference(tree_of(first), tree_of(second))
    assert [(each.how, each.part["title"]) for each in result.changes] == [
        (ADDED, "Program lain"),
        (MOVED, "B"),
        (ADDED, "D"),
        (REMOVED, "C"),
    ]
    assert result.how_many() == {ADDED: 2, REMOVED: 1, MOVED: 1, CHANGED: 0}
    assert [(each.before, each.after) for each in result.money] == [(300_000_000, 200_000_000)]
    assert said(plan, first, second)["B"] == [
        "moved",
        "It moves from “1.1 Program” to “1.2 Program lain”.",
        "Number was “1.1.02” and is now “1.2.01”.",
    ]


def test_the_first_revision_against_nothing(pair: tuple[Plan, Revision, Revision]) -> None:
    _plan, first, _second = pair
    result = difference(tree_of(None), tree_of(first))
    assert result.how_many()[ADDED] == len(result.changes) == 5


def test_for_programs(pair: tuple[Plan, Revision, Revision]) -> None:
    plan, first, second = pair
    change(second, "A", targets={2025: 9, 2026: 2})
    told = differences.as_json(difference(tree_of(first), tree_of(second)), plan)
    assert told["counts"]["action"] == {"before": 3, "after": 3}
    assert told["changes"][0]["details"][0] | {"sentence": ""} == {
        "of": "targets", "item": 2025, "before": 1.0, "after": 9.0, "sentence": ""
    }  # fmt: skip


def test_it_asks_six_times_a_side_however_large(
    pair: tuple[Plan, Revision, Revision], django_assert_num_queries: Any
) -> None:
    _plan, first, second = pair
    with django_assert_num_queries(12):
        difference(tree_of(first), tree_of(second))
