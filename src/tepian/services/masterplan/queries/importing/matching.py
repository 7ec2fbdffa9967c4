"""Which parts of the draft a workbook's parts are: keys stay, so that reports stay with their action, and what the
workbook has no column for stays as it was."""

from __future__ import annotations

from uuid import UUID

from rapidfuzz import fuzz, process

from tepian.kernel.regions.folding import fold

from ... import states
from ..differences import State, Tree
from ..given import Given, actions, values_of
from .understanding import Meanings, Trouble

ALIKE = 84.0  # likeness of two names from which a person is asked whether they are the same, from 0 to 100
NEW = "new"


def matched(goals: list[Given], present: Tree, meanings: Meanings, *, remove_missing: bool) -> list[Trouble]:
    """Give the parts their keys and the rest of their values; append what the workbook lacks unless it is to go. Returns
    the questions that only a person can answer."""
    left = dict(present)
    for kind, rows in (
        (states.GOAL, goals),
        (states.PROGRAMME, [each for goal in goals for each in goal.below]),
        (states.ACTION, list(actions(goals))),
    ):
        _by_name(kind, rows, left)
    troubles = _alike(list(actions(goals)), left, meanings)
    for each in [*goals, *(part for goal in goals for part in goal.below), *actions(goals)]:
        if each.key in present:
            state = present[each.key]
            # Without a number in the file the part keeps its own.
            told = {name: value for name, value in each.values.items() if name != "code" or value}
            each.values = {**values_of(state), **told}
    if not remove_missing:
        _keep(goals, left, present)
    return troubles


def _by_name(kind: str, rows: list[Given], left: dict[UUID, State]) -> None:
    by_title: dict[str, list[UUID]] = {}
    for key, state in left.items():
        if state.kind == kind:
            by_title.setdefault(fold(state["title"]), []).append(key)
    for row in rows:
        if same := by_title.get(fold(str(row.values["title"])), []):
            row.key = same.pop(0)
            del left[row.key]


def _alike(rows: list[Given], left: dict[UUID, State], meanings: Meanings) -> list[Trouble]:
    """A name that is almost the same, or the same number: nobody but a person knows whether it is the same action. A wrong
    guess would give one action the reports of another."""
    troubles = []
    names = {key: fold(state["title"]) for key, state in left.items() if state.kind == states.ACTION}
    for row in rows:
        if row.key is not None or not names:
            continue
        title = str(row.values["title"])
        answer = meanings.get(("same", title))
        if answer == NEW:
            continue
        chosen = next((each for each in names if str(each) == answer), None)
        if chosen is not None:
            row.key = chosen
            del names[chosen], left[chosen]
            continue
        scored = process.extract(fold(title), names, scorer=fuzz.token_sort_ratio, limit=3, score_cutoff=ALIKE)
        likely = [key for _name, _score, key in scored]
        code = str(row.values.get("code") or "")
        likely += [key for key in names if code and left[key]["code"] == code and key not in likely]
        if likely:
            suggestions = [(str(key), left[key].label) for key in likely]
            troubles.append(Trouble("same", "same", title, 1, [row.where], suggestions))
    return troubles


def _keep(goals: list[Given], left: dict[UUID, State], present: Tree) -> None:
    """What the workbook does not have stays where it was."""
    made: dict[UUID, Given] = {
        each.key: each for each in [*goals, *(part for goal in goals for part in goal.below)] if each.key is not None
    }
    for key, state in present.items():
        if key not in left:
            continue
        made[key] = Given(state.kind, values_of(state), key)
        above = made.get(state.parent) if state.parent else None
        (above.below if above is not None else goals).append(made[key])
