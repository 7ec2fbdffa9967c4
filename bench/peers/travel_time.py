"""The peers' answers to the same questions. Usage: FOLDER (with roads.npz and questions.npz)

Reads lines `WAY UNITS NUMBER` from standard input and answers each by a line of JSON: the seconds it took, and the units
in the order of their arrival as [[unit, seconds], …]. The ways:

networkx  from the incident to everywhere, then sort: the only way that knows each unit's own start
multi     networkx from all units at once until the incident is reached: one unit only, all starting alike
scipy     compiled, from the incident to everywhere, then sort
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import networkx
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

folder = Path(sys.argv[1])
roads, asked = np.load(folder / "roads.npz"), np.load(folder / "questions.npz")
tail, head = roads["edges"][:, 0].astype(int), roads["edges"][:, 1].astype(int)
seconds = roads["edges"][:, 2].astype(np.float32)
count = len(roads["nodes"])

# Of parallel edges the shortest counts; both libraries keep one edge between two nodes.
order = np.lexsort((-seconds, head, tail))
reverse: networkx.DiGraph = networkx.DiGraph()
reverse.add_weighted_edges_from(
    zip(head[order].tolist(), tail[order].tolist(), seconds[order].tolist(), strict=True), weight="seconds"
)
last = order[np.append(np.diff(tail[order]) | np.diff(head[order]), 1) != 0]
matrix = csr_array((seconds[last].astype(float), (head[last], tail[last])), shape=(count, count))
forward = reverse.reverse(copy=True)
print(json.dumps({"version": networkx.__version__}), flush=True)

for request in sys.stdin:
    way, size, number = request.split()
    units, offsets = asked[f"units_{size}"], asked[f"offsets_{size}"]
    goal = int(asked["goals"][int(number)])
    found: list[tuple[int, float]] = []
    started = time.perf_counter()
    if way == "networkx":
        times = networkx.single_source_dijkstra_path_length(reverse, goal, weight="seconds")
        pairs = zip(units.tolist(), offsets.tolist(), strict=True)
        found = [(n, times[unit] + wait) for n, (unit, wait) in enumerate(pairs) if unit in times]
        found.sort(key=lambda one: (one[1], one[0]))
    elif way == "multi":
        length, path = networkx.multi_source_dijkstra(forward, set(units.tolist()), goal, weight="seconds")
        found = [(units.tolist().index(path[0]), length)]
    else:
        line = dijkstra(matrix, indices=goal)
        total = line[units] + offsets
        found = [(int(n), float(total[n])) for n in np.lexsort((np.arange(len(total)), total)) if np.isfinite(total[n])]
    print(json.dumps({"took": time.perf_counter() - started, "found": [(n, float(s)) for n, s in found]}), flush=True)
