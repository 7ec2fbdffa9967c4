"""Wide to long: years, periods or categories that stand as headings become values of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .assembling import JOINED
from .parts import Cell, Table, Value, plain_value


@dataclass(frozen=True, slots=True)
class Long:
    """One value of a wide table. `keys` are the values of the columns that stay, `heading` what the melted column's
    heading says ("2020"), `measure` the rest of its labels ("Penduduk"), `cell` where it came from."""

    line: int
    keys: dict[str, Value]
    heading: str
    measure: str
    unit: str
    cell: Cell
    section: str = ""

    @property
    def value(self) -> Value:
        return self.cell.value

    def as_json(self) -> dict[str, Any]:
        return {
            "line": self.line,
            "keys": {name: plain_value(value) for name, value in self.keys.items()},
            "heading": self.heading,
            "measure": self.measure,
            "unit": self.unit,
            "section": self.section,
            **self.cell.as_json(),
        }


def melt(table: Table, columns: Sequence[str] | None = None, *, roles: Sequence[str] = ("data",)) -> tuple[Long, ...]:
    """One `Long` for each row and each melted column, row by row.

    `columns` names the columns to melt; without it those whose heading is a year or a period are. Rows of other roles than
    `roles` are left out, so that totals are not counted twice. Raises KeyError for an unknown name. An empty answer means
    that there was nothing to melt.
    """
    if columns is None:
        chosen = [index for index, column in enumerate(table.columns) if column.period]
    else:
        chosen = [table.column(name) for name in columns]
    kept = [index for index in range(len(table.columns)) if index not in set(chosen)]
    headings = {}
    for index in chosen:
        column = table.columns[index]
        own = column.labels[-1] if column.labels else column.name
        if columns is None:
            said = [label for label in column.labels if column.period[:4] in label]
            own = said[-1] if said else own
        measure = JOINED.join(label for label in column.labels if label != own and label.strip("() ") != column.unit)
        headings[index] = (column.period if columns is None else own), measure, column.unit
    found = []
    for row in table.rows:
        if row.role not in roles:
            continue
        keys = {table.columns[index].name: row.cells[index].value for index in kept}
        for index in chosen:
            heading, measure, unit = headings[index]
            found.append(Long(row.line, keys, heading, measure, unit, row.cells[index], row.section))
    return tuple(found)
