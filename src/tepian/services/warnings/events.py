"""What this room says to the others. All of it is public."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tepian.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class _AboutWarning(Event):
    """`change` is the number of the message within the warning; `rise` says that it became more serious or wider."""

    audience: ClassVar[str] = "public"

    number: str
    hazard: str
    level: str
    place: str
    areas: list[str]
    headline: str
    headline_en: str
    incident_number: str
    change: int
    simulated: bool
    rise: bool = False

    @property
    def subject(self) -> str:
        return f"warning/{self.number}"


@dataclass(frozen=True, kw_only=True)
class WarningPublished(_AboutWarning):
    """A new warning is in force."""

    type: ClassVar[str] = "warnings.warning_published.v1"


@dataclass(frozen=True, kw_only=True)
class WarningUpdated(_AboutWarning):
    """Level, areas, words or time of a warning changed."""

    type: ClassVar[str] = "warnings.warning_updated.v1"


@dataclass(frozen=True, kw_only=True)
class WarningCancelled(_AboutWarning):
    """All clear, or withdrawn."""

    type: ClassVar[str] = "warnings.warning_cancelled.v1"


@dataclass(frozen=True, kw_only=True)
class WarningExpired(_AboutWarning):
    """Its time ran out and nobody renewed it."""

    type: ClassVar[str] = "warnings.warning_expired.v1"
