"""How long a unit needs to a place: along the roads where the city has them, otherwise straight with a stated speed."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import structlog
from django.db import connection

from tepian.kernel.catalogue import packs
from tepian.kernel.catalogue.city import current_city
from tepian.kernel.catalogue.kept import Kept
from tepian.toolkit.geodesy import distance_m

from ..models import Unit

log = structlog.get_logger("dispatch.travel")
DETOUR = 1.4  # how much longer roads are than the straight line, where no roads are known
FAR_FROM_ROAD_M = 1500  # a place further than this from every road is measured straight
_lock = threading.Lock()
_warming = threading.Event()


@dataclass(frozen=True, slots=True)
class Trip:
    """`seconds` from now until the unit is there, turnout included. `basis`: road or straight."""

    unit: Unit
    seconds: float
    metres: float
    basis: str


def _read_roads() -> Any:
    """The city's road network from `roads.geojson` of its pack; None where it has none."""
    from tepian.toolkit.roads import RoadGraph, RoadsUnreadable  # numpy and the compiler only where roads are used

    name = current_city().pack
    if not name:
        return None
    try:
        path = packs.find_pack(name) / "roads.geojson"
        if not path.exists():
            return None
        with _lock:
            graph = RoadGraph.from_geojson(packs.read_geojson(path))
    except (packs.PackError, RoadsUnreadable, OSError) as error:
        log.error("roads_unreadable", error=str(error))
        return None
    return graph


roads = Kept(_read_roads, "city", "dispatch-roads")


def warm_up() -> None:
    """Read the city's roads and compile the search in the background, once a process, so that no first advice waits for
    either. Returns at once; nothing is loaded in a city without roads, and a failure only leaves the wait where it was."""
    if not _warming.is_set():
        _warming.set()
        threading.Thread(target=_warm_up, name="roads", daemon=True).start()


def _warm_up() -> None:
    started = time.monotonic()
    try:
        if roads() is not None:
            from tepian.toolkit import roads as search

            compiled = search.warm_up()
            log.info("roads_ready", compiled=compiled, seconds=round(time.monotonic() - started, 1))
    except Exception as error:
        log.warning("roads_not_ready", error=repr(error))
    finally:
        connection.close()


@lru_cache(maxsize=4096)
def _snapped(graph: Any, lon: float, lat: float) -> tuple[int, float]:
    """Units mostly stand still: where one stood last time is remembered, with the graph it was asked of."""
    return tuple(graph.snap(lon, lat))  # type: ignore[return-value]


def straight(unit: Unit, lon: float, lat: float) -> Trip:
    metres = distance_m(unit.lon, unit.lat, lon, lat)
    seconds = unit.turnout_seconds * standing(unit) + metres * DETOUR / (unit.speed_kmh / 3.6)
    return Trip(unit, seconds, metres, "straight")


def standing(unit: Unit) -> bool:
    """Does the crew first have to get going? On the road it does not."""
    return unit.position_at is None or (unit.lon, unit.lat) == (unit.base_lon, unit.base_lat)


def fastest(units: Sequence[Unit], lon: float, lat: float, count: int) -> list[Trip]:
    """The `count` units that are there first, fastest first."""
    graph = roads()
    if graph is None or not units:
        return sorted((straight(unit, lon, lat) for unit in units), key=lambda trip: trip.seconds)[:count]
    goal, off = graph.snap(lon, lat)
    snapped = [_snapped(graph, unit.lon, unit.lat) for unit in units]
    if off > FAR_FROM_ROAD_M:
        return sorted((straight(unit, lon, lat) for unit in units), key=lambda trip: trip.seconds)[:count]
    near = [i for i, (_node, metres) in enumerate(snapped) if metres <= FAR_FROM_ROAD_M]
    offsets = [
        units[i].turnout_seconds * standing(units[i]) + (snapped[i][1] + off) / (units[i].speed_kmh / 3.6) for i in near
    ]
    found = graph.fastest([snapped[i][0] for i in near], offsets, goal, count)
    trips = []
    for index, seconds in found:
        unit = units[near[index]]
        trips.append(Trip(unit, seconds, distance_m(unit.lon, unit.lat, lon, lat), "road"))
    far = [straight(unit, lon, lat) for i, unit in enumerate(units) if i not in set(near)]
    return sorted([*trips, *far], key=lambda trip: trip.seconds)[:count]
