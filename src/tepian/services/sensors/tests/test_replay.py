"""Playing recorded series: reading files, shifting times, and each of the three doors against the real store."""

from __future__ import annotations

import asyncio
import csv
import socket
import threading
import time
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import connections

from tepian.kernel.actors import Invalid
from tepian.kernel.catalogue.fast import FastRequest
from tepian.kernel.events.models import OutboxEvent
from tepian.kernel.identity import operations as identity
from tepian.services.sensors import live
from tepian.services.sensors import operations as op
from tepian.services.sensors.adapters import recording, replay
from tepian.services.sensors.adapters.mqtt_listener import Doors, MqttListener
from tepian.services.sensors.adapters.replay import play_file
from tepian.services.sensors.api.ingest import create_observations
from tepian.services.sensors.models import DatastreamState, Observation
from tepian.services.sensors.operations import registry
from tepian.services.sensors.queries.evaluation import SERIES, gates
from tepian.services.sensors.states import Flag

from .conftest import SYSTEM

COLUMNS = "station=pos,datastream=text:muka-air,time=waktu,value=nilai"
ROWS = [
    ("Hilir", "2025-01-01T00:20:00Z", "2.5"),
    ("hilir", "2025-01-01T00:00:00Z", "1.0"),
    ("hulu", "2025-01-01T00:10:00Z", "1.5"),
    ("hilir", "2025-01-01T00:10:00Z", "1.9"),
    ("hilir", "2025-01-01T00:10:00Z", "1.9"),
]


def file_of(folder, rows=ROWS, header=("pos", "waktu", "nilai"), name="rekaman.csv"):
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def levels():
    rows = OutboxEvent.objects.filter(type="sensors.level_changed.v1").order_by("position")
    return [(row.data["station"], row.data["to_level"], row.data["simulated"]) for row in rows]


# --- reading ---------------------------------------------------------------------------------------------------------


def test_columns_literals_and_presets():
    cells = recording.columns_of("pasut, station=text:muara")
    assert cells["station"] == recording.Cell("muara", literal=True) and cells["time"].text == "waktu_utc"
    for spec in ("station=a,datastream=b,time=c", "tempat=a", "station", "", "station="):
        with pytest.raises(Invalid) as caught:
            recording.columns_of(spec)
        assert caught.value.code == "bad_columns"


def test_rows_come_in_time_order_and_bad_ones_are_named(town, tmp_path):
    bad = [("hilir", "kemarin", "1"), ("hilir", "2025-01-01T00:30:00Z", "tinggi")]
    bad += [("hilir", "2025-01-01T00:30:00Z", ""), ("hilir", "1970-01-01T00:30:00Z", "1")]
    bad += [("hilir", "", "1"), ("hilir", "2025-01-01T00:40:00Z", "inf")]
    found = recording.read(file_of(tmp_path, [*ROWS, *bad]), COLUMNS, town)
    assert [row.time_ms for row in found.rows] == sorted(row.time_ms for row in found.rows) and len(found.rows) == 5
    assert found.skipped == 6 and len(found.problems) == 5
    assert found.problems[0].startswith("7:") and "kemarin" in found.problems[0]
    assert found.problems[1].startswith("8:") and "tinggi" in found.problems[1]


def test_times_without_zone_and_lengths_in_other_units(town, tmp_path):
    path = file_of(tmp_path, [("hilir", "2025-01-01 07:00:00", "1500")])
    [row] = recording.read(path, f"{COLUMNS},unit=text:mm,zone=text:Asia/Jakarta", town).rows
    assert (row.value, row.time_ms) == (1.5, 1_735_689_600_000)
    [row] = recording.read(path, f"{COLUMNS},unit=text:cm", town).rows
    assert row.value == 15 and row.time_ms == 1_735_689_600_000 - 3_600_000  # the city's own zone is UTC+8
    found = recording.read(path, f"{COLUMNS},unit=text:ft", town)
    assert found.rows == [] and found.skipped == 1 and "ft" in found.problems[0]
    found = recording.read(path, f"{COLUMNS},zone=text:Asia/Antah", town)
    assert found.skipped == 1 and "Asia/Antah" in found.problems[0]


def test_what_cannot_be_played_is_said_before_anything_is_sent(town, tmp_path):
    path = file_of(tmp_path, [*ROWS, ("hilirr", "2025-01-01T00:00:00Z", "1")])
    cases = [
        ({"columns": COLUMNS}, "unknown_datastream", "hilir/muka-air"),
        ({"columns": COLUMNS.replace("nilai", "tma")}, "no_column", "pos, waktu, nilai"),
        ({"columns": COLUMNS, "door": "jendela"}, "bad_door", "http"),
        ({"columns": COLUMNS, "door": "http"}, "no_key", "TEPIAN_DEVICE_KEY"),
        ({"columns": COLUMNS, "speed": -1}, "bad_speed", "0"),
    ]
    for options, code, named in cases:
        with pytest.raises(Invalid) as caught:
            play_file(path, **{"door": "direct", **options})
        assert caught.value.code == code and named in str(caught.value.message)
    for content in (b"\xff\xfe\x00", None):
        broken = tmp_path / "x.csv"
        broken.unlink(missing_ok=True)
        if content:
            broken.write_bytes(content)
        with pytest.raises(Invalid) as caught:
            play_file(broken, columns=COLUMNS, door="direct")
        assert caught.value.code == ("not_csv" if content else "no_file")
    assert Observation.objects.count() == 0


# --- times -----------------------------------------------------------------------------------------------------------


def test_shifting_and_batching(town):
    series = town.by_key["hilir/muka-air"]
    rows = [recording.Played(1_000_000 + offset, series, 1.0) for offset in (0, 60_000, 120_000)]
    assert [row.time_ms for row in replay.shifted(rows, 0, 5000)] == [4_880_000, 4_940_000, 5_000_000]
    # At real speed each value bears the moment at which it is played.
    assert [row.time_ms for row in replay.shifted(rows, 1, 5000)] == [5_000_000, 5_060_000, 5_120_000]
    assert replay.shifted(rows, 60, 5000)[-1].time_ms == 5_002_000 and replay.shifted([], 1, 1) == []
    assert [len(batch) for batch in replay.batches(rows, None, 0)] == [3]
    assert [len(batch) for batch in replay.batches(rows, 60_000, 0)] == [2, 1]
    assert [len(batch) for batch in replay.batches(rows, None, 60)] == [2, 1]
    assert [len(batch) for batch in replay.batches(rows * 1000, None, 0)] == [2000, 1000]


def test_speed_is_kept(town, tmp_path):
    started = time.monotonic()
    seen = []
    summary = play_file(
        file_of(tmp_path),
        columns=COLUMNS,
        door="direct",
        speed=600,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert 1.9 <= time.monotonic() - started < 10  # twenty minutes in two seconds
    assert seen[0] == (0, 5) and seen[-1] == (5, 5) and (4, 5) in seen
    assert summary.seconds >= 1.9


# --- straight into the store -----------------------------------------------------------------------------------------


def test_direct_keeps_old_times_and_moves_no_level(town, tmp_path):
    summary = play_file(file_of(tmp_path), columns=COLUMNS, door="direct")
    assert (summary.read, summary.sent, summary.refused, summary.skipped) == (5, 5, 0, 0)
    assert Observation.objects.count() == 4
    assert all(row.flags & Flag.LATE and not row.flags & Flag.SIMULATED for row in Observation.objects.all())
    assert levels() == []


def test_direct_with_shift_is_an_exercise_in_which_levels_follow(town, tmp_path):
    play_file(file_of(tmp_path), columns=COLUMNS, door="direct", shift=True)
    assert levels() == [("hilir", "waspada", True)]
    assert all(row.flags & Flag.SIMULATED for row in Observation.objects.all())
    newest = DatastreamState.objects.get(pk=town.by_key["hilir/muka-air"].id)
    assert abs(newest.time_ms - time.time() * 1000) < 30_000 and newest.value == 2.5


def test_a_second_replay_does_no_harm_and_differing_values_are_named(town, tmp_path):
    play_file(file_of(tmp_path), columns=COLUMNS, door="direct")
    again = play_file(file_of(tmp_path), columns=COLUMNS, door="direct")
    assert again.refused == 0 and Observation.objects.count() == 4
    other = play_file(file_of(tmp_path, [("hilir", "2025-01-01T00:00:00Z", "3.3")]), columns=COLUMNS, door="direct")
    assert other.refused == 1 and "1.0" in other.refusals[0] and "hilir/muka-air" in str(other)
    assert Observation.objects.of(town.by_key["hilir/muka-air"].id).order_by("pk").first().result == 1.0


# --- over HTTP -------------------------------------------------------------------------------------------------------


class Gateway(BaseHTTPRequestHandler):
    """The real fast route behind the standard library's server. `busy` counts answers of 503 to give first."""

    protocol_version = "HTTP/1.1"
    busy = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if type(self).busy:
            type(self).busy -= 1
            self.reply(503, b"{}", [("Retry-After", "0")])
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = asyncio.run(create_observations(FastRequest("POST", self.path, "", headers, body)))
        self.reply(answer.status, answer.body, answer.headers)

    def reply(self, status, body, headers):
        self.send_response(status)
        for name, value in [*headers, ("Content-Length", str(len(body)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        connections.close_all()

    def log_message(self, *_args):
        pass


@pytest.fixture
def gateway(writer):
    live._load_registry()
    Gateway.busy = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def key(live_town):
    return identity.issue_device_key(actor=SYSTEM, name="pos-uji")[1]


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_http_stores_what_it_plays(gateway, key, tmp_path):
    Gateway.busy = 2
    summary = play_file(file_of(tmp_path), columns=COLUMNS, door="http", key=key, shift=True, base=gateway)
    assert (summary.sent, summary.refused) == (5, 0)
    assert Observation.objects.count() == 4
    assert all(row.flags & Flag.SIMULATED for row in Observation.objects.all())
    assert Gateway.busy == 0


def test_http_tells_refused_rows_a_wrong_key_and_a_closed_door(gateway, key, tmp_path):
    path = file_of(tmp_path, [*ROWS, ("hulu", "2099-01-01T00:00:00Z", "1")])
    summary = play_file(path, columns=COLUMNS, door="http", key=key, base=gateway)
    assert (summary.sent, summary.refused) == (6, 1) and "2099" in summary.refusals[0]
    before = Observation.objects.count()
    with pytest.raises(Invalid) as caught:
        play_file(path, columns=COLUMNS, door="http", key="tpn_salah", base=gateway)
    assert caught.value.code == "wrong_key"
    with pytest.raises(Invalid) as caught:
        play_file(path, columns=COLUMNS, door="http", key=key, base=f"http://127.0.0.1:{closed_port()}")
    assert caught.value.code == "unreachable"
    assert Observation.objects.count() == before


def test_http_gives_up_with_advice_when_the_store_stays_busy(gateway, key, tmp_path, monkeypatch):
    monkeypatch.setattr(replay, "PATIENCE_S", 0.2)
    Gateway.busy = 1000
    with pytest.raises(Invalid) as caught:
        play_file(file_of(tmp_path), columns=COLUMNS, door="http", key=key, base=gateway)
    assert caught.value.code == "not_stored" and Observation.objects.count() == 0


# --- by MQTT ---------------------------------------------------------------------------------------------------------


@contextmanager
def listening():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    ingest = live.Ingest()
    listener = MqttListener(Doors(ingest.sign_in, ingest.read, ingest.commit), "127.0.0.1", 0)
    asyncio.run_coroutine_threadsafe(listener.start(), loop).result(10)
    try:
        yield ("127.0.0.1", listener.port)
    finally:
        asyncio.run_coroutine_threadsafe(listener.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


def test_mqtt_stores_what_it_plays(writer, key, tmp_path):
    live._load_registry()
    many = [("hulu", f"2025-01-{day:02}T{hour:02}:{minute:02}:00Z", f"1.{minute:02}")
            for day in range(1, 4) for hour in range(24) for minute in range(0, 60, 5)]  # fmt: skip
    with listening() as address:
        summary = play_file(file_of(tmp_path, [*ROWS[:2], *many]), columns=COLUMNS, door="mqtt", key=key, mqtt=address)
    assert (summary.sent, summary.refused) == (len(many) + 2, 0)
    assert Observation.objects.count() == len(many) + 2


def test_mqtt_tells_refused_rows_a_wrong_key_and_a_closed_door(writer, key, tmp_path):
    live._load_registry()
    path = file_of(tmp_path, [*ROWS, ("hulu", "2099-01-01T00:00:00Z", "1")])
    with listening() as address:
        summary = play_file(path, columns=COLUMNS, door="mqtt", key=key, shift=False, mqtt=address)
        assert (summary.sent, summary.refused) == (6, 1) and "2099" in summary.refusals[0]
        with pytest.raises(Invalid) as caught:
            play_file(path, columns=COLUMNS, door="mqtt", key="tpn_salah", mqtt=address)
        assert caught.value.code == "wrong_key"
    with pytest.raises(Invalid) as caught:
        play_file(path, columns=COLUMNS, door="mqtt", key=key, mqtt=("127.0.0.1", closed_port()))
    assert caught.value.code == "unreachable"


# --- the recorded flood ----------------------------------------------------------------------------------------------


def test_the_recorded_flood_raises_the_levels_that_the_record_has(town, shared_data):
    """The gates of Jakarta through `direct` with shift: the engine's levels are the record's, but for its margin."""
    path = shared_data / SERIES / "tma_pintu_air_jakarta_2020.csv"
    record = gates.read_gates(path)
    for one in record.gates:
        code = recording.slugify(one.name)
        bounds = dict(zip(("waspada", "siaga", "awas"), gates.recorded_bounds(one.readings), strict=True))
        op.create_station(actor=SYSTEM, code=code, name=one.name, kind="river", lon=106.8, lat=-6.2, source="uji")
        op.create_datastream(
            actor=SYSTEM, station=code, slug="muka-air", name="Muka air", observed_property="muka-air", unit="m",
            expected_interval_s=1800,
        )  # fmt: skip
        known = {name: bound / 1000 for name, bound in bounds.items() if bound != float("inf")}
        if known:
            op.set_thresholds(
                actor=SYSTEM, datastream=f"{code}/muka-air", scale="tercatat", name="Tercatat", source="uji",
                alerting=True, valid_from=date(2020, 1, 1), hysteresis=0.05, **known,
            )  # fmt: skip
    summary = play_file(path, columns="jakarta", door="direct", shift=True)
    assert (summary.sent, summary.refused, summary.skipped) == (31_059, 0, 0)
    assert Observation.objects.count() == 22_112
    raised = {(station, level) for station, level, _simulated in levels() if level != "normal"}
    for code, level in (
        ("ps-depok", "awas"),
        ("pa-manggarai", "awas"),
        ("ps-katulampa-hulu", "waspada"),
        ("pa-karet", "awas"),
    ):
        assert (code, level) in raised
    assert not any(station == "pompa-cideng" for station, _level in raised)


def test_the_other_presets_read_their_files(town, shared_data):
    for name, slug, unit, file, count in (
        ("pasut", "pasang-surut", "m", "pasut_bmkg_10menit_2025.csv", 49_248),
        ("hujan", "hujan", "mm", "hujan_perjam_2020_2025_openmeteo.csv", 43_848),
    ):
        columns = f"{name},station=text:hilir,datastream=text:{slug}"
        op.create_datastream(
            actor=SYSTEM, station="hilir", slug=slug, name=name, observed_property="muka-air", unit=unit
        )
        found = recording.read(shared_data / SERIES / file, columns, registry.current())
        assert (len(found.rows), found.skipped) == (count, 0), found.problems
