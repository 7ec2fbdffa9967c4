"""What a draft lacks before it can be proposed. Every finding names its part; hints do not stand in the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.catalogue.city import today
from tepian.kernel.organisations import queries as organisations

from .. import states
from ..models import Part, Plan, Revision
from .plan import parts

LEVELS = {states.GOAL: None, states.PROGRAMME: states.GOAL, states.ACTION: states.PROGRAMME}  # kind → its parent's
EMPTY = {
    states.GOAL: _("This goal has no programme yet. Add one, or remove the goal."),
    states.PROGRAMME: _("This programme has no action yet. Add one, or remove the programme."),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """`key` is the part's, None for the plan as a whole. `hint`: worth a look, but no obstacle."""

    code: str
    sentence: Any
    key: UUID | None = None
    label: str = ""
    hint: bool = False

    def __str__(self) -> str:
        return f"{self.label}: {self.sentence}" if self.label else str(self.sentence)


def problems(revision: Revision, rows: list[Part] | None = None) -> list[Problem]:
    """All findings in the plan's order; obstacles and hints. `rows`: the parts, where they were read already."""
    rows = list(parts(revision)) if rows is None else rows
    plan = revision.plan
    found = list(_whole(rows))
    codes = Counter(row.code for row in rows)
    keys = {row.key for row in rows if row.kind == states.ACTION}
    used = {row.parent_id for row in rows}
    names = {each["code"]: {part["code"] for part in each.get("parts", [])} for each in plan.framework.dimensions}
    for row in rows:
        found += [
            Problem(code, sentence, row.key, str(row), hint)
            for code, sentence, hint in (
                *_place(row, used, codes),
                *(_action(row, plan, names, keys) if row.kind == states.ACTION else ()),
            )
        ]
    return found + _circles(rows)


def obstacles(revision: Revision) -> list[Problem]:
    return [each for each in problems(revision) if not each.hint]


def _whole(rows: list[Part]) -> Iterator[Problem]:
    if not any(row.kind == states.ACTION for row in rows):
        yield Problem("no_actions", _("The plan has no action yet."))


Found = tuple[str, Any, bool]


def _place(row: Part, used: set[int | None], codes: Counter[str]) -> Iterator[Found]:
    wanted = LEVELS[row.kind]
    parent = row.parent.kind if row.parent else None
    if parent != wanted:
        yield "wrong_parent", _("It hangs on the wrong part: a goal holds programmes, a programme actions."), False
    if row.kind != states.ACTION and row.pk not in used:
        yield "empty", EMPTY[row.kind], False
    if codes[row.code] > 1:
        yield "code_twice", format_lazy(_("The number {code} is there more than once."), code=row.code), False


def _action(row: Part, plan: Plan, names: dict[str, set[str]], keys: set[UUID]) -> Iterator[Found]:
    yield from _agency(row)
    if row.dimension not in names:
        yield "no_dimension", _("It belongs to no dimension of the plan. Choose one."), False
    elif row.subdimension and row.subdimension not in names[row.dimension]:
        yield "subdimension", _("Its sub-dimension belongs to another dimension. Choose again."), False
    targets, milestones = list(row.targets.all()), list(row.milestones.all())
    if not targets and not milestones:
        yield "no_target", _("It has neither a target nor a milestone: nobody could say whether it is reached."), False
    if targets and not row.unit:
        yield "no_unit", _("Its targets have no unit. Write what is counted."), False
    if targets and not row.direction:
        yield "no_direction", _("It is not said whether more or less is better."), False
    first, last = row.first_year or plan.first_year, row.last_year or plan.last_year
    dated = [each.year for each in targets] + [each.year for each in row.money.all() if each.amount]
    if any(not first <= each <= last for each in dated):
        yield (
            "outside",
            format_lazy(
                _("It runs from {first} to {last}, but has targets or money of other years."), first=first, last=last
            ),
            False,
        )
    if any(not first <= each.due_on.year <= last for each in milestones):
        yield "milestone_outside", _("A milestone lies outside its years."), False
    if any(each.on_key not in keys for each in row.dependencies.all()):
        yield "dependency_gone", _("It waits for an action that is no longer in the plan."), False
    if not row.money.all():
        yield "no_money", _("No money is written for it."), True
    if targets and row.baseline is None:
        yield "no_baseline", _("It is not said where it starts from; progress then counts from 0."), True


def _agency(row: Part) -> Iterator[Found]:
    agency = organisations.chart().agencies.get(row.agency_code)
    if agency is None:
        yield "no_agency", _("No agency is responsible. Choose one."), False
    elif not agency.exists(today()):
        yield (
            "agency_gone",
            format_lazy(_("{agency} is no more. Choose the agency that does it now."), agency=agency.label),
            False,
        )


def _circles(rows: Iterable[Part]) -> list[Problem]:
    """Every action that waits for itself through others; looked for without recursion, for chains may be long."""
    actions = {row.key: row for row in rows if row.kind == states.ACTION}
    edges = {
        key: [each.on_key for each in row.dependencies.all() if each.on_key in actions] for key, row in actions.items()
    }
    # Kahn: what is left when everything that waits for nothing has been taken away; then the same from the other side,
    # so that what merely waits for a circle is not blamed.
    left = _without_ends(edges)
    back: dict[UUID, list[UUID]] = {key: [] for key in left}
    for key in left:
        for on in edges[key]:
            if on in left:
                back[on].append(key)
    ring = _without_ends(back)
    return [
        Problem(
            "circle",
            _("It waits for itself in a circle of actions. Take one of the dependencies out."),
            key,
            str(actions[key]),
        )
        for key in actions
        if key in ring
    ]


def _without_ends(edges: dict[UUID, list[UUID]]) -> set[UUID]:
    """The nodes that remain when those whose edges all lead to removed ones are taken away, again and again."""
    waiting = {key: len(each) for key, each in edges.items()}
    users: dict[UUID, list[UUID]] = {key: [] for key in edges}
    for key, each in edges.items():
        for on in each:
            users[on].append(key)
    free = [key for key, count in waiting.items() if not count]
    while free:
        key = free.pop()
        for user in users[key]:
            waiting[user] -= 1
            if not waiting[user]:
                free.append(user)
    return {key for key, count in waiting.items() if count > 0}
