"""Where a caller is, as telephones and networks say it: AML (ETSI TS 103 625) and PIDF-LO (RFC 5491), to one circle.

A circle is what a desk can use: everything that is not one is answered by the smallest circle that holds it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from django.utils.translation import gettext_lazy as _
from lxml import etree

from tepian.kernel.actors import Invalid
from tepian.toolkit.geodesy import EARTH_RADIUS_M, distance_m

LARGEST = 20_000  # characters of one location
FURTHEST_M = 1_000_000.0  # a circle wider than this tells nothing
MOST_POINTS = 500
ARC_STEP = math.radians(5)
GML, GS = "http://www.opengis.net/gml", "http://www.opengis.net/pidflo/1.0"
AXES = {"urn:ogc:def:crs:EPSG::4326": 2, "urn:ogc:def:crs:EPSG::4979": 3}  # latitude first, then longitude
METRES = {"urn:ogc:def:uom:EPSG::9001": 1.0, "": 1.0}
ANGLES = {"urn:ogc:def:uom:EPSG::9102": math.pi / 180, "urn:ogc:def:uom:EPSG::9101": 1.0, "": math.pi / 180}
AML_METHODS = {"g": "aml-gnss", "w": "aml-wifi", "c": "aml-cell"}
AML_SOURCES = {"gps": "aml-gnss", "gnss": "aml-gnss", "wifi": "aml-wifi", "cell": "aml-cell"}
SHAPES = ("Point", "Circle", "Ellipse", "ArcBand", "Polygon", "Sphere")
AML_TEXT = re.compile(r'^\s*A"ML=\d+', re.ASCII)
NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,2})?", re.ASCII)

# fmt: off
UNREADABLE = _("This location could not be read. The call itself was kept. Send lon and lat, AML or PIDF-LO.")
NO_PLACE = _("The telephone sent no position. The call itself was kept.")
NO_GLOBE = _("This location is not on the globe. The call itself was kept. PIDF-LO and AML give latitude first.")
TOO_LARGE = _("This location is too long or uses entities, which are refused. The call itself was kept.")
BAD_CRS = _("This location uses a reference system that is not known. The call itself was kept. Use urn:ogc:def:crs:EPSG::4326.")
# fmt: on


@dataclass(frozen=True, slots=True)
class Located:
    """A circle on the ground. `radius_m` None: as exact as the point says. `source` says who measured it."""

    lon: float
    lat: float
    radius_m: float | None = None
    source: str = "network"
    at: datetime | None = None


def bad(message: Any, code: str = "location_unreadable") -> Invalid:
    return Invalid(message, code=code, field="location")


def read(given: Any) -> Located:
    """A location in any of the known forms. Raises `Invalid`, whose words say that the call was kept."""
    if isinstance(given, str):
        text = given.strip()
        if len(text) > LARGEST:
            raise bad(TOO_LARGE, "location_too_large")
        if AML_TEXT.match(text):
            return aml_text(text)
        if text.startswith("<"):
            return pidf_lo(text)
        if "location_latitude=" in text:
            return aml_form(dict(parse_qsl(text, max_num_fields=100)))
        raise bad(UNREADABLE)
    if isinstance(given, Mapping):
        if "location_latitude" in given:
            return aml_form(given)
        if "lon" in given or "lat" in given:
            return _circle(
                given.get("lon"), given.get("lat"), given.get("radius_m"), str(given.get("source") or "network")
            )
        for key in ("aml", "pidf_lo"):
            if isinstance(given.get(key), str):
                return read(given[key])
    raise bad(UNREADABLE)


def _number(value: Any) -> float:
    """A finite number, written as people and machines write it; nothing else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise bad(UNREADABLE)
    if isinstance(value, str) and not NUMBER.fullmatch(value.strip()):
        raise bad(UNREADABLE)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise bad(UNREADABLE) from None
    if not math.isfinite(number):
        raise bad(UNREADABLE)
    return number


def _circle(lon: Any, lat: Any, radius: Any, source: str, at: datetime | None = None) -> Located:
    x, y = _number(lon), _number(lat)
    if not (-180 <= x <= 180 and -90 <= y <= 90):
        raise bad(NO_GLOBE, "location_off_globe")
    metres = None if radius in (None, "") else _number(radius)
    if metres is not None and not 0 <= metres <= FURTHEST_M:
        raise bad(UNREADABLE)
    return Located(x, y, metres, source[:20], at)


# --- AML --------------------------------------------------------------------------------------------------------------


def aml_text(text: str) -> Located:
    """The SMS form: `A"ML=1;lt=+54.76397;lg=-0.18305;rd=50;top=20130717141935;lc=90;pm=W;…`."""
    fields: dict[str, str] = {}
    for part in text.strip().removeprefix('A"').split(";"):
        key, sep, value = part.partition("=")
        if sep:
            fields.setdefault(key.strip().lower(), value.strip())
    method = fields.get("pm", "").lower()
    if method == "n" or "lt" not in fields or "lg" not in fields:
        raise bad(NO_PLACE, "location_missing")
    at = None
    if re.fullmatch(r"\d{14}", fields.get("top", ""), re.ASCII):
        try:
            at = datetime.strptime(fields["top"], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            at = None
    radius = fields.get("rd", "")
    return _circle(
        fields["lg"], fields["lt"], None if radius.upper() == "N" else radius, AML_METHODS.get(method, "aml"), at
    )


def aml_form(fields: Mapping[str, Any]) -> Located:
    """The HTTPS form. `location_time` is in milliseconds since 1970; a time that cannot be is left out."""
    at = None
    try:
        at = datetime.fromtimestamp(_number(fields["location_time"]) / 1000, UTC)
    except (KeyError, Invalid, OverflowError, ValueError, OSError):
        at = None
    if fields.get("location_latitude") in (None, "") or fields.get("location_longitude") in (None, ""):
        raise bad(NO_PLACE, "location_missing")
    source = AML_SOURCES.get(str(fields.get("location_source") or "").lower(), "aml")
    return _circle(
        fields["location_longitude"], fields["location_latitude"], fields.get("location_accuracy"), source, at
    )


# --- PIDF-LO ----------------------------------------------------------------------------------------------------------


def pidf_lo(text: str) -> Located:
    """A presence document with a geodetic shape, or the shape alone. The first shape counts: senders put the most
    exact one first (RFC 5491, rule 8)."""
    lowered = text.lower()
    if len(text) > LARGEST or "<!doctype" in lowered or "<!entity" in lowered:
        raise bad(TOO_LARGE, "location_too_large")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise bad(UNREADABLE) from None
    if root.getroottree().docinfo.doctype:
        raise bad(TOO_LARGE, "location_too_large")
    for element in root.iter():
        if isinstance(element.tag, str) and etree.QName(element).namespace in (GML, GS):
            name = etree.QName(element).localname
            if name in SHAPES:
                return _shape(element, name)
    raise bad(UNREADABLE)


def _shape(element: Any, name: str) -> Located:
    if name == "Polygon":
        return _enclosing(_ring(element))
    centre = _position(element)
    if name == "Point":
        return _circle(*centre, None, "pidf-lo")
    if name in ("Circle", "Sphere"):
        return _circle(*centre, _measure(element, "radius", METRES), "pidf-lo")
    if name == "Ellipse":
        axes = (_measure(element, "semiMajorAxis", METRES), _measure(element, "semiMinorAxis", METRES))
        return _circle(*centre, max(axes), "pidf-lo")
    return _arc_band(element, centre)


def _system(element: Any) -> int:
    """How many numbers a position has; the reference system may stand on the shape or on what is inside it."""
    names = {each.get("srsName") for each in element.iter() if each.get("srsName")}
    for parent in element.iterancestors():
        if not names and parent.get("srsName"):
            names = {parent.get("srsName")}
    if len(names) > 1 or not names <= set(AXES):
        raise bad(BAD_CRS, "location_crs")
    return AXES[names.pop()] if names else 2


def _numbers(text: str | None) -> list[float]:
    return [_number(word) for word in (text or "").split()]


def _position(element: Any) -> tuple[float, float]:
    """(lon, lat) of the shape's own position."""
    size = _system(element)
    found = element.find(f"{{{GML}}}pos")
    numbers = _numbers(found.text) if found is not None else []
    if len(numbers) != size and len(numbers) != 2:
        raise bad(UNREADABLE)
    return numbers[1], numbers[0]


def _measure(element: Any, name: str, units: Mapping[str, float]) -> float:
    found = element.find(f"{{{GS}}}{name}")
    unit = found.get("uom", "") if found is not None else "?"
    if found is None or unit not in units:
        raise bad(UNREADABLE)
    return _number(found.text or "") * units[unit]


def _ring(element: Any) -> list[tuple[float, float]]:
    size = _system(element)
    ring = element.find(f"{{{GML}}}exterior/{{{GML}}}LinearRing")
    if ring is None:
        raise bad(UNREADABLE)
    listed = ring.find(f"{{{GML}}}posList")
    if listed is not None:
        flat = _numbers(listed.text)
        rows: list[list[float]] = [flat[i : i + size] for i in range(0, len(flat), size)]
    else:
        rows = [_numbers(each.text) for each in ring.findall(f"{{{GML}}}pos")]
    if not 3 <= len(rows) <= MOST_POINTS or any(len(row) not in (2, size) for row in rows):
        raise bad(UNREADABLE)
    points = [(row[1], row[0]) for row in rows]
    for lon, lat in points:
        _circle(lon, lat, None, "")
    return points


def _arc_band(element: Any, centre: tuple[float, float]) -> Located:
    """Angles run clockwise from north. The arc is walked in steps, each a little outside, so that nothing is cut off."""
    inner, outer = (_measure(element, name, METRES) for name in ("innerRadius", "outerRadius"))
    start, opening = (_measure(element, name, ANGLES) for name in ("startAngle", "openingAngle"))
    checked = _circle(*centre, outer, "pidf-lo")
    if not 0 <= inner <= outer or opening < 0:
        raise bad(UNREADABLE)
    if opening >= math.pi:
        return checked
    steps = max(1, math.ceil(opening / ARC_STEP))
    step = opening / steps
    flat = []
    for radius in {inner, outer / math.cos(step / 2)}:
        flat += [
            (radius * math.sin(start + step * number), radius * math.cos(start + step * number))
            for number in range(steps + 1)
        ]
    x, y, radius = smallest_circle(flat)
    per_lat = math.pi * EARTH_RADIUS_M / 180
    per_lon = per_lat * max(0.01, math.cos(math.radians(centre[1])))
    return _circle(centre[0] + x / per_lon, centre[1] + y / per_lat, radius, "pidf-lo")


def _enclosing(points: Sequence[tuple[float, float]]) -> Located:
    """The smallest circle round the points, on a plane that touches the earth at their middle."""
    lon = sum(point[0] for point in points) / len(points)
    lat = sum(point[1] for point in points) / len(points)
    per_lat = math.pi * EARTH_RADIUS_M / 180
    per_lon = per_lat * max(0.01, math.cos(math.radians(lat)))
    x, y, _radius = smallest_circle([((p[0] - lon) * per_lon, (p[1] - lat) * per_lat) for p in points])
    middle = lon + x / per_lon, lat + y / per_lat
    radius = max(distance_m(*middle, *point) for point in points)
    return _circle(*middle, radius, "pidf-lo")


def smallest_circle(points: Iterable[tuple[float, float]]) -> tuple[float, float, float]:
    """(x, y, radius) of the smallest circle that holds all points (Welzl's method, point by point)."""
    given = list(dict.fromkeys(points))
    circle = (*given[0], 0.0)
    for i, first in enumerate(given):
        if _holds(circle, first):
            continue
        circle = (*first, 0.0)
        for j, second in enumerate(given[:i]):
            if _holds(circle, second):
                continue
            circle = _through(first, second)
            for third in given[:j]:
                if not _holds(circle, third):
                    circle = _round(first, second, third)
    return circle


def _holds(circle: tuple[float, float, float], point: tuple[float, float]) -> bool:
    return math.hypot(point[0] - circle[0], point[1] - circle[1]) <= circle[2] * (1 + 1e-9) + 1e-9


def _through(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float, float]:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2, math.hypot(a[0] - b[0], a[1] - b[1]) / 2


def _round(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> tuple[float, float, float]:
    bx, by, cx, cy = b[0] - a[0], b[1] - a[1], c[0] - a[0], c[1] - a[1]
    d = 2 * (bx * cy - by * cx)
    if abs(d) < 1e-12:  # on one line: the two that are furthest apart
        return max((_through(a, b), _through(a, c), _through(b, c)), key=lambda circle: circle[2])
    x = (cy * (bx * bx + by * by) - by * (cx * cx + cy * cy)) / d
    y = (bx * (cx * cx + cy * cy) - cx * (bx * bx + by * by)) / d
    return a[0] + x, a[1] + y, math.hypot(x, y)
