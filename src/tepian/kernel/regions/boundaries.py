"""Loading boundary files into the city."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor, Invalid
from tepian.kernel.catalogue.city import current_city
from tepian.kernel.catalogue.packs import notice, read_geojson

from . import operations, queries, shapes
from .models import Level


def known_regions() -> list[shapes.Known]:
    """What a boundary file may name: the living regions."""
    day = queries.today()
    names = queries.names(day)
    return [
        shapes.Known(
            region.code,
            region.bps_code,
            names[region.code],
            region.level,
            names.get(region.parent(day), ""),
            region.lon,
            region.lat,
        )
        for region in queries.atlas().regions.values()
        if region.exists(day)
    ]


def import_collection(
    data: Mapping[str, Any], *, actor: Actor, source: str, file: str = "", level: str = Level.WARD, swap: bool = False
) -> shapes.BoundaryReport:
    """Load a GeoJSON FeatureCollection (lon/lat) as official boundaries of the regions that it names.

    All or nothing: raises `PackError` naming every feature at fault. `swap` turns latitude-first data round. The report
    lists what was repaired, which regions of `level` the file forgot, and whose label point had to move.
    """
    known = known_regions()
    if not known:
        raise Invalid(_("No regions are loaded yet: load the city's pack first."), code="no_regions")
    city = current_city()
    report = shapes.read_collection(
        data,
        known,
        city_code=city.code,
        bbox=city.bbox if city.loaded else None,
        swap=swap,
        file=file or source,
        level=level,
    )
    before = {region.code: (region.lon, region.lat) for region in known}
    counts = operations.set_boundaries(actor=actor, boundaries=report.shapes, source=source)
    report.changed = counts["changed"]
    regions = queries.atlas().regions
    report.labels_moved = [code for code in report.shapes if (regions[code].lon, regions[code].lat) != before[code]]
    if report.labels_moved:
        message = _("the label points of %(count)d regions lay outside and were moved inside: %(codes)s") % {
            "count": len(report.labels_moved),
            "codes": ", ".join(report.labels_moved[:5]),
        }
        report.notices.append(notice(message, file=file or source))
    levels = {regions[code].level for code in report.shapes}
    missing = [region.code for region in known if region.level in levels and not regions[region.code].boundary_kind]
    if missing:
        message = _("%(count)d regions have no boundary in this file: %(codes)s") % {
            "count": len(missing),
            "codes": ", ".join(missing[:5]),
        }
        report.notices.append(notice(message, file=file or source))
    return report


def import_file(
    path: Path, *, actor: Actor, source: str = "", level: str = Level.WARD, swap: bool = False
) -> shapes.BoundaryReport:
    """Load a GeoJSON file; see `import_collection`. Raises `PackError` (an `Invalid`) and then changes nothing."""
    data = read_geojson(path)
    credit = str(data.get("attribution") or data.get("source") or "")
    return import_collection(
        data, actor=actor, source=source or credit or path.name, file=path.name, level=level, swap=swap
    )
