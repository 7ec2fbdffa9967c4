"""Answering GET: paths, system query options, pages, nested expansion."""

from __future__ import annotations

import heapq
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.db.models import Q, QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from odata_query import ast

from tepian.kernel.actors import NotFound

from ...models import Datastream, Observation, Station
from ...states import KEY_EPOCH_MS, KEY_MASK, unpack_key
from .entities import ENTITIES, SINGULAR, Entity
from .odata import MAX_INT, Translator, bad
from .options import Options, read_options

PAGE, LARGEST_PAGE, LARGEST_ARRAY = 100, 1000, 20_000
SEGMENT = re.compile(r"([A-Za-z]+)(?:\((.*)\))?\Z", re.DOTALL)


@dataclass(slots=True)
class Place:
    """Where a path leads: a collection (`row` None), one entity, or a property of it."""

    entity: Entity
    query: QuerySet[Any] | None = None
    row: Any = None
    datastreams: list[int] | None = None
    prop: str | None = None
    raw: bool = False
    ref: bool = False


# --- paths -----------------------------------------------------------------------------------------------------------


def nothing(path: str) -> NotFound:
    return NotFound(
        format_lazy(
            _("There is nothing at “{path}”. The list of what there is stands at /sensorthings/v1.1."), path=path[:120]
        ),
        code="not_found",
        field="path",
        item=path[:120],
    )


def read_id(text: str, entity: Entity) -> Any:
    """The number in an address. A datastream may also be named by its key, a thing by its code, in quotes."""
    text = text.strip()
    if re.fullmatch(r"\d{1,19}", text) and int(text) <= MAX_INT:
        return int(text)
    if len(text) > 1 and text[0] == text[-1] == "'":
        name = text[1:-1]
        if re.fullmatch(r"\d{1,19}", name) and int(name) <= MAX_INT:
            return int(name)
        if entity.model is Datastream and name.count("/") == 1 and "\x00" not in name:
            station, slug = name.split("/")
            found = Datastream.objects.filter(station__code=station, slug=slug).values_list("pk", flat=True).first()
        elif entity.model is Station and "\x00" not in name:
            found = Station.objects.filter(code=name).values_list("pk", flat=True).first()
        else:
            found = None
        if found is not None:
            return found
    raise nothing(f"{entity.plural}({text})")


def walk(path: str) -> Place:
    """Follow an address below /sensorthings/v1.1."""
    if len(path) > 2000:
        raise nothing(path)
    segments = [part for part in path.strip("/").split("/") if part]
    # A key in quotes may hold a slash: Datastreams('hilir/muka-air').
    merged: list[str] = []
    for segment in segments:
        if merged and merged[-1].count("'") % 2:
            merged[-1] += "/" + segment
        else:
            merged.append(segment)
    place: Place | None = None
    for index, segment in enumerate(merged):
        last = index == len(merged) - 1
        if segment == "$ref" and last and place and place.prop is None:
            place.ref = True
            return place
        if segment == "$value" and last and place and place.prop is not None:
            place.raw = True
            return place
        match = SEGMENT.match(segment)
        if not match or (place is not None and place.prop is not None and place.prop != "properties"):
            raise nothing(path)
        name, number = match.groups()
        place = _step(place, name, number, path)
    if place is None:
        raise nothing(path)
    return place


def _step(place: Place | None, name: str, number: str | None, path: str) -> Place:
    if place is None:
        entity = ENTITIES.get(name)
        if entity is None:
            raise nothing(path)
        found = Place(entity, entity.base())
    elif place.prop == "properties" or place.row is None:
        raise nothing(path)
    elif name in place.entity.many:
        found = _many(place.entity, place.row, name)
    elif name in place.entity.one:
        if number is not None:
            raise nothing(path)
        row = related(place.entity, [place.row], name).get(place.row.pk)
        if row is None:
            raise nothing(path)
        return Place(ENTITIES[place.entity.one[name][0]], row=row)
    elif name in place.entity.serialise(place.row) and number is None:
        return Place(place.entity, row=place.row, prop=name)
    else:
        raise nothing(path)
    if number is None:
        return found
    assert found.query is not None
    row = found.query.filter(pk=read_id(number, found.entity)).first()
    if row is None:
        raise nothing(path)
    return Place(found.entity, row=row)


def _many(entity: Entity, row: Any, name: str) -> Place:
    target_name, step = entity.many[name]
    target = ENTITIES[target_name]
    if step:
        return Place(target, target.base().filter(**{step: row.pk}))
    numbers = (
        [row.pk]
        if isinstance(row, Datastream)
        else list(Datastream.objects.filter(station_id=row.pk).values_list("pk", flat=True))
    )
    return Place(target, target.base(), datastreams=numbers)


def related(entity: Entity, rows: list[Any], name: str) -> dict[Any, Any]:
    """The single-valued neighbours of rows, by the row's key: one query."""
    target_name, step = entity.one[name]
    target = ENTITIES[target_name]
    if entity.model is Observation:
        series = Datastream.objects.select_related("station__region", "sensor", "observed_property").in_bulk(
            {row.datastream_id for row in rows}
        )
        if target.model is Datastream:
            return {row.pk: series.get(row.datastream_id) for row in rows}
        return {row.pk: series[row.datastream_id].station for row in rows if row.datastream_id in series}
    numbers = {row.pk: getattr(row, "pk" if step == "pk" else f"{step}_id") for row in rows}
    found = target.base().in_bulk({number for number in numbers.values() if number is not None})
    return {key: found.get(number) for key, number in numbers.items()}


# --- collections -----------------------------------------------------------------------------------------------------


def conjuncts(tree: Any) -> list[Any]:
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        return [*conjuncts(tree.left), *conjuncts(tree.right)]
    return [tree]


def narrow(tree: Any) -> tuple[list[int] | None, int | None, int | None]:
    """What a filter on readings says about the key: (datastreams, first ms, end ms). The filter itself still holds."""
    numbers, first, end = None, None, None
    for part in conjuncts(tree) if tree is not None else []:
        if not isinstance(part, ast.Compare) or isinstance(part.comparator, ast.In):
            continue
        name, literal, operator = part.left, part.right, type(part.comparator)
        if isinstance(name, ast.DateTime | ast.Integer):  # written the other way round
            name, literal = literal, name
            operator = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}.get(operator, operator)  # type: ignore[assignment]
        if (
            isinstance(name, ast.Identifier)
            and name.name in {"phenomenonTime", "resultTime"}
            and isinstance(literal, ast.DateTime)
        ):
            moment = Translator._moment(literal.val)
            if operator in {ast.Gt, ast.GtE, ast.Eq}:
                first = max(first or 0, moment)
            if operator in {ast.Lt, ast.LtE, ast.Eq}:
                end = min(end if end is not None else moment + 1, moment + 1)
        elif (
            isinstance(name, ast.Attribute)
            and name.attr == "id"
            and isinstance(name.owner, ast.Identifier)
            and name.owner.name == "Datastream"
            and operator is ast.Eq
            and isinstance(literal, ast.Integer)
            and 0 <= int(literal.val) < 2**21
        ):
            numbers = [int(literal.val)]
    return numbers, first, end


def collect(place: Place, options: Options, limit: int) -> tuple[list[Any], int | None, bool]:
    """(rows, count or None, whether more follow)."""
    entity, query = place.entity, place.query
    assert query is not None
    if options.filter is not None:
        query = query.filter(Translator(entity).condition(options.filter))
    if entity.model is Observation:
        return _observations(place, query, options, limit)
    query = query.order_by(*_order(entity, options), "pk")
    total = query.count() if options.count else None
    rows = list(query[options.skip : options.skip + limit + 1])
    return rows[:limit], total, len(rows) > limit


def _order(entity: Entity, options: Options) -> list[Any]:
    terms = []
    for path, down in options.orderby:
        typed = entity.resolve(path)
        if typed.kind == "geo":
            raise bad(_("One cannot sort by a place."), "/".join(path), "$orderby")
        terms.append(typed.expr.desc() if down else typed.expr.asc())
    return terms


def _observations(
    place: Place, query: QuerySet[Any], options: Options, limit: int
) -> tuple[list[Any], int | None, bool]:
    """Readings lie sorted by datastream and time, so each datastream gives its part by key range, already in order, and
    the parts are merged. Only other orders sort."""
    numbers, first, end = narrow(options.filter)
    if place.datastreams is not None:
        numbers = place.datastreams
    by_time = not options.orderby or options.orderby[0][0] in {("phenomenonTime",), ("resultTime",)}
    if numbers is None and ((options.orderby and by_time) or first is not None or end is not None):
        numbers = list(Datastream.objects.values_list("pk", flat=True))
    if numbers is None:
        parts = [query]
    else:
        keys = [Observation.objects.of(number, first, end).query.where for number in numbers]
        parts = []
        for where in keys:
            part = query.all()
            part.query.where = part.query.where.clone()
            part.query.where.children = [*part.query.where.children, *where.children]
            parts.append(part)
    total = sum(part.count() for part in parts) if options.count else None
    if options.skip > 10_000_000:
        return [], total, False
    wanted = options.skip + limit + 1
    if by_time:
        down = bool(options.orderby) and options.orderby[0][1]
        ordered = [part.order_by("-pk" if down else "pk") for part in parts]
        if len(ordered) == 1:
            rows = list(ordered[0][options.skip : wanted])
        elif not options.orderby:  # datastream after datastream, as they lie
            rows, skip = [], options.skip
            for part in ordered:
                if len(rows) > limit:
                    break
                found = list(part[: skip + limit + 1 - len(rows)])
                rows += found[skip:]
                skip = max(0, skip - len(found))
        else:
            sign = -1 if down else 1
            merged = heapq.merge(
                *(list(part[:wanted]) for part in ordered), key=lambda row: (sign * unpack_key(row.pk)[1], row.pk)
            )
            rows = list(merged)[options.skip : wanted]
    else:
        everything = parts[0] if len(parts) == 1 else query.filter(_ranges(numbers or [], first, end))
        rows = list(everything.order_by(*_order(place.entity, options), "pk")[options.skip : wanted])
    return rows[:limit], total, len(rows) > limit


def _ranges(numbers: list[int], first: int | None, end: int | None) -> Q:
    from ...states import pack_key

    condition = Q(pk__in=[])
    start = max(first or 0, KEY_EPOCH_MS)
    stop = min(end if end is not None else KEY_EPOCH_MS + KEY_MASK, KEY_EPOCH_MS + KEY_MASK)
    for number in numbers:
        condition |= Q(pk__gte=pack_key(number, start), pk__lt=pack_key(number, max(stop, KEY_EPOCH_MS)))
    return condition


# --- answers ---------------------------------------------------------------------------------------------------------


class Writer:
    """Turns rows into JSON-able dicts. `base` is the service's root address."""

    def __init__(self, base: str) -> None:
        self.base = base

    def link(self, entity: Entity, row: Any) -> str:
        return f"{self.base}/{entity.plural}({row.pk})"

    def entity(self, entity: Entity, row: Any, options: Options) -> dict[str, Any]:
        link = self.link(entity, row)
        body: dict[str, Any] = {"@iot.id": row.pk, "@iot.selfLink": link}
        properties = entity.serialise(row)
        expanded = {name for name, _options in options.expand}
        navigation = {name: f"{link}/{name}" for name in (*entity.one, *entity.many) if name not in expanded}
        if options.select:
            known = {*properties, *entity.one, *entity.many, "id", "selfLink"}
            for name in options.select:
                if name.partition("/")[0] not in known:
                    raise bad(_("There is no such property here."), name, "$select")
            wanted = {name.partition("/")[0] for name in options.select}
            if "id" not in wanted:
                body.pop("@iot.id")
            if "selfLink" not in wanted:
                body.pop("@iot.selfLink")
            properties = {name: value for name, value in properties.items() if name in wanted}
            navigation = {name: value for name, value in navigation.items() if name in wanted}
        return body | properties | {f"{name}@iot.navigationLink": value for name, value in navigation.items()}

    def many(self, entity: Entity, rows: list[Any], options: Options) -> list[dict[str, Any]]:
        bodies = [self.entity(entity, row, options) for row in rows]
        for name, inner in options.expand:
            self._expand(entity, rows, bodies, name, inner)
        return bodies

    def _expand(
        self, entity: Entity, rows: list[Any], bodies: list[dict[str, Any]], name: str, options: Options
    ) -> None:
        if not rows:
            return
        if name in entity.one:
            target = ENTITIES[entity.one[name][0]]
            found = related(entity, rows, name)
            distinct = {row.pk: row for row in found.values() if row is not None}
            written = dict(zip(distinct, self.many(target, list(distinct.values()), options), strict=True))
            for row, body in zip(rows, bodies, strict=True):
                neighbour = found.get(row.pk)
                body[name] = written[neighbour.pk] if neighbour is not None else None
            return
        if name not in entity.many:
            raise bad(_("There is nothing of this name to expand here."), name, "$expand")
        target_name, step = entity.many[name]
        target = ENTITIES[target_name]
        limit = min(PAGE if options.top is None else options.top, LARGEST_PAGE)
        groups: dict[Any, tuple[list[Any], int | None, bool]] = {}
        if step:
            query = target.base()
            if options.filter is not None:
                query = query.filter(Translator(target).condition(options.filter))
            query = query.filter(**{f"{step}__in": [row.pk for row in rows]}).order_by(*_order(target, options), "pk")
            by_parent: dict[Any, list[Any]] = defaultdict(list)
            for found_row in query:
                by_parent[found_row.pk if step == "pk" else getattr(found_row, f"{step}_id")].append(found_row)
            for row in rows:
                all_of_it = by_parent.get(row.pk, [])
                part = all_of_it[options.skip : options.skip + limit]
                groups[row.pk] = part, len(all_of_it) if options.count else None, len(all_of_it) > options.skip + limit
        else:
            for row in rows[:LARGEST_PAGE]:
                groups[row.pk] = collect(_many(entity, row, name), options, limit)
        flat = [child for row in rows for child in groups.get(row.pk, ([], None, False))[0]]
        written_children = iter(self.many(target, flat, options))
        for row, body in zip(rows, bodies, strict=True):
            part, total, more = groups.get(row.pk, ([], None, False))
            body[name] = [next(written_children) for _child in part]
            if total is not None:
                body[f"{name}@iot.count"] = total
            if more:
                body[f"{name}@iot.nextLink"] = (
                    f"{self.link(entity, row)}/{name}?$skip={options.skip + limit}&$top={limit}"
                )

    def data_array(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Readings by datastream in the compact form of the DataArray extension."""
        serialise = ENTITIES["Observations"].serialise
        components = ["id", "phenomenonTime", "resultTime", "result", "resultQuality", "parameters"]
        blocks: dict[int, list[list[Any]]] = {}
        for row in rows:
            values = {"id": row.pk, **serialise(row)}
            blocks.setdefault(row.datastream_id, []).append([values[name] for name in components])
        return [
            {
                "Datastream@iot.navigationLink": f"{self.base}/Datastreams({number})",
                "components": components,
                "dataArray@iot.count": len(block),
                "dataArray": block,
            }
            for number, block in blocks.items()
        ]


def answer(path: str, pairs: list[tuple[str, str]], base: str) -> Any:
    """The body for GET: a dict, a list of links, or the plain text of `$value`. Raises `Invalid` and `NotFound`."""
    place = walk(path)
    options = read_options(pairs)
    writer = Writer(base)
    if place.row is not None:
        if place.prop is not None:
            value = place.entity.serialise(place.row)[place.prop]
            return str(value) if place.raw else {place.prop: value}
        if place.ref:
            return {"@iot.selfLink": writer.link(place.entity, place.row)}
        return writer.many(place.entity, [place.row], options)[0]
    arrays = options.data_array and place.entity.model is Observation
    if options.data_array and not arrays:
        raise bad(_("The format dataArray is for readings only."), "dataArray", "$resultFormat")
    limit = min(PAGE if options.top is None else options.top, LARGEST_ARRAY if arrays else LARGEST_PAGE)
    rows, total, more = collect(place, options, limit) if limit or options.count else ([], None, False)
    body: dict[str, Any] = {}
    if total is not None:
        body["@iot.count"] = total
    if more and limit:
        following = [(name, value) for name, value in pairs if name not in {"$skip", "$top"}]
        following += [("$top", str(limit)), ("$skip", str(options.skip + limit))]
        body["@iot.nextLink"] = f"{base}/{path.strip('/')}?{urlencode(following, safe='$', quote_via=quote)}"
    if place.ref:
        body["value"] = [{"@iot.selfLink": writer.link(place.entity, row)} for row in rows]
    else:
        body["value"] = writer.data_array(rows) if arrays else writer.many(place.entity, rows, options)
    return body


__all__ = ["SINGULAR", "answer", "walk"]
