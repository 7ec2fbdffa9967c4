"""SensorThings 1.1: reading with every query option, creating, and never a 500."""

from __future__ import annotations

import asyncio
import json

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tepian.kernel.catalogue.fast import FastRequest
from tepian.kernel.identity import operations as identity
from tepian.services.sensors import operations as op
from tepian.services.sensors.api.ingest import create_observations, post_observation
from tepian.services.sensors.models import Datastream, Observation, Station
from tepian.services.sensors.states import pack_key

from .conftest import SYSTEM

ROOT = "/sensorthings/v1.1"
MINUTE = 60_000


def device_key() -> str:
    return identity.issue_device_key(actor=SYSTEM, name="uji")[1]


@pytest.fixture
def key(town):
    return device_key()


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


# --- writing ---------------------------------------------------------------------------------------------------------


def fast(handler, body, key="", headers=None):
    request = FastRequest(
        "POST",
        f"{ROOT}/Observations",
        "",
        {"authorization": f"Bearer {key}"} if key else (headers or {}),
        body if isinstance(body, bytes) else orjson.dumps(body),
        base_url="http://kota.test",
    )
    return asyncio.run(handler(request))


@pytest.fixture
def live(writer, live_town):
    return live_town, device_key()


def test_fast_post_answers_after_the_commit(live, now):
    town, key = live
    ds = town.by_key["hilir/muka-air"].id
    reply = fast(
        post_observation,
        {"result": 1.5, "phenomenonTime": "2026-01-01T08:00:00+08:00", "Datastream": {"@iot.id": ds}},
        key,
    )
    assert reply.status == 201
    body = orjson.loads(reply.body)
    assert (
        dict(reply.headers)["location"]
        == body["@iot.selfLink"]
        == f"http://kota.test{ROOT}/Observations({body['@iot.id']})"
    )
    assert body["phenomenonTime"] == "2026-01-01T00:00:00.000Z"
    assert Observation.objects.get(pk=body["@iot.id"]).result == 1.5
    again = fast(
        post_observation,
        {"result": 1.5, "phenomenonTime": "2026-01-01T00:00:00Z", "Datastream": {"@iot.id": "hilir/muka-air"}},
        key,
    )
    assert again.status == 201 and orjson.loads(again.body)["@iot.id"] == body["@iot.id"]
    other = fast(
        post_observation, {"result": 1.6, "phenomenonTime": "2026-01-01T00:00:00Z", "Datastream": {"@iot.id": ds}}, key
    )
    assert other.status == 409 and orjson.loads(other.body)["kept"] == 1.5
    assert Observation.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed"),
        (b"[]", 400, "malformed"),
        (b'{"result": NaN, "Datastream": {"@iot.id": "hilir/muka-air"}}', 422, "not_finite"),
        ({"result": 1}, 422, "no_datastream"),
        ({"result": 1, "Datastream": {"@iot.id": 9999}}, 404, "unknown_datastream"),
        ({"result": 1, "Datastream": {"@iot.id": "hilr/muka-air"}}, 404, "unknown_datastream"),
        ({"result": "1.5", "Datastream": {"@iot.id": "hilir/muka-air"}}, 422, "not_a_number"),
        ({"result": True, "Datastream": {"@iot.id": "hilir/muka-air"}}, 422, "not_a_number"),
        ({"Datastream": {"@iot.id": "hilir/muka-air"}}, 422, "not_a_number"),
        (b'{"result": 1e999, "Datastream": {"@iot.id": "hilir/muka-air"}}', 422, "not_finite"),
        (
            {"result": 1, "phenomenonTime": "2999-01-01T00:00:00Z", "Datastream": {"@iot.id": "hilir/muka-air"}},
            422,
            "time_in_future",
        ),
        (
            {"result": 1, "phenomenonTime": "1989-12-31T00:00:00Z", "Datastream": {"@iot.id": "hilir/muka-air"}},
            422,
            "time_too_old",
        ),
        (
            {"result": 1, "phenomenonTime": "2026-01-01T00:00:00", "Datastream": {"@iot.id": "hilir/muka-air"}},
            422,
            "time_without_zone",
        ),
        ({"result": 1, "phenomenonTime": "kemarin", "Datastream": {"@iot.id": "hilir/muka-air"}}, 422, "bad_time"),
        ({"result": 1, "phenomenonTime": 5, "Datastream": {"@iot.id": "hilir/muka-air"}}, 422, "bad_time"),
        ({"result": 1, "unit": "cm", "Datastream": {"@iot.id": "hilir/muka-air"}}, 422, "unit_mismatch"),
        (b'{"result": -Infinity, "Datastream": {"@iot.id": "hilir/muka-air"}}', 422, "not_finite"),
        (b'{"result": ' + b"9" * 400 + b', "Datastream": {"@iot.id": "hilir/muka-air"}}', 422, "not_finite"),
        (b"[" * 100000, 400, "malformed"),
        ({"result": 1, "Datastream": {"@iot.id": [1]}}, 422, "no_datastream"),
    ],
)
def test_bad_readings_are_refused_in_both_languages(live, body, status, code):
    _town, key = live
    reply = fast(post_observation, body, key)
    told = orjson.loads(reply.body)
    assert (reply.status, told["code"]) == (status, code), told
    assert told["message_id"] and told["message_en"]
    if code == "unknown_datastream" and "hilr" in str(body):
        assert "hilir/muka-air" in told["message_en"]
    assert Observation.objects.count() == 0


def test_without_a_valid_key_nothing_is_stored(live):
    body = {"result": 1, "Datastream": {"@iot.id": "hilir/muka-air"}}
    for headers in (
        {},
        {"authorization": "Bearer salah"},
        {"authorization": "Basic abc"},
        {"x-tepian-key": "tpn_salah"},
    ):
        reply = fast(post_observation, body, headers=headers)
        assert reply.status == 401 and dict(reply.headers)["www-authenticate"]
    assert Observation.objects.count() == 0


def test_data_array_stores_the_good_rows_and_names_the_bad(live):
    _town, key = live
    body = [
        {
            "Datastream": {"@iot.id": "hilir/muka-air"},
            "components": ["phenomenonTime", "result"],
            "dataArray@iot.count": 4,
            "dataArray": [
                ["2026-01-01T00:00:00Z", 1.0],
                ["2026-01-01T00:10:00Z", "x"],
                ["2999-01-01T00:00:00Z", 1],
                [1],
                ["2026-01-01T00:20:00Z", 1.2],
            ],
        },
        {"Datastream": {"@iot.id": "hulo/muka-air"}, "components": ["result"], "dataArray": [[1], [2]]},
    ]
    reply = fast(create_observations, body, key)
    answers = orjson.loads(reply.body)
    assert reply.status == 201 and len(answers) == 7
    assert [answer.startswith("error: ") for answer in answers] == [False, True, True, True, False, True, True]
    assert "hulu/muka-air" in answers[5]
    assert Observation.objects.count() == 2
    assert fast(create_observations, body[1:], key).status == 422
    assert fast(create_observations, {"a": 1}, key).status == 400


def test_the_view_writes_too(client, town, key):
    auth = {"HTTP_AUTHORIZATION": f"Bearer {key}"}
    ds = town.by_key["hilir/muka-air"].id
    made = client.post(
        f"{ROOT}/Datastreams({ds})/Observations", json.dumps({"result": 1.1}), content_type="application/json", **auth
    )
    assert made.status_code == 201 and client.get(made["Location"]).status_code == 200
    assert (
        client.post(
            f"{ROOT}/Observations",
            json.dumps({"result": 1.1, "Datastream": {"@iot.id": ds}}),
            content_type="application/json",
        ).status_code
        == 401
    )
    assert client.post(f"{ROOT}/Observations", b"{", content_type="application/json", **auth).status_code == 400
    assert client.delete(f"{ROOT}/Datastreams({ds})", **auth).status_code == 405
    assert client.post(f"{ROOT}/Locations", b"{}", content_type="application/json", **auth).status_code == 405


def test_things_are_made_with_all_that_hangs_on_them_or_not_at_all(client, town, key):
    auth = {"HTTP_AUTHORIZATION": f"Bearer {key}", "content_type": "application/json"}
    thing = {
        "name": "Jembatan Baru",
        "description": "Pos di jembatan",
        "properties": {"kind": "river", "pipa": "3"},
        "Locations": [
            {
                "name": "x",
                "description": "x",
                "encodingType": "application/geo+json",
                "location": {"type": "Point", "coordinates": [117.1, -0.45]},
            }
        ],
        "Datastreams": [
            {
                "name": "Muka air jembatan",
                "description": "d",
                "unitOfMeasurement": {"name": "meter", "symbol": "m", "definition": "x"},
                "Sensor": {"name": "Radar", "description": "d", "encodingType": "text/plain", "metadata": "-"},
                "ObservedProperty": {"@iot.id": "muka-air"},
            }
        ],
    }
    made = client.post(f"{ROOT}/Things", json.dumps(thing), **auth)
    assert made.status_code == 201, made.content
    row = Station.objects.get(code="jembatan-baru")
    series = Datastream.objects.get(station=row)
    assert series.main and series.slug == "muka-air" and series.sensor.name == "Radar"
    posted = client.post(
        f"{ROOT}/Observations", json.dumps({"result": 1, "Datastream": {"@iot.id": series.pk}}), **auth
    )
    assert posted.status_code == 201
    thing["name"], thing["Datastreams"][0]["ObservedProperty"] = "Lain", {"@iot.id": "tidak-ada"}
    refused = client.post(f"{ROOT}/Things", json.dumps(thing), **auth)
    assert refused.status_code == 422 and not Station.objects.filter(name="Lain").exists()
    for bad in (
        {},
        {"name": 5},
        {"name": "x"},
        {"name": "x", "Locations": [{"location": {"type": "Point", "coordinates": ["a", 2]}}]},
        [],
    ):
        assert client.post(f"{ROOT}/Things", json.dumps(bad), **auth).status_code == 422


def test_batch(client, town, key):
    ds = town.by_key["hilir/muka-air"].id
    parts = [
        {
            "id": "1",
            "method": "post",
            "url": "Observations",
            "body": {"result": 1.1, "phenomenonTime": "2026-01-01T00:00:00Z", "Datastream": {"@iot.id": ds}},
        },
        {"id": "2", "method": "post", "url": "Observations", "body": {"result": "x", "Datastream": {"@iot.id": ds}}},
        {"id": "3", "method": "get", "url": f"Datastreams({ds})?$select=name"},
        {"id": "4", "url": 5},
        {"id": "5", "method": "post", "url": "$batch"},
    ]
    answer = client.post(
        f"{ROOT}/$batch",
        json.dumps({"requests": parts}),
        content_type="application/json",
        HTTP_AUTHORIZATION=f"Bearer {key}",
    )
    assert [part["status"] for part in answer.json()["responses"]] == [201, 422, 200, 200, 400]
    assert Observation.objects.count() == 1


def test_a_key_of_one_region_cannot_write_elsewhere(town, db):
    from tepian.kernel.actors import Actor, Grant
    from tepian.services.sensors.api.answers import may_write

    series = town.by_key["hilir/muka-air"]
    series.region, series.owner = "64.72.05.1003", "bpbd"
    assert may_write(Actor(kind="device", grants=(Grant("device", "region", "64.72.05"),)), series)
    assert not may_write(Actor(kind="device", grants=(Grant("device", "region", "64.72.06"),)), series)
    assert may_write(Actor(kind="device", grants=(Grant("device", "agency", "bpbd"),)), series)
    assert not may_write(Actor(kind="device", grants=(Grant("device", "agency", "dishub"),)), series)
    assert not may_write(Actor(kind="person", grants=(Grant("viewer"),)), series)
