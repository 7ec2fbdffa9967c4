"""Rows of a table as CKAN's datastore gives them: filters, words, fields, order, pages."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.regions.folding import fold
from tepian.toolkit import cube

from ...queries import standards
from .packages import Resource

MOST = 32_000  # rows of an answer, as CKAN has it
DEFAULT = 100
MOST_OFFSET = 100_000  # rows that are looked through where several questions have to be put together
MOST_WORDS, MOST_PARTS = 6, 16
Where = dict[str, Collection[str] | cube.Range]


class Wrong(Exception):
    """The asker's mistake: parameter and sentence."""

    def __init__(self, field: str, message: Any, /, **values: str) -> None:
        super().__init__(field)
        self.field = field
        self.words = standards.filled(message, **values) if values else standards.both(message)


@dataclass(frozen=True, slots=True)
class Asked:
    resource: Resource
    filters: Mapping[str, Any]
    words: str
    fields: tuple[str, ...]
    sort: tuple[tuple[str, bool], ...]
    limit: int
    offset: int
    total: bool
    form: str


class Table:
    """The columns of a resource: those of the figures, and a name beside each code."""

    def __init__(self, resource: Resource) -> None:
        self.resource, self.flow = resource, resource.flow
        self.lists = {part.column: part.codelist for part in self.flow.parts if part.column and part.codelist}
        self.types: dict[str, str] = {}
        for column in self.flow.columns:
            self.types[column] = "text"
            if column in self.lists:
                self.types[f"{column}_name"] = "text"
        self.types |= {"value": "numeric", "status": "text"}
        if resource.file.indicator:
            del self.types["indicator"], self.types["indicator_name"]

    def column(self, name: str, field: str) -> str:
        """The engine's name of a field."""
        if name not in self.types:
            raise Wrong(field, _("There is no such field."))
        return f"{name.removesuffix('_name')}.label" if self.is_name(name) else name

    def is_name(self, name: str) -> bool:
        return name.endswith("_name") and name.removesuffix("_name") in self.lists

    def classifications(self) -> tuple[cube.Classification, ...]:
        return tuple(
            cube.Classification(column, tuple((code.own, code.name.id, None) for code in codes.codes))
            for column, codes in self.lists.items()
        )


def _where(table: Table, asked: Asked) -> list[Where]:
    """Alternatives that have no row in common."""
    where: Where = dict(table.resource.where)
    for name, given in asked.filters.items():
        column = table.column(name, "filters")
        values = given if isinstance(given, list) else [given]
        if name == "value":
            if len(values) != 1 or isinstance(values[0], bool) or not isinstance(values[0], (int, float)):
                raise Wrong("filters", _("A value is compared with one number."))
            where[column] = cube.Range(values[0], values[0])
        else:
            if any(isinstance(value, (dict, list)) for value in values):
                raise Wrong("filters", _("A filter is a text or a list of texts."))
            where[column] = ["" if value is None else str(value) for value in values]
    found = [where]
    words = fold(asked.words).split()
    if len(words) > MOST_WORDS:
        raise Wrong("q", _("Search for fewer words."))
    for word in words:
        found = [each for one in found for each in _with_word(table, one, word)]
        if len(found) > MOST_PARTS:
            raise Wrong("q", _("Search for fewer words."))
    return found


def _with_word(table: Table, where: Where, word: str) -> list[Where]:
    """The rows in which the word stands in any column, in parts without a row in common."""
    found: list[Where] = []
    rest = dict(where)
    for column in table.flow.columns:
        there = standards.codes_used(table.flow, column, rest)
        codes = table.lists.get(column)
        hits = []
        for code in there:
            name = codes.by_id.get(codes.id_of(code)) if codes else None
            texts = [code, *([name.name.id, name.name.en] if name else [])]
            if any(word in fold(text) for text in texts if text):
                hits.append(code)
        if hits:
            found.append(rest | {column: hits})
            left = [code for code in there if code not in set(hits)]
            if not left:
                break
            rest = rest | {column: left}
    return found


def search(asked: Asked) -> dict[str, Any]:
    table = Table(asked.resource)
    fields = asked.fields or tuple(table.types)
    columns = [table.column(name, "fields") for name in fields]
    sort = [(name, table.column(name, "sort"), down) for name, down in asked.sort]
    where = _where(table, asked)
    classifications = table.classifications()

    def run(one: Where, shown: Sequence[str], limit: int, offset: int, *, total: bool) -> cube.Result:
        query = cube.Query(
            where=one,
            columns=tuple(dict.fromkeys(shown)),
            order_by=tuple(f"-{column}" if down else column for _name, column, down in sort),
            limit=limit,
            offset=offset,
            classifications=classifications,
        )
        return standards.run(table.flow, query, total=total)

    rows: list[tuple[Any, ...]] = []
    total = 0
    if len(where) == 1:
        answer = run(where[0], columns, asked.limit, asked.offset, total=asked.total)
        rows, total = answer.rows, answer.total or 0
    elif where:
        if asked.offset + asked.limit > MOST_OFFSET:
            raise Wrong("offset", _("Ask with fewer words to see rows so far down."))
        wider = [*columns, *(column for _name, column, _down in sort), *table.flow.columns]
        shown = list(dict.fromkeys(wider))
        for one in where:
            answer = run(one, shown, asked.offset + asked.limit, 0, total=True)
            total += answer.total or 0
            rows += answer.rows
        places = {column: place for place, column in enumerate(shown)}
        for column, down in reversed([*((c, d) for _n, c, d in sort), *((c, False) for c in table.flow.columns)]):
            place = places[column]
            rows.sort(key=lambda row: row[place] if row[place] is not None else "", reverse=down)
            rows.sort(key=lambda row: row[place] is None)
        rows = [tuple(row[places[column]] for column in columns) for row in rows[asked.offset :][: asked.limit]]
    result: dict[str, Any] = {
        "include_total": asked.total,
        "resource_id": asked.resource.id,
        "fields": [{"id": name, "type": table.types[name]} for name in fields],
        "records_format": asked.form,
        "records": records(rows, fields, asked.form),
        "limit": asked.limit,
        "offset": asked.offset,
    }
    if asked.total:
        result |= {"total": total, "total_was_estimated": False}
    if asked.words:
        result["q"] = asked.words
    if asked.filters:
        result["filters"] = dict(asked.filters)
    return result


def _exact(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def records(rows: Sequence[Sequence[Any]], fields: Sequence[str], form: str) -> Any:
    exact = [[_exact(value) for value in row] for row in rows]
    if form == "objects":
        return [dict(zip(fields, row, strict=True)) for row in exact]
    if form == "lists":
        return exact
    out = io.StringIO()
    csv.writer(out, delimiter="\t" if form == "tsv" else ",", lineterminator="\n").writerows(exact)
    return out.getvalue()
