"""What an upload says: read, understood, compared with what is published. Touches no row of the database, so that a large
workbook keeps nobody waiting."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from tepian.kernel.actors import Invalid
from tepian.toolkit import tables
from tepian.ui.words import english

from .. import queries, states
from ..models import Dataset, Edition
from ..queries import data
from ..queries.understanding import Figure, Understood, guess, understand
from .keeping import written

LISTED = 200  # jumps and changes that are shown; all are counted
MAX_MB = 50
AT_ONCE = 4_000_000  # bytes, unpacked, that a page reads itself: 25,000 lines of three columns, about a second


@dataclass(frozen=True, slots=True)
class Reading:
    """One table of a workbook as it was understood, with the figures it brings; `file` where they are written already."""

    table: int
    mapping: dict[str, Any]
    figures: list[Figure]
    findings: dict[str, Any]
    open_problems: int
    changed_cells: int
    periods: list[str]
    file: Path | None = None


def is_large(content: BinaryIO) -> bool:
    """Would reading it keep a page waiting? An archive counts as much as it unpacks to."""
    try:
        with zipfile.ZipFile(content) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        size = content.seek(0, io.SEEK_END)
    content.seek(0)
    return size > AT_ONCE


def meanings_of(dataset: Dataset, repairs: Sequence[Mapping[str, str]]) -> dict[tuple[str, str], str]:
    """(dimension, what is written) → code: what was remembered for the dataset, and what is said now."""
    remembered = {(row.dimension, row.written): row.code for row in dataset.spellings.all()}
    return remembered | {(each["dimension"], each["written"]): each["code"] for each in repairs}


Answers = tuple[str, bool | None]


def answers_in(meanings: Mapping[tuple[str, str], str]) -> Answers:
    """What people say where the file leaves open what a point or a date means: the decimal mark, is the day first."""
    order = meanings.get(("day_first", ""))
    return meanings.get(("decimal", ""), ""), order == "yes" if order else None


def open_book(content: bytes, name: str, answers: Answers) -> tables.Book:
    """The workbook's tables. Raises `tables.Unreadable` when it cannot be read or must not be."""
    decimal, day_first = answers
    return tables.read(content, name, decimal=decimal, day_first=day_first)


def refused(refusal: tables.Unreadable) -> Invalid:
    return Invalid(refusal.sentence("en" if english() else "id"), code=refusal.code, field="file")


@contextmanager
def filed(dataset: Dataset, reading: Reading) -> Iterator[Reading]:
    """With its figures written, ready to be kept inside an operation."""
    with written(dataset, (figure.row for figure in reading.figures)) as path:
        yield replace(reading, file=path)


def read(
    book: tables.Book,
    dataset: Dataset,
    base: Edition | None,
    *,
    table: int | None = None,
    mapping: Mapping[str, Any] | None = None,
    meanings: Mapping[tuple[str, str], str],
) -> Reading:
    """Understand one table of the book: the chosen one, or the one that gives most figures."""
    dimensions, indicators = queries.dimensions_of(dataset), list(dataset.indicators.all())

    def attempt(number: int) -> Understood:
        given = mapping or guess(book.tables[number], dataset, dimensions, indicators)
        return understand(book.tables[number], dataset, dimensions, given, meanings)

    if table is None:
        tried = {number: attempt(number) for number in range(len(book.tables))}
        table = max(tried, key=lambda number: (len(tried[number].figures), -number))
        understood = tried[table]
    else:
        if not 0 <= table < len(book.tables):
            raise Invalid(_("There is no such table in this workbook."), code="table_unknown", field="table")
        understood = attempt(table)
    jumps, changed, known = _against(dataset, understood.figures, base)
    read_table = book.tables[table]
    findings = {
        "tables": [
            {"sheet": each.sheet, "area": each.area, "title": " ".join(each.titles)[:200], "rows": len(each.rows)}
            for each in book.tables
        ],
        "columns": [{"name": column.name, "kind": column.kind} for column in read_table.columns],
        "reader": [
            {name: each.as_json()[name] for name in ("level", "address", "sentence")}
            for each in (*book.findings, *read_table.findings)
        ][:LISTED],
        "troubles": [each.as_json() for each in understood.troubles[:LISTED]],
        "skipped": understood.skipped,
        **_told(jumps, changed, known),
    }
    return Reading(
        table=table,
        mapping=understood.mapping,
        figures=understood.figures,
        findings=findings,
        open_problems=sum(each.count for each in understood.troubles),
        changed_cells=len(changed),
        periods=sorted({figure.time for figure in understood.figures}),
    )


def compared(dataset: Dataset, figures: list[Figure]) -> Reading:
    """Figures that need no understanding, held against what is published."""
    jumps, changed, known = _against(dataset, figures, queries.published_edition(dataset))
    return Reading(
        table=0,
        mapping={},
        figures=figures,
        findings=_told(jumps, changed, known),
        open_problems=0,
        changed_cells=len(changed),
        periods=sorted({figure.time for figure in figures}),
    )


def _against(
    dataset: Dataset, figures: Sequence[Figure], base: Edition | None
) -> tuple[list[dict[str, Any]], list[Figure], data.Figures]:
    """Jumps against the year before, figures that change published ones, and what is published of these periods."""
    times = {figure.time for figure in figures}
    times |= {states.year_before(time) for time in times}
    known = data.figures_of(base, times) if base and times else {}
    changed = [
        figure
        for figure in figures
        if figure.key in known and known[figure.key][0] != figure.value and known[figure.key][1] != states.SUPPRESSED
    ]
    return _jumps(dataset, figures, known), changed, known


def _told(jumps: Sequence[dict[str, Any]], changed: Sequence[Figure], known: data.Figures) -> dict[str, Any]:
    return {
        "jumps": list(jumps[:LISTED]),
        "jumped": sorted({str(each["indicator"]) for each in jumps}),
        "jump_count": len(jumps),
        "changed": [
            {"key": list(each.key), "before": known[each.key][0], "now": each.value} for each in changed[:LISTED]
        ],
    }


def _jumps(
    dataset: Dataset, figures: Sequence[Figure], known: Mapping[tuple[str, ...], tuple[float | None, str]]
) -> list[dict[str, Any]]:
    """Figures that differ from the same period a year before (of yearly data: the year before) by more than the
    dataset's share, greatest first."""
    now = {figure.key: figure.value for figure in figures}
    earlier = {time: states.year_before(time) for time in {figure.time for figure in figures}}
    found = []
    for figure in figures:
        key = (figure.indicator, earlier[figure.time], *figure.place)
        before = now[key] if key in now else known.get(key, (None, ""))[0]
        if figure.value is None or before is None:
            continue
        percent = states.jump(before, figure.value)
        if percent is not None and abs(percent) > dataset.jump:
            found.append(
                {
                    "indicator": figure.indicator,
                    "key": list(figure.key),
                    "before": before,
                    "now": figure.value,
                    "percent": round(percent, 1),
                    "address": figure.address,
                }
            )
    return sorted(found, key=lambda each: -abs(float(each["percent"])))
