"""What reading gives: a book of tables, their columns, rows, cells and findings. Nothing here changes after it is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from .sentences import sentence

Value = str | Decimal | date | None
Plain = dict[str, Any]


def letters(column: int) -> str:
    """1 → "A", 27 → "AA"."""
    text = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def address(row: int, column: int) -> str:
    """The cell's name as the spreadsheet shows it; both count from 1."""
    return f"{letters(column)}{row}"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may ask for before it is refused. Sizes in bytes."""

    size: int = 50_000_000  # the file as it came
    unpacked: int = 400_000_000  # all parts of an archive together
    ratio: int = 250  # unpacked to packed, for parts of more than a megabyte
    entries: int = 5_000  # parts of an archive
    sheets: int = 200
    columns: int = 1_024
    area: int = 16_000_000  # rows times columns between the outermost cells of one sheet; readers allot all of it
    cells: int = 3_000_000  # filled cells of the whole book
    findings: int = 50  # of one kind in one table; the rest is counted in a last one


class Unreadable(Exception):
    """The file is refused; `code` and `params` say why, `sentence()` in words."""

    def __init__(self, code: str, **params: Any) -> None:
        self.code, self.params = code, params
        super().__init__(sentence(code, params))

    def sentence(self, language: str = "en") -> str:
        return sentence(self.code, self.params, language)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person should know. `level` is info, warning or error; `address` a cell ("B5"), an area or ""."""

    level: str
    code: str
    address: str = ""
    sheet: str = ""
    params: Plain = field(default_factory=dict)

    def sentence(self, language: str = "en") -> str:
        return sentence(self.code, self.params, language)

    def as_json(self) -> Plain:
        return {
            "level": self.level,
            "code": self.code,
            "address": self.address,
            "sheet": self.sheet,
            "params": self.params,
            "sentence": {language: self.sentence(language) for language in ("en", "id")},
        }


class Cell(NamedTuple):
    """One cell. `raw` is the text that the file has, `value` what it means, `missing` why there is no value.

    Reasons: empty, dash, ellipsis, not_available, nil, error, formula_without_value, merged, ambiguous, not_understood.
    `mark` keeps a footnote mark ("*)") that was taken off the value.
    """

    row: int
    column: int
    raw: str
    value: Value
    missing: str = ""
    mark: str = ""

    @property
    def address(self) -> str:
        return address(self.row, self.column)

    def as_json(self) -> Plain:
        found: Plain = {"address": self.address, "raw": self.raw, "value": plain_value(self.value)}
        if self.missing:
            found["missing"] = self.missing
        if self.mark:
            found["mark"] = self.mark
        return found


@dataclass(frozen=True, slots=True)
class Column:
    """`labels` are the header lines from top to bottom, `name` is unique within the table.

    `kind`: text, number, percent (value in per cent), date, year (Decimal) or period ("2024-01", "2024-Q1", "2023/2024").
    `decimal` is the decimal mark that the texts of the column prove: "," or "." or "" (none needed).
    `period` is the year or period that the heading itself names, for `melt`.
    """

    number: int  # in the sheet, from 1
    name: str
    labels: tuple[str, ...]
    kind: str
    unit: str = ""
    decimal: str = ""
    period: str = ""

    def as_json(self) -> Plain:
        return {
            "column": letters(self.number),
            "name": self.name,
            "labels": list(self.labels),
            "kind": self.kind,
            "unit": self.unit,
            "decimal": self.decimal,
            "period": self.period,
        }


@dataclass(frozen=True, slots=True)
class Row:
    """`role`: data, total, subtotal, average, section (a heading between rows) or rejected (see the finding of its line).

    `cells` stand in the order of the table's columns. `section` is the last heading above the row.
    """

    line: int
    role: str
    cells: tuple[Cell, ...]
    section: str = ""

    def as_json(self) -> Plain:
        return {
            "line": self.line,
            "role": self.role,
            "section": self.section,
            "cells": [cell.as_json() for cell in self.cells],
        }


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a sheet; `area` spans header and rows ("A5:H70"), titles stand above it, notes below."""

    sheet: str
    area: str
    titles: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    unit: str = ""

    def data(self) -> tuple[Row, ...]:
        """The rows that are neither totals nor headings nor rejected."""
        return tuple(row for row in self.rows if row.role == "data")

    def column(self, name: str) -> int:
        """Index of the column of this name. Raises KeyError."""
        for index, column in enumerate(self.columns):
            if column.name == name:
                return index
        raise KeyError(name)

    def as_json(self) -> Plain:
        return {
            "sheet": self.sheet,
            "area": self.area,
            "titles": list(self.titles),
            "unit": self.unit,
            "columns": [column.as_json() for column in self.columns],
            "rows": [row.as_json() for row in self.rows],
            "notes": list(self.notes),
            "findings": [finding.as_json() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class Book:
    """A read file. `kind`: xlsx, xls, ods, csv or html. `encoding` and `delimiter` are empty unless it is text."""

    name: str
    kind: str
    tables: tuple[Table, ...]
    findings: tuple[Finding, ...] = ()
    encoding: str = ""
    delimiter: str = ""

    def all_findings(self) -> tuple[Finding, ...]:
        return self.findings + tuple(finding for table in self.tables for finding in table.findings)

    def as_json(self) -> Plain:
        return {
            "name": self.name,
            "kind": self.kind,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "tables": [table.as_json() for table in self.tables],
            "findings": [finding.as_json() for finding in self.findings],
        }


def plain_value(value: Value) -> str | None:
    """For JSON: a number as its exact digits, a date as ISO 8601."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value
