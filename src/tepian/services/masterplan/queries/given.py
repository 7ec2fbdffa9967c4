"""A part before it is in the tables: read from a workbook, a blueprint or a city pack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from .. import states
from .differences import COMPARED, State


@dataclass(slots=True)
class Given:
    """`values` are the part's fields and lists by name; `where` is where it came from (a cell), for messages."""

    kind: str
    values: Mapping[str, Any]
    key: UUID | None = None
    below: list[Given] = field(default_factory=list)
    where: str = ""


def actions(goals: list[Given]) -> Iterator[Given]:
    for goal in goals:
        for programme in goal.below:
            yield from (each for each in programme.below if each.kind == states.ACTION)


def values_of(state: State) -> dict[str, Any]:
    """Everything that a part has, as it can be given again."""
    values: dict[str, Any] = dict(zip(COMPARED, state.fields, strict=True))
    if state.kind == states.ACTION:
        values |= {
            "targets": state.targets,
            "money": state.money,
            "milestones": [
                {"key": key, "title": title, "due_on": due, "weight": weight}
                for key, (title, due, weight) in state.milestones.items()
            ],
            "risks": [
                {"text": text, "likelihood": likelihood, "severity": severity, "response": response}
                for text, (likelihood, severity, response) in state.risks.items()
            ],
            "dependencies": [{"on_key": key, "note": note} for key, note in state.dependencies.items()],
        }
    return values


def state_with(state: State, values: Mapping[str, Any]) -> State:
    """The state as it would be with these values, as they are given to a change."""
    fields = tuple(
        values[name] if name in values and (name != "code" or values[name]) else old
        for name, old in zip(COMPARED, state.fields, strict=True)
    )
    made = State(state.key, state.kind, state.parent, fields, milestones=state.milestones)
    if state.kind == states.ACTION:
        made.targets = {year: value for year, value in values.get("targets", {}).items() if value is not None}
        made.money = {line: amount for line, amount in values.get("money", {}).items() if amount is not None}
        made.milestones = {
            each.get("key") or uuid4(): (each["title"], each["due_on"], int(each["weight"]))
            for each in values.get("milestones", [])
            if each["due_on"]
        }
        made.risks = {
            each["text"]: (each["likelihood"], each["severity"], each["response"]) for each in values.get("risks", [])
        }
        made.dependencies = {each["on_key"]: each["note"] for each in values.get("dependencies", [])}
    return made
