"""What the hot path must know of every datastream, in memory: identity, limits and today's alerting thresholds.

Reloaded when the topic `sensors.setup` has a new version (stations or thresholds were changed, by whichever process)
and when the day changes in the city, because thresholds hold from a day to a day.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from rapidfuzz import process

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue import versions
from tepian.kernel.catalogue.city import today

from ..models import Datastream, ThresholdScale
from ..states import NO_BOUNDS, Bounds

SETUP = "sensors.setup"
TOPIC_PREFIX = "tepian/v1/"


@dataclass(slots=True)
class Series:
    """One datastream as the hot path sees it. Times in ms, values in the datastream's unit."""

    id: int
    key: str
    station: str
    slug: str
    station_name: str
    station_name_en: str
    kind: str
    region: str
    owner: str
    lon: float
    lat: float
    unit: str
    unit_label: str
    low: float
    high: float
    step_per_ms: float
    stuck_ms: int
    late_ms: int
    interval_ms: int
    summed: bool
    active: bool
    scale: str = ""
    bounds: Bounds = NO_BOUNDS
    hysteresis: float = 0.0


@dataclass(slots=True)
class Registry:
    version: tuple[Any, ...] = ()
    by_id: dict[int, Series] = field(default_factory=dict)
    by_key: dict[str, Series] = field(default_factory=dict)

    def find(self, key: str) -> Series:
        """The datastream `<station>/<slug>`; raises `NotFound` naming the nearest keys."""
        series = self.by_key.get(key)
        if series is None:
            raise self.unknown(key)
        return series

    def by_number(self, number: int) -> Series:
        series = self.by_id.get(number)
        if series is None:
            raise self.unknown(str(number))
        return series

    def near(self, key: str, limit: int = 3) -> list[str]:
        """Known keys that resemble `key`, best first."""
        hits = process.extract(key, self.by_key.keys(), limit=limit, score_cutoff=55)
        return [hit[0] for hit in hits]

    def unknown(self, key: str) -> NotFound:
        near = self.near(key)
        if near:
            message = format_lazy(
                _(
                    "There is no datastream “{key}”. Nearest: {near}. Nothing was stored; correct "
                    "the name and send again."
                ),
                key=key[:120],
                near=", ".join(near),
            )
        else:
            message = format_lazy(
                _(
                    "There is no datastream “{key}”. Nothing was stored; the list of datastreams is "
                    "at /sensorthings/v1.1/Datastreams."
                ),
                key=key[:120],
            )
        return NotFound(message, code="unknown_datastream", field="Datastream", item=key[:120])


def load(on: date | None = None) -> Registry:
    """Read all datastreams and the thresholds that hold on `on` (default today in the city)."""
    on = on or today()
    version = (versions.current([SETUP]), on)
    registry = Registry(version=version)
    for row in Datastream.objects.select_related("station__region", "station__owner"):
        station = row.station
        interval_ms = row.expected_interval_s * 1000
        series = Series(
            id=row.pk,
            key=row.key,
            station=station.code,
            slug=row.slug,
            station_name=station.name,
            station_name_en=station.name_en or station.name,
            kind=station.kind,
            region=station.region.code if station.region else "",
            owner=station.owner.code if station.owner else "",
            lon=station.lon,
            lat=station.lat,
            unit=row.unit,
            unit_label=row.unit_label,
            low=-math.inf if row.min_plausible is None else row.min_plausible,
            high=math.inf if row.max_plausible is None else row.max_plausible,
            step_per_ms=0.0 if row.max_step_per_minute is None else row.max_step_per_minute / 60_000,
            stuck_ms=row.stuck_after_s * 1000,
            late_ms=max(4 * interval_ms, 15 * 60_000),
            interval_ms=interval_ms,
            summed=row.basis == Datastream.Basis.SUM_1H,
            active=station.active,
        )
        registry.by_id[series.id] = series
        registry.by_key[series.key] = series
    for scale in ThresholdScale.objects.filter(alerting=True, valid_from__lte=on).order_by("valid_from"):
        if scale.valid_to and scale.valid_to < on:
            continue
        series = registry.by_id[scale.datastream_id]
        series.scale, series.bounds, series.hysteresis = scale.code, scale.bounds, scale.hysteresis
    return registry


_current = Registry()
_lock = threading.Lock()
_day: tuple[float, date] = (-math.inf, date.min)


def _today() -> date:
    """The city's date, asked for at most every five seconds."""
    global _day
    now = time.monotonic()
    if now - _day[0] > 5:
        _day = (now, today())
    return _day[1]


def snapshot() -> Registry:
    """The registry as last read, without asking the database."""
    return _current


def current() -> Registry:
    """The registry as it is now: one indexed read, and a reload when something changed."""
    global _current
    wanted = (versions.current([SETUP]), _today())
    if _current.version != wanted or not _current.by_id:
        with _lock:
            if _current.version != wanted or not _current.by_id:
                _current = load(wanted[1])
    return _current


def forget() -> None:
    """Drop what is in memory (after a database was replaced: restore, tests)."""
    global _current, _day
    _current, _day = Registry(), (-math.inf, date.min)
