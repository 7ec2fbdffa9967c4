"""A road network that is asked for travel times. It does not change: a closure is part of the question."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from .engine import BUCKETS, Adjacency, search
from .parts import EARTH_RADIUS_M, MAX_EDGES, MAX_NODES, Line, RoadsUnreadable
from .parts import metres as metres_between
from .reading import read

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class RoadGraph:
    """Make one with `from_edges` or `from_geojson`. May be used by many threads at once.

    `lon`, `lat`: degrees of the nodes, float64. `forward` and `reverse`: what leaves and what enters each node.
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    forward: Adjacency
    reverse: Adjacency
    lines: tuple[Line, ...]
    _numbers: dict[str, int] = field(repr=False)
    _tree: shapely.STRtree = field(repr=False)

    @classmethod
    def from_edges(
        cls, nodes: ArrayLike, edges: ArrayLike, lines: Sequence[Line] = (), line_of: ArrayLike | None = None
    ) -> Self:
        """From numbers. Raises `RoadsUnreadable`.

        nodes: shape (n, 2), longitude and latitude in degrees. edges: shape (m, 3), from node, to node and seconds; a
        street that is open both ways is two edges. line_of: shape (m,), the place in `lines` of each edge's line.
        Without it every edge is a line of its own, and its number is its key.
        """
        points, links = _numeric(nodes, 2, "nodes", MAX_NODES), _numeric(edges, 3, "edges", MAX_EDGES)
        # The comparison also refuses NaN.
        if not (np.abs(points) <= (180, 90)).all():
            raise RoadsUnreadable("A node lies off the globe.")
        ends = links[:, :2]
        if not ((ends >= 0) & (ends < len(points)) & (ends == np.floor(ends))).all():
            raise RoadsUnreadable("An edge joins a node that does not exist.")
        tail, head = ends.astype(np.int32).T
        with np.errstate(over="ignore"):
            seconds = links[:, 2].astype(np.float32)
        if not ((seconds > 0) & (seconds < np.inf)).all():
            raise RoadsUnreadable("The travel time of an edge is not a positive number of seconds.")
        if line_of is None:
            lines, line = [Line(str(number)) for number in range(len(links))], np.arange(len(links), dtype=np.int32)
        else:
            line = np.array(line_of, np.int32)
            if line.shape != (len(links),) or line.min() < 0 or line.max() >= len(lines):
                raise RoadsUnreadable("An edge belongs to a line that does not exist.")
        numbers = {one.key: number for number, one in enumerate(lines)}
        if len(numbers) < len(lines):
            raise RoadsUnreadable("Two lines have the same key.")
        tree = shapely.STRtree(shapely.points(points))
        tree.nearest(shapely.Point(0, 0))  # the tree is built by its first question, which should be nobody's
        return cls(
            _kept(points[:, 0]),
            _kept(points[:, 1]),
            _adjacency(len(points), tail, head, seconds, line),
            _adjacency(len(points), head, tail, seconds, line),
            tuple(lines),
            numbers,
            tree,
        )

    @classmethod
    def from_geojson(cls, collection: Any, default_speed_kmh: float = 30, *, longest_piece_m: float = 200) -> Self:
        """From the (Multi)LineStrings of a FeatureCollection; other geometries are left out. Raises `RoadsUnreadable`.

        Every coordinate becomes a node, and lines are joined where they share one (to 1e-6 degrees); stretches longer
        than `longest_piece_m` get nodes between, so that a place beside them snaps near. Properties, all optional:
        `speed_kmh`, or OpenStreetMap's `maxspeed` and `highway` (a way that no car may use is left out), else
        `default_speed_kmh`; `oneway` (true, false, or OpenStreetMap's words); `bridge`; `name`; `key`, by which the
        line is closed, else the feature's id, else its number. Features that share a key are one line.
        """
        return cls.from_edges(*read(collection, default_speed_kmh, longest_piece_m))

    def __len__(self) -> int:
        return len(self.lon)

    @property
    def keys(self) -> Collection[str]:
        """What can be closed. Questions ignore keys that are not here: compare when it matters."""
        return self._numbers.keys()

    def snap(self, lon: float, lat: float) -> tuple[int, float]:
        """The nearest node and its distance in metres; the caller says how far is too far.

        Exact, but does not look across the 180th meridian. Raises ValueError when the place is not on the globe.
        """
        if not (abs(lon) <= 180 and abs(lat) <= 90):
            raise ValueError("The place is not on the globe.")
        guess = int(self._tree.nearest(shapely.Point(lon, lat)))
        metres = float(metres_between(lon, lat, self.lon[guess], self.lat[guess]))
        # Nearest in degrees is not nearest in metres. Whatever is nearer lies in the box round the circle through it.
        angle = metres / EARTH_RADIUS_M * (1 + 1e-9) + 1e-12
        high = math.degrees(angle)
        narrow = math.cos(math.radians(lat))
        wide = math.degrees(math.asin(math.sin(angle) / narrow)) if math.sin(angle) < narrow and high < 90 else 360.0
        near = self._tree.query(shapely.box(lon - wide, lat - high, lon + wide, lat + high))
        if len(near) < 2:
            return guess, metres
        distances = metres_between(lon, lat, self.lon[near], self.lat[near])
        nearest = near[distances == distances.min()].min()
        return int(nearest), float(distances.min())

    def fastest(
        self,
        targets: ArrayLike,
        offset_seconds: ArrayLike,
        goal_node: int,
        k: int,
        closed: Iterable[str] = NOTHING,
    ) -> list[tuple[int, float]]:
        """The `k` targets from which `goal_node` is reached first: (place in `targets`, seconds), soonest first.

        targets: shape (u,), nodes; several may be the same. offset_seconds: shape (u,) or one number, what each needs
        before it leaves (at least 0), counted in. closed: keys of lines that cannot be used. Targets that cannot get
        there are absent; of equal ones the earlier comes first. Raises ValueError for nodes that do not exist, and for
        offsets and `k` out of range.
        """
        return self._search(self.reverse, goal_node, targets, offset_seconds, k, closed)

    def fastest_from(
        self,
        start_node: int,
        targets: ArrayLike,
        offset_seconds: ArrayLike,
        k: int,
        closed: Iterable[str] = NOTHING,
    ) -> list[tuple[int, float]]:
        """The other way round: the `k` targets that are reached first from `start_node`. Otherwise like `fastest`."""
        return self._search(self.forward, start_node, targets, offset_seconds, k, closed)

    def travel_time(self, from_node: int, to_node: int, closed: Iterable[str] = NOTHING) -> float | None:
        """Seconds of the shortest way; None when there is none. Raises ValueError for nodes that do not exist."""
        found = self._search(self.reverse, to_node, [from_node], 0, 1, closed)
        return found[0][1] if found else None

    def path(self, from_node: int, to_node: int, closed: Iterable[str] = NOTHING) -> list[tuple[float, float]] | None:
        """(lon, lat) of the nodes of the shortest way, ends included; None when there is none. Raises like the above."""
        onward = np.empty(len(self), np.int32)
        if not self._search(self.reverse, to_node, [from_node], 0, 1, closed, onward):
            return None
        way = [from_node]
        while way[-1] != to_node:
            way.append(int(onward[way[-1]]))
        return list(zip(self.lon[way].tolist(), self.lat[way].tolist(), strict=True))

    def _search(
        self,
        adjacency: Adjacency,
        start: int,
        targets: ArrayLike,
        offset_seconds: ArrayLike,
        k: int,
        closed: Iterable[str],
        came_from: NDArray[np.int32] | None = None,
    ) -> list[tuple[int, float]]:
        asked = np.asarray(targets)
        if asked.size == 0:
            asked = np.empty(0, np.int64)
        if asked.ndim != 1 or asked.dtype.kind not in "iu":
            raise ValueError("Targets are a list of node numbers.")
        # The compiled search does not look whether an index is inside an array; everything is checked here.
        if not 0 <= start < len(self) or asked.min(initial=0) < 0 or asked.max(initial=0) >= len(self):
            raise ValueError("There is no such node.")
        if k < 1:
            raise ValueError("k is at least 1.")
        offsets = np.array(np.broadcast_to(np.asarray(offset_seconds, np.float64), asked.shape))
        if not ((offsets >= 0) & (offsets < np.inf)).all():
            raise ValueError("An offset is a number of seconds, at least 0.")
        numbers = [self._numbers[key] for key in closed if key in self._numbers]
        shut = np.zeros(len(self.lines) if numbers else 0, np.bool_)
        shut[numbers] = True
        if came_from is None:
            came_from = np.empty(0, np.int32)
        return search()(adjacency, int(start), asked.astype(np.int32), offsets, int(k), shut, came_from)


def _numeric(given: ArrayLike, columns: int, what: str, most: int) -> NDArray[np.float64]:
    try:
        table = np.array(given, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise RoadsUnreadable(f"The {what} are not a table of numbers.") from error
    if table.size == 0:
        raise RoadsUnreadable(f"There are no {what}.")
    if table.ndim != 2 or table.shape[1] != columns:
        raise RoadsUnreadable(f"The {what} are not a table of {columns} columns.")
    if len(table) > most:
        raise RoadsUnreadable(f"There are {len(table):,} {what}; at most {most:,} can be used.")
    if not np.isfinite(table).all():
        raise RoadsUnreadable(f"A number among the {what} is missing or infinite.")
    return table


def _adjacency(
    nodes: int,
    tail: NDArray[np.int32],
    head: NDArray[np.int32],
    seconds: NDArray[np.float32],
    line: NDArray[np.int32],
) -> Adjacency:
    order = np.argsort(tail, kind="stable")
    first = np.zeros(nodes + 1, np.int32)
    np.cumsum(np.bincount(tail, minlength=nodes), out=first[1:])
    # Narrower buckets are often empty, wider ones are looked at twice: a third of a usual edge was fastest.
    width = max(float(seconds.mean(dtype=np.float64)) / 3, float(seconds.max()) / (BUCKETS - 2))
    return Adjacency(_kept(first), _kept(head[order]), _kept(seconds[order]), _kept(line[order]), width)


def _kept(array: NDArray[Any]) -> NDArray[Any]:
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array
