"""The three units that reach an incident first on a made-up city's roads, against networkx and scipy on the same roads.

A net of about 60,000 junctions and 215,000 directed streets, some of one way, that a winding river divides; two bridges.
The same city comes out each time. Ours asks all 200 incidents in every round, the peers every fifth incident once, in
turns with ours; each of these answers is compared, order and seconds, to the last bit.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench import harness as h

SIDE, BLOCK_M, BRIDGES = 245, 100, (60, 180)
INCIDENTS, FLEETS, K = 200, (60, 500), 3
Ask = Callable[[str, int, int], tuple[float, list[tuple[int, float]]]]
WARM_UP = """
import time
before = time.perf_counter()
import tepian.toolkit.roads
loaded = time.perf_counter()
assert tepian.toolkit.roads.warm_up()
print(loaded - before, time.perf_counter() - loaded)
"""


def made_city(dice: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes (lon, lat), edges (from, to, seconds) and their lines, five blocks each.

    A grid with gaps; arterials in every tenth row and column.
    """
    row, column = (part.ravel() for part in np.mgrid[:SIDE, :SIDE])
    metres = (np.column_stack((column, row)) + dice.uniform(-0.3, 0.3, (SIDE * SIDE, 2))) * BLOCK_M
    nodes = np.array([117.0, -0.6]) + metres / 111_195
    number = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    pairs = np.concatenate(
        (
            np.column_stack((number[:, :-1].ravel(), number[:, 1:].ravel())),
            np.column_stack((number[:-1].ravel(), number[1:].ravel())),
        )
    )
    arterial = (row[pairs] % 10 == 0).all(1) | (column[pairs] % 10 == 0).all(1)
    north = row > SIDE / 2 + 20 * np.sin(column / 30)
    bridge = np.isin(column[pairs], BRIDGES).all(1)
    kept = (north[pairs[:, 0]] == north[pairs[:, 1]]) | bridge
    kept &= arterial | bridge | (dice.random(len(pairs)) < 0.93)
    pairs, arterial = pairs[kept], arterial[kept]
    kmh = np.where(arterial, dice.uniform(40, 60, len(pairs)), dice.uniform(15, 35, len(pairs)))
    seconds = np.hypot(*(metres[pairs[:, 0]] - metres[pairs[:, 1]]).T) / (kmh / 3.6)
    two_way = arterial | (dice.random(len(pairs)) < 0.92)
    along = np.column_stack((pairs, seconds))
    line_of = np.arange(len(pairs)) // 5
    return nodes, np.concatenate((along, along[two_way][:, [1, 0, 2]])), np.concatenate((line_of, line_of[two_way]))


def run() -> None:
    from tepian.toolkit.roads import Line, RoadGraph, warm_up

    dice = np.random.default_rng(7)
    nodes, edges, line_of = made_city(dice)
    lines = [Line(str(number)) for number in range(line_of.max() + 1)]
    warm_up()
    before = h.memory_mib(os.getpid())
    built = []
    for _ in range(h.ROUNDS):
        started = time.perf_counter()
        graph = RoadGraph.from_edges(nodes, edges, lines, line_of)
        built.append(time.perf_counter() - started)
    asked: dict[str, Any] = {"goals": dice.integers(0, len(nodes), INCIDENTS)}
    for size in FLEETS:
        asked[f"units_{size}"] = dice.integers(0, len(nodes), size)
        asked[f"offsets_{size}"] = dice.choice([0.0, 60.0, 90.0], size)  # on the road, at the station, asleep
    goals = asked["goals"].tolist()
    graph.travel_time(0, 1)
    h.say(
        "travel_time_graph",
        f"ours {len(nodes):,} nodes, {len(edges):,} edges, from_edges {sorted(built)[len(built) // 2]:.2f} s, "
        f"{h.memory_mib(os.getpid()) - before:.0f} MiB more with the work arrays of a thread",
    )
    _report_loading()

    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "roads.npz", nodes=nodes, edges=edges)
        np.savez(Path(folder) / "questions.npz", **asked)
        with _peer(folder) as peer:
            for size in FLEETS:
                _compare(graph, goals, size, asked[f"units_{size}"], asked[f"offsets_{size}"], peer)
    for size in FLEETS:
        _report_straight_line(graph, goals, size, asked[f"units_{size}"])
    place, started = nodes[goals] + 0.0003, time.perf_counter()
    for lon, lat in place.tolist():
        graph.snap(lon, lat)
    h.say("travel_time_snap", f"ours {(time.perf_counter() - started) / len(place) * 1e6:.0f} µs for a place")


def _compare(
    graph: Any,
    goals: list[int],
    size: int,
    units: np.ndarray,
    offsets: np.ndarray,
    peer: Ask,
) -> None:
    ours: list[float] = []
    theirs: dict[str, list[float]] = {"networkx": [], "multi": [], "scipy": []}
    wrong = 0
    for turn, (number, goal) in itertools.product(range(h.ROUNDS), enumerate(goals)):
        started = time.perf_counter()
        found = graph.fastest(units, offsets, goal, K)
        ours.append(time.perf_counter() - started)
        if number % 5 or number // 5 % h.ROUNDS != turn:
            continue
        answers = {}
        for way, times in theirs.items():
            took, answers[way] = peer(way, size, number)
            times.append(took)
        everybody = graph.fastest(units, offsets, goal, size)
        wrong += found != answers["networkx"][:K] or everybody != answers["networkx"]
    if wrong:
        raise AssertionError(f"{wrong} of {len(theirs['networkx'])} answers differ from networkx's")
    p50, p99 = np.percentile(ours, [50, 99]) * 1000
    peers = {way: np.percentile(times, [50, 99]) * 1000 for way, times in theirs.items()}
    note = (
        f"{size} units, first {K}, p50; p99 ours {p99:.2f}, networkx {peers['networkx'][1]:.0f}; "
        f"0 of {len(theirs['networkx'])} answers differ; networkx from all units until the first arrives "
        f"{peers['multi'][0]:.0f}, ratio {peers['multi'][0] / p50:.3g}"
    )
    name = f"travel_time_{size}"
    h.report(name, p50, peers["networkx"][0], "ms", what="networkx", aim="500", lower_is_better=True, note=note)
    h.report(
        name, p50, peers["scipy"][0], "ms", what="scipy", lower_is_better=True, note="compiled, visits the whole graph"
    )


def _report_straight_line(graph: Any, goals: list[int], size: int, units: np.ndarray) -> None:
    """Everybody starts at once, so that only the choice of the way counts."""
    lost = []
    narrow = math.cos(math.radians(0.5))
    for goal in goals:
        found = graph.fastest(units, 0, goal, 1)
        if not found:
            continue
        away = np.hypot((graph.lon[units] - graph.lon[goal]) * narrow, graph.lat[units] - graph.lat[goal])
        chosen = graph.travel_time(int(units[away.argmin()]), goal)
        lost.append((math.inf if chosen is None else chosen) - found[0][1])
    slower = sorted(seconds for seconds in lost if seconds > 0)
    h.say(
        f"travel_time_straight_line_{size}",
        f"the nearest unit as the crow flies is a slower one at {len(slower)} of {len(lost)} incidents; then it comes "
        f"{slower[len(slower) // 2]:.0f} s later (median), {slower[-1]:.0f} s at worst",
    )


def _report_loading() -> None:
    """In new processes: with an empty cache, and with the one that the first has left."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache, "PYTHONPATH": str(h.ROOT / "src")}
        first, second = (
            [
                float(part)
                for part in subprocess.run(
                    [sys.executable, "-c", WARM_UP], env=environment, capture_output=True, text=True, check=True
                ).stdout.split()
            ]
            for _ in range(2)
        )
    h.report(
        "travel_time_warm_up",
        second[1],
        first[1],
        "s",
        what="with an empty cache",
        lower_is_better=True,
        note=f"numba included; the module alone {second[0]:.2f} s",
    )


@contextlib.contextmanager
def _peer(folder: str) -> Iterator[Ask]:
    """Asks the peers' process: (way, size of the fleet, number of the incident) → seconds it took, units in order."""
    command = [str(h.peer_python()), str(h.PEERS / "travel_time.py"), folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin and child.stdout
        send, receive = child.stdin, child.stdout
        receive.readline()  # its graphs are ready

        def ask(way: str, size: int, number: int) -> tuple[float, list[tuple[int, float]]]:
            send.write(f"{way} {size} {number}\n")
            send.flush()
            answer = json.loads(receive.readline())
            return answer["took"], [(unit, seconds) for unit, seconds in answer["found"]]

        yield ask
