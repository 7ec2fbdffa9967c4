"""From what a sender wrote to rows that may be stored: every check that does not need the database."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import DatabaseError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid

from .. import policies
from ..states import FUTURE_MS, KEY_EPOCH_MS, Flag
from .registry import Series
from .store import Row
from .writer import WRITER, Kept, commit, translate

SIMULATED = int(Flag.SIMULATED)
UNIT_ALIASES = {"meter": "m", "metre": "m", "milimeter": "mm", "millimetre": "mm", "millimeter": "mm"}


def parse_value(value: Any, field: str = "result") -> float:
    """A finite number; raises `Invalid`."""
    if type(value) is float or type(value) is int:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if -math.inf < number < math.inf:
            return number
        raise Invalid(
            _("The value must be a finite number; NaN and infinity are not stored. Leave the reading out instead."),
            code="not_finite",
            field=field,
        )
    raise Invalid(
        _("The value must be a number, written without quotation marks. Nothing was stored."),
        code="not_a_number",
        field=field,
    )


def parse_time(value: Any, now_ms: int, field: str = "phenomenonTime") -> int:
    """Milliseconds since 1970 of an ISO 8601 time with a zone; of an interval its end; None means now.

    Raises `Invalid` for a time without a zone, more than ten minutes ahead, or before 1990.
    """
    if value is None:
        return now_ms
    if type(value) is not str:
        raise _bad_time(value, field)
    text = value.rpartition("/")[2] if "/" in value else value
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _bad_time(value, field) from None
    if moment.tzinfo is None:
        raise Invalid(
            _(
                "The time has no zone. Write it with Z or an offset, e.g. 2026-11-22T14:30:00+08:00. "
                "Nothing was stored."
            ),
            code="time_without_zone",
            field=field,
            item=text[:60],
        )
    try:
        time_ms = math.floor(moment.timestamp() * 1000 + 0.0005)
    except (OverflowError, ValueError):
        raise _bad_time(value, field) from None
    check_time(time_ms, now_ms, field, text)
    return time_ms


def check_time(time_ms: int, now_ms: int, field: str = "phenomenonTime", item: str = "") -> None:
    if time_ms > now_ms + FUTURE_MS:
        raise Invalid(
            _("The time lies more than ten minutes in the future. Nothing was stored; set the clock of the sender."),
            code="time_in_future",
            field=field,
            item=item[:60],
        )
    if time_ms < KEY_EPOCH_MS:
        raise Invalid(
            _("The time lies before 1990. Nothing was stored; set the clock of the sender."),
            code="time_too_old",
            field=field,
            item=item[:60],
        )


def _bad_time(value: Any, field: str) -> Invalid:
    return Invalid(
        _("The time cannot be read. Write it as 2026-11-22T14:30:00+08:00. Nothing was stored."),
        code="bad_time",
        field=field,
        item=str(value)[:60],
    )


def check_unit(unit: Any, series: Series) -> None:
    """A unit that is sent along must be the datastream's own (UCUM or as people write it)."""
    if unit in (None, series.unit, series.unit_label):
        return
    if isinstance(unit, str) and UNIT_ALIASES.get(unit.strip().lower(), unit.strip()) in (
        series.unit,
        series.unit_label,
    ):
        return
    raise Invalid(
        format_lazy(
            _(
                "The unit is “{sent}”, but “{key}” is measured in “{unit}”. Nothing was stored; "
                "convert the value or correct the unit."
            ),
            sent=str(unit)[:30],
            key=series.key,
            unit=series.unit,
        ),
        code="unit_mismatch",
        field="unit",
        item=str(unit)[:30],
    )


_given: dict[int, int] = {}


def given_time(datastream_id: int, now_ms: int) -> int:
    """The time for a reading that brings none: now, but never the same millisecond twice in this process, so that
    readings sent in one breath do not claim the same moment."""
    last = _given.get(datastream_id, 0)
    time_ms = _given[datastream_id] = now_ms if now_ms > last or last - now_ms > 60_000 else last + 1
    return time_ms


def row_of(series: Series, body: Mapping[str, Any], now_ms: int) -> Row:
    """One reading as SensorThings or MQTT writes it: `result`, `phenomenonTime`, optionally `unit` and `parameters`."""
    result = body.get("result")
    if type(result) is not float:
        result = parse_value(result)
    elif not -math.inf < result < math.inf:
        parse_value(result)
    moment = body.get("phenomenonTime")
    time_ms = given_time(series.id, now_ms) if moment is None else parse_time(moment, now_ms)
    if "unit" in body:
        check_unit(body["unit"], series)
    flags = 0
    parameters = body.get("parameters")
    if (parameters is not None and isinstance(parameters, dict) and parameters.get("simulated") is True) or body.get(
        "simulated"
    ) is True:
        flags = SIMULATED
    return series.id, time_ms, result, flags


def record_observations(
    *, actor: Actor, rows: Sequence[Row], now_ms: int | None = None, alert: bool = True, checked: bool = False
) -> Kept:
    """Store readings and return after the commit: the door for DataArray, CSV, replay and other rooms' tests.

    `rows` are (datastream id, ms since 1970, value, 0 or SIMULATED). In a process whose writer runs, they join its
    group commit; otherwise (worker, command line, tests), or with `now_ms`/`alert` given, they are written here.
    Not an audited operation: a reading is its own record, and changes of level that follow are audited.
    Returns which rows were not stored because another value stands for their moment. Raises `Denied`, `Unavailable`.
    """
    if not checked and not actor.is_system:
        policies.may_write_observations(actor)
    if not rows:
        return {}
    if now_ms is None and alert and WRITER.running:
        return WRITER.submit_and_wait(rows)
    try:
        return commit([rows], now_ms=now_ms, alert=alert)[0]
    except DatabaseError as error:
        raise translate(error) from error


def now_ms() -> int:
    return time.time_ns() // 1_000_000
