"""How early our levels and estimates would have spoken at gates whose levels and alert states were recorded.

The record is the flood gates of Jakarta, December 2019 and January 2020: level in millimetres and the state that the
gate-keepers' system gave (Normal, Siaga 3, Siaga 2, Siaga 1), here normal, waspada, siaga, awas. Nothing in this module
decides a level or a trend: it hands the readings in time order to `states`, as the live engine does, and keeps score.
"""

from __future__ import annotations

import csv
import math
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from statistics import median

from ...states import LEVELS, Bounds, level_rank, minutes_to, next_rank, to_ms, trend_of, trend_span_ms

HYSTERESIS_MM = 50.0
WITHIN_MINUTES = 60
FOLLOW_MS = 3 * 3_600_000
WIB = timezone(timedelta(hours=7))
STATUS = re.compile(r"(normal|siaga\s*([123]))\s*\Z", re.IGNORECASE)
MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """One reading: milliseconds since 1970, the level, and the rank (0 normal … 3 awas) that the record gives it."""

    time_ms: int
    value: float
    rank: int


@dataclass(slots=True)
class Gate:
    """`sea` marks a gate at the coast, where the tide makes the level."""

    name: str
    sea: bool = False
    readings: list[Recorded] = field(default_factory=list)
    repeated: int = 0
    differing: int = 0


@dataclass(slots=True)
class Record:
    """What a file held: `rows` lines, of which `unreadable` lines (number, why) were left out."""

    gates: list[Gate]
    rows: int
    unreadable: list[tuple[int, str]]


def read_gates(path: Path) -> Record:
    """Gates by name, each in time order with one reading a moment (the first of several, as the engine keeps it).

    Names are compared without regard to spaces and case. A row without a name, a time, a finite number or a known
    state is left out and named. Times are local, UTC+7.
    """
    gates: dict[str, Gate] = {}
    seen: dict[str, dict[int, Recorded]] = {}
    rows, unreadable = 0, []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            rows += 1
            name = " ".join((row.get("nama_pintu_air") or "").split())
            try:
                reading = _reading(row)
            except ValueError as error:
                unreadable.append((number, str(error)))
                continue
            if not name:
                unreadable.append((number, "no name"))
                continue
            key = name.casefold()
            gate = gates.setdefault(key, Gate(name, sea=(row.get("lokasi") or "").strip().casefold() == "laut"))
            known = seen.setdefault(key, {})
            first = known.setdefault(reading.time_ms, reading)
            if first is not reading:
                gate.repeated += 1
                gate.differing += first != reading
    for key, gate in gates.items():
        gate.readings = [seen[key][time_ms] for time_ms in sorted(seen[key])]
    return Record(sorted(gates.values(), key=lambda gate: gate.name), rows, unreadable)


def _reading(row: dict[str, str]) -> Recorded:
    status = STATUS.search((row.get("status_siaga") or "").strip())
    if status is None:
        raise ValueError(f"unknown state “{row.get('status_siaga')}”")
    value = float(row.get("tinggi_air") or "")
    if not math.isfinite(value):
        raise ValueError("the level is not a finite number")
    moment = datetime.fromisoformat((row.get("tanggal") or "").strip())
    rank = 4 - int(status[2]) if status[2] else 0
    return Recorded(to_ms(moment.replace(tzinfo=moment.tzinfo or WIB)), value, rank)


def recorded_bounds(readings: Iterable[Recorded]) -> Bounds:
    """The lowest level recorded with each state. A state that does not lie above the one below it has no bound."""
    lowest = [math.inf] * 3
    for reading in readings:
        if reading.rank:
            lowest[reading.rank - 1] = min(lowest[reading.rank - 1], reading.value)
    floor = -math.inf
    for index, bound in enumerate(lowest):
        if bound <= floor:
            lowest[index] = math.inf
        elif not math.isinf(bound):
            floor = bound
    return lowest[0], lowest[1], lowest[2]


def usual_interval_ms(readings: Sequence[Recorded]) -> int:
    """The median time between readings."""
    gaps = [after.time_ms - before.time_ms for before, after in pairwise(readings)]
    return round(median(gaps)) if gaps else 0


@dataclass(frozen=True, slots=True)
class Said:
    """What stood on our pages after a reading: the level's rank, and the threshold (rank, 0 for none) foreseen between
    `earliest` and `latest` minutes."""

    rank: int
    next_rank: int = 0
    earliest: int = 0
    latest: int = 0


def listen(readings: Sequence[Recorded], bounds: Bounds, hysteresis: float, interval_ms: int) -> Iterator[Said]:
    """Our words after each reading, as if they had come one by one into the running system."""
    span = trend_span_ms(interval_ms)
    recent: deque[tuple[int, float]] = deque()
    rank = 0
    for reading in readings:
        recent.append((reading.time_ms, reading.value))
        while recent[0][0] <= reading.time_ms - span:
            recent.popleft()
        rank = next_rank(rank, reading.value, bounds, hysteresis)
        above = level_rank(reading.value, bounds) + 1
        foreseen = minutes_to(reading.value, bounds[above - 1], trend_of(recent)) if above <= 3 else None
        yield Said(rank, above, *foreseen) if foreseen else Said(rank)


@dataclass(frozen=True, slots=True)
class Sign:
    """The first reading (index) of a stretch in which we said that level `rank` is reached or near."""

    index: int
    rank: int
    foreseen: bool


def early_signs(said: Sequence[Said], within: int = WITHIN_MINUTES) -> list[Sign]:
    """Rises of our level, and estimates that the next threshold is reached within `within` minutes at the latest. An
    estimate that stands over several readings is one sign."""
    signs = []
    before, standing = Said(0), 0
    for index, now in enumerate(said):
        near = now.next_rank if now.next_rank and now.latest <= within else 0
        if near and near != standing:
            signs.append(Sign(index, near, foreseen=True))
        if index:
            signs += [Sign(index, rank, foreseen=False) for rank in range(before.rank + 1, now.rank + 1)]
        before, standing = now, near
    return signs


@dataclass(slots=True)
class GateScore:
    """One gate's result. Leads are minutes from our first sign, at most three hours before, to the recorded state; 0 is
    the same reading. `held`: our level still stood from before, because it falls only below the margin. `unjudged`:
    signs after which the record falls silent for three hours."""

    name: str
    sea: bool
    readings: int
    interval_minutes: int
    bounds: Bounds
    contradicting: int
    crossings: dict[str, int]
    leads: list[float] = field(default_factory=list)
    held: int = 0
    missed: int = 0
    foreseen: int = 0
    false_foreseen: int = 0
    false_levels: int = 0
    unjudged: int = 0

    @property
    def events(self) -> int:
        return sum(self.crossings.values())

    @property
    def ahead(self) -> list[float]:
        """Leads of the crossings that were foreseen at an earlier reading."""
        return [lead for lead in self.leads if lead > 0]

    @property
    def false_alarms(self) -> int:
        return self.false_foreseen + self.false_levels

    @property
    def agreement(self) -> float:
        """Share of readings whose recorded state follows from the bounds."""
        return 1 - self.contradicting / self.readings if self.readings else 1.0


def score_gate(gate: Gate, *, hysteresis: float = HYSTERESIS_MM, within: int = WITHIN_MINUTES) -> GateScore:
    """Walk through one gate's record and compare our signs with the recorded states."""
    readings = gate.readings
    bounds = recorded_bounds(readings)
    interval = usual_interval_ms(readings)
    said = list(listen(readings, bounds, hysteresis, interval))
    score = GateScore(
        name=gate.name,
        sea=gate.sea,
        readings=len(readings),
        interval_minutes=round(interval / MINUTE),
        bounds=bounds,
        contradicting=sum(level_rank(reading.value, bounds) != reading.rank for reading in readings),
        crossings=dict.fromkeys(LEVELS[1:], 0),
    )
    signs = early_signs(said, within)
    for rank in (1, 2, 3):
        if math.isinf(bounds[rank - 1]):
            continue  # a state that the record never gives cannot be risen into
        _score_crossings(score, readings, said, [sign.index for sign in signs if sign.rank == rank], rank)
    for sign in signs:
        _score_sign(score, readings, sign)
    return score


def _score_crossings(
    score: GateScore, readings: Sequence[Recorded], said: Sequence[Said], signs: list[int], rank: int
) -> None:
    """Find, for each time the record rises into `rank`, our first sign since it was last below."""
    left = 0  # index from which the record has been below `rank`
    for index in range(1, len(readings)):
        before, now = readings[index - 1], readings[index]
        if before.rank >= rank and now.rank < rank:
            left = index
        if not before.rank < rank <= now.rank:
            continue
        score.crossings[LEVELS[rank]] += 1
        if said[index - 1].rank >= rank:
            score.held += 1
            continue
        earliest = now.time_ms - FOLLOW_MS
        first = next((s for s in signs if left <= s <= index and readings[s].time_ms >= earliest), None)
        if first is None:
            score.missed += 1
        else:
            score.leads.append((now.time_ms - readings[first].time_ms) / MINUTE)


def _score_sign(score: GateScore, readings: Sequence[Recorded], sign: Sign) -> None:
    """Was the sign followed by the recorded state within three hours? While the state stands, no sign is early."""
    start = readings[sign.index]
    if start.rank >= sign.rank:
        return
    score.foreseen += sign.foreseen
    until = start.time_ms + FOLLOW_MS
    after = [reading for reading in readings[sign.index + 1 : sign.index + 400] if reading.time_ms <= until]
    if any(reading.rank >= sign.rank for reading in after):
        return
    if not after:
        score.unjudged += 1
        score.foreseen -= sign.foreseen
    elif sign.foreseen:
        score.false_foreseen += 1
    else:
        score.false_levels += 1
