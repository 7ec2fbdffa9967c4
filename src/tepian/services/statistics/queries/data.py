"""The figures themselves: asked of the engine, never of the city's database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import fsum
from pathlib import Path
from typing import Any

from django.conf import settings

from tepian.kernel.catalogue.city import current_city
from tepian.kernel.documents.queries import path_of
from tepian.toolkit import cube
from tepian.ui.words import in_language

from .. import states
from ..models import Dataset, Edition, Indicator
from .catalogue import STATUS_LABELS, TOTAL, Dimension, dimensions_of

MOST_ROWS = 5_000_000  # of one answer
MOST_TIMES = 5_000  # periods that are named one by one
MEMORY_MB = 512  # of all questions together
SQL_ROWS, SQL_MEMORY_MB, SQL_S = 32_000, 384, 5.0  # of a stranger's statement; CKAN gives as many rows
Figures = dict[tuple[str, ...], tuple[float | None, str]]


@cache
def engine() -> cube.Engine:
    """One engine for the process, on the store's files: DuckDB, or the database that `TEPIAN_STATISTICS_ENGINE` names."""
    return engine_at(settings.STATISTICS_ENGINE)


def engine_at(url: str) -> cube.Engine:
    if not url:
        return cube.DuckDB(settings.MEDIA_ROOT, max_rows=MOST_ROWS, memory_mb=MEMORY_MB)
    from tepian.toolkit.cube.ibis_engine import Ibis  # an optional part

    return Ibis(settings.MEDIA_ROOT, url, namespace="statistics_cube", max_rows=MOST_ROWS)


@cache
def strangers() -> cube.Selects:
    """The engine for statements of SQL that strangers send; always DuckDB, and apart, so that it cannot hold up pages."""
    return cube.Selects(
        settings.MEDIA_ROOT, max_rows=SQL_ROWS, memory_mb=SQL_MEMORY_MB, scratch_mb=SQL_MEMORY_MB, timeout_s=SQL_S
    )


def dimension_keys(dataset: Dataset) -> list[str]:
    return [each["key"] for each in dataset.dimensions]


def columns(dataset: Dataset) -> list[str]:
    """The columns of the dataset's files, in order."""
    return ["indicator", "time", *dimension_keys(dataset), "value", "status"]


def path(edition: Edition, *, draft: bool = False) -> Path | None:
    """Where the edition's figures lie: as the public sees them, or (`draft`) before suppression."""
    digest = edition.draft_file if draft else edition.data_file
    return path_of(digest) if digest else None


def ask(edition: Edition, query: cube.Query, *, draft: bool = False) -> cube.Result:
    """Run a query on an edition's figures."""
    file = path(edition, draft=draft)
    return engine().run([file], query) if file else cube.Result((), [], 0)


def count(edition: Edition, query: cube.Query) -> int:
    """How many rows the public would get without limit and offset."""
    file = path(edition)
    return engine().count([file], query) if file else 0


def _in_times(times: Collection[str]) -> list[str] | cube.Range:
    """The periods as a condition; of very many the span that they lie in."""
    wanted = sorted(times)
    return wanted if len(wanted) <= MOST_TIMES else cube.Range(wanted[0], wanted[-1])


def figures_of(edition: Edition, times: Collection[str]) -> Figures:
    """The figures of some periods by key (indicator, time, codes of the dimensions), before suppression."""
    query = cube.Query(where={"time": _in_times(times)}, columns=tuple(columns(edition.dataset)))
    return {tuple(row[:-2]): (row[-2], row[-1]) for row in ask(edition, query, draft=True).rows}


def rows_of(edition: Edition) -> list[tuple[Any, ...]]:
    """Every row of the edition's own file, before suppression."""
    return ask(edition, cube.Query(columns=tuple(columns(edition.dataset))), draft=True).rows


def preview(edition: Edition, limit: int) -> list[dict[str, Any]]:
    """The first figures of the periods that it brings, with names instead of codes."""
    if not edition.draft_file or not edition.periods:
        return []
    query = cube.Query(where={"time": _in_times(edition.periods)}, columns=tuple(columns(edition.dataset)), limit=limit)
    found = ask(edition, query, draft=True)
    dimensions = dimensions_of(edition.dataset)
    indicators = {row.code: row for row in edition.dataset.indicators.all()}
    return [_named(row, dimensions, indicators) for row in found.rows]


def _named(row: Sequence[Any], dimensions: Sequence[Any], indicators: Mapping[str, Indicator]) -> dict[str, Any]:
    indicator = indicators.get(row[0])
    return {
        "title": in_language(indicator, "title") if indicator else row[0],
        "time": row[1],
        "places": [
            "–" if code == TOTAL else each.names.get(code, code)
            for each, code in zip(dimensions, row[2:-2], strict=True)
        ],
        "value": row[-2],
        "status": str(STATUS_LABELS.get(row[-1], "")),
        "decimals": indicator.decimals if indicator else 0,
    }


# --- what is shown ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slice:
    """What of an indicator is asked for: `where` fixes each dimension to codes, `summed` are dimensions over which is
    added or averaged, `forced` those for which one code had to be taken because there is no total and none can be made."""

    indicator: Indicator
    where: Mapping[str, Sequence[str]]
    summed: tuple[str, ...] = ()
    forced: tuple[str, ...] = ()
    whole: bool = False  # the whole city, nothing chosen


@lru_cache(maxsize=512)
def codes_in(digest: str, indicator: str, column: str) -> tuple[str, ...]:
    """The codes of a column that an indicator has in a file, sorted. A file never changes, so this may be remembered."""
    found = engine().distinct([path_of(digest)], column, where={"indicator": [indicator]})
    return tuple(sorted(code for code in found if code is not None))


def slice_of(edition: Edition, indicator: Indicator, chosen: Mapping[str, Sequence[str]] | None = None) -> Slice:
    """The whole city unless something is chosen: the total where one stands in the figures, else the sum or mean of the
    lowest codes, so that nothing counts twice."""
    where: dict[str, Sequence[str]] = {}
    summed, forced = [], []
    for dimension in dimensions_of(edition.dataset):
        codes = codes_in(edition.data_file, indicator.code, dimension.key)
        wanted = [code for code in (chosen or {}).get(dimension.key, ()) if code in codes]
        top = next((code for code in (TOTAL, *_tops(dimension)) if code in codes), None)
        if wanted:
            where[dimension.key] = wanted
            if len(wanted) > 1:
                summed.append(dimension.key)
        elif top is not None:
            where[dimension.key] = [top]
        elif len(codes) < 2:
            where[dimension.key] = list(codes)
        elif indicator.total:
            parents = {dimension.parents.get(code) for code in codes}
            where[dimension.key] = [code for code in codes if code not in parents]
            summed.append(dimension.key)
        else:
            first = next((code for code in dimension.names if code in codes), codes[0])
            where[dimension.key] = [first]
            forced.append(dimension.key)
    whole = not forced and not any((chosen or {}).values())
    return Slice(indicator, where, tuple(summed), tuple(forced), whole)


def _tops(dimension: Dimension) -> list[str]:
    """The codes above all others: the city among regions, this one before others."""
    if dimension.role != "region":
        return []
    own = current_city().code
    return sorted((code for code in dimension.names if not dimension.parents.get(code)), key=lambda code: code != own)


def series(
    edition: Edition, asked: Slice, by: str = "", times: Sequence[str] | None = None
) -> dict[str, list[tuple[str, float | None, str]]]:
    """(period, value, status) in order of time, of the whole slice under the key "", or of each code of the dimension
    `by`; of some periods when `times` is given. A value that is suppressed or missing in any part makes the sum missing,
    never smaller."""
    where = _narrowed(edition, asked.indicator, asked.where)
    if times is not None:
        where["time"] = times
    split = (by,) if by else ()
    # One line for each status: the engine adds up, and what is missing is still told apart.
    query = cube.Query(
        where=where,
        group_by=(*split, "time", "status"),
        measures=(cube.Measure("sum"), cube.Measure("count", "status", name="rows")),
        order_by=(*split, "time"),
    )
    groups: dict[tuple[str, str], list[tuple[str, float | None, int]]] = defaultdict(list)
    for *code, time, status, total, rows in ask(edition, query).rows:
        groups[(code[0] if by else "", time)].append((status, total, rows))
    lines: dict[str, list[tuple[str, float | None, str]]] = defaultdict(list)
    known = edition.findings.get("totals", {}).get(asked.indicator.code, {}) if asked.whole and not by else {}
    for (place, time), parts in groups.items():
        value, status = _together(parts, asked.indicator.total)
        if status == states.SUPPRESSED and time in known:
            value, status = known[time], states.NORMAL
        lines[place].append((time, value, status))
    return dict(lines)


def _narrowed(edition: Edition, indicator: Indicator, where: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The conditions that leave something out: a list of every code there is would be compared with every row for nothing."""
    there = {key: set(codes_in(edition.data_file, indicator.code, key)) for key in where}
    return {"indicator": [indicator.code], **{key: codes for key, codes in where.items() if set(codes) < there[key]}}


def _together(parts: Sequence[tuple[str, float | None, int]], total: str) -> tuple[float | None, str]:
    """The value of one period from (status, sum, rows) of each status in it."""
    count = sum(rows for _status, _sum, rows in parts)
    if count == 1:
        return parts[0][1], parts[0][0]
    statuses = [status for status, _sum, _rows in parts]
    holes = {states.MISSING, states.SUPPRESSED} & set(statuses)
    if holes or not total:
        return None, states.SUPPRESSED if states.SUPPRESSED in holes else states.MISSING
    whole = fsum(value for _status, value, _rows in parts if value is not None)
    return whole if total == states.SUM else whole / count, next((one for one in statuses if one), states.NORMAL)


FUNCTIONS = ("sum", "mean", "median", "min", "max", "count")
WHOLE = ("sum", "mean", "median")  # of these a part that is not there would make something wrong


def summary(
    edition: Edition,
    indicator: Indicator,
    *,
    by: Sequence[str],
    function: str,
    chosen: Mapping[str, Sequence[str]],
    times: tuple[str, str] = ("", ""),
    order: str = "",
    limit: int = 1000,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Figures put together by codes, periods, years or what codes belong to. Raises `cube.QueryRefused`.

    by: time, time.year, dimensions and `<dimension>.parent`. Codes above others are left out unless they are chosen, so
    that nothing counts twice; what is neither in `by` nor chosen is the whole city, as in `slice_of`."""
    dimensions = {each.key: each for each in dimensions_of(edition.dataset)}
    if function not in FUNCTIONS or order not in ("", "value", "-value") or not set(chosen) <= set(dimensions):
        raise cube.QueryRefused("unknown_function", function=function)
    where: dict[str, Any] = dict(slice_of(edition, indicator, chosen).where)
    split = {each.partition(".")[0] for each in by}
    for key in split & set(dimensions) - set(chosen):
        codes = codes_in(edition.data_file, indicator.code, key)
        above = {TOTAL, *(dimensions[key].parents.get(code) for code in codes)}
        where[key] = [code for code in codes if code not in above]
    where = _narrowed(edition, indicator, where)
    if any(times):
        where["time"] = cube.Range(times[0] or None, times[1] or None)
    classifications = tuple(
        cube.Classification(key, tuple((code, name, each.parents.get(code)) for code, name in each.names.items()))
        for key, each in dimensions.items()
        if f"{key}.parent" in by
    )
    measures = (cube.Measure(function, name="value"), cube.Measure("missing"), cube.Measure("count", name="figures"))
    query = cube.Query(
        where=where,
        group_by=tuple(by),
        measures=measures,
        classifications=classifications,
        order_by=(order,) if order else (),
        limit=limit,
        offset=offset,
    )
    found = ask(edition, query)
    return [
        {
            "keys": dict(zip(by, row, strict=False)),
            "value": None if function in WHOLE and row[-2] else row[-3],
            "count": row[-1],
        }
        for row in found.rows
    ]


def newest(edition: Edition, indicator: Indicator) -> tuple[str, float | None, str] | None:
    """The newest period of the whole city with its value and status."""
    found = series(edition, slice_of(edition, indicator))
    return found[""][-1] if found.get("") else None
