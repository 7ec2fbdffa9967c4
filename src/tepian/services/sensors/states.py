"""Levels of danger, marks of quality and trends: pure rules, no database."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntFlag
from statistics import median

LEVELS = ("normal", "waspada", "siaga", "awas")
RANK = {level: rank for rank, level in enumerate(LEVELS)}

# Times inside the room are whole milliseconds since 1970 (UTC); an observation's key packs datastream and time.
KEY_BITS = 42
KEY_EPOCH_MS = 631_152_000_000  # 1990-01-01: nothing older is accepted, and 42 bits reach to the year 2129
KEY_MASK = (1 << KEY_BITS) - 1
MAX_DATASTREAM = (1 << 21) - 1
FUTURE_MS = 10 * 60_000


class Flag(IntFlag):
    """Marks of one observation. IMPOSSIBLE: outside the plausible limits; STUCK: unchanged for too long; LATE: arrived
    long after it was measured; SPIKE: jumped faster than the limit; CONFLICT: a second, different value was sent for
    the same moment (the first was kept); SIMULATED: from an exercise or a replay."""

    IMPOSSIBLE = 1
    STUCK = 2
    LATE = 4
    SPIKE = 8
    CONFLICT = 16
    SIMULATED = 32


QUALITY_NAMES = tuple((flag.value, flag.name.lower()) for flag in Flag if flag.name)


def quality(flags: int) -> list[str]:
    """The marks as words, without `simulated`; an unmarked value is `["ok"]`."""
    names = [name for bit, name in QUALITY_NAMES if flags & bit and bit != Flag.SIMULATED]
    return names or ["ok"]


def pack_key(datastream_id: int, time_ms: int) -> int:
    """The observation's key: datastream in the high bits, milliseconds since 1990 in the low 42."""
    return datastream_id << KEY_BITS | (time_ms - KEY_EPOCH_MS)


def unpack_key(key: int) -> tuple[int, int]:
    """(datastream id, milliseconds since 1970) of a key."""
    return key >> KEY_BITS, (key & KEY_MASK) + KEY_EPOCH_MS


def to_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970 of an aware moment."""
    return math.floor(moment.timestamp() * 1000 + 0.0005)


def to_moment(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


def iso(time_ms: int) -> str:
    """ISO 8601 in UTC with milliseconds and Z."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- levels ----------------------------------------------------------------------------------------------------------

Bounds = tuple[float, float, float]
NO_BOUNDS: Bounds = (math.inf, math.inf, math.inf)


def level_rank(value: float, bounds: Bounds) -> int:
    """0 normal … 3 awas: the highest level whose lower bound the value reaches. A missing bound is infinite."""
    if value >= bounds[2]:
        return 3
    if value >= bounds[1]:
        return 2
    return 1 if value >= bounds[0] else 0


def next_rank(current: int, value: float, bounds: Bounds, hysteresis: float) -> int:
    """The level that follows `current`: rises at once, and falls only when the value is `hysteresis` below the bound,
    so that a level that swings about a bound does not flap."""
    reached = level_rank(value, bounds)
    if reached >= current:
        return reached
    return min(current, level_rank(value + hysteresis, bounds))


# --- trends ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trend:
    """Change per hour in the datastream's unit: `slope` is the median of all pairwise slopes (Theil-Sen), `low` and
    `high` their 10th and 90th percentiles. `steady` says that the pairs agree on a direction."""

    slope: float
    low: float
    high: float
    points: int
    minutes: float

    @property
    def steady(self) -> bool:
        return self.low > 0 or self.high < 0

    @property
    def shown(self) -> float | None:
        """What may be said: the slope where the points agree on a direction or hardly move, else nothing. Round the
        peak of a flood they do not agree, and an arrow would be a guess."""
        return round(self.slope, 4) if self.steady or abs(self.slope) <= STILL_PER_HOUR else None


HOUR_MS = 3_600_000
TREND_WINDOWS_MS = (2 * 60_000, 5 * 60_000, 15 * 60_000, HOUR_MS, 3 * HOUR_MS)
TREND_SPACING_MS = 5_000
TREND_MIN_POINTS = 5
STILL_PER_HOUR = 0.05
MAX_ETA_MINUTES = 360


def trend_span_ms(interval_ms: int) -> int:
    """How far back a trend looks: an hour, or three for a gauge so slow that an hour holds fewer than five readings."""
    return HOUR_MS if interval_ms * TREND_MIN_POINTS <= HOUR_MS else 3 * HOUR_MS


def theil_sen(points: Sequence[tuple[int, float]]) -> Trend | None:
    """Robust slope through (ms, value) points in time order; None below five points."""
    count = len(points)
    if count < TREND_MIN_POINTS:
        return None
    slopes = sorted(
        (points[j][1] - points[i][1]) / (points[j][0] - points[i][0])
        for i in range(count)
        for j in range(i + 1, count)
        if points[j][0] > points[i][0]
    )
    if not slopes:
        return None
    hour = 3_600_000
    last = len(slopes) - 1
    return Trend(
        slope=median(slopes) * hour,
        low=slopes[round(last * 0.1)] * hour,
        high=slopes[round(last * 0.9)] * hour,
        points=count,
        minutes=(points[-1][0] - points[0][0]) / 60_000,
    )


def trend_of(points: Iterable[tuple[int, float]]) -> Trend | None:
    """The trend over the shortest of 2, 5, 15, 60 and 180 minutes in which the points agree on a direction, else over
    the longest for which there are points (see `trend_span_ms`).

    A window counts when at least five points span four fifths of it, so that a gauge that reports every ten minutes is
    judged by the hour and a slower one by three, while one that reports every few seconds shows a flash flood within
    minutes.
    """
    recent = list(points)
    if len(recent) < TREND_MIN_POINTS:
        return None
    newest = recent[-1][0]
    widest = None
    for window in TREND_WINDOWS_MS:
        inside = [point for point in recent if point[0] >= newest - window]
        if len(inside) > 24:  # 276 pairs say as much as thousands, in a tenth of a millisecond
            step = len(inside) / 24
            inside = [*(inside[int(i * step)] for i in range(23)), inside[-1]]
        trend = theil_sen(inside)
        if trend is None:
            continue
        widest = trend
        if trend.steady and (inside[-1][0] - inside[0][0]) >= 0.8 * window:
            return trend
    return widest


def minutes_to(value: float, bound: float, trend: Trend | None) -> tuple[int, int] | None:
    """Earliest and latest minutes until `bound` is reached at the present trend.

    None unless the water rises, the pairs of points agree on it, and the latest estimate lies within six hours: an
    estimate that says nothing is not shown.
    """
    if trend is None or trend.low <= 0 or math.isinf(bound) or value >= bound:
        return None
    gap = (bound - value) * 60
    earliest, latest = gap / trend.high, gap / trend.low
    if latest > MAX_ETA_MINUTES or latest > 4 * earliest + 10:
        return None
    return max(1, math.floor(earliest)), max(1, math.ceil(latest))
