"""The ingest engine: what is stored, what is marked, which level follows, and what happens when the disk says no."""

from __future__ import annotations

import asyncio
import threading

import pytest
from django.db import connection

from tepian.kernel.events.models import OutboxEvent
from tepian.services.sensors import operations as op
from tepian.services.sensors.models import DatastreamState, Observation
from tepian.services.sensors.operations import registry
from tepian.services.sensors.operations.store import store
from tepian.services.sensors.states import Flag, pack_key

from .conftest import DEVICE, SYSTEM

MINUTE = 60_000


def put(rows, **kwargs):
    return op.record_observations(actor=SYSTEM, rows=rows, **kwargs)


def levels():
    return [
        (e.data["from_level"], e.data["to_level"])
        for e in OutboxEvent.objects.filter(type="sensors.level_changed.v1").order_by("position")
    ]


def state(registry_, key):
    return DatastreamState.objects.get(pk=registry_.by_key[key].id)


def test_a_reading_is_stored_once_and_a_duplicate_does_no_harm(town, now):
    ds = town.by_key["hilir/muka-air"].id
    assert put([(ds, now, 1.5, 0)]) == {}
    assert put([(ds, now, 1.5, 0)]) == {}
    assert Observation.objects.of(ds).count() == 1
    assert put([(ds, now, 1.7, 0)]) == {0: 1.5}  # the first wins, and the answer says so
    row = Observation.objects.of(ds).get()
    assert row.result == 1.5 and row.flags & Flag.CONFLICT
    assert state(town, "hilir/muka-air").value == 1.5


def test_duplicates_inside_one_batch(town, now):
    ds = town.by_key["hilir/muka-air"].id
    assert put([(ds, now, 1.0, 0), (ds, now, 1.0, 0), (ds, now, 2.5, 0)]) == {2: 1.0}
    assert Observation.objects.count() == 1
    assert levels() == []


def test_late_comers_are_stored_and_never_overwrite_the_newest(town, now):
    ds = town.by_key["hilir/muka-air"].id
    put([(ds, now, 1.5, 0)])
    put([(ds, now - 5 * MINUTE, 3.5, 0)])
    assert Observation.objects.of(ds).count() == 2
    newest = state(town, "hilir/muka-air")
    assert (newest.value, newest.time_ms, newest.rank) == (1.5, now, 0)
    assert levels() == []


def test_a_level_change_is_one_event_with_its_place(town, now):
    ds = town.by_key["hilir/muka-air"].id
    for minute, value in enumerate([1.8, 2.0, 2.1, 2.3]):
        put([(ds, now + minute, value, 0)])
    assert levels() == [("normal", "waspada")]
    event = OutboxEvent.objects.get(type="sensors.level_changed.v1")
    assert event.subject == "station/hilir"
    assert event.data["value"] == 2.0 and event.data["unit"] == "m" and event.data["bound"] == 2
    assert event.data["quality"] == ["ok"] and event.data["simulated"] is False and event.data["lon"] == 117.15


def test_a_level_about_its_bound_does_not_flap(town, now):
    ds = town.by_key["hilir/muka-air"].id
    for step, value in enumerate([2.01, 1.99, 2.02, 1.95, 2.0, 1.91, 1.89, 1.95]):
        put([(ds, now + step, value, 0)])
    assert levels() == [("normal", "waspada"), ("waspada", "normal")]


def test_levels_can_be_skipped_up_and_down_in_one_batch(town, now):
    ds = town.by_key["hilir/muka-air"].id
    values = [1.9, 2.3, 2.7, 3.1, 3.5, 3.9, 4.3, 3.95, 3.5, 2.0, 2.0]
    put([(ds, now - (10 - i) * MINUTE, value, 0) for i, value in enumerate(values)])
    assert levels() == [
        ("normal", "waspada"),
        ("waspada", "siaga"),
        ("siaga", "awas"),
        ("awas", "siaga"),
        ("siaga", "waspada"),
    ]


def test_impossible_values_are_kept_marked_and_do_not_alarm(town, now):
    ds = town.by_key["hilir/muka-air"].id
    put([(ds, now, 1.5, 0)])
    put([(ds, now + 1, 99.0, 0)])
    newest = state(town, "hilir/muka-air")
    assert newest.value == 1.5 and newest.seen_ms == now + 1
    assert Observation.objects.get(pk=pack_key(ds, now + 1)).flags == Flag.IMPOSSIBLE
    assert levels() == []


def test_a_jump_alarms_only_when_the_next_value_confirms_it(town, now):
    ds = town.by_key["hilir/muka-air"].id
    put([(ds, now - 3 * MINUTE, 1.0, 0)])
    put([(ds, now - 2 * MINUTE, 4.5, 0)])
    assert levels() == [] and state(town, "hilir/muka-air").flags & Flag.SPIKE
    put([(ds, now - MINUTE, 1.0, 0)])
    assert levels() == []
    put([(ds, now, 4.5, 0), (ds, now + 1000, 4.6, 0)])
    assert levels() == [("normal", "awas")]


def test_old_news_are_stored_but_do_not_alarm(town, now):
    ds = town.by_key["hilir/muka-air"].id
    put([(ds, now - 120 * MINUTE, 4.5, 0)])
    newest = state(town, "hilir/muka-air")
    assert newest.value == 4.5 and newest.flags & Flag.LATE and newest.rank == 0
    assert levels() == []
    put([(ds, now, 4.5, 0)])
    assert levels() == [("normal", "awas")]


def test_a_value_that_never_changes_is_marked_stuck(town, now):
    ds = town.by_key["hilir/muka-air"].id
    put([(ds, now - i * 10 * MINUTE, 1.25, 0) for i in range(14, -1, -1)])
    flags = list(Observation.objects.of(ds).order_by("id").values_list("flags", flat=True))
    assert not flags[11] & Flag.STUCK and flags[12] & Flag.STUCK and flags[14] & Flag.STUCK


def test_rain_is_judged_by_the_sum_of_an_hour(town, now):
    ds = town.by_key["pos-hujan/hujan"].id
    for i in range(6):
        put([(ds, now - (50 - 10 * i) * MINUTE, 4.0, 0)])
    assert state(town, "pos-hujan/hujan").shown == 24
    assert levels() == [("normal", "waspada"), ("waspada", "siaga")]
    put([(ds, now + 9 * MINUTE, 0.0, 0)])  # the first has left the hour: 50 minutes + 9 = 59, still inside
    assert state(town, "pos-hujan/hujan").shown == 24
    put([(ds, now - 45 * MINUTE, 1.0, 0)])  # a straggler belongs into the sum
    put([(ds, now + 9 * MINUTE + 1, 0.0, 0)])
    assert state(town, "pos-hujan/hujan").shown == 25


def test_trend_and_time_to_the_next_threshold(town, now):
    ds = town.by_key["hilir/muka-air"].id
    put([(ds, now - (60 - i) * MINUTE, 1.0 + i * 0.01, 0) for i in range(61)])
    newest = state(town, "hilir/muka-air")
    assert newest.trend == pytest.approx(0.6, abs=0.01)
    assert newest.eta_rank == 1 and newest.eta_from <= 40 <= newest.eta_to
    put([(ds, now + 10, 1.61, 0)])
    assert levels() == []


def test_a_noisy_gauge_gets_no_estimate(town, now):
    ds = town.by_key["hilir/muka-air"].id
    put([(ds, now - (60 - i) * MINUTE, 1.0 + (0.2 if i % 2 else 0) + i * 0.001, 0) for i in range(61)])
    newest = state(town, "hilir/muka-air")
    assert newest.eta_from is None


def test_round_the_peak_no_direction_is_claimed(town, now):
    ds = town.by_key["hilir/muka-air"].id
    put([(ds, now - (120 - i) * 1000, 1.0 + 0.02 * min(i, 120 - i), 0) for i in range(121)])
    newest = state(town, "hilir/muka-air")
    assert newest.trend is None and newest.eta_from is None


def test_two_threads_send_the_same_reading(writer, live_town, now):
    ds = live_town.by_key["hilir/muka-air"].id
    answers = []

    def send(value):
        answers.append(writer.submit_and_wait([(ds, now, value, 0)]))

    threads = [threading.Thread(target=send, args=(value,)) for value in (2.5, 2.5, 2.5, 2.5, 2.6)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert Observation.objects.count() == 1
    assert len(levels()) == 1
    stored = Observation.objects.get().result
    assert sum(bool(a) for a in answers) == (1 if stored == 2.5 else 4)


def test_many_clients_share_commits_and_are_answered_after_them(writer, live_town, now):
    ds = live_town.by_key["hulu/muka-air"].id

    async def client(number):
        for i in range(20):
            await writer.submit([(ds, now - number * 1000 - i, 1.0, 0)])
            # Acknowledged means committed: another connection sees it.

    async def run():
        await asyncio.gather(*(client(n) for n in range(16)))

    asyncio.run(run())
    assert Observation.objects.count() == 320
    assert writer.commits < 320


def test_a_full_store_says_so_and_recovers(writer, live_town, now):
    if connection.vendor != "sqlite":
        pytest.skip("PRAGMA max_page_count is SQLite's")
    ds = live_town.by_key["hulu/muka-air"].id

    def limit(pages):
        def run():
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA page_count")
                count = cursor.fetchone()[0]
                cursor.execute(f"PRAGMA max_page_count = {count + pages}")

        return run

    # The limit belongs to the writer's own connection, so it is set in its thread.
    from tepian.services.sensors.operations import writer as writer_module

    real, plan = writer_module.commit, []

    def commit(*args, **kwargs):
        while plan:
            plan.pop()()
        return real(*args, **kwargs)

    writer_module.commit = commit
    try:
        assert writer.submit_and_wait([(ds, now, 1.0, 0)]) == {}
        plan.append(limit(3))
        acknowledged, refused = 1, None
        for batch in range(2000):  # pages that earlier tests left free are filled first
            try:
                writer.submit_and_wait([(ds, now - 1 - batch * 500 - i, 1.0, 0) for i in range(500)])
                acknowledged += 500
            except op.StorageFull as error:
                refused = error
                break
        assert refused is not None
        assert Observation.objects.count() == acknowledged
        assert writer.submit_and_wait([(ds, now + 1, 1.0, 0)]) == {}  # a new connection, without the limit: space again
        assert Observation.objects.count() == acknowledged + 1
        assert writer.state()[0]
    finally:
        writer_module.commit = real


def test_overload_is_refused_at_once(writer, live_town, now):
    ds = live_town.by_key["hulu/muka-air"].id
    writer._waiting_rows = 10**6
    with pytest.raises(op.Overloaded):
        writer.submit_and_wait([(ds, now, 1.0, 0)])
    writer._waiting_rows = 0
    assert writer.submit_and_wait([(ds, now, 1.0, 0)]) == {}


def test_a_removed_datastream_spoils_only_its_own_submission(writer, live_town, now):
    ds = live_town.by_key["hulu/muka-air"].id
    good, bad = [], []

    def send(rows, into):
        try:
            into.append(writer.submit_and_wait(rows))
        except op.Unavailable as error:
            into.append(error)

    threads = [threading.Thread(target=send, args=([(ds, now + i, 1.0, 0)], good)) for i in range(4)]
    threads.append(threading.Thread(target=send, args=([(999, now, 1.0, 0)], bad)))
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert good == [{}, {}, {}, {}] and isinstance(bad[0], op.Unavailable)
    assert Observation.objects.count() == 4


def test_an_unknown_datastream_is_answered_with_near_names(town):
    with pytest.raises(op.registry.NotFound if hasattr(op, "registry") else Exception) as caught:
        town.find("hilr/muka-air")
    assert "hilir/muka-air" in str(caught.value.message)


def test_new_thresholds_hold_from_the_next_commit(town, now):
    from datetime import date

    ds = town.by_key["hilir/muka-air"].id
    put([(ds, now, 1.5, 0)])
    op.set_thresholds(
        actor=SYSTEM,
        datastream="hilir/muka-air",
        scale="lokal",
        name="Lokal",
        source="uji",
        alerting=True,
        valid_from=date(2021, 1, 1),
        waspada=1.4,
        siaga=3,
        awas=4,
    )
    put([(ds, now + 1, 1.5, 0)])
    assert levels() == [("normal", "waspada")]


def test_devices_may_write_and_strangers_may_not(town, now):
    from tepian.kernel.actors import ANONYMOUS, Denied

    ds = town.by_key["hilir/muka-air"].id
    op.record_observations(actor=DEVICE, rows=[(ds, now, 1.0, 0)])
    with pytest.raises(Denied):
        op.record_observations(actor=ANONYMOUS, rows=[(ds, now + 1, 1.0, 0)])
    assert Observation.objects.count() == 1


def test_store_uses_few_queries(town, now, django_assert_max_num_queries):
    rows = [(town.by_key[key].id, now + i, 1.0, 0) for key in ("hilir/muka-air", "hulu/muka-air") for i in range(200)]
    put([rows[0]])
    with django_assert_max_num_queries(6):
        store(rows, registry=registry.current(), now_ms=now)
