"""The search as machine code. Importing this module compiles it, or loads what was compiled before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from .engine import Adjacency

_njit: Any = njit  # its stated types do not know that a signature may be given


def _compile(signature: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile at once (the types are known), without the global lock, and cached.

    The cache may fail: no folder can be written, the disk is full, a file in it is damaged. Then compile without it.
    """

    def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            return _njit(signature, nogil=True, cache=True)(function)
        except Exception:
            return _njit(signature, nogil=True)(function)

    return compiled


def _fixed(element: types.Type) -> types.Type:
    """An array that is only read."""
    return types.Array(element, 1, "C", readonly=True)


_F4, _F8, _I4 = types.float32, types.float64, types.int32
_SIGNATURE = types.int64(
    *(_fixed(_I4), _fixed(_I4), _fixed(_F4), _fixed(_I4)),
    *(_I4, _I4[::1], _F8[::1], _I4[::1], types.boolean[::1], _I4[::1]),
    *(_I4, _I4[::1], _F8[::1], _I4[::1], _F8[::1], _I4[::1]),
    *(_I4[::1], _I4[::1], _F8[::1]),
)


@_compile(_SIGNATURE)
def _search(
    first: Any,
    node: Any,
    seconds: Any,
    line: Any,
    start: Any,
    targets: Any,
    offsets: Any,
    by_offset: Any,
    closed: Any,
    came_from: Any,
    stamp: Any,
    mark: Any,
    best: Any,
    host: Any,
    heap_time: Any,
    heap_node: Any,
    next_guest: Any,
    found: Any,
    total: Any,
) -> Any:
    """Fills `found` and `total`, best first; returns how many. `mark[node] == stamp` says that `best[node]` is of now."""
    k, count, waiting, cheapest = len(found), 0, len(targets), 0
    arrived = np.zeros(len(targets), np.bool_)
    for i in range(len(targets)):  # targets of one node form a chain that starts at its host
        next_guest[i] = host[targets[i]]
        host[targets[i]] = i

    mark[start] = stamp
    best[start] = 0.0
    heap_time[0] = 0.0
    heap_node[0] = start
    size = 1
    while size > 0 and waiting > 0:
        now, here = heap_time[0], heap_node[0]
        size -= 1
        last_time, last_node = heap_time[size], heap_node[size]
        heap_time[size] = np.inf  # the last parent may have one child only
        hole = 0
        while True:
            child = 2 * hole + 1
            if child >= size:
                break
            child += heap_time[child + 1] < heap_time[child]  # added, not asked: half of the guesses would be wrong
            if heap_time[child] >= last_time:
                break
            heap_time[hole] = heap_time[child]
            heap_node[hole] = heap_node[child]
            hole = child
        heap_time[hole] = last_time
        heap_node[hole] = last_node
        if now > best[here]:  # a shorter way was found after this entry was made
            continue

        # Whoever is still to come is at least this far and has at least this offset. Equal ones are still looked for,
        # so that the answer does not depend on the order in which the heap returns them.
        while arrived[by_offset[cheapest]]:
            cheapest += 1
        least = offsets[by_offset[cheapest]]
        if count == k and now + least > total[k - 1]:
            break

        guest = host[here]
        while guest >= 0:
            arrived[guest] = True
            waiting -= 1
            sum_ = now + offsets[guest]
            place = count
            while place > 0 and (total[place - 1] > sum_ or (total[place - 1] == sum_ and found[place - 1] > guest)):
                if place < k:
                    total[place] = total[place - 1]
                    found[place] = found[place - 1]
                place -= 1
            if place < k:
                total[place] = sum_
                found[place] = guest
                count = min(count + 1, k)
            guest = next_guest[guest]

        for edge in range(first[here], first[here + 1]):
            if len(closed) > 0 and closed[line[edge]]:
                continue
            there = node[edge]
            then = now + seconds[edge]
            if mark[there] == stamp and then >= best[there]:
                continue
            if count == k and then + least > total[k - 1]:  # too far to change the answer
                continue
            mark[there] = stamp
            best[there] = then
            if len(came_from) > 0:
                came_from[there] = here
            hole = size
            size += 1
            while hole > 0:
                parent = (hole - 1) // 2
                if heap_time[parent] <= then:
                    break
                heap_time[hole] = heap_time[parent]
                heap_node[hole] = heap_node[parent]
                hole = parent
            heap_time[hole] = then
            heap_node[hole] = there

    for i in range(len(targets)):
        host[targets[i]] = -1
    return count


class _Desk:
    """Work arrays, made once. What lies there from earlier questions carries an older stamp and counts as empty."""

    LAST = 2**31 - 1

    def __init__(self, nodes: int, edges: int) -> None:
        self.room = nodes, edges
        self.stamp = 0
        self.mark = np.zeros(nodes, np.int32)
        self.best = np.empty(nodes, np.float64)
        self.host = np.full(nodes, -1, np.int32)
        # A node is scanned once, so every edge puts at most one entry on the heap.
        self.heap_time = np.empty(edges + 1, np.float64)
        self.heap_node = np.empty(edges + 1, np.int32)


_desks = threading.local()


def _desk(nodes: int, edges: int) -> _Desk:
    """This thread's own, large enough for this graph; a new one when it is too small or its stamps are used up."""
    desk: _Desk | None = getattr(_desks, "desk", None)
    if desk is None or desk.stamp >= _Desk.LAST or desk.room[0] < nodes or desk.room[1] < edges:
        room = desk.room if desk else (0, 0)
        desk = _desks.desk = _Desk(max(nodes, room[0]), max(edges, room[1]))
    desk.stamp += 1
    return desk


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
    desk = _desk(len(adjacency.first) - 1, len(adjacency.node))
    k = min(k, len(targets))
    found, total = np.empty(k, np.int32), np.empty(k, np.float64)
    count = _search(
        *adjacency,
        *(start, targets, offsets, np.argsort(offsets).astype(np.int32), closed, came_from),
        *(desk.stamp, desk.mark, desk.best, desk.host, desk.heap_time, desk.heap_node),
        *(np.empty(len(targets), np.int32), found, total),
    )
    return list(zip(found[:count].tolist(), total[:count].tolist(), strict=True))
