"""In which region does a point lie?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tepian.kernel.actors import Invalid
from tepian.kernel.catalogue.kept import Kept, one_look

from . import queries, shapes
from .models import Level

NEAR_METRES = 200.0


@dataclass(frozen=True, slots=True)
class Located:
    """The region of a point. `exact` is False when the point lies outside all regions but within 200 m of this one (a
    GPS on the river bank); then `distance_m` says how far. `boundary_kind` is official or schematic: with schematic
    cells the answer is the nearest label point, not the law."""

    code: str
    name: str
    level: str
    exact: bool
    distance_m: float
    boundary_kind: str


def _locators() -> dict[str, shapes.Locator]:
    return {}


# Built per level on first use; the whole dict is new when a region changes.
_kept = Kept(_locators, "regions")


def _locator(level: str) -> shapes.Locator:
    kept = _kept()
    locator = kept.get(level)
    if locator is None:
        locator = kept[level] = shapes.Locator(
            {code: shapes.from_geojson(drawn) for code, drawn in queries.boundaries(level).items()}
        )
    return locator


def region_at(lon: float, lat: float, level: str = Level.WARD) -> Located | None:
    """The region of `level` that a point (degrees, WGS 84) lies in, or the one at most 200 m away, or None.

    Raises `Invalid` for a point that is none. About 20 µs once the index is built.
    """
    if problem := shapes.check_point(lon, lat):
        raise Invalid(problem, code="bad_point", field="lat")
    with one_look():
        locator = _locator(level)
        code = locator.inside(lon, lat)
        exact, distance = code is not None, 0.0
        if code is None:
            near = locator.nearest(lon, lat)
            if near is None or near[1] > NEAR_METRES:
                return None
            code, distance = near
        region = queries.atlas().regions[code]
        return Located(code, region.name(), region.level, exact, round(distance, 1), region.boundary_kind)


def regions_at(points: Sequence[tuple[float, float]], level: str = Level.WARD) -> list[str | None]:
    """The codes for many points (lon, lat) at once; None for those that lie in no region (without the 200 m)."""
    return _locator(level).each(points) if points else []
