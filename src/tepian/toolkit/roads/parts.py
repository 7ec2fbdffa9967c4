"""What reading and asking share: the line, the error, the limits, the distance."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tepian.toolkit.geodesy import EARTH_RADIUS_M

MAX_NODES = 5_000_000
MAX_EDGES = 20_000_000


class RoadsUnreadable(ValueError):
    """The road data cannot be used. The message is one sentence that says why."""


class Line(NamedTuple):
    """A road, or a piece of one, that is closed as a whole, by its key."""

    key: str
    name: str = ""
    bridge: bool = False


def metres(lon: Any, lat: Any, other_lon: Any, other_lat: Any) -> Any:
    """Great-circle distance (haversine) between places in degrees, numbers or arrays."""
    lat, other_lat = np.radians(lat), np.radians(other_lat)
    across = np.sin(np.radians(other_lon - lon) / 2) ** 2 * np.cos(lat) * np.cos(other_lat)
    square = np.sin((other_lat - lat) / 2) ** 2 + across
    return 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(square, 1)))
