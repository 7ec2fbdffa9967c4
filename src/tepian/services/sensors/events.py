"""What this room says has happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from tepian.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class LevelChanged(Event):
    """A station's alerting level changed. Levels are normal, waspada, siaga, awas; `value` is what was compared (for
    rain the sum of the last hour) in `unit`; `bound` is the lower bound of the higher of the two levels."""

    type: ClassVar[str] = "sensors.level_changed.v1"
    audience: ClassVar[str] = "public"

    station: str
    station_name: str
    station_name_en: str
    datastream: str
    kind: str
    from_level: str
    to_level: str
    value: float
    unit: str
    observed_at: str
    region: str
    lon: float
    lat: float
    scale: str
    bound: float | None
    quality: list[str] = field(default_factory=list)
    simulated: bool = False

    @property
    def subject(self) -> str:
        return f"station/{self.station}"


@dataclass(frozen=True, kw_only=True)
class StationSilent(Event):
    """A station that should have reported has not: nothing for three expected intervals (at least five minutes)."""

    type: ClassVar[str] = "sensors.station_silent.v1"
    audience: ClassVar[str] = "staff"

    station: str
    station_name: str
    kind: str
    region: str
    last_at: str

    @property
    def subject(self) -> str:
        return f"station/{self.station}"


@dataclass(frozen=True, kw_only=True)
class StationReturned(Event):
    """A silent station reports again."""

    type: ClassVar[str] = "sensors.station_returned.v1"
    audience: ClassVar[str] = "staff"

    station: str
    station_name: str
    kind: str
    region: str
    silent_since: str

    @property
    def subject(self) -> str:
        return f"station/{self.station}"
