"""The search as machine code. Importing this module compiles it, or loads what was compiled before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from .engine import BUCKETS, Adjacency

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
    *(_fixed(_I4), _fixed(_I4), _fixed(_F4), _fixed(_I4), _F8),
    *(_I4, _I4[::1], _F8[::1], _I4[::1], types.boolean[::1], _I4[::1]),
    *(_F8[::1], _I4[::1], _I4[::1], _I4[::1], _I4[::1], _I4[::1]),
    *(_I4[::1], _I4[::1], _I4[::1], _F8[::1]),
)
_NONE, _LOOSE = -1, -2  # no node; in `before`: stands in no bucket


@_compile(_SIGNATURE)
def _search(
    first: Any,
    node: Any,
    seconds: Any,
    line: Any,
    width: Any,
    start: Any,
    targets: Any,
    offsets: Any,
    by_offset: Any,
    closed: Any,
    came_from: Any,
    best: Any,
    host: Any,
    head: Any,
    after: Any,
    before: Any,
    touched: Any,
    next_guest: Any,
    hosts: Any,
    found: Any,
    total: Any,
) -> Any:
    """Fills `found` and `total`, best first; returns how many. The work arrays are left as they were found.

    Nodes wait in a ring of buckets of `width` seconds each instead of a heap (delta-stepping, Meyer and Sanders 2003):
    the times of a bucket are certain when it is empty, and a node that is reached sooner meanwhile is looked at again.
    The ring is longer than the longest edge, so that no bucket holds two laps.
    """
    k, count, waiting, cheapest = len(found), 0, len(targets), 0
    ring, per_second = len(head), 1.0 / width
    met, arrived = np.zeros(len(targets), np.bool_), np.zeros(len(targets), np.bool_)
    for i in range(len(targets)):  # targets of one node form a chain that starts at its host
        next_guest[i] = host[targets[i]]
        host[targets[i]] = i

    best[start] = 0.0
    touched[0] = start
    reached = in_buckets = 1
    after[start] = before[start] = _NONE
    head[0] = start
    bucket = slot = 0
    while in_buckets > 0 and waiting > 0:
        while head[slot] < 0:
            bucket += 1
            slot = slot + 1 if slot + 1 < ring else 0

        # Whoever is still to come is at least this far and has at least this offset. Equal ones are still looked for,
        # so that the answer does not depend on the order within a bucket; the factor outweighs the rounding of times
        # into buckets.
        while arrived[by_offset[cheapest]]:
            cheapest += 1
        least = offsets[by_offset[cheapest]]
        latest = total[k - 1] if count == k else np.inf
        if bucket * width * (1 - 1e-9) + least > latest:
            break

        certain = 0
        while head[slot] >= 0:
            here = head[slot]
            head[slot] = after[here]
            if after[here] >= 0:
                before[after[here]] = _NONE
            before[here] = _LOOSE
            in_buckets -= 1
            if host[here] >= 0 and not met[host[here]]:
                met[host[here]] = True
                hosts[certain] = here
                certain += 1
            now = best[here]
            for edge in range(first[here], first[here + 1]):
                if len(closed) > 0 and closed[line[edge]]:
                    continue
                there = node[edge]
                then = now + seconds[edge]
                known = best[there]
                if then >= known or then + least > latest:  # or too far to change the answer
                    continue
                best[there] = then
                if len(came_from) > 0:
                    came_from[there] = here
                into = int(then * per_second) % ring
                if known == np.inf:
                    touched[reached] = there
                    reached += 1
                elif before[there] != _LOOSE:
                    out = int(known * per_second) % ring
                    if out == into:
                        continue
                    if before[there] >= 0:
                        after[before[there]] = after[there]
                    else:
                        head[out] = after[there]
                    if after[there] >= 0:
                        before[after[there]] = before[there]
                    in_buckets -= 1
                after[there] = head[into]
                before[there] = _NONE
                if head[into] >= 0:
                    before[head[into]] = there
                head[into] = there
                in_buckets += 1

        for i in range(certain):
            guest = host[hosts[i]]
            while guest >= 0:
                arrived[guest] = True
                waiting -= 1
                sum_ = best[hosts[i]] + offsets[guest]
                place = count
                while place > 0 and (
                    total[place - 1] > sum_ or (total[place - 1] == sum_ and found[place - 1] > guest)
                ):
                    if place < k:
                        total[place] = total[place - 1]
                        found[place] = found[place - 1]
                    place -= 1
                if place < k:
                    total[place] = sum_
                    found[place] = guest
                    count = min(count + 1, k)
                guest = next_guest[guest]

    for i in range(len(targets)):
        host[targets[i]] = _NONE
    for i in range(reached):
        best[touched[i]] = np.inf
        before[touched[i]] = _LOOSE
    head[:] = _NONE
    return count


class _Desk:
    """Work arrays, made once; each search tidies up what it touched."""

    def __init__(self, nodes: int) -> None:
        self.room = nodes
        self.best = np.full(nodes, np.inf)
        self.host = np.full(nodes, _NONE, np.int32)
        self.head = np.full(BUCKETS, _NONE, np.int32)
        self.after, self.before = np.empty(nodes, np.int32), np.full(nodes, _LOOSE, np.int32)
        self.touched = np.empty(nodes, np.int32)


_desks = threading.local()


def _desk(nodes: int) -> _Desk:
    """This thread's own, large enough for this graph; a new one when it is too small."""
    desk: _Desk | None = getattr(_desks, "desk", None)
    if desk is None or desk.room < nodes:
        desk = _desks.desk = _Desk(nodes)
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
    desk = _desk(len(adjacency.first) - 1)
    k = min(k, len(targets))
    found, total = np.empty(k, np.int32), np.empty(k, np.float64)
    count = _search(
        *adjacency,
        *(start, targets, offsets, np.argsort(offsets).astype(np.int32), closed, came_from),
        *(desk.best, desk.host, desk.head, desk.after, desk.before, desk.touched),
        *(np.empty(len(targets), np.int32), np.empty(len(targets), np.int32), found, total),
    )
    return list(zip(found[:count].tolist(), total[:count].tolist(), strict=True))
