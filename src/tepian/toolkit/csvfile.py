"""Tables that go out as CSV, line by line, with no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

MARK = "\ufeff"  # at the beginning, Excel knows by it that the file is UTF-8
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """A file for the csv module that gives back what is written."""

    def write(self, text: str) -> str:
        return text


def harmless_cell(value: object) -> object:
    """Text that a spreadsheet would take for a formula gets an apostrophe, None is empty, all else stays as it is."""
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Each row as a line of CSV (RFC 4180), its cells harmless. Lines are made as they are asked for."""
    writer = csv.writer(_Echo())
    for row in rows:
        yield writer.writerow([harmless_cell(value) for value in row])
