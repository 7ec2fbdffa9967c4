"""What happens to residents. Events name the person by the register's own number, never by NIK or name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tepian.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class _AboutResident(Event):
    """`resident` is the row's key, `ward` the code of the ward that it concerns, `on` an ISO date."""

    resident: int
    ward: str
    on: str

    @property
    def subject(self) -> str:
        return f"resident/{self.resident}"


@dataclass(frozen=True, kw_only=True)
class ResidentBorn(_AboutResident):
    """A child was born and is in the register."""

    type: ClassVar[str] = "residents.resident_born.v1"


@dataclass(frozen=True, kw_only=True)
class ResidentDied(_AboutResident):
    """A resident has died: open cases of this person stop."""

    type: ClassVar[str] = "residents.resident_died.v1"


@dataclass(frozen=True, kw_only=True)
class ResidentMoved(_AboutResident):
    """A resident lives elsewhere. `to_ward` is empty for somebody who left the city; `ward` is empty for one who came."""

    type: ClassVar[str] = "residents.resident_moved.v1"
    to_ward: str


@dataclass(frozen=True, kw_only=True)
class ResidentCorrected(_AboutResident):
    """Something in the register was wrong and is set right; `fields` names what."""

    type: ClassVar[str] = "residents.resident_corrected.v1"
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ResidentMerged(_AboutResident):
    """A person was registered twice; from now on the entry `into` counts, and what hangs on this one moves there."""

    type: ClassVar[str] = "residents.resident_merged.v1"
    into: int


@dataclass(frozen=True, kw_only=True)
class ResidentParted(_AboutResident):
    """Two entries were taken for one person and are two again; this one counts by itself, as `other` does."""

    type: ClassVar[str] = "residents.resident_parted.v1"
    other: int
