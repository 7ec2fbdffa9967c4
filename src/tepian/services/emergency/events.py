"""What this room says to the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from tepian.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class SignReported(Event):
    """A source sees danger, or its level changed."""

    type: ClassVar[str] = "emergency.sign_reported.v1"

    hazard: str
    source_kind: str
    source_key: str
    level: str
    simulated: bool = False

    @property
    def subject(self) -> str:
        return f"source/{self.source_key}"


@dataclass(frozen=True, kw_only=True)
class _AboutIncident(Event):
    number: str
    hazard: str
    level: str
    place: str
    simulated: bool

    @property
    def subject(self) -> str:
        return f"incident/{self.number}"


@dataclass(frozen=True, kw_only=True)
class DraftOpened(_AboutIncident):
    """Enough independent signs agree; a person has to look now."""

    type: ClassVar[str] = "emergency.draft_opened.v1"

    areas: list[str]
    opened_at: str


@dataclass(frozen=True, kw_only=True)
class DraftDismissed(_AboutIncident):
    """A person judged the draft not to be real; `reason` is its code."""

    type: ClassVar[str] = "emergency.draft_dismissed.v1"

    reason: str
    by: str


@dataclass(frozen=True, kw_only=True)
class LevelSuggested(_AboutIncident):
    """The signs now speak for a higher level than the incident has."""

    type: ClassVar[str] = "emergency.level_suggested.v1"

    suggested: str


@dataclass(frozen=True, kw_only=True)
class _PublicIncident(_AboutIncident):
    """`message` holds headline, headline_en, instruction, instruction_en; `sources` lists the signs behind the incident
    as `{kind, label, value, level, observed_at}`; `version` grows with every change."""

    version: int
    areas: list[str]
    message: dict[str, str]
    valid_until: str
    onset_at: str
    by: str
    automatic: bool
    lon: float | None = None
    lat: float | None = None
    sources: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class IncidentConfirmed(_PublicIncident):
    """A duty officer (or, where the city decided so, the system) confirmed the incident: the public may be told."""

    type: ClassVar[str] = "emergency.incident_confirmed.v1"


@dataclass(frozen=True, kw_only=True)
class IncidentChanged(_PublicIncident):
    """Level, areas or words changed."""

    type: ClassVar[str] = "emergency.incident_changed.v1"


@dataclass(frozen=True, kw_only=True)
class IncidentNoted(_AboutIncident):
    """Something was added to the time line (`kind` says what), without effect on the public."""

    type: ClassVar[str] = "emergency.incident_noted.v1"

    kind: str


@dataclass(frozen=True, kw_only=True)
class IncidentClosed(_AboutIncident):
    """It is over. `outcome` is happened, did_not_happen or handed_over."""

    type: ClassVar[str] = "emergency.incident_closed.v1"

    version: int
    outcome: str
    by: str
