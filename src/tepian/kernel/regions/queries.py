"""Asking about regions: names and parents on any day, the tree, what became of a region, and where a point lies.

All answers come from one snapshot of the tables kept in the process (`atlas`), so a name costs no query of its own;
only the versions of the topic `regions` are read, once per request.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.kept import Kept

from .models import Level, Region, RegionName, RegionSuccession

LEVELS = [level.value for level in Level]


@dataclass(frozen=True, slots=True)
class Period:
    """A name and a parent (its code, or "") from day to day; None is open."""

    name: str
    parent: str
    valid_from: date | None
    valid_to: date | None
    source: str = ""

    def holds(self, on: date) -> bool:
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Succession:
    """`former` continued in `successor` from `on`."""

    former: str
    successor: str
    on: date
    source: str = ""


@dataclass(frozen=True, slots=True)
class RegionInfo:
    """A region through all its names. `id` serves foreign keys; `bbox` is west, south, east, north in degrees."""

    id: int
    code: str
    bps_code: str
    level: str
    lon: float | None
    lat: float | None
    boundary_kind: str
    boundary_source: str
    bbox: tuple[float, float, float, float] | None
    valid_from: date | None
    valid_to: date | None
    periods: tuple[Period, ...]

    def exists(self, on: date) -> bool:
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)

    def period(self, on: date) -> Period | None:
        """The name and parent on a day; for a day outside its life the nearest one, so that history stays readable."""
        for period in reversed(self.periods):
            if period.holds(on):
                return period
        if not self.periods:
            return None
        return self.periods[0] if on < (self.periods[0].valid_from or date.min) else self.periods[-1]

    def name(self, on: date | None = None) -> str:
        period = self.period(on or today())
        return period.name if period else self.code

    def parent(self, on: date | None = None) -> str:
        period = self.period(on or today())
        return period.parent if period else ""


class Atlas:
    """All regions at one moment of the database."""

    def __init__(self, regions: Iterable[RegionInfo], successions: Iterable[Succession]) -> None:
        self.regions: dict[str, RegionInfo] = {region.code: region for region in regions}
        self.bps: dict[str, str] = {region.bps_code: region.code for region in self.regions.values() if region.bps_code}
        self.ids: dict[int, str] = {region.id: region.code for region in self.regions.values()}
        self.after: dict[str, list[Succession]] = defaultdict(list)
        self.before: dict[str, list[Succession]] = defaultdict(list)
        for link in successions:
            self.after[link.former].append(link)
            self.before[link.successor].append(link)
        self._children: dict[date, dict[str, list[str]]] = {}
        self._names: dict[date, dict[str, str]] = {}

    def children(self, on: date) -> Mapping[str, list[str]]:
        """Codes of living regions by parent's code; roots stand under ""."""
        kept = self._children.get(on)
        if kept is None:
            kept = defaultdict(list)
            for region in self.regions.values():
                if region.exists(on):
                    period = region.period(on)
                    kept[period.parent if period else ""].append(region.code)
            self._remember(self._children, on, kept)
        return kept

    def names(self, on: date) -> dict[str, str]:
        kept = self._names.get(on)
        if kept is None:
            kept = {code: region.name(on) for code, region in self.regions.items()}
            self._remember(self._names, on, kept)
        return kept

    @staticmethod
    def _remember(memory: dict[date, Any], on: date, value: Any) -> None:
        if len(memory) >= 16:  # history pages may ask for any day; today stays cheap
            memory.clear()
        memory[on] = value


def _box(sides: tuple[float | None, ...]) -> tuple[float, float, float, float] | None:
    west, south, east, north = sides
    if west is None or south is None or east is None or north is None:
        return None
    return west, south, east, north


def _read_atlas() -> Atlas:
    rows = list(
        Region.objects.order_by("code").values_list(
            "id",
            "code",
            "bps_code",
            "level",
            "lon",
            "lat",
            "boundary_kind",
            "boundary_source",
            "min_lon",
            "min_lat",
            "max_lon",
            "max_lat",
            "valid_from",
            "valid_to",
        )
    )
    codes = {row[0]: row[1] for row in rows}
    periods: dict[int, list[Period]] = defaultdict(list)
    for region_id, name, parent_id, begins, ends, source in RegionName.objects.values_list(
        "region_id", "name", "parent_id", "valid_from", "valid_to", "source"
    ):
        periods[region_id].append(Period(name, codes.get(parent_id, ""), begins, ends, source))
    for kept in periods.values():
        kept.sort(key=lambda period: period.valid_from or date.min)
    links = sorted(
        (
            Succession(codes[former], codes[successor], on, source)
            for former, successor, on, source in RegionSuccession.objects.values_list(
                "former_id", "successor_id", "on", "source"
            )
        ),
        key=lambda link: (link.on, link.former, link.successor),
    )
    regions = (
        RegionInfo(
            *row[:8],
            bbox=_box(row[8:12]),
            valid_from=row[12],
            valid_to=row[13],
            periods=tuple(periods[row[0]]),
        )
        for row in rows
    )
    return Atlas(regions, links)


atlas = Kept(_read_atlas, "regions")


def exists(code: str, on: date | None = None) -> bool:
    region = atlas().regions.get(code)
    return region is not None and region.exists(on or today())


def find(code: str) -> RegionInfo:
    """A region by its Kemendagri code, living or ended. Raises `NotFound`."""
    region = atlas().regions.get(code)
    if region is None:
        raise NotFound(
            format_lazy(_("There is no region with the code {code}."), code=code), code="no_region", item=code
        )
    return region


def by_bps_code(bps_code: str) -> RegionInfo:
    """A region by the code of Statistics Indonesia (BPS). Raises `NotFound`."""
    return find(atlas().bps.get(bps_code, bps_code))


def region_id(code: str) -> int:
    """The key for a foreign key to `city.Region`. Raises `NotFound`."""
    return find(code).id


def names(on: date | None = None) -> dict[str, str]:
    """`{code: name}` of every region on a day; ended ones by their last name. Do not change the dict."""
    return atlas().names(on or today())


def name_of(code: str, on: date | None = None) -> str:
    """A region's name on a day (today), or the code itself when nobody knows it."""
    return names(on).get(code, code)


def bare_name(code: str, on: date | None = None) -> str:
    """The name as citizens write it: "Kel. Lempake", "Kec. Sambutan", "RT 012"."""
    region = atlas().regions.get(code)
    prefix = {Level.DISTRICT: "Kec. ", Level.WARD: "Kel. "}.get(Level(region.level), "") if region else ""
    return prefix + name_of(code, on)


def label(code: str, on: date | None = None) -> str:
    """The name with what it lies in, up to the district: "Kel. Lempake, Kec. Samarinda Utara"."""
    chain = [code, *ancestors(code, on)]
    regions = atlas().regions
    parts = [
        bare_name(part, on) for part in chain if part == code or regions[part].level in (Level.WARD, Level.DISTRICT)
    ]
    return ", ".join(parts)


def children(code: str = "", on: date | None = None) -> list[str]:
    """Codes of the regions directly inside on a day; of the roots for ""."""
    return list(atlas().children(on or today()).get(code, []))


def ancestors(code: str, on: date | None = None) -> list[str]:
    """Codes of the regions that contain it on a day, nearest first."""
    kept, day = atlas(), on or today()
    found: list[str] = []
    region = kept.regions.get(code)
    while region is not None and (parent := region.parent(day)) and parent not in found:
        found.append(parent)
        region = kept.regions.get(parent)
    return found


def regions_within(code: str, on: date | None = None) -> list[str]:
    """The region itself and all inside it on a day, top down. An unknown code gives []."""
    kept = atlas()
    if code not in kept.regions:
        return []
    below = kept.children(on or today())
    found = [code]
    for current in found:  # grows while it is walked
        found.extend(below.get(current, []))
    return found


def of_level(level: str, on: date | None = None) -> list[RegionInfo]:
    """The living regions of one level, by code."""
    day = on or today()
    return [region for region in atlas().regions.values() if region.level == level and region.exists(day)]


def choices(level: str = Level.WARD, on: date | None = None) -> list[tuple[str, list[tuple[str, str]]]]:
    """For a select: `[(district's name, [(code, name) …]) …]`, both by name."""
    day = on or today()
    known = names(day)
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for region in of_level(level, day):
        groups[known.get(region.parent(day), "")].append((region.code, known[region.code]))
    return [(name, sorted(items, key=lambda item: item[1])) for name, items in sorted(groups.items())]


@dataclass(frozen=True, slots=True)
class Node:
    code: str
    name: str
    level: str
    children: tuple[Node, ...]


def tree(code: str = "", on: date | None = None) -> list[Node]:
    """The region (or the roots) with everything inside, as it was on a day."""
    day = on or today()
    kept = atlas()
    below, known = kept.children(day), kept.names(day)

    def grow(current: str) -> Node:
        return Node(
            current, known[current], kept.regions[current].level, tuple(grow(child) for child in below.get(current, []))
        )

    return [grow(root) for root in ([code] if code in kept.regions else below.get(code, []))]


def label_point(code: str) -> tuple[float, float] | None:
    """(lon, lat) of a point on the region's surface, where its name may stand."""
    region = atlas().regions.get(code)
    return (region.lon, region.lat) if region and region.lon is not None and region.lat is not None else None


def history(code: str) -> Sequence[Period]:
    """Its names and parents, oldest first. Raises `NotFound`."""
    return find(code).periods


def became(code: str) -> list[Succession]:
    """What became of a region: its direct successions, oldest first; [] while it lives on unchanged."""
    return list(atlas().after.get(code, []))


def came_from(code: str) -> list[Succession]:
    """Of which regions it was made, oldest first."""
    return list(atlas().before.get(code, []))


def living_successors(code: str, on: date | None = None) -> list[str]:
    """The regions alive on a day in which this one continues; itself while it lives."""
    kept, day = atlas(), on or today()
    found: list[str] = []
    seen: set[str] = set()
    queue = [code]
    while queue:
        current = queue.pop(0)
        if current in seen or current not in kept.regions:
            continue
        seen.add(current)
        if kept.regions[current].exists(day):
            found.append(current)
        else:
            queue += [link.successor for link in kept.after.get(current, []) if link.on <= day]
    return found


def boundary(code: str) -> dict[str, Any] | None:
    """A region's boundary as GeoJSON geometry, lon/lat."""
    return Region.objects.filter(code=code).values_list("boundary", flat=True).first()


def boundaries(level: str, on: date | None = None) -> dict[str, dict[str, Any]]:
    """`{code: GeoJSON geometry}` of the living regions of one level that have a boundary. Do not change the dict."""
    alive = {region.code for region in of_level(level, on)}
    return {code: shape for code, shape in _boundaries().get(level, {}).items() if code in alive}


def _read_boundaries() -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    rows = Region.objects.exclude(boundary_kind="").order_by("code").values_list("level", "code", "boundary")
    for level, code, shape in rows:
        if shape:
            found[level][code] = shape
    return dict(found)


_boundaries = Kept(_read_boundaries, "regions")
