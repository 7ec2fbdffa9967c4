"""The door: from a file to a book."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import layout
from .assembling import Told, table_of
from .opening import load, open_file
from .parts import Book, Finding, Limits, Table, Unreadable, address

LIMITS = Limits()


def read(
    source: Path | bytes, name: str, *, limits: Limits = LIMITS, decimal: str = "", day_first: bool | None = None
) -> Book:
    """Read all tables of a file. `name` is the file's name, as it came; what the file is, its content says.

    `decimal` ("," or ".") and `day_first` are a person's answer to the findings `ambiguous_numbers` and `ambiguous_dates`;
    they settle only what the file leaves open. Nothing in the file is run, and nothing outside it is opened.

    Raises `Unreadable` with a code and a sentence: empty_file, too_large, wrong_type, broken, encrypted, entities,
    archive_too_large, archive_ratio, archive_entries, archive_twice, too_many_sheets, too_many_columns, too_many_cells,
    area_too_large, undecodable, only_pictures, no_table. Raises OSError when the file itself cannot be opened.
    """
    if decimal not in {"", ",", "."}:
        raise ValueError("the decimal mark is a comma or a point")
    with _without_collector():
        return _read(source, name, limits, Told(decimal, day_first))


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of cells are made and none in a circle; looking for circles among them would take a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _read(source: Path | bytes, name: str, limits: Limits, told: Told) -> Book:
    opened = open_file(load(source, limits), name, limits)
    tables: list[Table] = []
    findings = list(opened.findings)
    for grid in opened.grids:
        findings += grid.findings
        if not grid.rows:
            continue
        sheet = layout.Sheet(grid, limits)
        found: list[Table] = []
        for block in layout.blocks(sheet):
            if table := table_of(sheet, block, limits, told):
                found.append(table)
            else:  # a heading without rows
                sheet.left_over += [(line, block.columns) for line in (*block.above, *block.header, *block.lines)]
        if sheet.left_over:
            lines = [line for line, _columns in sheet.left_over]
            used = [column for _line, columns in sheet.left_over for column in columns]
            area = f"{address(min(lines), min(used))}:{address(max(lines), max(used))}"
            findings.append(Finding("warning", "nothing_tabular", area, grid.sheet))
        tables += found
    if not tables:
        raise Unreadable("only_pictures" if opened.pictures and not any(g.rows for g in opened.grids) else "no_table")
    return Book(name, opened.kind, tuple(tables), tuple(findings), opened.encoding, opened.delimiter)
