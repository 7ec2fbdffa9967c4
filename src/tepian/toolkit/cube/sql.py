# ruff: noqa: S608 - names are checked against the schema (query.checked), values are parameters
"""A plan as SQL of DuckDB. Names come from the checked schema only; everything that was asked for is a parameter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .parts import TIME, VALUE
from .query import YEAR, Classification, Condition, Measure, Plan

MOST_IN_LIST = 200  # a longer list is joined: as a list of its own it would be planned value by value
FORM_OF_TIME = {
    "year": 'length("time") = 4',
    "semester": 'length("time") = 7 AND "time"[6] = \'S\'',
    "quarter": 'length("time") = 7 AND "time"[6] = \'Q\'',
    "month": "length(\"time\") = 7 AND \"time\"[6] NOT IN ('S', 'Q')",
    "day": 'length("time") = 10',
}
TYPES = {VALUE: "DOUBLE"}
# Published files are known by their names; a folder called "a=b" must not become a column.
READ = "read_parquet({files}, hive_partitioning = false, union_by_name = false)"


class Statement:
    """SQL that grows, with its parameters by name."""

    def __init__(self) -> None:
        self.parameters: dict[str, Any] = {}

    def add(self, value: object) -> str:
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def source(self, files: Sequence[Path]) -> str:
        return READ.format(files=self.add([str(path) for path in files]) + "::VARCHAR[]")

    def where(self, conditions: Sequence[Condition]) -> str:
        return " AND ".join(self._condition(one) for one in conditions) or "true"

    def _condition(self, one: Condition) -> str:
        column = name(one.column)
        if one.values is not None:
            if not one.values:
                return "false"
            if len(one.values) > MOST_IN_LIST:
                return f"{column} IN (SELECT unnest({self.add(list(one.values))}::VARCHAR[]))"
            return f"{column} IN ({', '.join(self.add(value) for value in one.values)})"
        if one.bounds is not None:
            return self._periods(one)
        low, high = one.ends or (None, None)
        parts = [f"{column} >= {self.add(low)}"] if low is not None else []
        parts += [f"{column} <= {self.add(high)}"] if high is not None else []
        return " AND ".join(parts) or (f"{column} IS NOT NULL" if one.column == VALUE else "true")

    def _periods(self, one: Condition) -> str:
        if not one.bounds:
            return "false"
        if not one.mixed:
            ((_, low, high),) = one.bounds
            return f"{name(TIME)} BETWEEN {self.add(low)} AND {self.add(high)}"
        # The first two comparisons say nothing new, but by them whole row groups are skipped.
        first, last = min(low for _, low, _ in one.bounds)[:4], max(high for _, _, high in one.bounds)[:4]
        forms = [
            f"({FORM_OF_TIME[form]} AND {name(TIME)} BETWEEN {self.add(low)} AND {self.add(high)})"
            for form, low, high in one.bounds
        ]
        coarse = f"{name(TIME)} >= {self.add(first)} AND {name(TIME)} <= {self.add(last + '~')}"
        return f"({coarse} AND ({' OR '.join(forms)}))"


def name(column: str) -> str:
    """A column of the schema, or `time.year`, as an expression. Only checked names come here."""
    if column == YEAR:
        return f'substring("{TIME}", 1, 4)'  # once for each different period; of "time"[1:4], for each row
    assert '"' not in column
    return f'"{column}"'


class _Select:
    """The one statement that answers a plan. Its own names begin with an underscore, which no column may."""

    def __init__(self, files: Sequence[Path], plan: Plan) -> None:
        self.plan = plan
        self.statement = Statement()
        self.expressions = {column: name(column) for column in (*plan.schema.columns, YEAR)}
        self.withs: list[str] = []
        joins = "".join(self._classify(number, one) for number, one in enumerate(plan.classifications))
        source = self.statement.source(files)
        where = self.statement.where(plan.conditions)
        if joins:
            # Conditions speak of the table's columns only, so they are met before the join.
            self.table = f"(SELECT * FROM {source} WHERE {where}) AS _t{joins}"
        else:
            self.table = f"{source} WHERE {where}"

    def _classify(self, number: int, one: Classification) -> str:
        table = f"_c{number}"
        lists = [list(part) for part in zip(*one.rows, strict=True)] if one.rows else [[], [], []]
        columns = ", ".join(
            f"unnest({self.statement.add(values)}::VARCHAR[]) AS {column}"
            for values, column in zip(lists, (f"_code{number}", f"_label{number}", f"_parent{number}"), strict=True)
        )
        self.withs.append(f"{table} AS MATERIALIZED (SELECT {columns})")
        self.expressions[f"{one.column}.label"] = f"_label{number}"
        self.expressions[f"{one.column}.parent"] = f"_parent{number}"
        return f" LEFT JOIN {table} ON _t.{name(one.column)} = {table}._code{number}"

    def all_rows(self) -> str:
        """The answer without order and limit, its columns called _o0, _o1, …"""
        plan = self.plan
        if not plan.grouped:
            columns = [f"{self.expressions[column]} AS _o{n}" for n, column in enumerate(plan.columns)]
            return f"SELECT {', '.join(columns)} FROM {self.table}"
        keys = [f"{self.expressions[key]} AS _o{n}" for n, key in enumerate(plan.keys)]
        shift = len(keys)
        figures = [
            f"{_aggregate(one)} AS _o{shift + n}" for n, one in enumerate(plan.measures) if one.function != "last"
        ]
        group = f" GROUP BY {', '.join(str(n + 1) for n in range(shift))}" if keys else ""
        whole = f"SELECT {', '.join([*keys, *figures]) or 'count(*) AS _one'} FROM {self.table}{group}"
        if any(one.function == "last" for one in plan.measures):
            whole = self._with_last(whole, keys)
        if plan.top is None:
            return whole
        places = {shown: f"_o{n}" for n, shown in enumerate(plan.shown)}
        within = ", ".join(places[key] for key in plan.top.within)
        order = ", ".join(
            [f"{places[plan.top.by]} DESC NULLS LAST", *(f"{places[key]} ASC NULLS LAST" for key in plan.keys)]
        )
        window = f"{'PARTITION BY ' + within if within else ''} ORDER BY {order}"
        return f"SELECT * FROM ({whole}) AS _w QUALIFY row_number() OVER ({window}) <= {self.statement.add(plan.top.count)}"

    def _with_last(self, whole: str, keys: list[str]) -> str:
        """Sums of each period first, of which the latest is taken: much less work than a window over all rows."""
        shift = len(keys)
        by_period = ", ".join([*keys, f"{name(TIME)} AS _time", f"sum({name(VALUE)}) AS _sum"])
        group = ", ".join(str(n + 1) for n in range(shift + 1))
        periods = f"SELECT {by_period} FROM {self.table} GROUP BY {group} HAVING count({name(VALUE)}) > 0"
        columns = ", ".join([*(f"_o{n} AS _l{n}" for n in range(shift)), "arg_max(_sum, _time) AS _last"])
        by_keys = f" GROUP BY {', '.join(str(n + 1) for n in range(shift))}" if keys else ""
        last = f"SELECT {columns} FROM ({periods}) AS _p{by_keys}"
        on = " AND ".join(f"_o{n} IS NOT DISTINCT FROM _l{n}" for n in range(shift)) or "true"
        shown = [f"_o{n}" for n in range(shift)]
        shown += [
            f"_last AS _o{shift + n}" if one.function == "last" else f"_o{shift + n}"
            for n, one in enumerate(self.plan.measures)
        ]
        return f"SELECT {', '.join(shown)} FROM ({whole}) AS _a LEFT JOIN ({last}) AS _b ON {on}"

    def _order(self) -> str:
        plan = self.plan
        places = {shown: f"_o{n}" for n, shown in enumerate(plan.shown)} if plan.grouped else self.expressions
        parts = [f"{places[column]} {'DESC' if down else 'ASC'} NULLS LAST" for column, down in plan.order]
        parts += [f"{places[column]} ASC NULLS LAST" for column in plan.tie_breakers]
        return f" ORDER BY {', '.join(parts)}" if parts else ""

    def text(self, most: int) -> str:
        plan = self.plan
        body = self.all_rows()
        limit = most + 1 if plan.limit is None else min(plan.limit, most + 1)
        tail = f"{self._order()} LIMIT {self.statement.add(limit)} OFFSET {self.statement.add(plan.offset)}"
        return self.prefixed(body + tail)

    def prefixed(self, body: str) -> str:
        return f"WITH {', '.join(self.withs)} {body}" if self.withs else body


def _aggregate(one: Measure) -> str:
    column = name(one.column)
    if one.function == "missing":
        return f"count(*) - count({column})"
    return f"{'avg' if one.function == 'mean' else one.function}({column})"


def answer(files: Sequence[Path], plan: Plan, most: int) -> tuple[str, dict[str, Any]]:
    """The rows of the answer, one more than `most` at the utmost, and the parameters."""
    select = _Select(files, plan)
    return select.text(most), select.statement.parameters


def rows(files: Sequence[Path], plan: Plan) -> tuple[str, dict[str, Any]]:
    """All rows of the plan, their columns called _o0, _o1, …, without order and limit, and the parameters."""
    select = _Select(files, plan)
    return select.prefixed(select.all_rows()), select.statement.parameters


def size(files: Sequence[Path], plan: Plan) -> tuple[str, dict[str, Any]]:
    """How many rows the answer has without limit and offset."""
    select = _Select(files, plan)
    if plan.grouped:
        body = select.prefixed(f"SELECT count(*) FROM ({select.all_rows()}) AS _all")
    else:
        body = select.prefixed(f"SELECT count(*) FROM {select.table}")
    return body, select.statement.parameters


def values(files: Sequence[Path], column: str, where: Sequence[Condition]) -> tuple[str, dict[str, Any]]:
    """The different values of a column."""
    statement = Statement()
    body = (
        f"SELECT DISTINCT {name(column)} AS _v FROM {statement.source(files)} WHERE {statement.where(where)} ORDER BY 1"
    )
    return body, statement.parameters


__all__ = ["Statement", "answer", "name", "rows", "size", "values"]
