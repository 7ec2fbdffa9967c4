"""A datastream over a span of time: as measured, or as minimum, mean and maximum of hours, days or months."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q

from tepian.kernel.catalogue.city import city_timezone, today
from tepian.toolkit import csvfile

from ..models import Datastream, Observation, ThresholdScale
from ..states import KEY_EPOCH_MS, Flag, pack_key, quality, to_moment, to_ms, unpack_key

RAW_LIMIT = 3000
STEPS = ("raw", "hour", "day", "month")


@dataclass(frozen=True, slots=True)
class Point:
    at: datetime
    value: float
    flags: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """`total` is the sum (for rain); impossible values are left out of all five."""

    at: datetime
    low: float
    mean: float
    high: float
    total: float
    count: int


@dataclass(frozen=True, slots=True)
class Series:
    """Either `points` (step raw) or `buckets`; `marked` counts readings with a mark of quality in the span."""

    step: str
    start: datetime
    end: datetime
    points: list[Point] = field(default_factory=list)
    buckets: list[Bucket] = field(default_factory=list)
    marked: dict[str, int] = field(default_factory=dict)
    cut: bool = False


def choose_step(start: datetime, end: datetime, interval_s: int) -> str:
    """The finest step that stays below about 3,000 points."""
    span = (end - start).total_seconds()
    if span / max(interval_s, 1) <= 1500:
        return "raw"
    if span <= 60 * 86400:
        return "hour"
    return "day" if span <= 5 * 366 * 86400 else "month"


def series(datastream_id: int, start: datetime, end: datetime, step: str = "raw") -> Series:
    """Readings from `start` to before `end` (aware). Aggregation is done by the database on a key range, in whole hours
    of UTC, and hours are folded into the city's days and months here."""
    if step == "raw":
        rows = list(
            Observation.objects.of(datastream_id, to_ms(start), to_ms(end))
            .order_by("pk")
            .values_list("id", "result", "flags")[: RAW_LIMIT + 1]
        )
        cut = len(rows) > RAW_LIMIT
        points = [Point(to_moment(unpack_key(key)[1]), value, flags) for key, value, flags in rows[:RAW_LIMIT]]
        return Series(step, start, end, points=points, marked=_marked(points), cut=cut)
    hours = _hours(datastream_id, start, end)
    buckets = hours if step == "hour" else _fold(hours, step, city_timezone())
    return Series(step, start, end, buckets=buckets, marked=_marked_in(datastream_id, start, end))


def _hours(datastream_id: int, start: datetime, end: datetime) -> list[Bucket]:
    hour = 3_600_000
    first = pack_key(datastream_id, max(to_ms(start), KEY_EPOCH_MS))
    last = pack_key(datastream_id, max(to_ms(end), KEY_EPOCH_MS))
    base = pack_key(datastream_id, KEY_EPOCH_MS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT (id - {base}) / {hour} AS h, MIN(result), AVG(result), MAX(result), SUM(result), COUNT(*)"  # noqa: S608 - integers
            " FROM sensors_observation WHERE id >= %s AND id < %s AND flags %% 2 = 0 GROUP BY h ORDER BY h",
            [first, last],
        )
        return [Bucket(to_moment(int(row[0]) * hour + KEY_EPOCH_MS), *row[1:]) for row in cursor.fetchall()]


def _fold(hours: list[Bucket], step: str, zone: ZoneInfo) -> list[Bucket]:
    groups: dict[datetime, list[Bucket]] = {}
    for bucket in hours:
        local = bucket.at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        groups.setdefault(local.replace(day=1) if step == "month" else local, []).append(bucket)
    return [
        Bucket(
            at,
            min(b.low for b in group),
            sum(b.mean * b.count for b in group) / sum(b.count for b in group),
            max(b.high for b in group),
            sum(b.total for b in group),
            sum(b.count for b in group),
        )
        for at, group in groups.items()
    ]


def _marked(points: list[Point]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for flag in Flag:
        if (found := sum(bool(point.flags & flag) for point in points)) and flag.name:
            counts[flag.name.lower()] = found
    return counts


def _marked_in(datastream_id: int, start: datetime, end: datetime) -> dict[str, int]:
    counts: dict[str, int] = {}
    rows = Observation.objects.of(datastream_id, to_ms(start), to_ms(end)).exclude(flags=0)
    for flags in rows.values_list("flags", flat=True).iterator(chunk_size=5000):
        for flag in Flag:
            if flags & flag and flag.name:
                counts[flag.name.lower()] = counts.get(flag.name.lower(), 0) + 1
    return counts


def rows_for_export(datastream_id: int, start: datetime, end: datetime) -> Iterator[tuple[datetime, float, int]]:
    """Every reading of the span, unlimited, in time order."""
    rows = (
        Observation.objects.of(datastream_id, to_ms(start), to_ms(end))
        .order_by("pk")
        .values_list("id", "result", "flags")
    )
    for key, value, flags in rows.iterator(chunk_size=5000):
        yield to_moment(unpack_key(key)[1]), value, flags


def csv_lines(row: Datastream, start: datetime, end: datetime) -> Iterator[str]:
    """The readings of a span as lines of CSV, every one of them, with the unit in the heading."""
    rows = (
        [at.isoformat(timespec="seconds"), value, " ".join(quality(flags)), row.station.code, row.slug]
        for at, value, flags in rows_for_export(row.pk, start, end)
    )
    yield csvfile.MARK
    yield from csvfile.lines(chain([["time", f"value_{row.unit}", "quality", "station", "datastream"]], rows))


def thresholds(datastream_id: int, on: date | None = None, *, history: bool = False) -> list[ThresholdScale]:
    """Scales that hold on a day (default today), the alerting one first; with `history` all that ever held."""
    scales = ThresholdScale.objects.filter(datastream_id=datastream_id).order_by("-alerting", "code", "-valid_from")
    if history:
        return list(scales)
    day = on or today()
    return list(scales.filter(valid_from__lte=day).filter(Q(valid_to=None) | Q(valid_to__gte=day)))


def find_datastream(station: str, slug: str | None = None) -> Datastream | None:
    """A station's datastream by slug, or its main one."""
    rows = Datastream.objects.select_related("station__region", "station__owner", "observed_property", "sensor").filter(
        station__code=station
    )
    return (rows.filter(slug=slug) if slug else rows.order_by("-main", "slug")).first()


def span_for(name: str, now: datetime) -> tuple[datetime, datetime]:
    """(start, end) of the spans that pages offer: hour, day, week, month, year."""
    days = {"hour": 3 / 24, "day": 1, "week": 7, "month": 31, "year": 366}.get(name, 1)
    return now - timedelta(days=days), now + timedelta(minutes=10)


def json_bounds(scale: ThresholdScale) -> dict[str, Any]:
    return {
        name: None if math.isinf(bound) else bound
        for name, bound in zip(("waspada", "siaga", "awas"), scale.bounds, strict=True)
    }
