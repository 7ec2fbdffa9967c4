"""Storing readings inside a transaction: keys, marks of quality, newest states, levels and their events.

This is the hot path. It speaks SQL to the driver, because a model instance per reading would cost ten times the rest.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection

from tepian.kernel.actors import Actor, system
from tepian.kernel.catalogue import versions
from tepian.kernel.events import emit, note, operation

from ..events import LevelChanged
from ..states import (
    KEY_BITS,
    KEY_EPOCH_MS,
    LEVELS,
    TREND_SPACING_MS,
    Flag,
    iso,
    level_rank,
    minutes_to,
    next_rank,
    pack_key,
    quality,
    trend_of,
    trend_span_ms,
)
from .registry import Registry, Series

Row = tuple[int, int, float, int]
"""(datastream id, milliseconds since 1970, value, flags given: 0 or Flag.SIMULATED)"""

HOUR_MS = 3_600_000
TOUCH_SECONDS = 5.0
_IMPOSSIBLE, _STUCK, _LATE, _SPIKE = int(Flag.IMPOSSIBLE), int(Flag.STUCK), int(Flag.LATE), int(Flag.SPIKE)
_UNSURE = _LATE | _SPIKE
INGEST = system("sensors.ingest", "Sensor")

FIELDS = (
    "seen_ms",
    "time_ms",
    "value",
    "shown",
    "flags",
    "rank",
    "level_since_ms",
    "same_since_ms",
    "received_ms",
    "trend",
    "trend_at_ms",
    "eta_rank",
    "eta_from",
    "eta_to",
    "version",
)


@dataclass(slots=True)
class State:
    """`models.DatastreamState` without the ORM."""

    id: int
    seen_ms: int = 0
    time_ms: int = 0
    value: float | None = None
    shown: float | None = None
    flags: int = 0
    rank: int = 0
    level_since_ms: int = 0
    same_since_ms: int = 0
    received_ms: int = 0
    trend: float | None = None
    trend_at_ms: int = 0
    eta_rank: int = 0
    eta_from: int | None = None
    eta_to: int | None = None
    version: int = 0


@dataclass(slots=True)
class Change:
    """A level that changed within this batch."""

    series: Series
    before: int
    after: int
    value: float
    time_ms: int
    flags: int


@dataclass(slots=True)
class Outcome:
    """`inserted` new rows; `kept` names, by key, the stored value where a different one was sent for the moment."""

    inserted: int = 0
    kept: dict[int, float] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)


class Recent:
    """The newest `span` ms of one datastream, for trends and hourly sums. `newest` must equal the stored state's
    time."""

    __slots__ = ("newest", "points", "span", "total")

    def __init__(self, span: int = HOUR_MS) -> None:
        self.span = span
        self.points: deque[tuple[int, float]] = deque()
        self.total = 0.0
        self.newest = 0

    def add(self, time_ms: int, value: float) -> None:
        points = self.points
        points.append((time_ms, value))
        self.total += value
        self.newest = time_ms
        oldest = time_ms - self.span
        while points[0][0] <= oldest:
            self.total -= points.popleft()[1]
        if len(points) == 1:
            self.total = value


class Memory(threading.local):
    """Recent points per thread: each writing thread keeps its own, and what a roll-back spoilt is dropped."""

    def __init__(self) -> None:
        self.recent: dict[int, Recent] = {}
        self.touched = 0.0
        self.version = 0


memory = Memory()


def forget() -> None:
    """After a roll-back: what is in memory may not be in the database."""
    memory.recent.clear()
    memory.touched = 0.0


def store(rows: Sequence[Row], *, registry: Registry, now_ms: int, alert: bool = True) -> Outcome:
    """Store validated rows in the running transaction. A key that exists is left as it is.

    `now_ms` is the moment of arrival. With `alert=False` (imports of old data) levels and events are left alone.
    Values older than the newest are stored and change nothing else; impossible, late and jumping values never change a
    level (a jump does when the next value confirms it).
    """
    outcome = Outcome()
    if len(rows) > 1:
        rows = sorted(rows, key=itemgetter(0, 1))
    states = _lock_states({row[0] for row in rows})
    params: list[tuple[int, float, int, int]] = []
    changed: list[State] = []
    for datastream_id, group in groupby(rows, itemgetter(0)):
        series, state = registry.by_id[datastream_id], states[datastream_id]
        if _take(series, state, group, params, outcome.changes, now_ms, alert):
            changed.append(state)
    outcome.inserted = _insert(params)
    if outcome.inserted < len(params):
        outcome.kept = _differing(params)
    if changed:
        memory.version = max(memory.version + 1, time.time_ns() // 1000)
        for state in changed:
            state.version = memory.version
        _write_states(changed)
    for change in outcome.changes:
        change_level(actor=INGEST, change=change)
    if changed and (outcome.changes or time.monotonic() - memory.touched > TOUCH_SECONDS):
        versions.touch("sensors")
        memory.touched = time.monotonic()
    return outcome


def _take(
    series: Series,
    state: State,
    group: Iterable[Row],
    params: list[tuple[int, float, int, int]],
    changes: list[Change],
    now_ms: int,
    alert: bool,
) -> bool:
    """Mark one datastream's rows and move its state along. Returns whether the state moved."""
    base_key = (series.id << KEY_BITS) - KEY_EPOCH_MS
    low, high, late_before = series.low, series.high, now_ms - series.late_ms
    stuck_ms, step_per_ms, summed = series.stuck_ms, series.step_per_ms, series.summed
    bounds, hysteresis = series.bounds, series.hysteresis
    seen, previous, previous_ms, same_since = state.seen_ms, state.value, state.time_ms, state.same_since_ms
    rank, moved, fresh, append = state.rank, False, [], params.append
    recent: Recent | None = None
    for _id, time_ms, value, flags in group:
        if not low <= value <= high:
            flags |= _IMPOSSIBLE
        if time_ms < late_before:
            flags |= _LATE
        if time_ms > seen:
            seen, moved = time_ms, True
            if not flags & _IMPOSSIBLE:
                if value == previous:
                    if stuck_ms and time_ms - same_since >= stuck_ms:
                        flags |= _STUCK
                else:
                    same_since = time_ms
                    if step_per_ms and previous is not None:
                        elapsed = time_ms - previous_ms
                        if abs(value - previous) > step_per_ms * (elapsed if elapsed > 60_000 else 60_000):
                            flags |= _SPIKE
                shown = value
                if summed:
                    recent = recent or _recent(series, state.time_ms)
                    recent.add(time_ms, value)
                    shown = round(recent.total, 3)
                else:
                    fresh.append((time_ms, value))
                if alert and not flags & _UNSURE:
                    after = next_rank(rank, shown, bounds, hysteresis)
                    if after != rank:
                        changes.append(Change(series, rank, after, shown, time_ms, flags))
                        rank = after
                        state.level_since_ms = time_ms
                previous, previous_ms = value, time_ms
                state.shown, state.flags = shown, flags
        append((base_key + time_ms, value, flags, now_ms))
    if moved:
        newest_before = state.time_ms
        state.seen_ms, state.value, state.same_since_ms, state.received_ms = seen, previous, same_since, now_ms
        state.time_ms, state.rank = previous_ms, rank
        if fresh:
            recent = _recent(series, newest_before)
            edge = previous_ms - recent.span
            for time_ms, value in fresh:
                if time_ms > edge:
                    recent.add(time_ms, value)
        if previous_ms - state.trend_at_ms >= TREND_SPACING_MS and not summed and recent is not None:
            _estimate(series, state, recent)
    elif summed:
        memory.recent.pop(series.id, None)  # an older value belongs into the sum: read it again next time
    return moved


def _estimate(series: Series, state: State, recent: Recent) -> None:
    """Trend, and when the next threshold would be reached."""
    trend = trend_of(recent.points)
    state.trend_at_ms = state.time_ms
    state.trend = trend.shown if trend else None
    state.eta_rank, state.eta_from, state.eta_to = 0, None, None
    assert state.value is not None
    above = level_rank(state.value, series.bounds) + 1
    if above <= 3 and (span := minutes_to(state.value, series.bounds[above - 1], trend)):
        state.eta_rank, state.eta_from, state.eta_to = above, *span


def _recent(series: Series, newest_ms: int) -> Recent:
    datastream_id = series.id
    recent = memory.recent.get(datastream_id)
    if recent is not None and recent.newest == newest_ms:
        return recent
    span = HOUR_MS if series.summed else trend_span_ms(series.interval_ms)
    recent = memory.recent[datastream_id] = Recent(span)
    if newest_ms:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, result FROM sensors_observation WHERE id > %s AND id <= %s AND flags %% 2 = 0 ORDER BY id",
                [pack_key(datastream_id, max(newest_ms - span, KEY_EPOCH_MS)), pack_key(datastream_id, newest_ms)],
            )
            base = (datastream_id << KEY_BITS) - KEY_EPOCH_MS
            for key, value in cursor.fetchall():
                recent.add(key - base, value)
        recent.newest = newest_ms
    return recent


# --- SQL -------------------------------------------------------------------------------------------------------------


def _lock_states(ids: set[int]) -> dict[int, State]:
    """The states of these datastreams, locked until the transaction ends (on SQLite the transaction is the lock)."""
    wanted = sorted(ids)
    found: dict[int, State] = {}
    lock = " ORDER BY datastream_id FOR UPDATE" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for part in range(0, len(wanted), 500):
            chunk = wanted[part : part + 500]
            marks = ",".join(["%s"] * len(chunk))
            select = (
                f"SELECT datastream_id, {', '.join(FIELDS)} FROM sensors_datastreamstate"  # noqa: S608 - constants
                f" WHERE datastream_id IN ({marks}){lock}"
            )
            cursor.execute(select, chunk)
            found |= {row[0]: State(*row) for row in cursor.fetchall()}
            missing = [number for number in chunk if number not in found]
            if missing:
                columns = f"datastream_id, {', '.join(FIELDS)}"
                places = ", ".join(["%s"] * (len(FIELDS) + 1))
                cursor.executemany(
                    f"INSERT INTO sensors_datastreamstate ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING",  # noqa: S608
                    [_state_values(State(number), first=True) for number in missing],
                )
                cursor.execute(select, chunk)
                found |= {row[0]: State(*row) for row in cursor.fetchall()}
    return found


def _state_values(state: State, *, first: bool = False) -> list[Any]:
    values: list[Any] = [getattr(state, name) for name in FIELDS]
    return [state.id, *values] if first else [*values, state.id]


_UPDATE = f"UPDATE sensors_datastreamstate SET {', '.join(f'{name} = %s' for name in FIELDS)} WHERE datastream_id = %s"  # noqa: S608


def _write_states(states: list[State]) -> None:
    with connection.cursor() as cursor:
        if len(states) == 1:
            cursor.execute(_UPDATE, _state_values(states[0]))
        else:
            cursor.executemany(_UPDATE, [_state_values(state) for state in states])


def _insert(params: list[tuple[int, float, int, int]]) -> int:
    """Insert, leaving existing keys alone; returns how many are new."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO sensors_observation (id, result, flags, received_ms)"
                " SELECT * FROM unnest(%s::bigint[], %s::float8[], %s::smallint[], %s::bigint[]) ON "
                "CONFLICT DO NOTHING",
                [list(column) for column in zip(*params, strict=True)],
            )
            return cursor.rowcount
    connection.ensure_connection()
    cursor = connection.connection.executemany(
        "INSERT OR IGNORE INTO sensors_observation (id, result, flags, received_ms) VALUES (?, ?, ?, ?)", params
    )
    return cursor.rowcount


def _differing(params: list[tuple[int, float, int, int]]) -> dict[int, float]:
    """Keys under which another value than the sent one is stored, marked as such, with that value."""
    kept: dict[int, float] = {}
    with connection.cursor() as cursor:
        for part in range(0, len(params), 500):
            chunk = params[part : part + 500]
            marks = ",".join(["%s"] * len(chunk))
            cursor.execute(
                f"SELECT id, result FROM sensors_observation WHERE id IN ({marks})",  # noqa: S608 - marks only
                [row[0] for row in chunk],
            )
            stored = dict(cursor.fetchall())
            kept |= {row[0]: stored[row[0]] for row in chunk if stored[row[0]] != row[1]}
        if kept:
            bit = int(Flag.CONFLICT)
            cursor.executemany(
                "UPDATE sensors_observation SET flags = flags | %s WHERE id = %s", [(bit, key) for key in kept]
            )
    return kept


@operation("sensors.change_level", policy=None)
def change_level(*, actor: Actor, change: Change) -> None:
    """Record a changed level and say so, in the transaction of the reading that changed it."""
    series = change.series
    higher = max(change.before, change.after)
    bound = series.bounds[higher - 1]
    note(
        "station",
        series.station,
        datastream=series.key,
        value=change.value,
        from_level=LEVELS[change.before],
        to_level=LEVELS[change.after],
    )
    emit(
        LevelChanged(
            station=series.station,
            station_name=series.station_name,
            station_name_en=series.station_name_en,
            datastream=series.key,
            kind=series.kind,
            from_level=LEVELS[change.before],
            to_level=LEVELS[change.after],
            value=change.value,
            unit=series.unit_label,
            observed_at=iso(change.time_ms),
            region=series.region,
            lon=series.lon,
            lat=series.lat,
            scale=series.scale,
            bound=None if bound == float("inf") else bound,
            quality=quality(change.flags),
            simulated=bool(change.flags & Flag.SIMULATED),
        )
    )
