"""Travel times are exact: compared with a search that is simple enough to be believed."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tepian.toolkit import roads
from tepian.toolkit.roads import Line, RoadGraph, compiled, engine, plain
from tepian.toolkit.roads.parts import metres

from .test_roads_reading import collection, feature

ROADS = Path(roads.__file__).parent


def believed(nodes, edges, keys, targets, offsets, goal, k, closed=()):
    """Bellman and Ford: relax until nothing changes. Sums from the goal outwards, as the search does."""
    times = np.full(nodes, np.inf)
    times[goal] = 0
    for _ in range(nodes):
        for (tail, head, seconds), key in zip(edges, keys, strict=True):
            if key not in closed:
                times[tail] = min(times[tail], times[head] + float(np.float32(seconds)))
    found = sorted((times[node] + offsets[n], n) for n, node in enumerate(targets) if times[node] < np.inf)
    return [(n, seconds) for seconds, n in found[:k]]


@st.composite
def questions(draw):
    count = draw(st.integers(1, 14))
    node = st.integers(0, count - 1)
    # Few different times make many ways equally long; the others show that sums are the same to the last bit.
    seconds = st.one_of(st.integers(1, 4).map(float), st.floats(0.125, 1e4, width=32))
    edges = draw(st.lists(st.tuples(node, node, seconds), min_size=1, max_size=40))
    line_of = [draw(st.integers(0, 5)) for _ in edges]
    targets = draw(st.lists(node, max_size=12))
    offsets = [draw(st.one_of(st.integers(0, 6).map(float), st.floats(0, 1e4))) for _ in targets]
    closed = draw(st.sets(st.integers(0, 6).map(str), max_size=4))
    return count, edges, line_of, targets, offsets, draw(node), draw(st.integers(1, 14)), closed


def graph_of(count, edges, line_of):
    places = [(100 + n / 1000, n / 1000) for n in range(count)]
    return RoadGraph.from_edges(places, edges, [Line(str(n)) for n in range(6)], line_of)


@pytest.fixture(params=["compiled", "plain"])
def both(request, monkeypatch):
    monkeypatch.setattr(
        "tepian.toolkit.roads.graph.search", lambda: {"compiled": compiled, "plain": plain}[request.param].search
    )


def test_numba_is_used():
    assert roads.warm_up()
    assert engine.search() is compiled.search


@settings(max_examples=400, deadline=None)
@given(questions())
def test_the_fastest_are_the_fastest(question):
    count, edges, line_of, targets, offsets, goal, k, closed = question
    graph = graph_of(count, edges, line_of)
    keys = [str(n) for n in line_of]
    expected = believed(count, edges, keys, targets, offsets, goal, k, closed)
    assert graph.fastest(targets, offsets, goal, k, closed) == expected
    turned = [(head, tail, seconds) for tail, head, seconds in edges]
    assert graph_of(count, turned, line_of).fastest_from(goal, targets, offsets, k, closed) == expected
    shut = np.array([str(n) in closed for n in range(6)])
    units, waits = np.array(targets, np.int32), np.array(offsets, np.float64)
    assert plain.search(graph.reverse, goal, units, waits, k, shut, np.empty(0, np.int32)) == expected


@settings(max_examples=150, deadline=None)
@given(questions())
def test_a_path_is_as_long_as_its_travel_time(question):
    count, edges, line_of, targets, _, goal, _, closed = question
    graph = graph_of(count, edges, line_of)
    for start in targets:
        expected = believed(count, edges, [str(n) for n in line_of], [start], [0], goal, 1, closed)
        seconds, way = graph.travel_time(start, goal, closed), graph.path(start, goal, closed)
        if not expected:
            assert seconds is None
            assert way is None
            continue
        assert seconds == expected[0][1]
        nodes = [round(lat * 1000) for _, lat in way]
        assert nodes[0] == start
        assert nodes[-1] == goal
        total = 0.0
        for here, there in reversed(list(pairwise(nodes))):
            total += min(
                float(np.float32(s))
                for (a, b, s), n in zip(edges, line_of, strict=True)
                if (a, b) == (here, there) and str(n) not in closed
            )
        assert total == seconds


def test_the_nearest_across_the_river_is_not_the_fastest(both):
    """Two banks 200 m apart, bridges at both ends; unit 0 stands right across the water, unit 1 on the same bank."""
    bank = [117.10 + n / 1000 for n in range(21)]
    street = lambda key, coordinates, **more: feature(coordinates, key=key, speed_kmh=40, **more)  # noqa: E731
    graph = RoadGraph.from_geojson(
        collection(
            street("north", [[lon, -0.500] for lon in bank]),
            street("south", [[lon, -0.502] for lon in bank]),
            street("west bridge", [[bank[0], -0.500], [bank[0], -0.502]], bridge="yes"),
            street("east bridge", [[bank[-1], -0.500], [bank[-1], -0.502]], bridge=True),
        )
    )
    assert [line.key for line in graph.lines if line.bridge] == ["west bridge", "east bridge"]
    incident, across, same_bank = (117.1082, -0.5001), (117.1082, -0.5019), (117.1140, -0.5001)
    straight = [float(metres(*incident, *unit)) for unit in (across, same_bank)]
    assert straight[0] < straight[1] / 3
    goal, *units = (graph.snap(*place)[0] for place in (incident, across, same_bank))
    (first, near), (second, far) = graph.fastest(units, 0, goal, 2)
    assert (first, second) == (1, 0)
    assert far > 2 * near
    # A late start counts: the unit across the river is already in its car.
    assert graph.fastest(units, [0, far], goal, 1) == [(0, far)]
    # The nearer bridge is flooded: the way is longer at once, and there is none when both are.
    assert graph.travel_time(units[0], goal, {"west bridge"}) > far
    assert graph.fastest(units, 0, goal, 2, {"west bridge", "east bridge"}) == [(1, near)]
    assert graph.path(units[0], goal, {"west bridge", "east bridge"}) is None
    assert graph.travel_time(units[0], goal) == far
    way = graph.path(units[0], goal)
    assert (bank[0], -0.502) in [(round(lon, 6), round(lat, 6)) for lon, lat in way]
    assert len(way) == len(set(way))


def test_units_on_one_node_and_the_goal_itself(both):
    graph = RoadGraph.from_edges([(0, 0), (0, 0.01), (0, 0.02)], [(0, 1, 10), (1, 2, 5)])
    assert graph.fastest([1, 1, 2, 0], [3, 1, 0, 0], 2, 3) == [(2, 0.0), (1, 6.0), (0, 8.0)]
    assert graph.fastest([0, 2], 0, 0, 9) == [(0, 0.0)]
    assert graph.fastest([], [], 0, 1) == []
    assert graph.travel_time(2, 2) == 0
    assert graph.path(2, 2) == [(0, 0.02)]
    assert graph.travel_time(0, 2, {"1"}) is None
    assert graph.travel_time(0, 2, {"unknown"}) == 15


@pytest.mark.parametrize(
    "asked",
    [
        lambda graph: graph.fastest([5], 0, 0, 1),
        lambda graph: graph.fastest([-1], 0, 0, 1),
        lambda graph: graph.fastest([0.5], 0, 0, 1),
        lambda graph: graph.fastest([[0]], 0, 0, 1),
        lambda graph: graph.fastest([0], 0, 7, 1),
        lambda graph: graph.fastest([0], 0, -1, 1),
        lambda graph: graph.fastest([0], 0, 0, 0),
        lambda graph: graph.fastest([0], -1, 0, 1),
        lambda graph: graph.fastest([0], math.nan, 0, 1),
        lambda graph: graph.fastest([0], math.inf, 0, 1),
        lambda graph: graph.fastest([0, 0], [1, 2, 3], 0, 1),
        lambda graph: graph.snap(math.nan, 0),
        lambda graph: graph.snap(0, 91),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(asked):
    graph = RoadGraph.from_edges([(0, 0), (0, 1)], [(0, 1, 1)])
    with pytest.raises(ValueError):
        asked(graph)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([0.0, -0.5, 45.0, 70.0, 89.9]),
    st.lists(st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1)), min_size=1, max_size=30),
    st.tuples(st.floats(-0.2, 0.2), st.floats(-0.1, 0.1)),
)
def test_snapping_finds_the_nearest(lat, offsets, place):
    nodes = [(100 + a, lat + b) for a, b in offsets]
    graph = RoadGraph.from_edges(nodes, [(0, 0, 1)])
    node, distance = graph.snap(100 + place[0], lat + place[1])
    distances = metres(100 + place[0], lat + place[1], graph.lon, graph.lat)
    assert distance == pytest.approx(distances.min(), abs=1e-6)
    assert distances[node] == pytest.approx(distance, abs=1e-6)


def test_many_threads_ask_one_graph():
    """Graphs of different sizes in turns, so that work arrays are outgrown and reused between them."""
    dice = np.random.default_rng(1)
    asked = []
    for count in (300, 2000, 700):
        edges = np.column_stack((dice.integers(0, count, (4 * count, 2)), dice.uniform(1, 99, 4 * count)))
        graph = RoadGraph.from_edges(dice.uniform(-1, 1, (count, 2)), edges)
        for _ in range(40):
            units, offsets = dice.integers(0, count, 50), dice.uniform(0, 60, 50)
            closed = {str(n) for n in dice.integers(0, 4 * count, 30)}
            asked.append((graph, units, offsets, int(dice.integers(count)), 5, closed))
    asked = [asked[n] for n in dice.permutation(len(asked))]

    def slow(graph, units, offsets, goal, k, closed):
        shut = np.array([line.key in closed for line in graph.lines])
        return plain.search(graph.reverse, goal, units, offsets, k, shut, np.empty(0, np.int32))

    expected = [slow(*one) for one in asked]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert list(pool.map(lambda one: one[0].fastest(*one[1:]), asked)) == expected


def test_a_search_leaves_nothing_behind_for_the_next():
    """Also not in a smaller graph whose work arrays are those of a larger one."""
    chain = [(n, n + 1, 7) for n in range(9)]
    long = RoadGraph.from_edges([(0, n / 100) for n in range(10)], chain)
    short = RoadGraph.from_edges([(0, 0), (0, 1)], [(0, 1, 5)])
    for _ in range(3):
        assert long.fastest([0, 0, 8, 3], [0, 1, 0, 90], 9, 2) == [(2, 7.0), (0, 63.0)]
        assert long.fastest([0, 8], 0, 9, 2, closed=["8"]) == []
        assert short.travel_time(0, 1) == 5
    desk = compiled._desks.desk
    assert (
        np.isinf(desk.best).all() and (desk.host == -1).all() and (desk.head == -1).all() and (desk.before == -2).all()
    )


def test_very_short_and_very_long_edges_of_one_graph():
    """The shortest way goes round by many short edges, and the long one fills the ring of buckets."""
    nodes = [(0, n / 1000) for n in range(400)]
    short = [(n, n + 1, 1e-3) for n in range(398)]
    graph = RoadGraph.from_edges(nodes, [*short, (0, 398, 0.5), (398, 399, 1e12), (0, 399, 2e12)])
    assert graph.travel_time(0, 398) == pytest.approx(0.398, rel=1e-4)
    assert graph.travel_time(0, 399) == pytest.approx(1e12)
    places, times = zip(*graph.fastest([0, 397], 0, 398, 2), strict=True)
    assert places == (1, 0)
    assert times == pytest.approx((1e-3, 0.398), rel=1e-4)


def test_a_graph_does_not_change():
    graph = RoadGraph.from_edges([(0, 0), (0, 1)], [(0, 1, 7)])
    for array in (graph.lon, graph.lat, *graph.forward[:4], *graph.reverse[:4]):
        with pytest.raises(ValueError):
            array[0] = 1
    with pytest.raises(AttributeError):
        graph.lines = ()


# --- loading numba ---------------------------------------------------------------------------------------------------

ASK = """
import json, sys, logging
sys.path.insert(0, sys.argv[1])
import roads
late = "numba" not in sys.modules
graph = roads.RoadGraph.from_edges([(0, 0), (0, 1)], [(0, 1, 7)])
still = "numba" not in sys.modules
fast = roads.warm_up()
code = sys.modules.get("roads.compiled")
hits = sum(code._search.stats.cache_hits.values()) if code else 0
print(json.dumps([late, still, fast, hits, graph.travel_time(0, 1)]))
"""


def ask(folder, **environment):
    """In a process of its own, on a copy of the package: it needs nothing else of the project."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        env={k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"} | environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(ROADS, tmp_path / "there" / "roads", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "there"


def test_compiled_code_is_kept_and_numba_is_loaded_late(copy):
    assert ask(copy)[0] == [True, True, True, 0, 7]
    assert ask(copy)[0] == [True, True, True, 1, 7]
    for kept in copy.rglob("*.nbi"):
        kept.write_bytes(b"damaged")
    assert ask(copy)[0] == [True, True, True, 0, 7]


def test_no_folder_can_be_written(copy):
    """Files stand where the folders of the cache would be, which stops root as well."""
    (copy / "roads" / "__pycache__").write_text("")
    nowhere = copy / "nowhere"
    nowhere.write_text("")
    answer, _ = ask(copy, HOME=str(nowhere), XDG_CACHE_HOME=str(nowhere))
    assert answer == [True, True, True, 0, 7]
    kept = copy / "kept"
    assert ask(copy, NUMBA_CACHE_DIR=str(kept))[0] == [True, True, True, 0, 7]
    assert ask(copy, NUMBA_CACHE_DIR=str(kept))[0] == [True, True, True, 1, 7]


def test_without_numba_it_is_slow_and_right(copy):
    (copy / "numba.py").write_text("raise ImportError('not for this machine')")
    answer, told = ask(copy)
    assert answer == [True, True, False, 0, 7]
    assert "exact but slow" in told
