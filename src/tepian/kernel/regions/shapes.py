"""Geometry of regions: reading boundary files with care, unions, and schematic cells. Pure functions.

Everything is in degrees, WGS 84, longitude first, rounded to 6 decimals (about 0.1 m). A whole fault (not a number, out
of range, latitude first, too few points, an unknown code) is an error that names the feature, and then nothing is used;
a small one (an open ring, a bow-tie) is repaired and reported.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from shapely.geometry import MultiPoint, MultiPolygon, Point, Polygon, mapping, shape
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from tepian.kernel.catalogue.packs import PackError, Problem, notice

METRES_PER_DEGREE = 111_320.0
CODE_FIELDS = (
    "code",
    "kode",
    "kemendagri",
    "kode_wilayah",
    "kdepum",
    "kode_kelurahan",
    "kode_desa",
    "adm4_pcode",
    "adm4",
    "id",
)
BPS_FIELDS = ("bps_code", "kode_bps", "kdebps", "kdbbps", "iddesa", "idkel")
NAME_FIELDS = ("name", "nama", "namobj", "wadmkd", "kelurahan", "desa", "nama_kelurahan")
PARENT_FIELDS = ("district", "kecamatan", "wadmkc", "parent", "nama_kecamatan")


@dataclass(frozen=True, slots=True)
class Known:
    """What the reader may expect: a region's code, names, label point and, by name, what it lies in."""

    code: str
    bps_code: str
    name: str
    level: str = "ward"
    parent_name: str = ""
    lon: float | None = None
    lat: float | None = None


@dataclass(slots=True)
class BoundaryReport:
    """What a boundary file brought: `shapes` by code, and every repair, gap and overlap as a notice."""

    source: str = ""
    shapes: dict[str, Polygon | MultiPolygon] = field(default_factory=dict)
    notices: list[Problem] = field(default_factory=list)
    labels_moved: list[str] = field(default_factory=list)
    changed: int = 0

    def __str__(self) -> str:
        lines = [
            _("%(read)d boundaries read, %(changed)d changed") % {"read": len(self.shapes), "changed": self.changed}
        ]
        return "\n".join([*lines, *(f"  {item}" for item in self.notices)])


def metres(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Distance in metres; exact enough inside one city (flat earth at the mean latitude)."""
    x = (other_lon - lon) * math.cos(math.radians((lat + other_lat) / 2))
    return math.hypot(x, other_lat - lat) * METRES_PER_DEGREE


def check_point(lon: float, lat: float) -> Any:
    """What is wrong with a point as a lazily translated sentence, "" when nothing."""
    if not (math.isfinite(lon) and math.isfinite(lat)):
        return gettext_lazy("the coordinates are not numbers")
    if abs(lat) > 90 and abs(lon) <= 90:
        return format_lazy(
            gettext_lazy("latitude {lat} is out of range: longitude and latitude are probably swapped"), lat=lat
        )
    if abs(lat) > 90 or abs(lon) > 180:
        return format_lazy(
            gettext_lazy("{lon}, {lat} are not degrees (metres of a projection? convert to WGS 84)"), lon=lon, lat=lat
        )
    return ""


def to_geojson(geometry: BaseGeometry) -> dict[str, Any]:
    """GeoJSON geometry with plain lists, rounded, outer rings counter-clockwise."""
    rounded = []
    for part in polygons(geometry):
        turned = mapping(orient(part))
        rounded.append([[[round(x, 6), round(y, 6)] for x, y in ring] for ring in turned["coordinates"]])
    if len(rounded) == 1:
        return {"type": "Polygon", "coordinates": rounded[0]}
    return {"type": "MultiPolygon", "coordinates": rounded}


def from_geojson(geometry: Mapping[str, Any]) -> BaseGeometry:
    return shape(dict(geometry))


def polygons(geometry: BaseGeometry) -> list[Polygon]:
    """The areas of a geometry; lines and points that a repair left over are dropped."""
    if isinstance(geometry, Polygon):
        return [] if geometry.is_empty else [geometry]
    return [part for piece in getattr(geometry, "geoms", ()) for part in polygons(piece)]


def areas(geometry: BaseGeometry) -> Polygon | MultiPolygon:
    parts = polygons(geometry)
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


# --- reading a file --------------------------------------------------------------------------------------------------


def read_collection(
    data: Mapping[str, Any],
    known: Sequence[Known],
    *,
    city_code: str = "",
    bbox: tuple[float, float, float, float] | None = None,
    swap: bool = False,
    file: str = "",
    level: str = "ward",
) -> BoundaryReport:
    """The boundaries of a GeoJSON FeatureCollection, matched to known regions by Kemendagri code or BPS code, or by
    name among those of `level`.

    `bbox` (west, south, east, north) is where the city lies; it and the label points tell swapped axes. Features whose
    code lies outside `city_code` are left out with a notice. Raises `PackError` with every fault when there is one.
    """
    errors: list[Problem] = []
    report = BoundaryReport(source=file)
    finder = _Finder(known, level)
    if data.get("type") != "FeatureCollection" or not isinstance(data.get("features"), list):
        raise PackError([Problem(_("not a GeoJSON FeatureCollection"), file=file)])
    crs = (
        str((data.get("crs") or {}).get("properties", {}).get("name", ""))
        if isinstance(data.get("crs"), Mapping)
        else ""
    )
    if crs and not re.search(r"CRS84|4326", crs):
        raise PackError(
            [Problem(_("coordinates are in %(crs)s: convert them to WGS 84 (EPSG:4326)") % {"crs": crs}, file=file)]
        )
    expected = _expected(known, bbox)
    outside = 0
    given: dict[str, list[tuple[str, BaseGeometry]]] = defaultdict(list)
    for number, feature in enumerate(data["features"], 1):
        feature = feature if isinstance(feature, Mapping) else {}
        properties = {str(k).lower(): v for k, v in (feature.get("properties") or {}).items()}
        name = _first(properties, NAME_FIELDS)
        item = _("feature %(number)d") % {"number": number} + (f" “{name}”" if name else "")

        def wrong(message: str, item: str = item) -> None:
            errors.append(Problem(message, file=file, item=item))

        region, reason = finder.match(properties, feature.get("id"), name)
        if region is None:
            code = finder.written_code(properties)
            if code and city_code and not code.startswith(f"{city_code}.") and code != city_code:
                outside += 1
            else:
                wrong(reason)
            continue
        item = f"{region.code} {region.name}"
        try:
            geometry, repairs = _geometry(feature.get("geometry"), swap=swap)
        except ValueError as error:
            errors.append(Problem(str(error), file=file, item=item))
            continue
        if verdict := _misplaced(geometry, expected, region, swap):
            errors.append(Problem(verdict, file=file, item=item))
            continue
        report.notices += [notice(repair, file=file, item=item) for repair in repairs]
        given[region.code].append((name, geometry))
    for code, pieces in given.items():
        if len({name for name, _shape in pieces}) > 1:
            names = ", ".join(f"“{name}”" for name, _shape in pieces)
            errors.append(
                Problem(
                    _("the same code stands at features of different names: %(names)s") % {"names": names},
                    file=file,
                    item=code,
                )
            )
        elif len(pieces) > 1:
            report.notices.append(
                notice(_("%(count)d features were joined") % {"count": len(pieces)}, file=file, item=code)
            )
        report.shapes[code] = areas(shapely.union_all([geometry for _name, geometry in pieces]))
    if outside:
        message = _("%(count)d features outside the city were left out") % {"count": outside}
        report.notices.append(notice(message, file=file))
    if not errors and not report.shapes:
        errors.append(Problem(_("no feature is a region of this city"), file=file))
    if errors:
        raise PackError(errors)
    report.notices += _overlaps(report.shapes, file)
    return report


def _first(properties: Mapping[str, Any], fields: Iterable[str]) -> str:
    return next((str(properties[key]).strip() for key in fields if properties.get(key) not in (None, "")), "")


def squeeze(name: str) -> str:
    """A name without spaces, marks and case, for comparing spellings such as Gunungsamarinda and Gunung Samarinda."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


class _Finder:
    """Finds the region that a feature means."""

    def __init__(self, known: Sequence[Known], level: str) -> None:
        self.by_code = {region.code: region for region in known}
        self.by_digits = {region.code.replace(".", ""): region for region in known}
        self.by_bps = {region.bps_code: region for region in known if region.bps_code}
        self.by_name: dict[str, list[Known]] = defaultdict(list)
        for region in known:
            if region.level == level:
                self.by_name[squeeze(region.name)].append(region)

    @staticmethod
    def written_code(properties: Mapping[str, Any]) -> str:
        text = _first(properties, CODE_FIELDS)
        if re.fullmatch(r"\d{10}", text):
            text = f"{text[:2]}.{text[2:4]}.{text[4:6]}.{text[6:]}"
        return text if re.match(r"\d{2}\.", text) else ""

    def match(self, properties: Mapping[str, Any], feature_id: Any, name: str) -> tuple[Known | None, str]:
        written = _first(properties, CODE_FIELDS) or str(feature_id or "")
        for text in (written, self.written_code(properties)):
            region = self.by_code.get(text) or self.by_digits.get(text)
            if region:
                return region, ""
        region = self.by_bps.get(_first(properties, BPS_FIELDS)) or self.by_bps.get(written)
        if region:
            return region, ""
        if written and re.match(r"\d", written):
            return None, _("the city has no region with the code %(code)s") % {"code": written}
        candidates = self.by_name.get(squeeze(name), []) if name else []
        parent = squeeze(_first(properties, PARENT_FIELDS))
        if len(candidates) > 1 and parent:
            candidates = [region for region in candidates if squeeze(region.parent_name) == parent]
        if len(candidates) == 1:
            return candidates[0], ""
        if not name:
            return None, _("it has neither a code nor a name")
        if candidates:
            return None, _("several regions have this name: the feature needs a code")
        return None, _("the city has no region of this name, and the feature has no code")


def _geometry(raw: Any, *, swap: bool) -> tuple[BaseGeometry, list[str]]:
    """The checked geometry of one feature and the repairs made. Raises `ValueError` with a readable sentence."""
    if not isinstance(raw, Mapping) or raw.get("type") not in ("Polygon", "MultiPolygon"):
        kind = raw.get("type") if isinstance(raw, Mapping) else _("nothing")
        raise ValueError(_("a boundary must be a Polygon or a MultiPolygon, this is %(kind)s") % {"kind": kind})
    given = [raw.get("coordinates")] if raw["type"] == "Polygon" else raw.get("coordinates")
    if not isinstance(given, list) or not given:
        raise ValueError(_("it has no coordinates"))
    repairs: list[str] = []
    parts = []
    for rings in given:
        if not isinstance(rings, list) or not rings:
            raise ValueError(_("it has no rings"))
        cleaned = [_ring(ring, repairs, swap=swap) for ring in rings]
        parts.append(Polygon(cleaned[0], cleaned[1:]))
    geometry: BaseGeometry = parts[0] if len(parts) == 1 else MultiPolygon(parts)
    if not geometry.is_valid:
        reason = shapely.is_valid_reason(geometry)
        geometry = areas(shapely.make_valid(geometry))
        repairs.append(_("an invalid ring was repaired (%(reason)s)") % {"reason": reason})
    geometry = areas(shapely.set_precision(geometry, 1e-6))
    if geometry.is_empty or geometry.area == 0:
        raise ValueError(_("its ring encloses no area"))
    return geometry, repairs


def _ring(ring: Any, repairs: list[str], *, swap: bool) -> list[tuple[float, float]]:
    if not isinstance(ring, list):
        raise ValueError(_("a ring is not a list of positions"))
    points: list[tuple[float, float]] = []
    for number, position in enumerate(ring, 1):
        numbers = (
            isinstance(position, list | tuple)
            and len(position) >= 2
            and all(isinstance(value, int | float) and not isinstance(value, bool) for value in position[:2])
        )
        if not numbers:
            raise ValueError(
                _("position %(number)d is not a pair of numbers: %(position)s")
                % {"number": number, "position": str(position)[:40]}
            )
        lon, lat = (position[1], position[0]) if swap else (position[0], position[1])
        if problem := check_point(float(lon), float(lat)):
            if abs(lat) > 90 >= abs(lon):
                problem = _swapped(lon, lat)
            raise ValueError(_("position %(number)d: %(problem)s") % {"number": number, "problem": problem})
        points.append((float(lon), float(lat)))
    if points and points[0] != points[-1]:
        points.append(points[0])
        repairs.append(_("an open ring was closed"))
    if len(points) < 4 or len(set(points)) < 3:
        raise ValueError(
            _("a ring has too few points (%(count)d; it needs at least 3 different ones)") % {"count": len(set(points))}
        )
    return points


def _swapped(lon: float, lat: float) -> str:
    return _(
        "latitude seems to come first (%(first)s, %(second)s); GeoJSON wants longitude first. "
        "If that is so, load it with --swap"
    ) % {"first": round(lon, 4), "second": round(lat, 4)}


def _expected(
    known: Sequence[Known], bbox: tuple[float, float, float, float] | None
) -> tuple[float, float, float, float] | None:
    """Where the city lies, with half a degree round it."""
    points = [(region.lon, region.lat) for region in known if region.lon is not None and region.lat is not None]
    if bbox is None and points:
        bbox = (
            min(p[0] for p in points),
            min(p[1] for p in points),
            max(p[0] for p in points),
            max(p[1] for p in points),
        )
    return (bbox[0] - 0.5, bbox[1] - 0.5, bbox[2] + 0.5, bbox[3] + 0.5) if bbox else None


def _misplaced(
    geometry: BaseGeometry, expected: tuple[float, float, float, float] | None, region: Known, swap: bool
) -> str:
    if expected is None:
        return ""
    west, south, east, north = expected
    lon, lat = geometry.centroid.x, geometry.centroid.y
    if west <= lon <= east and south <= lat <= north:
        return ""
    if west <= lat <= east and south <= lon <= north:
        if swap:
            return _("with --swap it lies at %(lon)s, %(lat)s, outside the city: load it without --swap") % {
                "lon": round(lon, 4),
                "lat": round(lat, 4),
            }
        return _swapped(lon, lat)
    return _("it lies at longitude %(lon)s, latitude %(lat)s, far from the city") % {
        "lon": round(lon, 4),
        "lat": round(lat, 4),
    }


def _overlaps(shapes: Mapping[str, BaseGeometry], file: str) -> list[Problem]:
    """Regions that share more than 1 % of the smaller one's area."""
    codes = list(shapes)
    geometries = [shapes[code] for code in codes]
    tree = shapely.STRtree(geometries)
    found = []
    for left, right in zip(*tree.query(geometries, predicate="intersects"), strict=True):
        if left < right:
            shared = geometries[left].intersection(geometries[right]).area
            smaller = min(geometries[left].area, geometries[right].area)
            if shared > 0.01 * smaller:
                message = _("overlaps %(other)s by %(percent)d %% of the smaller one's area") % {
                    "other": codes[right],
                    "percent": round(100 * shared / smaller),
                }
                found.append(notice(message, file=file, item=codes[left]))
    return found


# --- making shapes ---------------------------------------------------------------------------------------------------


def dissolve(parts: Iterable[BaseGeometry]) -> Polygon | MultiPolygon:
    """The union, without the slivers that borders drawn twice leave (holes under about 5,000 m²)."""
    union = areas(shapely.union_all(list(parts)))
    sliver = 5_000 / METRES_PER_DEGREE**2
    whole = [
        Polygon(part.exterior, [ring for ring in part.interiors if Polygon(ring).area > sliver])
        for part in polygons(union)
    ]
    return areas(MultiPolygon(whole))


def cells(
    points: Mapping[str, tuple[float, float]], *, margin_metres: float = 1500
) -> dict[str, Polygon | MultiPolygon]:
    """Schematic areas: each point's Voronoi cell, cut at a rounded hull `margin_metres` round all points.

    Points are (lon, lat). Points at the same place are moved some metres apart, so that each gets a cell."""
    if not points:
        return {}
    taken: set[tuple[float, float]] = set()
    placed: dict[str, tuple[float, float]] = {}
    for number, (code, (lon, lat)) in enumerate(sorted(points.items()), 1):
        spot = (round(lon, 6), round(lat, 6))
        step = 0
        while spot in taken:
            step += 1
            turn = number * 2.4  # the golden angle: never twice the same direction
            spot = (round(lon + 2e-5 * step * math.cos(turn), 6), round(lat + 2e-5 * step * math.sin(turn), 6))
        taken.add(spot)
        placed[code] = spot
    margin = margin_metres / METRES_PER_DEGREE
    hull = MultiPoint(list(placed.values())).convex_hull.buffer(margin, quad_segs=12)
    if len(placed) == 1:
        return {code: areas(hull) for code in placed}
    drawn = list(shapely.voronoi_polygons(MultiPoint(list(placed.values())), extend_to=hull).geoms)
    tree = shapely.STRtree(drawn)
    found = {}
    for code, spot in placed.items():
        cell = drawn[int(tree.nearest(Point(spot)))]
        found[code] = areas(cell.intersection(hull))
    return found


def label_of(geometry: BaseGeometry, wanted: tuple[float, float] | None) -> tuple[float, float]:
    """`wanted` when it lies inside, else a point that surely does (a centroid may not)."""
    if wanted is not None and geometry.contains(Point(wanted)):
        return wanted
    inside = geometry.representative_point()
    return round(inside.x, 6), round(inside.y, 6)


class Locator:
    """Answers "in which area lies this point" from an index of prepared shapes."""

    def __init__(self, shapes: Mapping[str, BaseGeometry]) -> None:
        self.codes = sorted(shapes)
        self.shapes = [shapes[code] for code in self.codes]
        shapely.prepare(self.shapes)
        self.tree = shapely.STRtree(self.shapes)

    def inside(self, lon: float, lat: float) -> str | None:
        """The area that covers the point; on a shared border the one with the lowest code."""
        found = self.tree.query(Point(lon, lat), predicate="intersects")
        return self.codes[int(found.min())] if len(found) else None

    def nearest(self, lon: float, lat: float) -> tuple[str, float] | None:
        """The nearest area and how many metres its edge is away."""
        if not self.shapes:
            return None
        spot = Point(lon, lat)
        index = int(self.tree.query_nearest(spot, all_matches=False)[0])
        edge = shapely.shortest_line(spot, self.shapes[index]).coords[-1]
        return self.codes[index], metres(lon, lat, edge[0], edge[1])

    def each(self, points: Sequence[tuple[float, float]]) -> list[str | None]:
        """`inside` for many points (lon, lat) at once."""
        found: list[str | None] = [None] * len(points)
        if points and self.shapes:
            hits, owners = self.tree.query(shapely.points(points), predicate="intersects")
            for hit, owner in zip(hits.tolist(), owners.tolist(), strict=True):
                code = self.codes[owner]
                current = found[hit]
                found[hit] = code if current is None else min(current, code)
        return found
