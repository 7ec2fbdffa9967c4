"""Workbooks for the tests of tables: real-looking sheets as data, and how they are written."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

Rows = list[list[Any]]


def xlsx(
    sheets: dict[str, Messy] | Rows,
    merges: tuple[str, ...] = (),
    formats: dict[tuple[int, int], str] | None = None,
) -> bytes:
    """A workbook; a cell that begins with "=" is a formula without a stored result, a pair (formula, result) one with it."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    if not isinstance(sheets, dict):
        sheets = {"Lembar1": Messy(sheets, [], merges, formats or {})}
    for name, messy in sheets.items():
        sheet = book.add_worksheet(name)
        made = {place: book.add_format({"num_format": code}) for place, code in messy.formats.items()}
        for span in messy.merges:
            sheet.merge_range(span, "")
        for r, row in enumerate(messy.rows):
            for c, cell in enumerate(row):
                write(sheet, r, c, cell, made.get((r, c)), day)
    book.close()
    return out.getvalue()


def write(sheet: Any, r: int, c: int, cell: Any, style: Any, day: Any) -> None:
    if cell is None:
        return
    if isinstance(cell, tuple):
        sheet.write_formula(r, c, cell[0], style, cell[1])
    elif isinstance(cell, date):
        sheet.write_datetime(r, c, cell, style or day)
    elif isinstance(cell, bool):
        sheet.write_boolean(r, c, cell)
    elif isinstance(cell, (int, float)):
        sheet.write_number(r, c, cell, style)
    elif cell.startswith("="):
        sheet.write_formula(r, c, cell, style, "")
    else:
        sheet.write_string(r, c, cell, style)


def delimited(rows: Rows, delimiter: str = ",", encoding: str = "utf-8", **options: Any) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, **options)
    for row in rows:
        writer.writerow(["" if cell is None else cell for cell in row])
    return out.getvalue().encode(encoding)


def converted(data: bytes, kind: str, folder: Path) -> bytes:
    """The workbook as LibreOffice saves it in another format; skips where it is not installed."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if not office:
        pytest.skip("no LibreOffice on this machine (Debian: apt-get install libreoffice-calc-nogui)")
    source = folder / "in" / "book.xlsx"
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(data)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = [office, profile, "--headless", "--convert-to", kind, "--outdir", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    found = folder / f"book.{kind}"
    assert found.exists(), done.stdout + done.stderr
    return found.read_bytes()


@dataclass(frozen=True)
class Expected:
    """What a table of a messy sheet must become."""

    columns: list[tuple[str, str, str]]  # name, kind, unit
    values: list[list[Any]]  # of every row, whatever its role
    roles: str = ""  # one letter a row: d, t, s(ubtotal), h(eading), a(verage); "" when all are data
    titles: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    findings: set[str] = field(default_factory=set)  # codes of warnings and errors


@dataclass(frozen=True)
class Messy:
    rows: Rows
    tables: list[Expected]
    merges: tuple[str, ...] = ()
    formats: dict[tuple[int, int], str] = field(default_factory=dict)


LETTERS = {"d": "data", "t": "total", "s": "subtotal", "h": "section", "a": "average", "x": "rejected"}


def D(number: str | float) -> Decimal:
    return Decimal(str(number))


def check_table(table: Any, expected: Expected) -> None:
    """Every name, kind, unit, role and value, and no warning that was not expected."""
    assert [(c.name, c.kind, c.unit) for c in table.columns] == expected.columns
    values = [[cell.value for cell in row.cells] for row in table.rows]
    assert values == [[D(v) if isinstance(v, (int, float)) else v for v in row] for row in expected.values]
    roles = [row.role for row in table.rows]
    assert roles == [LETTERS[letter] for letter in expected.roles or "d" * len(roles)]
    assert list(table.titles) == expected.titles
    assert list(table.notes) == expected.notes
    assert {f.code for f in table.findings if f.level != "info"} == expected.findings
