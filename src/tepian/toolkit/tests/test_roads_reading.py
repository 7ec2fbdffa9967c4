"""Roads are read from GeoJSON as they are found, and unreadable ones are refused."""

from __future__ import annotations

import math

import pytest

from tepian.toolkit.roads import Line, RoadGraph, RoadsUnreadable
from tepian.toolkit.roads.parts import metres


def feature(coordinates, kind="LineString", **properties):
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}


def collection(*features):
    return {"type": "FeatureCollection", "features": list(features)}


def test_lines_join_where_they_share_a_coordinate():
    graph = RoadGraph.from_geojson(
        collection(
            feature([[0, 0], [0.001, 0], [0.002, 0, 12.5]], key="a", name="Long Street", speed_kmh=36),
            feature([[0.0010000004, 0], [0.001, 0.001]], key="b", speed_kmh=36),
            feature([[0.0005, -0.001], [0.0005, 0.001]], key="crosses without a junction"),
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [0, 0]}, "properties": {}},
            {"type": "Feature", "geometry": None, "properties": None},
        )
    )
    assert graph.lines[0] == Line("a", "Long Street")
    assert set(graph.keys) == {"a", "b", "crosses without a junction"}
    start, end = graph.snap(0, 0)[0], graph.snap(0.001, 0.001)[0]
    length = float(metres(0, 0, 0.001, 0)) * 2
    assert graph.travel_time(start, end) == pytest.approx(length / 10, rel=1e-6)
    assert graph.path(start, end) == [(0, 0), (0.001, 0), (0.001, 0.001)]
    assert graph.travel_time(start, graph.snap(0.0005, 0.001)[0]) is None


@pytest.mark.parametrize(
    ("properties", "along", "against"),
    [
        ({}, True, True),
        ({"oneway": False}, True, True),
        ({"oneway": "no"}, True, True),
        ({"oneway": True}, True, False),
        ({"oneway": 1}, True, False),
        ({"oneway": "yes"}, True, False),
        ({"oneway": "-1"}, False, True),
        ({"oneway": -1}, False, True),
        ({"junction": "roundabout"}, True, False),
        ({"highway": "motorway"}, True, False),
        ({"highway": "motorway", "oneway": "no"}, True, True),
    ],
)
def test_one_way_streets(properties, along, against):
    graph = RoadGraph.from_geojson(collection(feature([[0, 0], [0.001, 0]], **properties)))
    ends = graph.snap(0, 0)[0], graph.snap(0.001, 0)[0]
    assert (graph.travel_time(*ends) is not None) == along
    assert (graph.travel_time(*reversed(ends)) is not None) == against


@pytest.mark.parametrize(
    ("properties", "kmh"),
    [
        ({}, 20),
        ({"speed_kmh": 45}, 45),
        ({"speed_kmh": 45, "maxspeed": "60", "highway": "primary"}, 45),
        ({"maxspeed": "60"}, 60),
        ({"maxspeed": 60}, 60),
        ({"maxspeed": "30 mph"}, 30 * 1.609344),
        ({"maxspeed": "60;40"}, 40),
        ({"maxspeed": "none"}, 20),
        ({"maxspeed": "walk", "highway": "primary"}, 50),
        ({"highway": "residential"}, 25),
        ({"highway": "something_new"}, 20),
    ],
)
def test_speeds(properties, kmh):
    graph = RoadGraph.from_geojson(collection(feature([[0, 0], [0.001, 0]], **properties)), 20)
    metre = float(metres(0, 0, 0.001, 0))
    assert graph.travel_time(0, 1) == pytest.approx(metre / (kmh / 3.6), rel=1e-6)


def test_long_stretches_get_nodes_between():
    graph = RoadGraph.from_geojson(
        collection(feature([[[0, 0], [0.05, 0.01]], [[1, 1], [1, 1.001]]], "MultiLineString", key="x")), 36
    )
    node, distance = graph.snap(0.025, 0.005)
    assert distance <= 100
    assert graph.lat[node] == pytest.approx(graph.lon[node] / 5, abs=1e-6)
    whole = graph.travel_time(graph.snap(0, 0)[0], graph.snap(0.05, 0.01)[0])
    assert whole == pytest.approx(float(metres(0, 0, 0.05, 0.01)) / 10, rel=1e-4)
    assert graph.travel_time(node, graph.snap(1, 1)[0]) is None
    assert len(RoadGraph.from_geojson(collection(feature([[179.999, 0], [-179.999, 0]])))) == 3


def test_ways_that_no_car_may_use_are_left_out():
    stairs = feature([[0, 0], [0, 0.001]], highway="steps")
    with pytest.raises(RoadsUnreadable, match="no road"):
        RoadGraph.from_geojson(collection(stairs))
    assert len(RoadGraph.from_geojson(collection(stairs, feature([[1, 1], [1, 1.001]])))) == 2


def test_lines_that_share_a_key_are_closed_together():
    graph = RoadGraph.from_geojson(
        collection(feature([[0, 0], [0.001, 0]], key=7), feature([[0.001, 0], [0.002, 0]], key="7"))
    )
    assert list(graph.keys) == ["7"]
    with pytest.raises(RoadsUnreadable, match="same key"):
        RoadGraph.from_edges([(0, 0), (0, 1)], [(0, 1, 1)], [Line("a"), Line("a")], [0])
    assert [graph.travel_time(a, b, ["7"]) for a, b in ((0, 1), (1, 2))] == [None, None]


ROAD = [[0, 0], [0.001, 0]]


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        {},
        "roads",
        {"type": "FeatureCollection", "features": {}},
        collection(),
        collection(None),
        collection({"geometry": "line"}),
        collection({"geometry": {"type": "LineString", "coordinates": ROAD}, "properties": [1]}),
        collection(feature(None)),
        collection(feature([])),
        collection(feature([[0, 0]])),
        collection(feature([[0, 0], [0, 0]])),
        collection(feature([[0, 0], [0.0000001, 0]])),
        collection(feature([[0, 0], [1]])),
        collection(feature([[0, 0], None])),
        collection(feature([[0, 0], {"lon": 1}])),
        collection(feature([[0, 0], ["0.1", "0.2"]])),
        collection(feature([[0, 0], [None, 1]])),
        collection(feature([[0, 0], [[1], 1]])),
        collection(feature([[0, 0], [10**30, 1]])),
        collection(feature([[0, 0], [math.nan, 0]])),
        collection(feature([[0, 0], [math.inf, 0]])),
        collection(feature([[0, 0], [180.1, 0]])),
        collection(feature([[0, 0], [0, -90.1]])),
        collection(feature(5, "MultiLineString")),
        collection(feature([5], "MultiLineString")),
        *(collection(feature(ROAD, speed_kmh=speed)) for speed in (0, -5, math.nan, math.inf, 1e9, "fast", True, [])),
        *(collection(feature(ROAD, maxspeed=speed)) for speed in ("0", 0, "-20", -20, "9999", [], {})),
        collection(feature(ROAD, oneway="perhaps")),
    ],
)
def test_bad_roads_are_refused_with_a_sentence(bad):
    with pytest.raises(RoadsUnreadable) as refused:
        RoadGraph.from_geojson(bad)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("speed", [0, -1, math.nan, "30"])
def test_a_bad_default_speed_is_refused(speed):
    with pytest.raises(RoadsUnreadable):
        RoadGraph.from_geojson(collection(feature(ROAD)), speed)
    with pytest.raises(RoadsUnreadable):
        RoadGraph.from_geojson(collection(feature(ROAD)), longest_piece_m=speed if speed != "30" else math.nan)


@pytest.mark.parametrize(
    ("nodes", "edges"),
    [
        ([], [(0, 1, 1)]),
        ([(0, 0), (0, 1)], []),
        ([(0, 0, 0)], [(0, 0, 1)]),
        ([(0, 0), (0, 1)], [(0, 1)]),
        ([(0, 0), (0, 1)], [(0, 2, 1)]),
        ([(0, 0), (0, 1)], [(-1, 1, 1)]),
        ([(0, 0), (0, 1)], [(0.5, 1, 1)]),
        ([(0, 0), (0, 1)], [(1e18, 1, 1)]),
        ([(0, 0), (0, 1)], [(0, 1, 0)]),
        ([(0, 0), (0, 1)], [(0, 1, -1)]),
        ([(0, 0), (0, 1)], [(0, 1, math.nan)]),
        ([(0, 0), (0, 1)], [(0, 1, math.inf)]),
        ([(0, 0), (0, 1)], [(0, 1, 1e300)]),
        ([(0, 0), (0, 1)], [(0, 1, 1e-300)]),
        ([(0, math.nan), (0, 1)], [(0, 1, 1)]),
        ([(181, 0), (0, 1)], [(0, 1, 1)]),
        ([(0, 0), (0, 91)], [(0, 1, 1)]),
        ("nodes", [(0, 1, 1)]),
        ([(0, 0), (0,)], [(0, 1, 1)]),
    ],
)
def test_bad_numbers_are_refused_with_a_sentence(nodes, edges):
    with pytest.raises(RoadsUnreadable) as refused:
        RoadGraph.from_edges(nodes, edges)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("line_of", [[1], [-1], [0, 0], []])
def test_edges_belong_to_lines_that_exist(line_of):
    with pytest.raises(RoadsUnreadable):
        RoadGraph.from_edges([(0, 0), (0, 1)], [(0, 1, 1)], [Line("a")], line_of)


def test_huge_input_is_refused(monkeypatch):
    monkeypatch.setattr("tepian.toolkit.roads.reading.MAX_NODES", 50)
    monkeypatch.setattr("tepian.toolkit.roads.graph.MAX_NODES", 50)
    with pytest.raises(RoadsUnreadable, match="more than 50 coordinates"):
        RoadGraph.from_geojson(collection(feature([[n / 1000, 0] for n in range(51)])))
    with pytest.raises(RoadsUnreadable, match="Divided"):
        RoadGraph.from_geojson(collection(feature([[0, 0], [0, 1]])))
    with pytest.raises(RoadsUnreadable, match="at most 50"):
        RoadGraph.from_edges([(0, 0)] * 51, [(0, 1, 1)])
