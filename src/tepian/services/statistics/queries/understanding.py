"""From the tables of an office's workbook to figures of a dataset: what each column is, what each name means, and what
is not understood. Nothing is guessed silently: what is not certain is a trouble with its cells and suggestions."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from rapidfuzz import fuzz, process

from tepian.kernel.regions.folding import fold
from tepian.toolkit.tables import Cell, Column, Row, Table

from .. import states
from ..models import Dataset, Indicator
from .catalogue import AMBIGUOUS, TOTAL, Dimension

ALIKE = 82.0  # likeness of a heading with a name, from 0 to 100
HINT = 55.0  # likeness from which a code is suggested
SHARE = 0.6  # of a column's texts that must be known codes for it to be that dimension
SHOWN = 200  # cells of one trouble that are named
TIME_WORDS = {"tahun", "year", "periode", "period", "bulan", "month", "tanggal", "date", "waktu", "time", "triwulan"}
MONTHS = (
    ("januari", "jan", "january"), ("februari", "feb", "february", "pebruari"), ("maret", "mar", "march"),
    ("april", "apr"), ("mei", "may"), ("juni", "jun", "june"), ("juli", "jul", "july"),
    ("agustus", "agu", "ags", "aug", "august"), ("september", "sep", "sept"), ("oktober", "okt", "oct", "october"),
    ("november", "nov", "nopember"), ("desember", "des", "dec", "december"),
)  # fmt: skip
MONTH_OF = {word: number for number, words in enumerate(MONTHS, 1) for word in words}
NOT_THERE = ("dash", "ellipsis", "not_available", "nil")  # what offices write when there is no figure
ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "1": 1, "2": 2, "3": 3, "4": 4}


class Figure(NamedTuple):
    """One number of a dataset. `place`: a code of each dimension. `address`: where it stood. A tuple, because a workbook
    brings hundreds of thousands."""

    indicator: str
    time: str
    place: tuple[str, ...]
    value: float | None
    status: str = states.NORMAL
    address: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        return (self.indicator, self.time, *self.place)

    @property
    def row(self) -> tuple[str | float | None, ...]:
        """As it stands in the dataset's files."""
        return (*self.key, self.value, self.status)


@dataclass(slots=True)
class Trouble:
    """Something that keeps cells from being understood. `written` is the pattern; all its cells are repaired at once.

    Codes: unknown, ambiguous, no_period, bad_period, not_a_number, twice, no_dimension, no_time, no_figures, and where the
    file leaves open what a point (decimal) or the order of a date (day_first) means."""

    code: str
    written: str = ""
    dimension: str = ""
    count: int = 0
    cells: list[str] = field(default_factory=list)
    suggestions: list[tuple[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "written": self.written,
            "dimension": self.dimension,
            "count": self.count,
            "cells": self.cells,
            "suggestions": [list(one) for one in self.suggestions],
        }


@dataclass(frozen=True, slots=True)
class Understood:
    """`mapping` as it was used; `skipped`: lines that carry totals of others."""

    mapping: dict[str, Any]
    figures: list[Figure]
    troubles: list[Trouble]
    skipped: int


# --- periods ----------------------------------------------------------------------------------------------------------


def read_period(value: Any, frequency: str) -> str | None:
    """A period of this frequency from what a cell holds; None when it names none. "Triwulan II 2024" → 2024-Q2,
    "Agustus 2024" and 2024-08-01 → 2024-08, 2024 → 2024."""
    if isinstance(value, date):
        return states.period_of(value, frequency)
    if isinstance(value, Decimal):
        value = str(int(value)) if value == int(value) else str(value)
    text = " ".join(str(value or "").split())
    if states.is_period(text.upper(), frequency):
        return text.upper()
    words = re.findall(r"[a-z]+|\d+", text.casefold())
    years = [word for word in words if len(word) == 4 and word.isdigit()]
    if len(years) != 1:
        return None
    year, rest = years[0], [word for word in words if word != years[0]]
    found = None
    if frequency == states.YEAR and not any(word.isdigit() for word in rest):
        found = year
    elif frequency == states.MONTH:
        months = [MONTH_OF[word] for word in rest if word in MONTH_OF]
        if not months and len(rest) == 1 and rest[0].isdigit():
            months = [int(rest[0])]
        found = f"{year}-{months[0]:02d}" if len(months) == 1 else None
    elif frequency in (states.QUARTER, states.SEMESTER):
        numbers = {ROMAN[word] for word in rest if word in ROMAN}
        letter = "Q" if frequency == states.QUARTER else "S"
        found = f"{year}-{letter}{numbers.pop()}" if len(numbers) == 1 else None
    return found if found and states.is_period(found, frequency) else None


# --- what a column is -------------------------------------------------------------------------------------------------


def guess(
    table: Table, dataset: Dataset, dimensions: Sequence[Dimension], indicators: Sequence[Indicator]
) -> dict[str, Any]:
    """What each column seems to be: `{"columns": {index: role}, "constants": {"time" or dimension: code}}`, with roles
    `{"role": "time"}`, `{"role": "dimension", "key"}`, `{"role": "value", "indicator", "time"?, "place"?}`, or
    `{"role": "ignore"}`. Indices are strings, as JSON keeps them."""
    rows = [row for row in table.rows if row.role == "data"]
    columns: dict[str, dict[str, Any]] = {}
    for index, column in enumerate(table.columns):
        columns[str(index)] = _role(index, column, rows, dataset, dimensions, indicators)
    _each_once(columns, table.columns, indicators)
    taken = {role.get("key") for role in columns.values()}
    spread = {key for role in columns.values() for key in role.get("place", {})}
    dated = any(role.get("time") for role in columns.values())
    for at, role in columns.items():
        # Beside columns for men and women one without a sex is their sum, beside columns of years one without a year.
        if role["role"] == "value" and (spread - set(role["place"]) or (dated and not role["time"])):
            columns[at] = {"role": "ignore"}
    has_time = any(role["role"] == "time" or role.get("time") for role in columns.values())
    constants: dict[str, str] = {}
    if not has_time:
        found = {
            period
            for line in table.titles
            for word in re.findall(r"\d{4}(?:-\w+)?", line)
            if (period := read_period(word, dataset.frequency))
        }
        if len(found) == 1:
            constants["time"] = found.pop()
    fixed = {key for role in columns.values() for key in role.get("place", {})}
    for dimension in dimensions:
        if dimension.key in taken or dimension.key in fixed:
            continue
        if dimension.role == "region" and dimension.names:
            constants[dimension.key] = next(iter(dimension.names))
        else:
            constants[dimension.key] = TOTAL
    return {
        "columns": columns,
        "constants": constants,
        "section": _section(rows, dataset, dimensions, {*taken, *fixed}, has_time),
    }


def _each_once(columns: dict[str, dict[str, Any]], headings: Sequence[Column], indicators: Sequence[Indicator]) -> None:
    """One column for the period, one for each dimension, one for each figure: the first, or the one that bears the
    figure's name. Of several numbers of which none is named none is taken."""
    same: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for at, role in columns.items():
        if role["role"] != "ignore":
            place = tuple(sorted(role.get("place", {}).items()))
            same[role["role"], role.get("key"), role.get("indicator"), role.get("time"), place].append(at)
    for (kind, *_rest), found in same.items():
        if len(found) == 1:
            continue
        kept = found[0]
        if kind == "value":
            named = sorted(found, key=lambda at: -_named(headings[int(at)], columns[at]["indicator"], indicators))
            kept = named[0] if _named(headings[int(named[0])], columns[named[0]]["indicator"], indicators) else ""
        for at in found:
            if at != kept:
                columns[at] = {"role": "ignore"}


def _named(column: Column, indicator: str, indicators: Sequence[Indicator]) -> float:
    """How much a heading is like the indicator's names; 0 when too little."""
    row = next(each for each in indicators if each.code == indicator)
    return max(_likeness(" ".join(column.labels), row), _likeness(column.name, row))


def _section(
    rows: Sequence[Row], dataset: Dataset, dimensions: Sequence[Dimension], taken: set[str | None], has_time: bool
) -> str:
    """What the headings between the lines say: a dimension that no column has, the period ("time"), or nothing."""
    texts = {row.section for row in rows if row.section}
    if not texts:
        return ""
    if not has_time and all(read_period(text, dataset.frequency) for text in texts):
        return "time"
    for dimension in dimensions:
        if dimension.key not in taken and sum(fold(text) in dimension.spellings for text in texts) >= SHARE * len(
            texts
        ):
            return dimension.key
    return ""


def _role(
    index: int,
    column: Column,
    rows: Sequence[Row],
    dataset: Dataset,
    dimensions: Sequence[Dimension],
    indicators: Sequence[Indicator],
) -> dict[str, Any]:
    name = fold(column.name)
    values = [row.cells[index].value for row in rows if row.cells[index].value is not None]
    if column.kind in ("number", "percent"):
        period, place, rest = None, {}, []
        for label in column.labels:
            if (found := read_period(label, dataset.frequency)) and len(column.labels) + len(label.split()) < 8:
                period = found
                continue
            meant = [(each.key, each.spellings[fold(label)]) for each in dimensions if fold(label) in each.spellings]
            if len(meant) == 1 and meant[0][1] != AMBIGUOUS:
                place[meant[0][0]] = meant[0][1]
            else:
                rest.append(label)
        if name in TIME_WORDS or (set(name.split()) & TIME_WORDS and _all_periods(values, dataset.frequency)):
            return {"role": "time"}
        indicator = _indicator(" ".join(rest), indicators)
        if indicator is None and len(column.labels) == 1 and rest:
            indicator = _indicator(column.name, indicators)  # without the unit that stands in the heading
        if indicator is None and len(indicators) == 1 and (period or place):
            indicator = indicators[0]
        if indicator is not None:
            return {"role": "value", "indicator": indicator.code, "time": period or "", "place": place}
    if set(name.split()) & TIME_WORDS and _all_periods(values, dataset.frequency):
        return {"role": "time"}
    best = max(dimensions, key=lambda each: _fits(each, name, values), default=None)
    if best is not None and _fits(best, name, values) >= SHARE:
        return {"role": "dimension", "key": best.key}
    if column.kind in ("date", "year", "period") and _all_periods(values, dataset.frequency):
        return {"role": "time"}
    if column.kind in ("number", "percent") and len(indicators) == 1 and not _is_counter(values):
        return {"role": "value", "indicator": indicators[0].code, "time": "", "place": {}}
    return {"role": "ignore"}


def _all_periods(values: Sequence[Any], frequency: str) -> bool:
    return bool(values) and all(read_period(value, frequency) is not None for value in set(values))


def _is_counter(values: Sequence[Any]) -> bool:
    """1, 2, 3 …: the lines are numbered."""
    return list(values) == [Decimal(n) for n in range(1, len(values) + 1)]


def _indicator(heading: str, indicators: Sequence[Indicator]) -> Indicator | None:
    best = max(indicators, key=lambda row: _likeness(heading, row), default=None)
    return best if best is not None and _likeness(heading, best) > 0 else None


def _likeness(heading: str, row: Indicator) -> float:
    """Of a heading with the indicator's names, from `ALIKE` to 100; 0 when it is below."""
    wanted = fold(heading)
    names = (row.title, row.title_en, row.code, *row.synonyms)
    score = max((fuzz.token_sort_ratio(wanted, fold(name)) for name in names if name), default=0.0) if wanted else 0.0
    return score if score >= ALIKE else 0.0


def _fits(dimension: Dimension, name: str, values: Sequence[Any]) -> float:
    """From 0 to 1: the share of texts that are codes or names of this dimension; its own name in the heading counts as
    enough."""
    texts = {fold(text) for text in {str(value) for value in set(values)}}
    known = sum(text in dimension.spellings for text in texts) / len(texts) if texts else 0.0
    own = {fold(dimension.name), fold(dimension.key)}
    if dimension.role == "region":
        own |= {"kelurahan", "desa", "kecamatan", "kota", "wilayah", "ward", "district", "region"} & {name}
    return max(known, 0.7 if name in own and known > 0 else 0.0, 0.61 if name == fold(dimension.name) else 0.0)


# --- from cells to figures --------------------------------------------------------------------------------------------


def understand(
    table: Table,
    dataset: Dataset,
    dimensions: Sequence[Dimension],
    mapping: Mapping[str, Any],
    meanings: Mapping[tuple[str, str], str],
) -> Understood:
    """The figures of a table under a mapping. `meanings`: (dimension, what is written) → code, from repairs made now or
    remembered; the code "" leaves the line out. Dimension "time" and "value" may be repaired too."""
    columns = {int(index): role for index, role in mapping["columns"].items() if int(index) < len(table.columns)}
    constants, section = mapping.get("constants", {}), mapping.get("section", "")
    time_at = next((index for index, role in columns.items() if role["role"] == "time"), None)
    place_at = {role["key"]: index for index, role in columns.items() if role["role"] == "dimension"}
    values = {index: role for index, role in columns.items() if role["role"] == "value"}
    troubles: dict[tuple[str, str, str], Trouble] = {}
    figures: list[Figure] = []
    skipped = 0

    def trouble(code: str, cell: Cell | None, dimension: str = "", written: str = "") -> None:
        found = troubles.setdefault((code, dimension, written), Trouble(code, written, dimension))
        found.count += 1
        if cell is not None and len(found.cells) < SHOWN:
            found.cells.append(cell.address)

    if not values:
        trouble("no_figures", None)
    if (
        time_at is None
        and section != "time"
        and not constants.get("time")
        and not all(role.get("time") for role in values.values())
    ):
        trouble("no_time", None)
    read_code, read_time = _remembering(dataset, dimensions, meanings)
    numbers_repaired = any(kind == "value" for kind, _written in meanings)
    places = [(each, place_at.get(each.key), section == each.key) for each in dimensions]
    fixed = {each.key: constants.get(each.key, "") for each, index, under in places if index is None and not under}
    keys = [each.key for each in dimensions]
    for row in table.rows:
        if row.role != "data":
            skipped += 1
            continue
        place = dict(fixed)
        left_out = False
        for dimension, index, _under in places:
            if dimension.key in fixed:
                continue
            cell = row.cells[index or 0]
            written, code = read_code(dimension.key, row.section if index is None else cell.raw)
            if code == "":
                left_out = True
            elif code is None or code == AMBIGUOUS:
                trouble("ambiguous" if code else "unknown", cell, dimension.key, written)
                left_out = True
            else:
                place[dimension.key] = code
        time = constants.get("time", "")
        if section == "time" and time_at is None:
            time = read_period(row.section, dataset.frequency) or time
        if time_at is not None:
            cell = row.cells[time_at]
            written, time = read_time(cell.raw, cell.value)
            if ("time", written) in meanings and not time:
                left_out = True
            elif not time and cell.missing == "ambiguous":
                trouble("day_first", cell, "day_first")
                left_out = True
            elif not time:
                trouble("bad_period" if written else "no_period", cell, "time", written)
                left_out = True
        if left_out:
            continue
        for index, role in values.items():
            cell = row.cells[index]
            if cell.missing == "empty":
                continue
            where = place | role["place"] if role.get("place") else place
            key = tuple([where.get(each, "") for each in keys])
            if not all(key):
                trouble("no_dimension", cell, keys[key.index("")])
                continue
            when = role.get("time") or time
            if not when:
                continue
            if cell.missing == "ambiguous":
                trouble("decimal", cell, "decimal")
                continue
            value, status = _value(cell, meanings if numbers_repaired else {})
            if status is None:
                trouble("not_a_number", cell, "value", " ".join(str(cell.raw).split()))
                continue
            figures.append(Figure(role["indicator"], when, key, value, status, cell.address))
    figures = _once(figures, trouble)
    for each in troubles.values():
        each.suggestions = _suggest(each, dimensions)
    order = sorted(troubles.values(), key=lambda one: (-one.count, one.code, one.written))
    return Understood(dict(mapping), figures, order, skipped)


def _remembering(
    dataset: Dataset, dimensions: Sequence[Dimension], meanings: Mapping[tuple[str, str], str]
) -> tuple[Callable[[str, str], tuple[str, str | None]], Callable[[str, Any], tuple[str, str]]]:
    """What a cell of a dimension and one of periods mean, worked out once for each text: many lines bear the same few.
    Both give what is written, with single blanks, and its code or period (None or "" when there is none)."""
    by_key = {each.key: each for each in dimensions}

    @cache
    def code(key: str, raw: str) -> tuple[str, str | None]:
        written, dimension = " ".join(raw.split()), by_key[key]
        if (key, written) in meanings:
            return written, meanings[key, written]
        return written, written if written in dimension.names else dimension.spellings.get(fold(written))

    @cache
    def time(raw: str, value: Any) -> tuple[str, str]:
        written = " ".join(raw.split())
        return written, meanings.get(("time", written)) or read_period(value, dataset.frequency) or ""

    return code, time


def _value(cell: Cell, meanings: Mapping[tuple[str, str], str]) -> tuple[float | None, str | None]:
    """The number, or nothing with the reason; the status None when neither is certain."""
    if meanings:
        meant = meanings.get(("value", " ".join(str(cell.raw).split())))
        if meant is not None:
            return (float(meant), states.NORMAL) if meant else (None, states.MISSING)
    if isinstance(cell.value, Decimal) and cell.value.is_finite():
        return float(cell.value), states.NORMAL
    if cell.value is None and cell.missing in NOT_THERE:
        return None, states.MISSING
    return None, None


def _once(figures: list[Figure], trouble: Any) -> list[Figure]:
    """The same figure twice: equal ones are one; different ones are a trouble and neither is taken."""
    kept: dict[tuple[str, ...], Figure] = {}
    others: dict[tuple[str, ...], list[Figure]] = defaultdict(list)
    for figure in figures:
        if kept.setdefault(key := figure.key, figure) is not figure:
            others[key].append(figure)
    for key, more in others.items():
        group = [kept[key], *more]
        if len({(one.value, one.status) for one in group}) == 1:
            continue
        del kept[key]
        for one in group:
            trouble("twice", _Where(one.address), "", " · ".join(key))
    return list(kept.values())


@dataclass(frozen=True, slots=True)
class _Where:
    address: str


def _suggest(trouble: Trouble, dimensions: Sequence[Dimension]) -> list[tuple[str, str]]:
    dimension = next((each for each in dimensions if each.key == trouble.dimension), None)
    if dimension is None or trouble.code not in ("unknown", "ambiguous"):
        return []
    if trouble.code == "ambiguous":
        same = fold(trouble.written)
        return [(code, name) for code, name in dimension.names.items() if same in fold(name)][:3]
    hits = process.extract(fold(trouble.written), list(dimension.spellings), scorer=fuzz.WRatio, limit=6)
    found: list[tuple[str, str]] = []
    for text, score, _place in hits:
        code = dimension.spellings[text]
        if score >= HINT and code != AMBIGUOUS and code not in {one[0] for one in found}:
            found.append((code, dimension.names.get(code, code)))
    return found[:3]
