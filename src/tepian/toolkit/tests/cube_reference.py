"""What a query means, in plain Python that is simple enough to be believed; and tables and queries to ask it."""

from __future__ import annotations

import statistics
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from tepian.toolkit.cube import Classification, Measure, Query, Range, Top, periods

DIMENSIONS = ("region", "sex")
COLUMNS = ("indicator", "time", *DIMENSIONS, "value", "status")
KEY = COLUMNS[:4]
# What SQL, LIKE, printf, JSON, CSV or a path might take for its own.
NASTY = [
    "'; DROP TABLE _rows; --",
    '"; SELECT 1; --',
    "' OR '1'='1",
    "\\' OR 1=1 --",
    "$p0",
    "%s",
    "%(p)s%%",
    "{0}",
    "?",
    ":p0",
    "a\\",
    "NULL",
    "*",
    "../../etc/passwd",
    "read_csv('/etc/passwd')",
    "/* */",
    "$$x$$",
    "é",
    "e\u0301",
    "日本語 🏙",
    "\u202etxt",
    " ",
    "a,b;c|d",
    "Z",
    "z",
]


def days(period):
    """Every day of a period."""
    first, last = periods.span(period)
    return {first + timedelta(n) for n in range((last - first).days + 1)}


def within(period, first, last):
    """Does the whole period lie between them?"""
    begin = min(days(first)) if first is not None else date.min
    end = max(days(last)) if last is not None else date.max
    return all(begin <= day <= end for day in days(period))


def meets(row, column, asked):
    cell = row[column]
    if not isinstance(asked, Range):
        return cell in list(asked)
    if column == "time":
        return within(cell, asked.first, asked.last)
    if cell is None:
        return False
    return (asked.first is None or cell >= asked.first) and (asked.last is None or cell <= asked.last)


def figure(measure, rows):
    cells = [row[measure.column] for row in rows]
    there = [cell for cell in cells if cell is not None]
    if measure.function == "count":
        return len(there)
    if measure.function == "missing":
        return len(cells) - len(there)
    if not there:
        return None
    if measure.function == "last":
        last = max(row["time"] for row in rows if row["value"] is not None)
        return sum(row["value"] for row in rows if row["time"] == last and row["value"] is not None)
    return {"sum": sum, "mean": statistics.fmean, "min": min, "max": max, "median": statistics.median}[
        measure.function
    ](there)


def none_last(value):
    return (value is None, value if value is not None else 0)


def turned(values):
    """None last, whichever way the others go."""
    return sorted([value for value in values if value is not None], reverse=True)


def ordered(rows, names, query, tie_breakers):
    rows = sorted(rows, key=lambda row: [none_last(row[name]) for name in tie_breakers])
    for given in reversed(query.order_by):
        name = given.removeprefix("-")
        if given.startswith("-"):
            there = [row for row in rows if row[name] is not None]
            rows = sorted(there, key=lambda row: row[name], reverse=True) + [row for row in rows if row[name] is None]
        else:
            rows = sorted(rows, key=lambda row: none_last(row[name]))
    return rows


def believed(rows, query):
    """Columns, rows and total."""
    table = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    for row in table:
        row["time.year"] = row["time"][:4]
        for one in query.classifications:
            known = {code: (label, parent) for code, label, parent in one.rows}
            row[f"{one.column}.label"], row[f"{one.column}.parent"] = known.get(row[one.column], (None, None))
    table = [row for row in table if all(meets(row, column, asked) for column, asked in query.where.items())]
    if not query.group_by and not query.measures:
        names = query.columns or COLUMNS
        table = ordered(table, names, query, KEY)
    else:
        names = (*query.group_by, *(one.shown for one in query.measures))
        groups = {}
        for row in table:
            groups.setdefault(tuple(row[key] for key in query.group_by), []).append(row)
        if not query.group_by:
            groups = {(): table}
        table = [
            dict(zip(query.group_by, key, strict=True)) | {one.shown: figure(one, group) for one in query.measures}
            for key, group in groups.items()
        ]
        if query.top:
            best = ordered(table, names, replace(query, order_by=(f"-{query.top.by}",)), query.group_by)
            taken = {}
            for row in best:
                taken.setdefault(tuple(row[key] for key in query.top.within), []).append(row)
            table = [row for part in taken.values() for row in part[: query.top.count]]
        table = ordered(table, names, query, query.group_by)
    shown = [tuple(row[name] for name in names) for row in table]
    end = None if query.limit is None else query.offset + query.limit
    return tuple(names), shown[query.offset : end], len(shown)


# --- tables and queries ----------------------------------------------------------------------------------------------

indicators = st.sampled_from(["births", "deaths", *NASTY[:4]])
times = st.sampled_from(
    [
        "2022",
        "2023",
        "2024",
        "2023-Q1",
        "2023-S2",
        "2023-Q4",
        "2024-Q2",
        "2023-12",
        "2024-01",
        "2024-03",
        "2024-02-29",
        "2024-03-31",
    ]
)
regions = st.sampled_from(["64", "6472", "647201", *NASTY])
sexes = st.sampled_from(["f", "m", "T"])
# Quarters add up exactly, in whatever order, so that answers can be compared to the last bit.
figures = st.integers(-4_000_000, 4_000_000).map(lambda n: n / 4)
cells = st.one_of(
    st.tuples(figures, st.sampled_from(["", "p", "e"])), st.tuples(st.none(), st.sampled_from(["m", "s"]))
)


@st.composite
def tables(draw, most=40):
    keys = draw(st.lists(st.tuples(indicators, times, regions, sexes), max_size=most, unique=True))
    return [(*key, *draw(cells)) for key in keys]


ranges_of_time = st.builds(Range, st.none() | times, st.none() | times)
ranges_of_value = st.builds(Range, st.none() | figures, st.none() | figures)
ranges_of_text = st.builds(Range, st.none() | regions, st.none() | regions)


@st.composite
def queries(draw):
    codes = draw(st.lists(regions, max_size=8, unique=True))
    texts = st.none() | regions
    classifications = draw(
        st.sampled_from([(), (Classification("region", tuple((code, draw(texts), draw(texts)) for code in codes)),)])
    )
    extra = ["region.label", "region.parent"] if classifications else []
    possible = {
        "indicator": st.lists(indicators, max_size=3),
        "time": st.one_of(st.lists(times, max_size=4), ranges_of_time),
        "region": st.one_of(st.lists(regions, max_size=6), ranges_of_text),
        "sex": st.lists(sexes, max_size=2),
        "value": ranges_of_value,
        "status": st.lists(st.sampled_from(["", "m", "s", "p", "e", "x"]), max_size=3),
        "time.year": st.lists(st.sampled_from(["2022", "2023", "2024"]), max_size=2),
        **{column: st.lists(regions, max_size=4) for column in extra},
    }
    where = {
        column: draw(possible[column])
        for column in draw(st.lists(st.sampled_from(list(possible)), unique=True, max_size=2))
    }
    paging = {"limit": draw(st.none() | st.integers(0, 12)), "offset": draw(st.sampled_from([0, 0, 1, 5]))}
    if draw(st.booleans()):
        known = [*COLUMNS, "time.year", *extra]
        columns = draw(st.lists(st.sampled_from(known), unique=True, max_size=4))
        order = draw(st.lists(st.sampled_from(known), unique=True, max_size=3))
        return Query(
            where, columns=tuple(columns), order_by=signed(draw, order), classifications=classifications, **paging
        )
    keys = draw(st.lists(st.sampled_from([*KEY, "status", "time.year", *extra]), unique=True, max_size=3))
    functions = draw(
        st.lists(
            st.sampled_from(["sum", "mean", "min", "max", "count", "median", "last", "missing"]),
            unique=True,
            min_size=0 if keys else 1,
            max_size=3,
        )
    )
    measures = [Measure(function) for function in functions]
    measures += draw(st.sampled_from([[], [Measure("max", "time"), Measure("count", "region", "rows")]]))
    shown = [*keys, *(one.shown for one in measures)]
    order = draw(st.lists(st.sampled_from(shown), unique=True, max_size=2))
    top = None
    if measures and draw(st.booleans()):
        within = draw(st.lists(st.sampled_from(keys), unique=True, max_size=1)) if keys else []
        top = Top(draw(st.integers(0, 3)), draw(st.sampled_from(measures)).shown, tuple(within))
    return Query(
        where,
        group_by=tuple(keys),
        measures=tuple(measures),
        order_by=signed(draw, order),
        classifications=classifications,
        top=top,
        **paging,
    )


def signed(draw, names):
    return tuple(draw(st.sampled_from(["", "-"])) + name for name in names)
