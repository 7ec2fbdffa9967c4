"""What happens to regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tepian.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class RegionRenamed(Event):
    """A region has another name from `on` (ISO date)."""

    type: ClassVar[str] = "regions.region_renamed.v1"
    audience: ClassVar[str] = "public"
    code: str
    name: str
    on: str

    @property
    def subject(self) -> str:
        return f"region/{self.code}"


@dataclass(frozen=True, kw_only=True)
class RegionsMerged(Event):
    """`former` regions became part of `code` on `on` (ISO date)."""

    type: ClassVar[str] = "regions.regions_merged.v1"
    audience: ClassVar[str] = "public"
    code: str
    former: tuple[str, ...]
    on: str

    @property
    def subject(self) -> str:
        return f"region/{self.code}"


@dataclass(frozen=True, kw_only=True)
class RegionSplit(Event):
    """Region `code` was split into `parts` on `on` (ISO date)."""

    type: ClassVar[str] = "regions.region_split.v1"
    audience: ClassVar[str] = "public"
    code: str
    parts: tuple[str, ...]
    on: str

    @property
    def subject(self) -> str:
        return f"region/{self.code}"


@dataclass(frozen=True, kw_only=True)
class BoundariesReplaced(Event):
    """The boundaries of these regions are others than before; `kind` is official or schematic."""

    type: ClassVar[str] = "regions.boundaries_replaced.v1"
    audience: ClassVar[str] = "public"
    codes: tuple[str, ...]
    kind: str
    source: str

    @property
    def subject(self) -> str:
        return "region/boundaries"
