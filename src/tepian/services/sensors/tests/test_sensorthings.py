"""SensorThings 1.1: reading with every query option, creating, and never a 500."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tepian.services.sensors import operations as op
from tepian.services.sensors.states import pack_key

from .conftest import SYSTEM

ROOT = "/sensorthings/v1.1"
MINUTE = 60_000


@pytest.fixture
def readings(town, now):
    a, b = town.by_key["hilir/muka-air"].id, town.by_key["hulu/muka-air"].id
    start = now // 1000 * 1000 - 60 * MINUTE
    rows = [(a, start + i * MINUTE, 1 + i / 100, 0) for i in range(30)] + [
        (b, start + i * MINUTE + 1000, 2.5, 0) for i in range(5)
    ]
    op.record_observations(actor=SYSTEM, rows=rows)
    return start


def get(client, path, **query):
    response = client.get(f"{ROOT}/{path}" if path else ROOT, query)
    return response.status_code, (
        json.loads(response.content)
        if response["Content-Type"].startswith("application/json")
        else response.content.decode()
    )


def test_front_door(client, town):
    status, body = get(client, "")
    assert status == 200
    assert {entry["name"] for entry in body["value"]} == {
        "Things",
        "Locations",
        "HistoricalLocations",
        "Datastreams",
        "Sensors",
        "ObservedProperties",
        "Observations",
        "FeaturesOfInterest",
    }
    assert any(entry.endswith("/datamodel") for entry in body["serverSettings"]["conformance"])
    for entry in body["value"]:
        path = entry["url"].split(f"{ROOT}/")[1]
        status, listing = get(client, path)
        assert status == 200 and isinstance(listing["value"], list), path
        for item in listing["value"][:2]:  # every link leads somewhere
            for name, url in item.items():
                if name.endswith(("selfLink", "navigationLink")):
                    assert client.get(url).status_code in (200, 404) and (
                        client.get(url).status_code == 200 or "Sensor" in name
                    ), url


def test_entities_paths_and_properties(client, town, readings):
    ds = town.by_key["hilir/muka-air"].id
    status, body = get(client, f"Datastreams({ds})")
    assert status == 200
    assert body["properties"]["mqtt_topic"] == "tepian/v1/hilir/muka-air"
    assert body["unitOfMeasurement"] == {"name": "m", "symbol": "m", "definition": "https://ucum.org/ucum#m"}
    assert get(client, f"Datastreams({ds})/Thing")[1]["name"] == "Hilir"
    assert get(client, f"Datastreams({ds})/Thing/Locations")[1]["value"][0]["location"]["coordinates"] == [117.15, -0.5]
    assert get(client, f"Datastreams({ds})/name")[1] == {"name": "Muka air hilir"}
    assert get(client, f"Datastreams({ds})/name/$value")[1] == "Muka air hilir"
    assert get(client, "Datastreams('hilir/muka-air')")[1]["@iot.id"] == ds
    assert len(get(client, f"Datastreams({ds})/Observations/$ref")[1]["value"]) == 30
    key = pack_key(ds, readings)
    status, body = get(client, f"Observations({key})")
    assert body["result"] == 1 and body["resultQuality"] == ["late"]
    assert get(client, f"Observations({key})/Datastream/Thing/name")[1] == {"name": "Hilir"}
    assert get(client, f"Observations({key})/FeatureOfInterest")[1]["feature"]["type"] == "Point"
    for path in (
        "Datastreams(99999)",
        "Nothing",
        "Datastreams(1)/Nothing",
        "Datastreams(x)",
        f"Observations({2**63})",
        "Things(1)/Datastreams(999)",
    ):
        status, body = get(client, path)
        assert status == 404 and body["message_id"] and body["message_en"], path


@pytest.mark.parametrize(
    ("filter_", "count"),
    [
        ("result gt 1.245", 10),
        ("result ge 1 and result lt 1.05", 5),
        ("not (result gt 1.1)", 11),
        ("result eq 2.5 or result eq 1", 6),
        ("result add 1 gt 3", 5),
        ("result mod 1 eq 0.5", 5),
        ("result div 0 eq 1", 0),
        ("-result lt -2", 5),
        ("Datastream/name eq 'Muka air hulu'", 5),
        ("Datastream/Thing/properties/code eq 'hulu'", 5),
        ("startswith(Datastream/name,'Muka') and endswith(Datastream/name,'hulu')", 5),
        ("contains(tolower(Datastream/name),'HILIR')", 0),
        ("substringof('hilir',Datastream/name)", 30),
        ("length(Datastream/Thing/name) eq 4", 5),
        ("year(phenomenonTime) gt 2000 and month(phenomenonTime) le 12 and hour(phenomenonTime) ge 0", 35),
        ("day(phenomenonTime) ge 1 and second(phenomenonTime) lt 60", 35),
        ("phenomenonTime lt now()", 35),
        ("phenomenonTime gt 1999-01-01T00:00:00Z", 35),
        ("phenomenonTime lt 1999-01-01T00:00:00Z", 0),
        ("result in (1, 2.5)", 6),
        ("result eq null", 0),
        ("result ne null", 35),
        ("round(result) eq 1", 30),
        ("floor(result) eq 2 and ceiling(result) eq 3", 5),
        (
            "st_within(FeatureOfInterest/feature, "
            "geography'POLYGON((117.19 -0.41,117.21 -0.41,117.21 -0.39,117.19 -0.39,117.19 -0.41))')",
            5,
        ),
        ("geo.distance(FeatureOfInterest/feature, geography'POINT(117.15 -0.5)') lt 0.01", 30),
    ],
)
def test_filters(client, town, readings, filter_, count):
    status, body = get(client, "Observations", **{"$filter": filter_, "$count": "true", "$top": "3"})
    assert status == 200, body
    assert body["@iot.count"] == count


def test_filters_on_things_and_any(client, town):
    assert (
        len(get(client, "Things", **{"$filter": "Datastreams/any(d: d/unitOfMeasurement/symbol eq 'mm')"})[1]["value"])
        == 1
    )
    assert len(get(client, "Datastreams", **{"$filter": "Thing/properties/kind eq 'river'"})[1]["value"]) == 2
    assert (
        len(
            get(client, "Datastreams", **{"$filter": "properties/mqtt_topic eq 'tepian/v1/hilir/muka-air'"})[1]["value"]
        )
        == 1
    )
    assert (
        get(client, "Things", **{"$filter": "geo.distance(Locations/location, geography'POINT(1 1)') lt 1"})[0] == 400
    )
    assert (
        len(
            get(client, "Locations", **{"$filter": "geo.distance(location, geography'POINT(117.15 -0.5)') lt 0.01"})[1][
                "value"
            ]
        )
        == 1
    )


def test_order_pages_and_select(client, town, readings):
    seen = []
    url, query = (
        "Observations",
        {"$orderby": "phenomenonTime desc", "$top": "8", "$select": "phenomenonTime,result", "$filter": "result gt 1"},
    )
    response = client.get(f"{ROOT}/{url}", query)
    while True:
        body = json.loads(response.content)
        assert set(body["value"][0]) == {"phenomenonTime", "result"}
        seen += [item["phenomenonTime"] for item in body["value"]]
        if "@iot.nextLink" not in body:
            break
        response = client.get(body["@iot.nextLink"])
    assert len(seen) == 34 and seen == sorted(seen, reverse=True)
    results = [
        o["result"]
        for o in get(client, "Observations", **{"$orderby": "result desc, phenomenonTime asc", "$top": "7"})[1]["value"]
    ]
    assert results[:5] == [2.5] * 5 and results[5] == 1.29
    pages = [
        o["@iot.id"]
        for skip in range(0, 35, 7)
        for o in get(client, "Observations", **{"$skip": str(skip), "$top": "7"})[1]["value"]
    ]
    assert pages == sorted(pages) and len(set(pages)) == 35


def test_expand_nested_with_options(client, town, readings, django_assert_max_num_queries):
    query = {
        "$expand": "Datastreams($select=name;$expand=Observations($top=1;$orderby=phenomenonTime desc),"
        "ObservedProperty),Locations",
        "$filter": "properties/kind eq 'river'",
    }
    with django_assert_max_num_queries(12):
        status, body = get(client, "Things", **query)
    assert status == 200
    hilir = next(thing for thing in body["value"] if thing["name"] == "Hilir")
    assert hilir["Locations"][0]["location"]["type"] == "Point"
    series = hilir["Datastreams"][0]
    assert series["name"] == "Muka air hilir" and series["ObservedProperty"]["name"] == "Muka air"
    assert [o["result"] for o in series["Observations"]] == [1.29] and "Observations@iot.nextLink" in series
    body = get(client, "Observations", **{"$expand": "Datastream/Thing", "$top": "2"})[1]
    assert body["value"][0]["Datastream"]["Thing"]["name"] == "Hilir"
    assert get(client, "Things", **{"$expand": "Datastreams/Observations($count=true;$top=0)"})[0] == 200


def test_data_array_format(client, town, readings):
    _status, body = get(client, "Observations", **{"$resultFormat": "dataArray", "$top": "1000"})
    assert [block["dataArray@iot.count"] for block in body["value"]] == [30, 5]
    assert body["value"][0]["components"][3] == "result" and body["value"][0]["dataArray"][0][3] == 1


@pytest.mark.parametrize(
    "query",
    [
        {"$filter": "result gt 'x'"},
        {"$filter": "name eq"},
        {"$filter": "nothing eq 1"},
        {"$filter": "(" * 300},
        {"$filter": "not " * 200 + "true"},
        {"$filter": "result gt 99999999999999999999999"},
        {"$filter": "result eq 1e999"},
        {"$filter": "phenomenonTime gt 2026-13-45T00:00:00Z"},
        {"$filter": "geo.distance(location, 5) lt 1"},
        {"$filter": "st_within(result, geography'X')"},
        {"$filter": "result add phenomenonTime gt 5"},
        {"$top": "-1"},
        {"$top": "x"},
        {"$skip": "9" * 30},
        {"$count": "maybe"},
        {"$expand": "Nothing"},
        {"$expand": "Datastream(("},
        {"$orderby": "nothing"},
        {"$orderby": "result sideways"},
        {"$select": "nothing"},
        {"$resultFormat": "xml"},
        {"$apply": "x"},
        {"$filter": "Datastream eq 1"},
        {"$filter": "matchesPattern(name,'a')"},
        {"$expand": "Datastream/" * 50 + "Thing"},
    ],
)
def test_odd_queries_are_refused_in_words(client, town, readings, query):
    status, body = get(client, "Observations", **query)
    assert status in (400, 422), body
    assert body["code"] == "bad_query" and body["message_id"] and body["message_en"]


words = st.sampled_from(
    [
        "result",
        "name",
        "phenomenonTime",
        "Datastream/id",
        "properties/code",
        "Datastream/Thing/name",
        "id",
        "location",
        "eq",
        "ne",
        "gt",
        "lt",
        "and",
        "or",
        "not",
        "(",
        ")",
        "'a'",
        "''",
        "1",
        "-1",
        "2.5",
        "null",
        "true",
        "1e308",
        "2026-01-01T00:00:00Z",
        "add",
        "sub",
        "mul",
        "div",
        "mod",
        "in",
        ",",
        "contains(",
        "year(",
        "round(",
        "geography'POINT(1 1)'",
        "geo.distance(",
        "st_within(",
        "substring(",
        "length(",
        "duration'P1D'",
        "any(",
        ":",
        "/",
        "12345678-1234-1234-1234-123456789012",
        "9223372036854775808",
        "\x00",
        "%",
        "é",
        "@iot.id",
        "now()",
        "date(",
        "indexof(",
    ]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    entity=st.sampled_from(
        ["Things", "Datastreams", "Observations", "Locations", "Sensors", "HistoricalLocations", "FeaturesOfInterest"]
    ),
    parts=st.lists(words, max_size=9),
    free=st.text(max_size=20),
    option=st.sampled_from(["$filter", "$orderby", "$expand", "$select", "$top"]),
)
def test_no_query_breaks_it(client, town, entity, parts, free, option):
    text = " ".join(parts) if parts else free
    response = client.get(f"{ROOT}/{entity}", {option: text})
    assert response.status_code < 500, (entity, option, text, response.content)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    left=st.sampled_from(
        ["result", "phenomenonTime", "id", "Datastream/id", "year(phenomenonTime)", "result mod 0", "result mul 1e300"]
    ),
    op_=st.sampled_from(["eq", "lt", "ge", "in"]),
    right=st.sampled_from(
        [
            "1",
            "1e308",
            "-9223372036854775807",
            "null",
            "2026-01-01T00:00:00Z",
            "(1,2)",
            "result",
            "date(phenomenonTime)",
        ]
    ),
    order=st.sampled_from(["", "result", "phenomenonTime desc", "Datastream/name,id desc"]),
)
def test_well_formed_filters_never_break_it(client, town, left, op_, right, order):
    query = {"$filter": f"{left} {op_} {right}", "$count": "true"} | ({"$orderby": order} if order else {})
    assert client.get(f"{ROOT}/Observations", query).status_code < 500, query
