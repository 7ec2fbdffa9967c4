"""Readings as MQTT messages: topic `tepian/v1/<station>/<datastream>`, payload a number or a small JSON object."""

from __future__ import annotations

import math
from typing import Any

import orjson
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid

from . import readings
from .registry import TOPIC_PREFIX, Registry, Series
from .store import Row

PREFIX = TOPIC_PREFIX.encode()


def series_of(registry: Registry, topic: str) -> Series:
    """The datastream that a topic names; raises `Invalid` for a foreign topic and `NotFound` with near names."""
    if not topic.startswith(TOPIC_PREFIX):
        raise Invalid(
            format_lazy(
                _("The topic must be tepian/v1/<station>/<datastream>, not “{topic}”. Nothing was stored."),
                topic=topic[:120],
            ),
            code="bad_topic",
            field="topic",
            item=topic[:120],
        )
    return registry.find(topic[len(TOPIC_PREFIX) :])


def row_of_message(series: Series, payload: bytes, now_ms: int) -> Row:
    """A payload as a row. `4.21` or `{"result": 4.21, "phenomenonTime": "…", "unit": "m"}`; raises `Invalid`."""
    try:
        value = float(payload)
    except ValueError:
        value = math.nan
    else:
        if -math.inf < value < math.inf and b"_" not in payload:
            return series.id, readings.given_time(series.id, now_ms), value, 0
    if payload[:1] != b"{":
        readings.parse_value(math.nan if b"n" in payload.lower() and len(payload) < 12 else None, "payload")
    try:
        body: Any = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise Invalid(
            _(
                "The message is neither a number nor JSON such as "
                '{"result": 4.21, "phenomenonTime": "2026-11-22T14:30:00+08:00"}. Nothing was stored.'
            ),
            code="malformed",
            field="payload",
        ) from None
    return readings.row_of(series, body, now_ms)


def may_publish(actor: Actor, series: Series) -> bool:
    """Does the sender reach this station, by region or by the agency that owns it?"""
    return actor.is_system or actor.has(
        "device", "sensor_steward", "administrator", region=series.region, agency=series.owner
    )
