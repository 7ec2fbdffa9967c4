"""Tables in spreadsheets as offices really make them, read without guessing: what is not understood is told.

book = read(Path("penduduk.xlsx"), "penduduk.xlsx")
for table in book.tables:
    for row in table.data():
        print([cell.value for cell in row.cells])
for finding in book.all_findings():
    print(finding.address, finding.sentence("id"))
"""

from __future__ import annotations

from .melting import Long, melt
from .parts import Book, Cell, Column, Finding, Limits, Row, Table, Unreadable, Value
from .reading import read
from .sentences import sentence

__all__ = [
    "Book",
    "Cell",
    "Column",
    "Finding",
    "Limits",
    "Long",
    "Row",
    "Table",
    "Unreadable",
    "Value",
    "melt",
    "read",
    "sentence",
]
