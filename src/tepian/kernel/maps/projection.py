"""From degrees to a drawing, and geometry to SVG path data. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from shapely.geometry.base import BaseGeometry

PAD = 14.0  # units of the drawing round the city


@dataclass(frozen=True, slots=True)
class Projection:
    """Equirectangular at the middle latitude: true to scale within a city (error under 0.1 % over 60 km).

    `west` and `north` are degrees, WGS 84; `scale` is units of the drawing per degree of latitude; `width` and
    `height` are units of the drawing, padding included.
    """

    west: float
    north: float
    squeeze: float
    scale: float
    width: float
    height: float

    @classmethod
    def fit(cls, bbox: tuple[float, float, float, float], width: float) -> Projection:
        """Fit west, south, east, north into a drawing of this width. A point-like box gets about one kilometre."""
        west, south, east, north = bbox
        if east - west < 0.01:
            west, east = (west + east) / 2 - 0.005, (west + east) / 2 + 0.005
        if north - south < 0.01:
            south, north = (south + north) / 2 - 0.005, (south + north) / 2 + 0.005
        squeeze = math.cos(math.radians((south + north) / 2))
        scale = (width - 2 * PAD) / ((east - west) * squeeze)
        height = (north - south) * scale + 2 * PAD
        if height > 1.35 * width:  # a tall city: let the height rule, centred
            scale = (1.35 * width - 2 * PAD) / (north - south)
            spare = (width - 2 * PAD) / scale / squeeze - (east - west)
            west, height = west - spare / 2, 1.35 * width
        return cls(west, north, squeeze, scale, width, height)

    def __call__(self, lon: float, lat: float) -> tuple[float, float]:
        """(x, y) in units of the drawing, y downwards."""
        return PAD + (lon - self.west) * self.squeeze * self.scale, PAD + (self.north - lat) * self.scale

    def shows(self, lon: float, lat: float) -> bool:
        x, y = self(lon, lat)
        return 0 <= x <= self.width and 0 <= y <= self.height


def brief(value: float) -> str:
    """A coordinate with one decimal and without anything superfluous: 12, -3.4, .5"""
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    text = "0" if text in {"-0", ""} else text
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def line_data(points: Iterable[tuple[float, float]], *, close: bool = False) -> str:
    """Path data of one line in relative steps; points that fall together are drawn once. "" for less than two."""
    whole: list[tuple[int, int]] = []
    for x, y in points:  # tenths of a unit as whole numbers, so that rounding does not add up along the line
        spot = (round(x * 10), round(y * 10))
        if not whole or spot != whole[-1]:
            whole.append(spot)
    if close and len(whole) > 1 and whole[0] == whole[-1]:
        whole.pop()
    if len(whole) < (3 if close else 2):
        return ""
    parts = [f"M{brief(whole[0][0] / 10)} {brief(whole[0][1] / 10)}l"]
    for number, (before, now) in enumerate(pairwise(whole)):
        dx, dy = brief((now[0] - before[0]) / 10), brief((now[1] - before[1]) / 10)
        parts.append(("" if number == 0 or dx.startswith("-") else " ") + dx + ("" if dy.startswith("-") else " ") + dy)
    return "".join(parts) + ("z" if close else "")


def path_data(shape: BaseGeometry, projection: Projection) -> str:
    """SVG path data of a polygon, a line or a collection of these."""
    if shape.is_empty:
        return ""
    if hasattr(shape, "geoms"):
        return "".join(path_data(part, projection) for part in shape.geoms)
    if shape.geom_type == "Polygon":
        rings: Sequence[BaseGeometry] = [shape.exterior, *shape.interiors]
        return "".join(line_data([projection(x, y) for x, y, *_ in ring.coords], close=True) for ring in rings)
    if shape.geom_type in {"LineString", "LinearRing"}:
        return line_data([projection(x, y) for x, y, *_ in shape.coords])
    return ""
