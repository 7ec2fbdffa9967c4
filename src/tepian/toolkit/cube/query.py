"""A question to a table: plain values, no text of any query language. `checked` holds it against the table's columns."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import periods
from .parts import NAME, TIME, VALUE, CubeError, QueryRefused, Row, Schema, usable_text

FUNCTIONS = ("sum", "mean", "min", "max", "count", "median", "last", "missing")
ONLY_OF_VALUES = ("sum", "mean", "median", "last", "missing")
YEAR = "time.year"
MOST_VALUES, MOST_COLUMNS, MOST_CODES, LARGEST = 10_000, 32, 200_000, 2**53


@dataclass(frozen=True, slots=True)
class Range:
    """From `first` to `last`, both included; None leaves an end open.

    Of `time`: every period, of whatever form, that lies wholly within (see periods.within). Of `value`: numbers. Of
    other columns: text by code point.
    """

    first: str | float | None = None
    last: str | float | None = None


Where = Mapping[str, Collection[str] | Range]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of each group, over the values that are there.

    sum, mean, min, max, median: None where a group has no value. count: values that are there (of another column: rows).
    missing: rows without a value, so that a sum can be called incomplete. last: the sum of the values of the group's
    last period that has any, as stocks are added up over places and not over time.

    `name` is the column in the result: the function, and the column too when that is not `value`.
    """

    function: str
    column: str = VALUE
    name: str = ""

    @property
    def shown(self) -> str:
        return self.name or (self.function if self.column == VALUE else f"{self.function}_{self.column}")


@dataclass(frozen=True, slots=True)
class Classification:
    """(code, label, parent) of a column's codes; makes `<column>.label` and `<column>.parent` columns to use.

    Codes that it does not know have neither: they stay, as a group of their own whose key is None.
    """

    column: str
    rows: tuple[tuple[str, str | None, str | None], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Top:
    """The `count` groups with the largest measure `by`, within each combination of the keys `within`.

    Groups without the figure come last; of equal ones those with the lower keys are in.
    """

    count: int
    by: str
    within: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked. Without `group_by` and `measures` the answer is rows of the table; with them one row a group.

    where: column → the values that count, or a Range; all must hold. No values: no rows.
    group_by: columns of the table, `time.year`, and the columns of `classifications`.
    columns: which columns of the rows, all when empty; only without groups.
    order_by: columns of the answer, "-" before one turns it round; None is always last. What is left equal is put in
        the order of the table's key or of the group's, so pages never overlap.
    """

    where: Where = field(default_factory=dict)
    group_by: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    order_by: tuple[str, ...] = ()
    limit: int | None = None
    offset: int = 0
    columns: tuple[str, ...] = ()
    classifications: tuple[Classification, ...] = ()
    top: Top | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition. Exactly one of `values`, `bounds` (of time) and `ends` (of the others) is set.

    mixed: the table has periods of several forms, so that their text alone does not say which are within the bounds.
    """

    column: str
    values: tuple[str, ...] | None = None
    bounds: periods.Bounds | None = None
    ends: tuple[Any, Any] | None = None
    mixed: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """A question that fits the table. Names in it are columns of the schema, `time.year`, or of a classification."""

    schema: Schema
    conditions: tuple[Condition, ...]
    keys: tuple[str, ...]
    measures: tuple[Measure, ...]
    grouped: bool
    columns: tuple[str, ...]
    classifications: tuple[Classification, ...]
    order: tuple[tuple[str, bool], ...]
    tie_breakers: tuple[str, ...]
    limit: int | None
    offset: int
    top: Top | None

    @property
    def shown(self) -> tuple[str, ...]:
        """Names of the answer's columns."""
        return (*self.keys, *(one.shown for one in self.measures)) if self.grouped else self.columns


def checked(query: Query, schema: Schema) -> Plan:
    """Raises QueryRefused: unknown_column, unknown_function, not_values, not_a_range, not_a_period, not_a_number,
    text_unusable, too_many, column_twice, name_unusable, mixed, top_by, top_count, limit, offset, classification."""
    classifications = _classifications(query.classifications, schema)
    known = [*schema.columns, YEAR]
    for one in classifications:
        known += [f"{one.column}.label", f"{one.column}.parent"]
    keys = _names(query.group_by, known, "group_by")
    if VALUE in keys:
        raise QueryRefused("unknown_column", part="group_by", column=VALUE)
    measures = tuple(_measure(one, schema) for one in _several(query.measures, "measures"))
    grouped = bool(keys or measures)
    if grouped and query.columns:
        raise QueryRefused("mixed", parts=("columns", "group_by"))
    columns = _names(query.columns, known, "columns") or schema.columns
    shown = (*keys, *(one.shown for one in measures)) if grouped else columns
    if len(set(shown)) < len(shown):
        raise QueryRefused("column_twice", columns=shown)
    if len(shown) > MOST_COLUMNS * 2:
        raise QueryRefused("too_many", part="columns", most=MOST_COLUMNS * 2)
    order = tuple(_ordered(one, shown if grouped else known) for one in _several(query.order_by, "order_by"))
    named = {name for name, _ in order}
    return Plan(
        schema=schema,
        conditions=conditions(query.where, schema, classifications),
        keys=keys,
        measures=measures,
        grouped=grouped,
        columns=columns,
        classifications=classifications,
        order=order,
        tie_breakers=tuple(name for name in (keys if grouped else schema.key) if name not in named),
        limit=None if query.limit is None else _whole(query.limit, "limit"),
        offset=_whole(query.offset, "offset"),
        top=_top(query.top, keys, measures),
    )


def conditions(where: Where, schema: Schema, classifications: tuple[Classification, ...] = ()) -> tuple[Condition, ...]:
    """The conditions of `where`, checked; raises QueryRefused as `checked` does."""
    if not isinstance(where, Mapping):
        raise QueryRefused("not_values", part="where")
    return tuple(_condition(column, asked, schema, classifications) for column, asked in where.items())


def _condition(column: object, asked: object, schema: Schema, classifications: tuple[Classification, ...]) -> Condition:
    base, _, part = column.rpartition(".") if isinstance(column, str) else ("", "", "")
    through = next((one for one in classifications if one.column == base and part in ("label", "parent")), None)
    if not isinstance(column, str) or (column not in (*schema.columns, YEAR) and through is None):
        raise QueryRefused("unknown_column", part="where", column=column)
    if isinstance(asked, Range):
        if through or column == YEAR:
            raise QueryRefused("not_values", part="where", column=column)
        return _range(column, asked, schema)
    if column == VALUE:
        raise QueryRefused("not_a_range", column=column)
    # A text is a collection of its letters, which nobody means.
    if isinstance(asked, (str, bytes)) or not isinstance(asked, Collection) or isinstance(asked, Mapping):
        raise QueryRefused("not_values", part="where", column=column)
    if len(asked) > MOST_VALUES:
        raise QueryRefused("too_many", part="where", column=column, most=MOST_VALUES)
    values = tuple(_text(one, column) for one in asked)
    if through is None:
        return Condition(column, values=tuple(dict.fromkeys(values)))
    # Said in the table's own codes, the engine can skip the parts of the file that have none of them.
    wanted, place = set(values), 1 if part == "label" else 2
    return Condition(base, values=tuple(row[0] for row in through.rows if row[place] in wanted))


def _range(column: str, asked: Range, schema: Schema) -> Condition:
    ends = (asked.first, asked.last)
    if column == VALUE:
        for end in ends:
            if end is not None and (isinstance(end, bool) or not isinstance(end, (int, float)) or not _finite(end)):
                raise QueryRefused("not_a_number", column=column)
        return Condition(column, ends=tuple(None if end is None else float(end) for end in ends))  # type: ignore[arg-type]
    for end in ends:
        if end is not None:
            _text(end, column)
    if column != TIME:
        return Condition(column, ends=ends)
    for end in ends:
        try:
            if end is not None:
                periods.span(str(end))
        except ValueError:
            raise QueryRefused("not_a_period", column=column, value=end) from None
    bounds = [bound for bound in periods.within(*ends) if bound[0] in schema.forms]  # type: ignore[arg-type]
    return Condition(column, bounds=tuple(bounds), mixed=len(schema.forms) > 1)


def _finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer beyond any float
        return False


def _text(value: object, column: str) -> str:
    if not usable_text(value):
        raise QueryRefused("text_unusable", column=column)
    return str(value)


def _several(given: object, part: str) -> tuple[Any, ...]:
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise QueryRefused("not_values", part=part)
    found = tuple(given)
    if len(found) > MOST_COLUMNS:
        raise QueryRefused("too_many", part=part, most=MOST_COLUMNS)
    return found


def _names(given: object, known: Collection[str], part: str) -> tuple[str, ...]:
    names = _several(given, part)
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise QueryRefused("unknown_column", part=part, column=name)
    if len(set(names)) < len(names):
        raise QueryRefused("column_twice", columns=names)
    return names


def _measure(one: object, schema: Schema) -> Measure:
    if not isinstance(one, Measure) or one.function not in FUNCTIONS:
        raise QueryRefused("unknown_function", function=getattr(one, "function", None))
    if one.column not in schema.columns or (one.function in ONLY_OF_VALUES and one.column != VALUE):
        raise QueryRefused("unknown_column", part="measures", column=one.column)
    if not isinstance(one.name, str) or not NAME.fullmatch(one.shown):
        raise QueryRefused("name_unusable", name=one.name)
    return one


def _ordered(given: object, shown: Collection[str]) -> tuple[str, bool]:
    name = given.removeprefix("-") if isinstance(given, str) else given
    if not isinstance(name, str) or name not in shown:
        raise QueryRefused("unknown_column", part="order_by", column=given)
    return name, name != given


def _whole(given: object, part: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= LARGEST:
        raise QueryRefused(part)
    return given


def _top(top: object, keys: tuple[str, ...], measures: tuple[Measure, ...]) -> Top | None:
    if top is None:
        return None
    if not isinstance(top, Top) or top.by not in [one.shown for one in measures]:
        raise QueryRefused("top_by", by=getattr(top, "by", None))
    return Top(_whole(top.count, "top_count"), top.by, _names(top.within, keys, "top"))


def _classifications(given: object, schema: Schema) -> tuple[Classification, ...]:
    found = _several(given, "classifications")
    for one in found:
        if not isinstance(one, Classification) or one.column not in schema.columns or one.column == VALUE:
            raise QueryRefused("unknown_column", part="classifications", column=getattr(one, "column", None))
        if len(one.rows) > MOST_CODES:
            raise QueryRefused("too_many", part="classifications", most=MOST_CODES)
        for row in one.rows:
            if not _classifies(row):
                raise QueryRefused("classification", column=one.column)
        if len({row[0] for row in one.rows}) < len(one.rows):
            raise QueryRefused("classification", column=one.column)
    if len({one.column for one in found}) < len(found):
        raise QueryRefused("column_twice", columns=tuple(one.column for one in found))
    return found


def _classifies(row: Row) -> bool:
    if not isinstance(row, tuple) or len(row) != 3 or row[0] is None:
        return False
    return all(part is None or usable_text(part) for part in row)


__all__ = ["Classification", "Condition", "CubeError", "Measure", "Plan", "Query", "Range", "Top", "Where", "checked"]
