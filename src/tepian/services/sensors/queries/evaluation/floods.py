"""Would a simple rule of rain and tide have told flood days from other wet days?

The rule speaks on a day whose heaviest three hours bring at least `rain_3h` mm, or whose rain is at least `rain_day` mm
while the tide rises to at least `tide` m. The three numbers are chosen on the years up to 2023 (highest F1 on a small
grid) and tried on the years after. What it cannot know: the rain is a reanalysis for a grid cell and no gauge, and only
wet days were looked up in the news, so nothing is known of days without a label.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from itertools import product
from pathlib import Path

WITA = timezone(timedelta(hours=8))
LAST_TRAINING_YEAR = 2023
RAIN_3H = (4, 6, 8, 10, 12, 15, 20, 25, 30)
RAIN_DAY = (20, 30, 40, 50, 60)
TIDE = (2.8, 3.0, 3.2, 3.4, 3.6)
READINGS_A_DAY = 100
"""A day of ten-minute tide counts with at least this many of its 144 readings."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day in local time. `rain_3h` is the largest sum of three hours that end on it; mm, and m of tide."""

    on: date
    rain_3h: float
    rain_day: float
    tide: float


@dataclass(frozen=True, slots=True)
class Rule:
    rain_3h: float
    rain_day: float
    tide: float

    def speaks(self, day: Day) -> bool:
        return day.rain_3h >= self.rain_3h or (day.rain_day >= self.rain_day and day.tide >= self.tide)


@dataclass(frozen=True, slots=True)
class Score:
    """Days: `hits` spoke and flooded, `false_alarms` spoke only, `misses` flooded only, `quiet` neither."""

    hits: int
    false_alarms: int
    misses: int
    quiet: int

    @property
    def days(self) -> int:
        return self.hits + self.false_alarms + self.misses + self.quiet

    @property
    def alarms(self) -> int:
        return self.hits + self.false_alarms

    @property
    def floods(self) -> int:
        return self.hits + self.misses

    @property
    def precision(self) -> float:
        return self.hits / self.alarms if self.alarms else 0.0

    @property
    def recall(self) -> float:
        return self.hits / self.floods if self.floods else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.hits / (2 * self.hits + self.false_alarms + self.misses) if self.hits else 0.0

    @property
    def base_rate(self) -> float:
        return self.floods / self.days if self.days else 0.0


def wilson(hits: int, of: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a share (Wilson, 1927); (0, 1) when nothing was seen."""
    if not of:
        return 0.0, 1.0
    share, spread = hits / of, z * z / of
    middle = share + spread / 2
    half = z * math.sqrt(share * (1 - share) / of + spread / (4 * of))
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))


# --- reading ---------------------------------------------------------------------------------------------------------


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def read_rain(path: Path) -> dict[datetime, float]:
    """mm by local hour (naive)."""
    found = {}
    for row in _rows(path):
        value = _number(row.get("hujan_mm"))
        if value is not None:
            found[datetime.fromisoformat(row["waktu_wita"]).astimezone(WITA).replace(tzinfo=None)] = value
    return found


def read_labels(path: Path) -> dict[date, bool]:
    return {date.fromisoformat(row["tanggal"]): row["is_banjir"].strip() in {"1", "1.0"} for row in _rows(path)}


def read_daily_tide(path: Path) -> dict[date, float]:
    """Highest computed tide of each day, m."""
    tides = ((row["date"], _number(row.get("pasut_est_max"))) for row in _rows(path))
    return {date.fromisoformat(day): value for day, value in tides if value is not None}


def read_ten_minute_tide(path: Path) -> dict[date, float]:
    """Highest tide of each local day that has enough readings, m."""
    days: dict[date, list[float]] = defaultdict(list)
    for row in _rows(path):
        value = _number(row.get("est_m"))
        if value is not None:
            days[datetime.fromisoformat(row["waktu_utc"].replace("Z", "+00:00")).astimezone(WITA).date()].append(value)
    return {day: max(values) for day, values in days.items() if len(values) >= READINGS_A_DAY}


def days_of(rain: Mapping[datetime, float], tide: Mapping[date, float]) -> dict[date, Day]:
    """Every day with all 24 hours of rain and with a tide."""
    found = {}
    for on, high in tide.items():
        start = datetime(on.year, on.month, on.day)
        hours = [rain.get(start + timedelta(hours=hour)) for hour in range(-2, 24)]
        known = [0.0 if value is None else value for value in hours]
        if any(value is None for value in hours[2:]):
            continue
        found[on] = Day(on, max(sum(known[i : i + 3]) for i in range(24)), sum(known[2:]), high)
    return found


# --- scoring ---------------------------------------------------------------------------------------------------------


def score(rule: Rule, days: Iterable[tuple[Day, bool]]) -> Score:
    counts = [0, 0, 0, 0]
    for day, flood in days:
        counts[(0 if flood else 1) if rule.speaks(day) else (2 if flood else 3)] += 1
    return Score(*counts)


def fit(days: Iterable[tuple[Day, bool]]) -> Rule:
    """The rule with the highest F1; of equals the one that speaks least (highest numbers)."""
    known = list(days)
    rules = (Rule(*numbers) for numbers in product(RAIN_3H, RAIN_DAY, TIDE))
    return max(rules, key=lambda rule: (round(score(rule, known).f1, 12), rule.rain_3h, rule.rain_day, rule.tide))


@dataclass(frozen=True, slots=True)
class Year:
    """A whole year through the rule. Days without a label are neither right nor wrong."""

    days: int
    spoke: int
    floods: int
    dry: int
    unlabelled: int
    missed: int


@dataclass(frozen=True, slots=True)
class FloodResult:
    rule: Rule
    train: Score
    test: Score
    left_out: int
    year: Year
    tide_difference: float
    """Mean absolute difference of the two tides' daily maxima in 2025, m."""


def evaluate(folder: Path) -> FloodResult:
    """Fit and try the rule on the files in `folder`. Days without rain or tide are left out and counted."""
    rain = read_rain(folder / "hujan_perjam_2020_2025_openmeteo.csv")
    labels = read_labels(folder / "label_banjir_harian_2020_2025.csv")
    computed = read_daily_tide(folder / "pasut_harian_hindcast_2020_2025.csv")
    measured = read_ten_minute_tide(folder / "pasut_bmkg_10menit_2025.csv")
    days = days_of(rain, computed)
    known = [(days[on], flood) for on, flood in sorted(labels.items()) if on in days]
    train = [item for item in known if item[0].on.year <= LAST_TRAINING_YEAR]
    test = [item for item in known if item[0].on.year > LAST_TRAINING_YEAR]
    rule = fit(train)
    both = [abs(measured[on] - computed[on]) for on in measured if on in computed]
    return FloodResult(
        rule=rule,
        train=score(rule, train),
        test=score(rule, test),
        left_out=len(labels) - len(known),
        year=_year(rule, days_of(rain, {on: high for on, high in measured.items() if on.year == 2025}), labels),
        tide_difference=sum(both) / len(both) if both else 0.0,
    )


def _year(rule: Rule, days: Mapping[date, Day], labels: Mapping[date, bool]) -> Year:
    spoke = [on for on, day in days.items() if rule.speaks(day)]
    return Year(
        days=len(days),
        spoke=len(spoke),
        floods=sum(labels.get(on) is True for on in spoke),
        dry=sum(labels.get(on) is False for on in spoke),
        unlabelled=sum(on not in labels for on in spoke),
        missed=sum(labels.get(on) is True and not rule.speaks(day) for on, day in days.items()),
    )
