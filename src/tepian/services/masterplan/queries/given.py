"""A part before it is in the tables: read from a workbook, a blueprint or a city pack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from .. import states


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
