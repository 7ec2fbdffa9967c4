"""Boundaries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, NotFound
from tepian.kernel.catalogue import kept
from tepian.kernel.catalogue.city import today
from tepian.kernel.events import emit, note, operation

from .. import shapes
from ..events import BoundariesReplaced
from ..models import Level, Region, RegionName
from ..policies import may_keep_regions
from .naming import alive


def draw(region: Region, geometry: Any, kind: str, source: str) -> bool:
    """Store a boundary; False when it was the same."""
    drawn = shapes.to_geojson(geometry)
    if region.boundary == drawn and region.boundary_kind == kind and region.boundary_source == source[:200]:
        return False
    wanted = (region.lon, region.lat) if region.lon is not None and region.lat is not None else None
    region.lon, region.lat = shapes.label_of(geometry, wanted)
    region.boundary, region.boundary_kind, region.boundary_source = drawn, kind, source[:200]
    region.min_lon, region.min_lat, region.max_lon, region.max_lat = geometry.bounds
    region.save(
        update_fields=[
            "lon",
            "lat",
            "boundary",
            "boundary_kind",
            "boundary_source",
            "min_lon",
            "min_lat",
            "max_lon",
            "max_lat",
        ]
    )
    return True


@operation("regions.set_boundary", policy=may_keep_regions)
def set_boundary(*, actor: Actor, code: str, geometry: Mapping[str, Any], source: str, kind: str = "official") -> bool:
    """One region's boundary (GeoJSON geometry). Raises `Invalid` when it cannot be used. False when it was the same."""
    feature = {"type": "Feature", "properties": {"code": code}, "geometry": geometry}
    region = alive(code, today())
    known = shapes.Known(code, region.bps_code, code, region.level, "", region.lon, region.lat)
    report = shapes.read_collection({"type": "FeatureCollection", "features": [feature]}, [known], level=region.level)
    return bool(set_boundaries(actor=actor, boundaries=report.shapes, source=source, kind=kind)["changed"])


@operation("regions.set_boundaries", policy=may_keep_regions)
def set_boundaries(*, actor: Actor, boundaries: Mapping[str, Any], source: str, kind: str = "official") -> Counter[str]:
    """Boundaries by code (shapely areas, as `shapes.read_collection` and `shapes.cells` give them).

    Districts and the city that were not given become the union of what lies in them. Label points that fall outside are
    moved inside. Gives counts `changed`, `unchanged` and `labels_moved`.
    """
    day = today()
    stored = {region.code: region for region in Region.objects.all()}
    missing = sorted(set(boundaries) - set(stored))
    if missing:
        raise NotFound(
            format_lazy(_("There is no region with the code {code}."), code=missing[0]),
            code="no_region",
            item=missing[0],
        )
    counts: Counter[str] = Counter(changed=0, unchanged=0, labels_moved=0)
    touched: list[str] = []

    def put(code: str, geometry: Any, drawn_kind: str, drawn_source: str) -> None:
        region = stored[code]
        before = (region.lon, region.lat)
        if draw(region, geometry, drawn_kind, drawn_source):
            counts["changed"] += 1
            counts["labels_moved"] += before != (region.lon, region.lat) and before[0] is not None
            touched.append(code)
        else:
            counts["unchanged"] += 1

    for code, geometry in boundaries.items():
        put(code, geometry, kind, source)
    # From the wards up: a larger region is what its parts are, unless its own boundary was given.
    inside: dict[str, list[str]] = defaultdict(list)
    for row in RegionName.objects.filter(parent__isnull=False).select_related("region", "parent"):
        holds = (row.valid_from is None or row.valid_from <= day) and (row.valid_to is None or day <= row.valid_to)
        if holds and row.parent and (row.region.valid_to is None or row.region.valid_to >= day):
            inside[row.parent.code].append(row.region.code)
    for level in (Level.DISTRICT, Level.CITY):
        for code in sorted(code for code, region in stored.items() if region.level == level and code not in boundaries):
            parts = [stored[child] for child in inside[code]]
            if not parts or not set(inside[code]) & {*touched, *boundaries} or not all(part.boundary for part in parts):
                continue
            official = all(part.boundary_kind == "official" for part in parts)
            if stored[code].boundary_kind == "official" and not official:
                continue
            geometry = shapes.dissolve(shapes.from_geojson(part.boundary) for part in parts)  # type: ignore[arg-type]
            put(code, geometry, "official" if official else "schematic", source)
    if touched:
        note("regions", "", boundaries=len(touched), kind=kind, source=source[:200])
        emit(BoundariesReplaced(codes=tuple(touched), kind=kind, source=source[:200]))
        kept.changed("regions")
    return counts


@operation("regions.draw_schematic", policy=may_keep_regions)
def draw_schematic_cells(*, actor: Actor, level: str = Level.WARD) -> Counter[str]:
    """Cells round the label points for the regions of a level, when none of them has an official boundary."""
    day = today()
    regions = [
        region
        for region in Region.objects.filter(level=level).defer("boundary")
        if (region.valid_to is None or region.valid_to >= day)
        and (region.valid_from is None or region.valid_from <= day)
    ]
    if any(region.boundary_kind == "official" for region in regions):
        return Counter(changed=0)
    points = {
        region.code: (region.lon, region.lat) for region in regions if region.lon is not None and region.lat is not None
    }
    return set_boundaries(actor=actor, boundaries=shapes.cells(points), source="label points", kind="schematic")
