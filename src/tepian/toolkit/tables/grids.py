"""The cells of one sheet as they lie, before anything is understood, and what is known beside their values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from .parts import Finding, Limits, Unreadable, address
from .values import Raw

Place = tuple[int, int]  # row and column, from 1
Merge = tuple[int, int, int, int]  # first row, first column, last row, last column


class Format(NamedTuple):
    """What the cell's number format tells beyond its value."""

    percent: bool = False
    unit: str = ""


@dataclass(slots=True)
class Facts:
    """What the file says about cells beside their values. Readers of values do not tell it, so the parts are looked at."""

    formats: dict[Place, Format] = field(default_factory=dict)
    errors: dict[Place, str] = field(default_factory=dict)
    booleans: set[Place] = field(default_factory=set)
    texts: dict[Place, str] = field(default_factory=dict)  # results that the reader of values gets wrong
    formulas: set[Place] = field(default_factory=set)  # whose empty result means "never computed"
    computed: int = 0
    calls_out: dict[Place, str] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)
    hidden_rows: int = 0
    first_row: int = 0
    last_row: int = 0
    last_column: int = 0
    filled: int = 0

    def used(self, row: int, column: int) -> None:
        if not self.first_row or row < self.first_row:
            self.first_row = row
        if row > self.last_row:
            self.last_row = row
        if column > self.last_column:
            self.last_column = column

    def check(self, sheet: str, limits: Limits) -> None:
        """Raise `Unreadable` when the reader of values would have to allot more than the limits allow."""
        if self.last_column > limits.columns:
            raise Unreadable("too_many_columns", sheet=sheet, count=self.last_column, limit=limits.columns)
        area = (self.last_row - self.first_row + 1) * self.last_column
        if area > limits.area:
            raise Unreadable("area_too_large", sheet=sheet, count=area, limit=limits.area)
        if self.filled > limits.cells:
            raise Unreadable("too_many_cells", limit=limits.cells)


@dataclass(slots=True)
class Grid:
    """Rows by their line number; only lines with something in them are kept, each from column 1 on and `width` long."""

    sheet: str
    rows: dict[int, list[Raw]] = field(default_factory=dict)
    width: int = 0
    facts: Facts = field(default_factory=Facts)
    unvalued: set[Place] = field(default_factory=set)
    fields: dict[int, int] = field(default_factory=dict)  # line → number of fields it came with; text files only
    is_text: bool = False
    since_1904: bool = False
    findings: list[Finding] = field(default_factory=list)

    def fill(self, rows: Iterable[list[Raw]], limits: Limits, *, left: int = 0, taken: int = 0) -> int:
        """Take over the rows of a reader, `left` columns to the right; returns how many cells are filled."""
        count = taken
        for line, row in enumerate(rows, 1):
            kept: list[Raw] = ["" if cell.__class__ is str and (not cell or cell.isspace()) else cell for cell in row]  # type: ignore[union-attr]
            filled = len(kept) - kept.count("")
            if not filled:
                continue
            if (count := count + filled) > limits.cells:
                raise Unreadable("too_many_cells", limit=limits.cells)
            self.rows[line] = [""] * left + kept if left else kept
            if len(kept) + left > self.width:
                self.width = len(kept) + left
        for row in self.rows.values():
            if len(row) < self.width:
                row.extend([""] * (self.width - len(row)))
        return count

    def settle(self) -> None:
        """Put right what the reader of values does not tell: errors, truth values, formulas without a result."""
        facts = self.facts
        for line, column in facts.booleans:
            if self._has(line, column) and isinstance(cell := self.rows[line][column - 1], float):
                self.rows[line][column - 1] = bool(cell)
        for (line, column), text in (*facts.texts.items(), *facts.errors.items()):
            self._put(line, column, text)
        for line, column in facts.formulas - facts.errors.keys() - facts.texts.keys():
            if not self._has(line, column) or self.rows[line][column - 1] == "":
                self.unvalued.add((line, column))
                self._put(line, column, "")
        self.rows = dict(sorted(self.rows.items()))
        if facts.computed:
            self.note("info", "computed", count=facts.computed)
        if facts.hidden_rows:
            self.note("info", "hidden_rows", count=facts.hidden_rows)
        for (line, column), formula in facts.calls_out.items():
            self.note("warning", "formula_calls_out", address(line, column), formula=formula[:200])

    def note(self, level: str, code: str, where: str = "", **params: object) -> None:
        self.findings.append(Finding(level, code, where, self.sheet, params))

    def _has(self, line: int, column: int) -> bool:
        return line in self.rows and column <= len(self.rows[line])

    def _put(self, line: int, column: int, text: str) -> None:
        if column > self.width:
            for row in self.rows.values():
                row.extend([""] * (column - self.width))
            self.width = column
        row = self.rows.setdefault(line, [""] * self.width)
        row[column - 1] = text
