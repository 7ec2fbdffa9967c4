"""The city pack's waters: every GeoJSON file under `map/`.

A feature is a river (line) or a water (area) in degrees, WGS 84, longitude first, with `name`, and `width_m` (metres)
where it is known. The file's `attribution` is shown under the map.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.packs import CityPack, PackError, Problem
from tepian.kernel.regions.operations import set_city_settings

SETTING = "map_features"
KINDS = {"LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}  # depth of the coordinates
MOST_POSITIONS = 20_000
KEPT = ("name", "name_en", "kind", "width_m")


def check(pack: CityPack) -> Iterator[Problem]:
    """Features that could not be drawn. Too many positions are a fault: a map for a phone must stay small."""
    try:
        files = pack.geojson("map")
    except PackError as error:
        yield from error.problems
        return
    total = 0
    for path, data in files:
        file = f"map/{path.name}"
        features = data.get("features")
        if not isinstance(features, list):
            yield Problem(_("has no list of features"), file=file)
            continue
        for number, feature in enumerate(features, 1):
            item = _name(feature) or str(number)
            count, problem = _positions(feature)
            total += count
            if problem:
                yield Problem(problem, file=file, item=item)
    if total > MOST_POSITIONS:
        yield Problem(
            _("%(count)d positions; a map may hold %(most)d: simplify the lines")
            % {"count": total, "most": MOST_POSITIONS},
            file="map/",
        )


def load(pack: CityPack, actor: Actor) -> dict[str, int]:
    features: list[dict[str, Any]] = []
    for _path, data in pack.geojson("map"):
        source = str(data.get("attribution") or "")
        for feature in data.get("features", []):
            given = feature.get("properties") or {}
            properties = {key: given[key] for key in KEPT if key in given} | {"source": source}
            features.append({"type": "Feature", "properties": properties, "geometry": feature.get("geometry")})
    return dict(set_city_settings(actor=actor, settings={SETTING: features}, source=f"cities/{pack.name}/map"))


def _name(feature: Any) -> str:
    properties = feature.get("properties") if isinstance(feature, Mapping) else None
    return str(properties.get("name") or "") if isinstance(properties, Mapping) else ""


def _positions(feature: Any) -> tuple[int, str]:
    """How many positions a feature has, and what is wrong with it."""
    geometry = feature.get("geometry") if isinstance(feature, Mapping) else None
    kind = geometry.get("type") if isinstance(geometry, Mapping) else None
    if not isinstance(geometry, Mapping) or kind not in KINDS:
        return 0, _("must be a line or an area, this is %(kind)s") % {"kind": kind or _("nothing")}
    lines = [geometry.get("coordinates")]
    for _step in range(KINDS[str(kind)] - 1):
        lines = [part for line in lines if isinstance(line, list) for part in line]
    count = 0
    for line in lines:
        if not isinstance(line, list) or len(line) < 2:
            return count, _("a line needs at least two positions")
        for position in line:
            if not _is_position(position):
                return count, _("not a position in degrees, longitude first: %(position)s") % {
                    "position": str(position)[:40]
                }
        count += len(line)
    return count, "" if count else _("has no positions")


def _is_position(position: Any) -> bool:
    if not isinstance(position, list) or len(position) < 2:
        return False
    if not all(
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        for value in position[:2]
    ):
        return False
    return abs(position[0]) <= 180 and abs(position[1]) <= 90
