"""Road lines of a GeoJSON collection as nodes and edges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .parts import MAX_NODES, Line, RoadsUnreadable, metres

# Free-flow speeds where nothing is posted, by OpenStreetMap's classes. None: no car may or can use it.
SPEED_KMH: dict[str, float | None] = {
    **{"motorway": 80, "trunk": 60, "primary": 50, "secondary": 40, "tertiary": 35, "unclassified": 30},
    **{"motorway_link": 50, "trunk_link": 40, "primary_link": 35, "secondary_link": 30, "tertiary_link": 30},
    **{"residential": 25, "living_street": 15, "service": 15, "track": 15, "road": 25, "busway": 40},
    **dict.fromkeys(("footway", "cycleway", "path", "steps", "pedestrian", "bridleway", "corridor", "elevator")),
    **dict.fromkeys(("construction", "proposed", "abandoned", "razed", "platform", "raceway", "via_ferrata")),
}
FASTEST_KMH = 300
KM_PER_MILE = 1.609344
BOTH, ALONG, AGAINST = 0, 1, -1
ONEWAY = {
    **dict.fromkeys(("no", "false", "0", "reversible", "alternating"), BOTH),
    **dict.fromkeys(("yes", "true", "1"), ALONG),
    **dict.fromkeys(("-1", "reverse"), AGAINST),
}
GRID = 1_000_000  # lines are joined where they agree to a millionth of a degree, about 0.1 m


def read(
    collection: Any, default_speed_kmh: float, longest_piece_m: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[Line], NDArray[np.int64]]:
    """The arguments of `RoadGraph.from_edges`; see `RoadGraph.from_geojson`."""
    default_speed_kmh = _speed(default_speed_kmh, "The default speed")
    if not longest_piece_m >= 1:
        raise RoadsUnreadable("The longest piece of a road is at least one metre.")
    lines: dict[str, Line] = {}
    numbers: dict[str, int] = {}
    coordinates: list[Any] = []
    sizes: list[int] = []
    rules: list[tuple[int, float, int]] = []  # line, speed and direction of each part
    for key, properties, parts in _features(collection):
        told = f"Line {key[:80]}"
        speed = _speed_of(properties, default_speed_kmh, told)
        if speed is None:
            continue
        number = numbers.setdefault(key, len(numbers))
        way = _direction(properties, told)
        for part in parts:
            coordinates += _places(part, told)
            sizes.append(len(part))
            rules.append((number, speed, way))
        if len(coordinates) > MAX_NODES:
            raise RoadsUnreadable(f"There are more than {MAX_NODES:,} coordinates.")
        same = lines.get(key, Line(key))
        bridge = same.bridge or _yes(properties.get("bridge"))
        lines[key] = Line(key, same.name or str(properties.get("name") or ""), bridge)
    if not rules:
        raise RoadsUnreadable("There is no road in it.")

    points, part = _divided(_table(coordinates), np.repeat(np.arange(len(sizes)), sizes), longest_piece_m)
    cells = np.round(points * GRID).astype(np.int64)
    _, first, node = np.unique(cells[:, 0] * (1 << 32) + cells[:, 1], return_index=True, return_inverse=True)
    nodes = cells[first] / GRID

    here = np.flatnonzero((part[:-1] == part[1:]) & (node[:-1] != node[1:]))
    tail, head = node[here], node[here + 1]
    line, speed_kmh, direction = (np.array(column)[part[here]] for column in zip(*rules, strict=True))
    seconds = metres(*nodes[tail].T, *nodes[head].T) / (speed_kmh / 3.6)
    along, against = direction != AGAINST, direction != ALONG
    edges = np.concatenate(
        (
            np.column_stack((tail, head, seconds))[along],
            np.column_stack((head, tail, seconds))[against],
        )
    )
    return nodes, edges, list(lines.values()), np.concatenate((line[along], line[against]))


def _features(collection: Any) -> Iterator[tuple[str, Mapping[str, Any], list[Any]]]:
    """Key, properties and parts of each line."""
    features = collection.get("features") if isinstance(collection, Mapping) else None
    if not isinstance(features, list):
        raise RoadsUnreadable("It is not a GeoJSON FeatureCollection.")
    for number, feature in enumerate(features):
        if not isinstance(feature, Mapping):
            raise RoadsUnreadable(f"Feature {number} is not an object.")
        geometry, properties = feature.get("geometry") or {}, feature.get("properties") or {}
        if not isinstance(geometry, Mapping) or not isinstance(properties, Mapping):
            raise RoadsUnreadable(f"Feature {number} has no readable geometry or properties.")
        kind, parts = geometry.get("type"), geometry.get("coordinates")
        if kind not in {"LineString", "MultiLineString"}:
            continue
        parts = [parts] if kind == "LineString" else parts
        if not isinstance(parts, list) or not all(isinstance(part, list) and len(part) > 1 for part in parts):
            raise RoadsUnreadable(f"Feature {number} is a line of fewer than two coordinates.")
        names = (properties.get("key"), feature.get("id"), number)
        yield str(next(name for name in names if name not in (None, ""))), properties, parts


def _places(part: list[Any], told: str) -> list[Any]:
    try:
        return [(place[0], place[1]) for place in part]  # a height is left out
    except (TypeError, IndexError, KeyError) as error:
        raise RoadsUnreadable(f"{told} has a coordinate that is not two numbers.") from error


def _table(coordinates: list[Any]) -> NDArray[np.float64]:
    """Shape (n, 2). Without a given type numpy shows what was there: text and nothing are not taken for numbers."""
    try:
        table = np.array(coordinates)
    except ValueError as error:
        raise RoadsUnreadable("A coordinate is not two numbers.") from error
    if table.dtype.kind not in "iuf" or table.ndim != 2:
        raise RoadsUnreadable("A coordinate is not two numbers.")
    # The comparison also refuses NaN.
    if not (np.abs(table) <= (180, 90)).all():
        raise RoadsUnreadable("A coordinate lies off the globe.")
    return table.astype(np.float64)


def _divided(
    points: NDArray[np.float64], part: NDArray[np.int64], longest_m: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Put points between neighbours of one part that lie too far from each other."""
    step = np.diff(points, axis=0, append=points[-1:])
    step[:, 0] = (step[:, 0] + 180) % 360 - 180  # across the 180th meridian the short way
    length = metres(0, points[:, 1], step[:, 0], points[:, 1] + step[:, 1])
    length[np.flatnonzero(np.diff(part, append=part[-1]))] = 0  # from the end of a part nothing leads on
    pieces = np.maximum(np.ceil(length / longest_m), 1).astype(np.int64)
    if pieces.sum() > MAX_NODES:
        raise RoadsUnreadable(f"Divided into pieces, the roads have more than {MAX_NODES:,} nodes.")
    source = np.repeat(np.arange(len(points)), pieces)
    nth = np.arange(len(source)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    divided = points[source] + step[source] * (nth / pieces[source])[:, None]
    divided[:, 0] = (divided[:, 0] + 180) % 360 - 180
    return divided, part[source]


def _speed(value: Any, told: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= FASTEST_KMH:
        raise RoadsUnreadable(f"{told} is not a number of km/h above 0 and up to {FASTEST_KMH}.")
    return float(value)


def _speed_of(properties: Mapping[str, Any], default_speed_kmh: float, told: str) -> float | None:
    """km/h; None for a way that no car may use."""
    usual = SPEED_KMH.get(str(properties.get("highway")), default_speed_kmh)
    if usual is None:
        return None
    if (own := properties.get("speed_kmh")) is not None:
        return _speed(own, f"{told}: its speed")
    posted = properties.get("maxspeed")
    if isinstance(posted, str):
        # Words ("none", "RU:urban") name no speed; of several the lowest counts.
        found = [
            float(number) * (KM_PER_MILE if unit == "mph" else 1)
            for one in posted.split(";")
            if (match := re.fullmatch(r"\s*(-?\d{1,9}(?:\.\d{1,9})?)\s*(mph|km/h|kmh|kph)?\s*", one))
            for number, unit in [match.groups()]
        ]
        posted = min(found, default=None)
    return usual if posted is None else _speed(posted, f"{told}: its posted speed")


def _direction(properties: Mapping[str, Any], told: str) -> int:
    given = properties.get("oneway")
    if given is None or given == "":
        implied = properties.get("junction") in {"roundabout", "circular"} or properties.get("highway") == "motorway"
        return ALONG if implied else BOTH
    try:
        return ONEWAY[str(given).lower()]
    except KeyError:
        raise RoadsUnreadable(f"{told}: it cannot be understood whether it is open one way only.") from None


def _yes(value: Any) -> bool:
    return value not in (None, "", "no", "false", 0)
