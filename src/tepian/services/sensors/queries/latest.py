"""The newest readings: what each station says now, how old that is, and how sure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _
from rapidfuzz import fuzz, utils

from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.contributions import MapFeature
from tepian.toolkit.geodesy import distance_m
from tepian.ui import levels
from tepian.ui.words import english

from ..models import DatastreamState, Station, ThresholdScale
from ..states import LEVELS, NO_BOUNDS, Bounds, Flag, iso, quality, to_moment

WATER = ("river", "dam", "tide")
SYMBOLS = {"river": "gauge", "dam": "gauge", "tide": "water", "rain": "rain", "air": "wind", "other": "station"}


def number(value: float | None, digits: int = 2) -> str:
    """A value as people here write it; “–” when unknown, never 0."""
    return "–" if value is None else formats.number_format(value, digits, use_l10n=True, force_grouping=True)


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest reading of one datastream.

    `value` is what levels compare (for rain the sum of the last hour) in `unit`. `level` is normal, waspada, siaga or
    awas; `none` without thresholds; `unknown` when the reading is too old to speak of now. `eta` is (level, earliest,
    latest minutes) and only there when the water rises steadily.
    """

    station: str
    name: str
    kind: str
    lon: float
    lat: float
    position: str
    region: str
    active: bool
    datastream: str
    slug: str
    label: str
    unit: str
    datum: str
    summed: bool
    main: bool
    value: float | None
    raw: float | None
    at: datetime | None
    seen_at: datetime | None
    age_s: float | None
    stale: bool
    silent: bool
    level: str
    level_since: datetime | None
    bounds: Bounds
    scale: str
    trend: float | None
    eta: tuple[str, int, int] | None
    marks: tuple[str, ...]
    simulated: bool
    interval_s: int
    version: int

    @property
    def text(self) -> str:
        """The value with its unit, as people read it: “4,21 m”."""
        return f"{number(self.value, 1 if self.unit == 'mm' else 2)} {self.unit}" if self.value is not None else "–"

    @property
    def live_key(self) -> str:
        return f"station:{self.station}"

    @property
    def icon(self) -> str:
        return SYMBOLS.get(self.kind, "station")

    @property
    def rank(self) -> int:
        return LEVELS.index(self.level) if self.level in LEVELS else -1

    @property
    def trend_word(self) -> str:
        """In words, with a dead band of 1 cm/h for metres and 1 % of the value otherwise."""
        if self.trend is None or self.summed or self.stale:
            return ""
        band = 0.01 if self.unit == "m" else max(abs(self.value or 0) * 0.01, 0.01)
        if abs(self.trend) < band:
            return _("steady")
        return _("rising") if self.trend > 0 else _("falling")

    @property
    def trend_symbol(self) -> str:
        word = self.trend
        if word is None or not self.trend_word:
            return ""
        return "→" if self.trend_word == _("steady") else "↑" if word > 0 else "↓"

    @property
    def age_text(self) -> str:
        if self.age_s is None:
            return _("no reading yet")
        minutes = int(self.age_s // 60)
        if minutes < 1:
            return _("just now")
        if minutes < 60:
            return _("%(n)d minutes ago") % {"n": minutes}
        if minutes < 48 * 60:
            return _("%(n)d hours ago") % {"n": minutes // 60}
        return _("%(n)d days ago") % {"n": minutes // 1440}

    @property
    def eta_text(self) -> str:
        """“Siaga perhaps in 20–35 minutes”, or nothing."""
        if self.eta is None:
            return ""
        level, earliest, latest = self.eta
        words = {"level": levels.label(level), "from": earliest, "to": latest}
        if latest - earliest < 2:
            return _("%(level)s perhaps in about %(to)d minutes") % words
        return _("%(level)s perhaps in %(from)d–%(to)d minutes") % words

    @property
    def next_bound(self) -> tuple[str, float] | None:
        """The next higher level and its lower bound."""
        for rank in range(max(self.rank, 0), 3):
            if not math.isinf(self.bounds[rank]):
                return LEVELS[rank + 1], self.bounds[rank]
        return None

    @property
    def url(self) -> str:
        return reverse("en:sensors-station" if english() else "sensors-station", args=[self.station])


def _read(states: Iterable[DatastreamState], scales: dict[int, ThresholdScale], now: datetime) -> list[Reading]:
    readings = []
    in_english = english()
    for state in states:
        row = state.datastream
        station = row.station
        at = to_moment(state.time_ms) if state.time_ms else None
        age = (now - at).total_seconds() if at else None
        late = max(3 * row.expected_interval_s, 300)
        stale = age is None or age > late
        scale = scales.get(row.pk)
        bounds = scale.bounds if scale else NO_BOUNDS
        level = "none" if scale is None else "unknown" if stale else LEVELS[state.rank]
        eta = None
        if state.eta_rank and state.eta_from is not None and state.eta_to is not None and not stale:
            passed = int((age or 0) // 60)
            eta = (LEVELS[state.eta_rank], max(1, state.eta_from - passed), max(1, state.eta_to - passed))
        readings.append(
            Reading(
                station=station.code,
                name=(station.name_en or station.name) if in_english else station.name,
                kind=station.kind,
                lon=station.lon,
                lat=station.lat,
                position=station.position,
                region=station.region.code if station.region else "",
                active=station.active,
                datastream=row.key,
                slug=row.slug,
                label=(row.name_en or row.name) if in_english else row.name,
                unit=row.unit_label,
                datum=row.datum,
                summed=row.basis == "sum_1h",
                main=row.main,
                value=state.shown,
                raw=state.value,
                at=at,
                seen_at=to_moment(state.seen_ms) if state.seen_ms else None,
                age_s=age,
                stale=stale,
                silent=state.silent_since_ms is not None,
                level=level,
                level_since=to_moment(state.level_since_ms) if state.level_since_ms else None,
                bounds=bounds,
                scale=scale.code if scale else "",
                trend=state.trend,
                eta=eta,
                marks=tuple(quality(state.flags)) if at else (),
                simulated=bool(state.flags & Flag.SIMULATED),
                interval_s=row.expected_interval_s,
                version=state.version,
            )
        )
    return readings


def _alerting(ids: Iterable[int] | None = None) -> dict[int, ThresholdScale]:
    day = today()
    scales = ThresholdScale.objects.filter(alerting=True, valid_from__lte=day).filter(
        Q(valid_to=None) | Q(valid_to__gte=day)
    )
    if ids is not None:
        scales = scales.filter(datastream_id__in=list(ids))
    return {scale.datastream_id: scale for scale in scales.order_by("valid_from")}


def latest(
    *,
    kinds: Iterable[str] | None = None,
    station: str | None = None,
    main: bool | None = True,
    inactive: bool = False,
    now: datetime | None = None,
) -> list[Reading]:
    """Newest readings, worst level first, then by name. Two queries, however many stations.

    `kinds` are river, dam, tide, rain, air, other; `main=None` also gives secondary datastreams.
    """
    states = DatastreamState.objects.select_related("datastream__station__region")
    if kinds is not None:
        states = states.filter(datastream__station__kind__in=list(kinds))
    if station is not None:
        states = states.filter(datastream__station__code=station)
    if main is not None:
        states = states.filter(datastream__main=main)
    if not inactive:
        states = states.filter(datastream__station__active=True)
    found = _read(states, _alerting(), now or timezone.now())
    return sorted(found, key=lambda r: (-r.rank, r.name, r.slug))


def of_station(code: str, *, now: datetime | None = None) -> list[Reading]:
    """All datastreams of one station, the main one first; empty when there is none such."""
    return sorted(latest(station=code, main=None, inactive=True, now=now), key=lambda r: (not r.main, r.slug))


def reading(code: str) -> Reading | None:
    """The main datastream's newest reading of one station."""
    return next(iter(of_station(code)), None)


def highest(kinds: Iterable[str] = WATER) -> Reading | None:
    """The worst fresh station: highest level, then nearest to its next threshold."""
    fresh = [r for r in latest(kinds=kinds) if r.rank >= 0]

    def closeness(r: Reading) -> float:
        bound = r.next_bound
        return -1e9 if bound is None or r.value is None else r.value - bound[1]

    return max(fresh, key=lambda r: (r.rank, closeness(r)), default=None)


def level_counts(kinds: Iterable[str] = WATER) -> dict[str, int]:
    """How many stations stand at each level, `unknown` included."""
    return dict(Counter(r.level for r in latest(kinds=kinds)))


def nearby(
    lon: float, lat: float, *, kinds: Iterable[str] | None = None, limit: int = 5
) -> list[tuple[float, Reading]]:
    """The nearest active stations with their distance in metres."""
    found = [(distance_m(lon, lat, r.lon, r.lat), r) for r in latest(kinds=kinds)]
    return sorted(found, key=lambda pair: pair[0])[:limit]


def feature(r: Reading) -> MapFeature:
    marks = [r.age_text]
    if r.simulated:
        marks.append(_("exercise"))
    if r.position == "approximate":
        marks.append(_("approximate position"))
    return MapFeature(
        key=f"station:{r.station}",
        label=r.name,
        lon=r.lon,
        lat=r.lat,
        level=r.level,
        value=r.text,
        url=r.url,
        symbol=SYMBOLS.get(r.kind, "dot"),
        detail=", ".join(marks),
        at=r.at,
    )


def features(kinds: Iterable[str]) -> list[MapFeature]:
    """Stations of these kinds for the map, worst first."""
    return [feature(r) for r in latest(kinds=kinds)]


def freshness(kinds: Iterable[str]) -> tuple[datetime | None, str, str]:
    """(newest time, ok|late|silent, sentence) over the stations of these kinds."""
    readings = latest(kinds=kinds)
    times = [r.at for r in readings if r.at]
    newest = max(times, default=None)
    stale = sum(r.stale for r in readings)
    if not readings:
        return None, "silent", _("No station is set up.")
    if stale == len(readings):
        return newest, "silent", _("None of %(all)d stations reports.") % {"all": len(readings)}
    if stale:
        return (
            newest,
            "late",
            _("%(stale)d of %(all)d stations do not report.") % {"stale": stale, "all": len(readings)},
        )
    return newest, "ok", _("All %(all)d stations report.") % {"all": len(readings)}


def changes_since(cursor: Any, *, limit: int = 1000) -> tuple[int, list[dict[str, Any]]]:
    """For live frames: stations whose newest reading changed behind `cursor` (None: all of them)."""
    since = int(cursor or 0)
    states = DatastreamState.objects.filter(version__gt=since, datastream__main=True).select_related(
        "datastream__station__region"
    )
    rows = list(states.order_by("version")[:limit])
    if not rows:
        return since, []
    with translation.override("id"):
        items = [
            {
                "key": f"station:{r.station}",
                "level": r.level,
                "value": r.text,
                "number": r.value,
                "unit": r.unit,
                "trend": r.trend_symbol,
                "at": r.at.astimezone(UTC).isoformat(timespec="seconds") if r.at else None,
                "simulated": r.simulated,
            }
            for r in _read(rows, _alerting(), timezone.now())
        ]
    return rows[-1].version, items


def search(query: str, limit: int = 5) -> list[tuple[float, Station]]:
    """Stations whose name or code resembles the query, best first, with a score from 0 to 1."""
    wanted = utils.default_process(query)
    if len(wanted) < 2:
        return []
    hits = []
    for station in Station.objects.filter(active=True):
        names = (station.name, station.name_en, station.code.replace("-", " "))
        score = max(fuzz.partial_ratio(wanted, utils.default_process(name)) for name in names if name)
        if score >= 75:
            hits.append((score / 100, station))
    return sorted(hits, key=lambda hit: (-hit[0], hit[1].name))[:limit]


def as_json(r: Reading) -> dict[str, Any]:
    """A reading as programs read it: times in UTC, levels as codes, values as numbers."""
    return {
        "station": r.station,
        "name": r.name,
        "kind": r.kind,
        "lon": r.lon,
        "lat": r.lat,
        "position": r.position,
        "region": r.region,
        "datastream": r.datastream,
        "value": r.value,
        "last_value": r.raw,
        "unit": r.unit,
        "basis": "sum_1h" if r.summed else "value",
        "at": iso(int(r.at.timestamp() * 1000)) if r.at else None,
        "age_s": None if r.age_s is None else round(r.age_s),
        "stale": r.stale,
        "level": r.level,
        "trend_per_hour": r.trend,
        "next": None if r.eta is None else {"level": r.eta[0], "minutes_from": r.eta[1], "minutes_to": r.eta[2]},
        "quality": list(r.marks),
        "simulated": r.simulated,
    }
