"""The exchange tells of calls: through HTTP, in any order, again and again, with good and bad input."""

from __future__ import annotations

import itertools
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tepian.kernel.actors import system
from tepian.kernel.identity import operations as identity
from tepian.services.dispatch import operations, states
from tepian.services.dispatch.models import Call, CallEvent, Desk

from .conftest import EXCHANGE, TAKER

ADDRESS = "/api/v1/emergency/call-events"


@pytest.fixture
def key(db):
    return identity.issue_device_key(actor=system("tests"), name="pbx")[1]


def post(body: Any, key: str = "", kind: str = "application/json"):
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return Client().post(ADDRESS, text, content_type=kind, headers=headers)


def event(kind: str = "ringing", *, call: str = "c1", ago: float = 60, **more: Any) -> dict[str, Any]:
    at = timezone.now() - timedelta(seconds=ago)
    return {"id": f"{call}-{kind}", "type": kind, "call": call, "at": at.isoformat()} | more


def test_the_same_event_five_times_is_one_call(key):
    told = event(number="0812 3456 789", line="112")
    answers = [post(told, key).json() for _ in range(5)]
    assert [answer["new"] for answer in answers] == [True, False, False, False, False]
    assert len({answer["call"] for answer in answers}) == 1 and {a["state"] for a in answers} == {"ringing"}
    call = Call.objects.get()
    assert (call.number, call.number_end, call.line) == ("+628123456789", "789", "112")
    assert "8123456" not in call.number_sealed and CallEvent.objects.count() == 1


def test_a_call_with_a_location_and_an_agent(key):
    Desk.objects.create(actor_id=TAKER.id, label="Meja 1", extension="601", since=timezone.now())
    post(event(location={"lon": 117.1, "lat": -0.4, "radius_m": 300}), key)
    answer = post(event("answered", agent="601", ago=55), key).json()
    call = Call.objects.get()
    assert answer["state"] == "answered" and (call.desk, call.lon, call.radius_m) == (TAKER.id, 117.1, 300)
    post(event("location", ago=50, location='A"ML=1;lt=-0.41;lg=+117.2;rd=12;pm=G'), key)
    call.refresh_from_db()
    assert (call.lon, call.lat, call.radius_m, call.location_source) == (117.2, -0.41, 12, "aml-gnss")


@pytest.mark.parametrize(
    "location", ["nonsense", {"lon": 1}, 'A"ML=1;pm=N', "<!DOCTYPE a><a/>", [1, 2], {"lat": 900, "lon": 0}]
)
def test_a_location_that_cannot_be_read_never_loses_the_call(key, location):
    answer = post(event(location=location), key)
    assert answer.status_code == 200
    body = answer.json()
    assert body["new"] and body["state"] == "ringing" and body["problem"]["field"] == "location"
    assert body["problem"]["message_id"] != body["problem"]["message_en"] or body["problem"]["message_en"]
    assert Call.objects.get().lat is None


def test_cloudevents(key):
    at = timezone.now().isoformat()
    wrapped = {
        "specversion": "1.0", "id": "77", "source": "/pbx/1", "type": "id.example.call.ringing.v1", "time": at,
        "subject": "call/c9", "datacontenttype": "application/json", "data": {"number": "0811"},
    }  # fmt: skip
    first = post(wrapped, key, "application/cloudevents+json").json()
    assert first["new"] and first["id"] == "/pbx/1#77" and Call.objects.get().key == "c9"
    assert not post([wrapped], key, "application/cloudevents-batch+json").json()[0]["new"]
    assert post(wrapped | {"source": "/pbx/2"}, key).json()["new"]
    long = post(wrapped | {"source": "/" + "x" * 300}, key).json()
    other = post(wrapped | {"source": "/" + "x" * 300 + "y"}, key).json()
    assert long["new"] and other["new"] and long["id"] != other["id"]
    assert post(wrapped | {"specversion": "0.3"}, key).json()["code"] == "bad_cloudevent"
    assert post(wrapped | {"data": "text"}, key).status_code == 422
    assert post(wrapped | {"source": 4}, key).json()["field"] == "source"


def test_a_list_with_one_bad_keeps_the_good_ones(key):
    answer = post([event(call="a"), {"id": "x", "type": "ringing"}, event(call="b"), 7, event("flying", call="d")], key)
    assert answer.status_code == 207
    rows = answer.json()
    assert [row["new"] for row in rows] == [True, False, True, False, False]
    assert [bool(row["problem"]) for row in rows] == [False, True, False, True, True]
    assert (
        rows[1]["id"] == "x" and rows[1]["problem"]["field"] == "call" and rows[4]["problem"]["code"] == "type_unknown"
    )
    assert all(row["problem"]["message_id"] and row["problem"]["message_en"] for row in rows if row["problem"])
    assert set(Call.objects.values_list("key", flat=True)) == {"a", "b"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "malformed"),
        ("[]", "list_length"),
        (json.dumps([1] * 501), "list_length"),
        ("null", "malformed"),
        ('{"id": "a"}', "invalid"),
        ('{"id": "", "type": "ringing", "call": "a", "at": "2026-11-22T10:00:00Z"}', "invalid"),
        ('{"id": "a", "type": "ringing", "call": "a", "at": "2026-11-22T10:00:00"}', "invalid"),
        ('{"id": "a", "type": "ringing", "call": "a", "at": "0001-01-01T00:00:00+08:00"}', "bad_time"),
        ('{"id": "a", "type": "ringing", "call": "a", "at": "1970-01-01T00:00:00Z"}', "bad_time"),
        ('{"id": "\\u0000", "type": "ringing", "call": "a", "at": "2026-11-22T10:00:00Z"}', "id_missing"),
        (json.dumps({"id": "a" * 101, "type": "ringing", "call": "a", "at": "2026-11-22T10:00:00Z"}), "invalid"),
    ],
)
def test_bad_input_is_told_in_both_languages(key, body, code):
    answer = post(body, key)
    told = answer.json()
    assert answer.status_code == 422 and told["code"] == code and told["message_id"] and told["message_en"]
    assert not Call.objects.exists()


def test_only_a_device_tells(key, as_role):
    assert post(event()).status_code == 401
    assert post(event(), "tepian_wrong").status_code == 401
    reader = identity.issue_device_key(actor=system("tests"), name="r", grants=[{"role": "viewer", "scope": "city"}])[1]
    assert post(event(), reader).status_code == 403
    assert not Call.objects.exists()
    schema = Client().get("/api/v1/openapi.json").json()
    assert "/api/v1/emergency/call-events" in schema["paths"]


def test_a_clock_in_the_future_is_our_present(key):
    post(event(ago=-86_400), key)
    call = Call.objects.get()
    assert call.ringing_at <= timezone.now() and timezone.now() - call.ringing_at < timedelta(seconds=30)


def test_after_a_restart_everything_is_sent_again(key):
    told = [event("ringing", ago=60), event("answered", ago=50), event("ended", ago=5)]
    post(told, key)
    before = Call.objects.values().get()
    operations.close_call(actor=TAKER, call=before["id"], kind="prank")
    again = post(told, key)
    assert again.status_code == 200 and not any(row["new"] for row in again.json())
    call = Call.objects.get()
    assert call.kind == "prank" and call.closed_at and CallEvent.objects.count() == 3


@pytest.mark.django_db
class OrderFree(TestCase):
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sets(st.sampled_from(states.CALL_STATES), min_size=1), st.randoms(use_true_random=False))
    def test_any_order_gives_the_same_call(self, kinds, chance):
        now = timezone.now()
        order = sorted(kinds)
        chance.shuffle(order)
        found = []
        for name, told in (("given", sorted(kinds)), ("shuffled", order)):
            for kind in told:
                at = now - timedelta(seconds=90 - 20 * states.CALL_STATES.index(kind))
                row, _new = operations.receive_call_event(
                    actor=EXCHANGE, id=f"{name}-{kind}", type=kind, call=name, at=at, stage="queue" if kind == "lost" else "",
                    line="112" if kind == "ringing" else "", number="0812" if kind == "answered" else "",
                )  # fmt: skip
            row.refresh_from_db()
            found.append(
                (row.state, row.first_at, row.ringing_at, row.answered_at, row.ended_at, row.lost_at, row.lost_stage,
                 row.closed_at, row.number_key, row.line)
            )  # fmt: skip
            assert row.state == states.call_state(answered=row.answered_at, ended=row.ended_at, lost=row.lost_at)
        assert found[0] == found[1]


def test_every_permutation_of_four(db):
    now = timezone.now()
    seen = set()
    for number, order in enumerate(itertools.permutations(states.CALL_STATES)):
        for kind in order:
            at = now - timedelta(seconds=90 - 20 * states.CALL_STATES.index(kind))
            row, _new = operations.receive_call_event(
                actor=EXCHANGE, id=f"{number}-{kind}", type=kind, call=str(number), at=at
            )
        seen.add((row.state, row.answered_at, row.ended_at, row.closed_at))
    assert len(seen) == 1 and next(iter(seen))[0] == "ended"


@pytest.mark.django_db(transaction=True)
def test_many_senders_of_the_same_events_at_once(transactional_db):
    secret = identity.issue_device_key(actor=system("tests"), name="pbx")[1]
    told = [event("ringing", number="0812"), event("answered", ago=50), event("ended", ago=5)]
    start, answers, lock = threading.Barrier(6), [], threading.Lock()

    def send() -> None:
        start.wait()
        try:
            for one in told:
                answer = post(one, secret)
                with lock:
                    answers.append((answer.status_code, answer.json()))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _body in answers} == {200}, answers
    assert sum(body["new"] for _status, body in answers) == 3
    assert Call.objects.count() == 1 and CallEvent.objects.count() == 3 and Call.objects.get().state == "ended"


def test_the_simulator_plays_real_calls_through_the_port(city, key):
    from tepian.services.dispatch.adapters import simulator

    stop, away = threading.Event(), [OSError("away")]

    def send(url: str, secret: str, events: list[dict[str, Any]]) -> list[str]:
        if away:
            raise away.pop()
        answer = post(events, secret)
        assert answer.status_code == 200, answer.content
        assert not any(row["problem"] for row in answer.json())
        if CallEvent.objects.count() > 60:
            stop.set()
        Call.objects.filter(closed_at=None, state="ended").update(closed_at=timezone.now())
        return []

    simulator.play(stop, "http://x", key, speed=2000, send=send)
    assert not Call.objects.filter(simulated=False).exists()
    assert {"lost", "ended"} <= set(Call.objects.values_list("state", flat=True))
    assert {"aml-gnss"} <= set(Call.objects.values_list("location_source", flat=True))
    assert all(number.startswith("+620") or not number for number in (call.number for call in Call.objects.all()))


def test_the_simulators_acts():
    from tepian.services.dispatch.adapters import simulator

    kinds = {simulator.chosen(f"s{number}") for number in range(200)}
    assert kinds == {kind for kind, _share in simulator.SHARES}
    assert [event["type"] for _at, event in simulator.act("fire", "s", None)] == ["ringing", "answered", "ended"]
