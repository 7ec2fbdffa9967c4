"""Chooses the search: machine code by numba, or plain Python with the same answers where numba cannot be loaded."""

from __future__ import annotations

import functools
import logging
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)
BUCKETS = 512  # of the search's ring


class Adjacency(NamedTuple):
    """The edges at each node, in compressed rows: those of node n are `first[n]` to `first[n + 1]` (excluded).

    `node` is the other end, `seconds` the time along the edge, `line` the number of the line that it is a piece of.
    `width`: seconds of a bucket of the search. It changes the speed, not the answer; the longest edge fits in the ring.
    """

    first: NDArray[np.int32]
    node: NDArray[np.int32]
    seconds: NDArray[np.float32]
    line: NDArray[np.int32]
    width: float


class Search(Protocol):
    def __call__(
        self,
        adjacency: Adjacency,
        start: int,
        targets: NDArray[np.int32],
        offsets: NDArray[np.float64],
        k: int,
        closed: NDArray[np.bool_],
        came_from: NDArray[np.int32],
    ) -> list[tuple[int, float]]:
        """Dijkstra from `start` until the `k` best of `targets` are certain.

        A target's seconds are the shortest time to its node plus its offset. Returns (position in `targets`, seconds),
        best first, equal ones by position; fewer than `k` when others cannot be reached. `closed` is empty, or says of
        each line number whether it is closed. `came_from` is empty, or its entry becomes, for every node reached, the
        node before it on the shortest way.
        """


@functools.cache
def search() -> Search:
    """Loading numba and its code takes a moment, so nobody pays for it before the first question or `warm_up`."""
    try:
        from . import compiled
    except Exception:  # not only ImportError: a damaged or unfitting installation fails in many ways
        log.warning("numba cannot be used; travel times are exact but slow", exc_info=True)
        from . import plain

        return plain.search
    return compiled.search


def warm_up() -> bool:
    """Load or compile the search now, so that no question waits for it. False when only the slow one is there.

    Compiling takes seconds; the result is kept in the first of these folders that can be written, and is loaded from it
    by later processes: `NUMBA_CACHE_DIR`, `__pycache__` beside the source, the user's cache folder. Without any of them
    every process compiles for itself.
    """
    from . import plain

    return search() is not plain.search
