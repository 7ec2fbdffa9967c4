"""The fast way in: POST Observations and CreateObservations, answered by the gateway's event loop after the commit."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from django.db import close_old_connections
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid, NotFound
from tepian.kernel.catalogue.fast import FastReply, FastRequest

from ..operations import readings, registry, writer
from ..operations.registry import Registry, Series
from ..operations.store import Row
from ..operations.writer import Kept
from ..states import iso, pack_key
from .answers import MALFORMED, NOT_YOURS, Problem, caller, may_write, problem_of

log = logging.getLogger("tepian.sensors")
ROOT = "/sensorthings/v1.1"
LARGEST_ARRAY = 200_000
KEPT = _("Another value, {value}, was stored for this moment before. The first is kept; this one was not stored.")
INTERNAL = _(
    "Something broke on our side. Nothing of this request was stored. The operator has been told; try again later."
)


async def ready_registry() -> Registry:
    """The registry, read in a thread the first time."""
    found = registry.snapshot()
    return found if found.by_id else await asyncio.to_thread(_load_registry)


def _load_registry() -> Registry:
    close_old_connections()
    try:
        return registry.current()
    finally:
        close_old_connections()


async def find_series(reference: Any) -> Series:
    """The datastream that a payload names: by number or by `<station>/<slug>`. An unknown one is looked for in the
    database once before it is refused, for it may be new."""
    known = await ready_registry()
    try:
        return pick(known, reference)
    except NotFound:
        return pick(await asyncio.to_thread(_load_registry), reference)


def pick(known: Registry, reference: Any) -> Series:
    if type(reference) is int:
        return known.by_number(reference)
    if isinstance(reference, str) and reference:
        return (
            known.by_number(int(reference)) if reference.isdecimal() and len(reference) < 12 else known.find(reference)
        )
    raise Invalid(
        _('The reading does not name its datastream. Write "Datastream": {"@iot.id": 1}. Nothing was stored.'),
        code="no_datastream",
        field="Datastream",
    )


def reference_of(body: dict[str, Any]) -> Any:
    datastream = body.get("Datastream")
    return datastream.get("@iot.id") if isinstance(datastream, dict) else datastream


async def keep(rows: Sequence[Row], actor: Actor) -> Kept:
    """Store and wait for the commit, through this process's writer where it runs."""
    if writer.WRITER.running:
        return await writer.WRITER.submit(rows)
    return await asyncio.to_thread(_keep_in_thread, rows, actor)


def _keep_in_thread(rows: Sequence[Row], actor: Actor) -> Kept:
    close_old_connections()
    return readings.record_observations(actor=actor, rows=rows, checked=True)


def guarded(handler: Callable[[FastRequest], Awaitable[FastReply]]) -> Callable[[FastRequest], Awaitable[FastReply]]:
    """Every refusal becomes a readable answer; what nobody foresaw is logged and becomes 500."""

    async def answer(request: FastRequest) -> FastReply:
        try:
            return await handler(request)
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                log.exception("%s %s failed", request.method, request.path)
                problem = Problem(500, "internal", INTERNAL)
            return problem.reply()

    return answer


def decode(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(body)  # knows NaN and Infinity, which are then refused by name
    except (ValueError, RecursionError):
        raise Problem(400, "malformed", MALFORMED) from None


def self_link(base: str, key: int) -> str:
    return f"{base}{ROOT}/Observations({key})"


def conflict(key: int, value: float, base: str) -> Problem:
    return Problem(
        409,
        "observation_conflict",
        format_lazy(KEPT, value=value),
        field="result",
        more={"kept": value, "@iot.selfLink": self_link(base, key)},
    )


@guarded
async def post_observation(request: FastRequest) -> FastReply:
    """POST /sensorthings/v1.1/Observations: one reading, 201 with Location after the commit."""
    headers = request.headers
    actor = await caller(headers.get("authorization", ""), headers.get("x-tepian-key", ""))
    body = decode(request.body)
    if type(body) is not dict:
        raise Problem(400, "malformed", MALFORMED)
    series = await find_series(reference_of(body))
    if not may_write(actor, series):
        raise Problem(403, "denied", NOT_YOURS, field="Datastream")
    row = readings.row_of(series, body, time.time_ns() // 1_000_000)
    kept = await keep((row,), actor)
    key = pack_key(row[0], row[1])
    if kept:
        raise conflict(key, kept[0], request.base_url)
    link = self_link(request.base_url, key)
    return FastReply(
        201,
        f'{{"@iot.id":{key},"@iot.selfLink":"{link}","phenomenonTime":"{iso(row[1])}","result":{row[2]!r}}}'.encode(),
        headers=[("location", link)],
    )


async def store_arrays(blocks: Any, actor: Actor, base: str) -> tuple[int, list[str]]:
    """The DataArray extension: (rows stored or known, one link or `error: …` per row, in order)."""
    if type(blocks) is not list or not all(type(block) is dict for block in blocks):
        raise Problem(400, "malformed", MALFORMED)
    now_ms = time.time_ns() // 1_000_000
    answers: list[str] = []
    rows: list[Row] = []
    places: list[int] = []
    for block in blocks:
        await _read_block(block, actor, now_ms, answers, rows, places)
        if len(answers) > LARGEST_ARRAY:
            raise Problem(
                413,
                "body_too_large",
                _("At most 200,000 readings fit in one request. Nothing was stored. Send smaller parts."),
            )
    kept = await keep(rows, actor) if rows else {}
    prefix = f"{base}{ROOT}/Observations("
    for index, row in enumerate(rows):
        answers[places[index]] = f"{prefix}{pack_key(row[0], row[1])})"
    for index, value in kept.items():
        answers[places[index]] = "error: " + str(Problem(409, "", format_lazy(KEPT, value=value)).body()["message_en"])
    return len(rows) - len(kept), answers


async def _read_block(
    block: dict[str, Any], actor: Actor, now_ms: int, answers: list[str], rows: list[Row], places: list[int]
) -> None:
    """One datastream's part of a DataArray. A fault of the block is an error for each of its rows."""
    data = block.get("dataArray")
    components = block.get("components")
    if type(data) is not list or type(components) is not list:
        raise Problem(
            400, "malformed", _("Each part needs “components” and “dataArray”. Nothing was stored."), field="dataArray"
        )
    try:
        series = await find_series(reference_of(block))
        if not may_write(actor, series):
            raise Invalid(NOT_YOURS, code="denied", field="Datastream")
        if "result" not in components:
            raise Invalid(
                _("The components do not name “result”. Nothing was stored."), code="no_result", field="components"
            )
    except Invalid as error:
        message = _error_text(error)
        answers.extend([message] * len(data))
        return
    number, value_at = series.id, components.index("result")
    time_at = components.index("phenomenonTime") if "phenomenonTime" in components else -1
    extra_at = components.index("parameters") if "parameters" in components else -1
    width, parse_time, parse_value = len(components), readings.parse_time, readings.parse_value
    for item in data:
        try:
            if type(item) is not list or len(item) != width:
                raise Invalid(
                    _("The row does not have as many values as there are components."),
                    code="bad_row",
                    field="dataArray",
                )
            flags = 0
            if extra_at >= 0 and isinstance(item[extra_at], dict) and item[extra_at].get("simulated") is True:
                flags = readings.SIMULATED
            row = (
                number,
                parse_time(item[time_at], now_ms) if time_at >= 0 else now_ms,
                parse_value(item[value_at]),
                flags,
            )
        except Invalid as error:
            answers.append(_error_text(error))
        else:
            places.append(len(answers))
            answers.append("")
            rows.append(row)


def _error_text(error: Invalid) -> str:
    return "error: " + str(Problem(422, error.code, error.message).body()["message_en"])


@guarded
async def create_observations(request: FastRequest) -> FastReply:
    """POST /sensorthings/v1.1/CreateObservations: many readings in one request and one commit."""
    headers = request.headers
    actor = await caller(headers.get("authorization", ""), headers.get("x-tepian-key", ""))
    stored, answers = await store_arrays(decode(request.body), actor, request.base_url)
    return FastReply.json(answers, 201 if stored or not answers else 422)
