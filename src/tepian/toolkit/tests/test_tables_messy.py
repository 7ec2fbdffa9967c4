"""Sheets as offices send them: every cell's value, the roles of the rows, the findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tepian.toolkit.tables import read

from .table_files import check_table, converted, xlsx
from .table_sheets import ALL


@pytest.mark.parametrize("name", ALL)
def test_every_cell_of_a_messy_sheet(name):
    messy = ALL[name]
    book = read(xlsx(messy.rows, messy.merges, messy.formats), "buku.xlsx")
    assert len(book.tables) == len(messy.tables)
    for table, expected in zip(book.tables, messy.tables, strict=True):
        check_table(table, expected)


def check_all(book):
    left = list(book.tables)
    for messy in ALL.values():
        for expected in messy.tables:
            check_table(left.pop(0), expected)
    assert not left


@pytest.mark.parametrize("kind", ["xls", "ods", "xlsx"])
def test_the_same_sheets_as_libreoffice_saved_them(kind):
    """Files made once by `converted(xlsx(ALL), kind, …)`, so that no office suite is needed to run this."""
    path = Path(__file__).parent / "tables" / f"libreoffice.{kind}"
    book = read(path, path.name)
    assert book.kind == kind
    assert not [finding for finding in book.findings if finding.level != "info"]
    check_all(book)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["xls", "ods", "xlsx", "html"])
def test_the_same_sheets_as_this_libreoffice_saves_them(kind, tmp_path):
    data = converted(xlsx(ALL), kind, tmp_path)
    book = read(data, f"buku.{kind}")
    assert book.kind == kind
    if kind == "html":  # shows numbers as the office's language does, and no formats
        assert len(book.tables) >= len(ALL)
    else:
        check_all(book)
