"""The search in plain Python: the reference that tests compare with, and what is left without numba."""

from __future__ import annotations

import bisect
import heapq

import numpy as np
from numpy.typing import NDArray

from .engine import Adjacency


def search(
    adjacency: Adjacency,
    start: int,
    targets: NDArray[np.int32],
    offsets: NDArray[np.float64],
    k: int,
    closed: NDArray[np.bool_],
    came_from: NDArray[np.int32],
) -> list[tuple[int, float]]:
    """See `engine.Search`."""
    waiting: dict[int, list[int]] = {}
    for position, node in enumerate(targets.tolist()):
        waiting.setdefault(node, []).append(position)
    smallest = float(offsets.min(initial=np.inf))
    shut = set(np.flatnonzero(closed).tolist())
    found: list[tuple[float, int]] = []
    best = {start: 0.0}
    heap = [(0.0, start)]
    while heap and waiting:
        now, here = heapq.heappop(heap)
        if now > best[here]:
            continue
        if len(found) >= k and now + smallest > found[k - 1][0]:
            break
        for position in waiting.pop(here, ()):
            bisect.insort(found, (now + float(offsets[position]), position))
        row = slice(adjacency.first[here], adjacency.first[here + 1])
        for there, seconds, line in zip(
            adjacency.node[row].tolist(), adjacency.seconds[row].tolist(), adjacency.line[row].tolist(), strict=True
        ):
            if line in shut:
                continue
            then = now + seconds
            if then < best.get(there, np.inf):
                best[there] = then
                heapq.heappush(heap, (then, there))
                if len(came_from):
                    came_from[there] = here
    return [(position, seconds) for seconds, position in found[:k]]
