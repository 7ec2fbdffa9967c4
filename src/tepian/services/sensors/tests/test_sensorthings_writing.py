"""SensorThings 1.1: writing one reading, many, whole stations and batches; what is refused and how."""

from __future__ import annotations

import asyncio
import json

import orjson
import pytest

from tepian.kernel.catalogue.fast import FastRequest
from tepian.kernel.identity import operations as identity
from tepian.services.sensors.api.ingest import create_observations, post_observation
from tepian.services.sensors.models import Datastream, Observation, Station

from .conftest import SYSTEM

ROOT = "/sensorthings/v1.1"


def device_key() -> str:
    return identity.issue_device_key(actor=SYSTEM, name="uji")[1]


@pytest.fixture
def key(town):
    return device_key()


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
