"""What this room says to the others. Never a caller's number, name or words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tepian.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class CallChanged(Event):
    """A call rings, is answered, ends, is lost, or was closed without help (`kind`)."""

    type: ClassVar[str] = "dispatch.call_changed.v1"

    call: int
    state: str
    kind: str = ""
    desk: str = ""

    @property
    def subject(self) -> str:
        return f"call/{self.call}"


@dataclass(frozen=True, kw_only=True)
class _AboutIncident(Event):
    number: str
    type_code: str
    severity: str
    simulated: bool

    @property
    def subject(self) -> str:
        return f"dispatch/{self.number}"


@dataclass(frozen=True, kw_only=True)
class IncidentOpened(_AboutIncident):
    """Somebody needs help. `hazard` is set where the type tells of a hazard of the city (flood)."""

    type: ClassVar[str] = "dispatch.incident_opened.v1"

    place: str
    region: str
    lon: float | None
    lat: float | None
    opened_at: str
    hazard: str = ""
    source: str = "call"
    level: str = ""


@dataclass(frozen=True, kw_only=True)
class IncidentChanged(_AboutIncident):
    """State, type, place or severity changed, or the story grew (`what`)."""

    type: ClassVar[str] = "dispatch.incident_changed.v1"

    what: str
    state: str
    lon: float | None = None
    lat: float | None = None
    region: str = ""
    place: str = ""
    hazard: str = ""
    level: str = ""


@dataclass(frozen=True, kw_only=True)
class IncidentMerged(_AboutIncident):
    """It is the same thing as `into`; empty `into`: it was taken apart again."""

    type: ClassVar[str] = "dispatch.incident_merged.v1"

    into: str


@dataclass(frozen=True, kw_only=True)
class IncidentClosed(_AboutIncident):
    """Help is over. Seconds from the first call to each clock, where it ran; `victims` are counts."""

    type: ClassVar[str] = "dispatch.incident_closed.v1"

    outcome: str
    region: str
    opened_at: str
    dispatch_seconds: float | None
    arrival_seconds: float | None
    victims: dict[str, int]
    follow_up: str = ""


@dataclass(frozen=True, kw_only=True)
class UnitChanged(Event):
    """A unit is asked, moves on, is free again, or goes off duty."""

    type: ClassVar[str] = "dispatch.unit_changed.v1"

    unit: str
    state: str
    incident: str = ""

    @property
    def subject(self) -> str:
        return f"unit/{self.unit}"


@dataclass(frozen=True, kw_only=True)
class HelpRefused(_AboutIncident):
    """A unit or an agency did not answer in time, or declined; `level` says who was told: next, supervisor, agency."""

    type: ClassVar[str] = "dispatch.help_refused.v1"

    who: str
    reason: str
    level: str
