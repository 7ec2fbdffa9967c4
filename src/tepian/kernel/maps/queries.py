"""The base map of the city as SVG, drawn on the server and kept while regions and the pack stay the same."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import shapely
import shapely.errors
from django.utils.html import escape
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.city import city_setting, current_city
from tepian.kernel.catalogue.contributions import MapFeature, MapLayer, offered
from tepian.kernel.catalogue.kept import Kept
from tepian.kernel.regions import queries as regions

from .projection import Projection, brief, line_data, path_data

WIDTH = 800.0
BUDGET = 34_000  # characters of path data; simplify until it fits
TEXT = 17.0  # size of names in units of the drawing
METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class BaseMap:
    """The drawing without its frame. `svg`, and above the layers `names`, go into an element with the viewBox
    `0 0 width height`; each ward's path has the id `w-<code>` so that layers can draw on it with `<use>`. `points`
    are (lon, lat) on each ward's land. `schematic` says that some borders are guesses."""

    projection: Projection
    svg: str
    names: str
    wards: frozenset[str]
    points: Mapping[str, tuple[float, float]]
    schematic: bool
    sources: tuple[str, ...]

    @property
    def empty(self) -> bool:
        return not self.svg


def base_map() -> BaseMap:
    """The city's map, from memory where nothing has changed."""
    return _base()


def ward_id(code: str) -> str:
    """A ward's id in the drawing."""
    return f"w-{code}"


def _shapes(level: str) -> dict[str, BaseGeometry]:
    found = {}
    for code, raw in regions.boundaries(level).items():
        try:
            geometry = shape(raw)
        except (ValueError, TypeError, KeyError, AttributeError, shapely.errors.ShapelyError):
            continue  # a boundary that cannot be read leaves a gap, not a broken page
        if not geometry.is_empty:
            found[code] = geometry if geometry.is_valid else shapely.make_valid(geometry)
    return found


def _build() -> BaseMap:
    wards = _shapes("ward") or _shapes("district") or _shapes("city")
    features = _pack_features()
    if not wards:
        return BaseMap(Projection.fit(current_city().bbox, WIDTH), "", "", frozenset(), {}, False, ())
    bounds = shapely.total_bounds(list(wards.values())).tolist()
    projection = Projection.fit((bounds[0], bounds[1], bounds[2], bounds[3]), WIDTH)
    atlas = regions.atlas().regions
    kinds = {atlas[code].boundary_kind for code in wards if code in atlas}
    sources = tuple(
        dict.fromkeys(
            source
            for source in [
                *(
                    atlas[code].boundary_source
                    for code in wards
                    if code in atlas and atlas[code].boundary_kind == "official"
                ),
                *(str(feature.get("properties", {}).get("source", "")) for feature in features),
            ]
            if source
        )
    )
    svg, names = draw(wards, features, projection, {code: regions.name_of(code) for code in wards})
    points = {
        code: (spot.x, spot.y)
        for code, spot in ((code, geometry.representative_point()) for code, geometry in wards.items())
    }
    return BaseMap(projection, svg, names, frozenset(wards), points, "official" not in kinds or len(kinds) > 1, sources)


_base = Kept(_build, "regions", "city")


def _pack_features() -> list[dict[str, Any]]:
    """Rivers and other waters of the city pack, as GeoJSON features."""
    return list(city_setting("map_features", default=[]))


def draw(
    wards: Mapping[str, BaseGeometry],
    features: Iterable[Mapping[str, Any]],
    projection: Projection,
    names: Mapping[str, str],
) -> tuple[str, str]:
    """(land, waters and district lines; names). Simplifies, borders together, until the drawing fits the budget."""
    waters = list(_waters(features, projection))
    pixel = 1 / projection.scale
    codes, shapes = list(wards), list(wards.values())
    for pixels in (0.4, 0.8, 1.2, 1.8, 2.6, 4.0, 6.0):
        simple = dict(zip(codes, _simplify(shapes, pixels * pixel), strict=True))
        data = {code: path_data(geometry, projection) for code, geometry in simple.items()}
        if sum(map(len, data.values())) < BUDGET * 0.55:
            break
    districts: dict[str, list[BaseGeometry]] = {}
    for code, geometry in simple.items():
        districts.setdefault(_parent(code), []).append(geometry)
    outlines = {code: _dissolve(parts, pixel) for code, parts in districts.items()}
    city = _dissolve(list(outlines.values()), pixel)
    parts = ['<g class="kel">']
    parts += [
        f'<path id="{escape(ward_id(code))}" d="{value}"><title>{escape(names.get(code, code))}</title></path>'
        for code, value in data.items()
        if value
    ]
    parts += ["</g>", *(area for area, _line in waters if area), *(line for _area, line in waters if line)]
    if len(outlines) > 1:
        parts.append(
            f'<path class="kec" d="{"".join(path_data(geometry, projection) for geometry in outlines.values())}"/>'
        )
    parts.append(f'<path class="kota" d="{path_data(city, projection)}"/>')
    return "".join(parts), _names(outlines, features, projection)


def _simplify(shapes: list[BaseGeometry], tolerance: float) -> list[BaseGeometry]:
    """Simpler shapes that still share their borders; shapes that overlap are simplified each for itself."""
    try:
        simple = list(shapely.coverage_simplify(shapes, tolerance))
    except (
        shapely.errors.ShapelyError,
        ValueError,
        TypeError,
        AttributeError,
        shapely.errors.UnsupportedGEOSVersionError,
    ):
        simple = [geometry.simplify(tolerance) for geometry in shapes]
    return [new if not new.is_empty else old for old, new in zip(shapes, simple, strict=True)]


def _parent(code: str) -> str:
    chain = regions.ancestors(code)
    return chain[0] if chain else code.rpartition(".")[0]


def _dissolve(parts: list[BaseGeometry], pixel: float) -> BaseGeometry:
    """The union, without the slivers between borders that do not quite meet."""
    grown = shapely.union_all([part.buffer(pixel * 0.4, join_style="mitre") for part in parts])
    return grown.buffer(-pixel * 0.4, join_style="mitre").simplify(pixel * 0.4)


def _waters(features: Iterable[Mapping[str, Any]], projection: Projection) -> Iterable[tuple[str, str]]:
    tolerance = 0.7 / projection.scale
    for feature in features:
        properties = feature.get("properties") or {}
        try:
            geometry = shape(feature["geometry"]).simplify(tolerance)
        except (KeyError, ValueError, TypeError, AttributeError, shapely.errors.ShapelyError):
            continue
        data = path_data(geometry, projection)
        if not data:
            continue
        if geometry.geom_type in {"Polygon", "MultiPolygon"}:
            yield f'<path class="airisi" d="{data}"/>', ""
        elif geometry.geom_type in {"LineString", "MultiLineString"}:
            width = brief(_river_width(properties, geometry.length, projection))
            yield (
                "",
                f'<path class="air" stroke-width="{width}" d="{data}"/>',
            )


def _river_width(properties: Mapping[str, Any], length: float, projection: Projection) -> float:
    """Drawn true to scale where `width_m` is known, else by its length; never too thin to see, nor like a lake."""
    metres = properties.get("width_m")
    if isinstance(metres, int | float) and not isinstance(metres, bool) and metres > 0:
        width = metres / METRES_PER_DEGREE * projection.scale
    else:
        width = length * projection.scale / 90
    return min(12.0, max(2.5, width))


def _names(outlines: Mapping[str, BaseGeometry], features: Iterable[Mapping[str, Any]], projection: Projection) -> str:
    """District names on their land, river names along their water; what would overlap is left out."""
    taken: list[tuple[float, float, float, float]] = []
    parts = []

    def free(x: float, y: float, text: str, size: float) -> bool:
        width, height = len(text) * size * 0.58, size * 1.25
        box = (x - width / 2, y - height, x + width / 2, y + height * 0.3)
        if box[0] < 2 or box[2] > projection.width - 2:
            return False
        if any(box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken):
            return False
        taken.append(box)
        return True

    for code, geometry in sorted(outlines.items(), key=lambda item: -item[1].area):
        name = regions.name_of(code)
        if name == code:
            continue
        at = geometry.representative_point()
        x, y = projection(at.x, at.y)
        if free(x, y, name, TEXT):
            parts.append(f'<text class="nama" x="{brief(x)}" y="{brief(y)}" text-anchor="middle">{escape(name)}</text>')
    named: set[str] = set()
    for feature in features:
        name = str((feature.get("properties") or {}).get("name") or "")
        if not name or name in named:
            continue
        spot = _river_label(feature, projection)
        if spot and free(spot[0], spot[1], name, TEXT):
            named.add(name)
            x, y, angle = spot
            parts.append(
                f'<text class="sungai" x="{brief(x)}" y="{brief(y)}" dy="-9" text-anchor="middle" '
                f'transform="rotate({brief(angle)} {brief(x)} {brief(y)})">{escape(name)}</text>'
            )
    return "".join(parts)


def _river_label(feature: Mapping[str, Any], projection: Projection) -> tuple[float, float, float] | None:
    """The middle of a river and the direction of its water there, in degrees, readable from left to right."""
    try:
        line = shape(feature["geometry"])
    except (KeyError, ValueError, TypeError, AttributeError, shapely.errors.ShapelyError):
        return None
    if line.geom_type == "MultiLineString":
        line = max(line.geoms, key=lambda part: part.length)
    if line.geom_type != "LineString" or line.is_empty:
        return None
    before, middle, after = (line.interpolate(share, normalized=True) for share in (0.42, 0.5, 0.58))
    (x0, y0), (x1, y1), (x, y) = (
        projection(before.x, before.y),
        projection(after.x, after.y),
        projection(middle.x, middle.y),
    )
    angle = math.degrees(math.atan2(y1 - y0, x1 - x0))
    if abs(angle) > 90:
        angle -= math.copysign(180, angle)
    return x, y, angle if abs(angle) < 60 else math.copysign(60, angle)


# --- layers -----------------------------------------------------------------------------------------------------------


def layers(audience: str, keys: Iterable[str] | None = None) -> list[MapLayer]:
    """The layers that this audience may see, in order; with `keys` only those named."""
    wanted = None if keys is None else set(keys)
    return [
        layer
        for layer in offered(MapLayer)
        if (layer.audience == "public" or audience == "staff") and (wanted is None or layer.key in wanted)
    ]


def features_of(layer: MapLayer, actor: Actor) -> list[MapFeature]:
    return list(layer.features(actor))


def wards_of(codes: Iterable[str], drawn: frozenset[str]) -> list[str]:
    """The wards of the drawing inside these regions, each once; a part of a ward stands for its ward."""
    found: dict[str, None] = {}
    for code in codes:
        if code in drawn:
            found[code] = None
            continue
        inside = [ward for ward in drawn if ward.startswith(f"{code}.")]
        if not inside:
            inside = [ward for ward in drawn if code.startswith(f"{ward}.")]
        found.update(dict.fromkeys(sorted(inside)))
    return list(found)


__all__ = ["BaseMap", "base_map", "draw", "features_of", "layers", "line_data", "ward_id", "wards_of"]
