"""Pages, in both languages, and the way a file goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from tepian.kernel.actors import Actor, Denied, Grant
from tepian.kernel.events.models import OutboxEvent
from tepian.services.sensors import operations as op
from tepian.services.sensors import queries
from tepian.services.sensors.models import Datastream, ImportDraft, Observation, ThresholdScale
from tepian.services.sensors.operations import imports
from tepian.services.sensors.operations.health import check_silence

from .conftest import STEWARD, SYSTEM

MINUTE = 60_000


def fill(town, now, key="hilir/muka-air", values=(1.5, 1.6, 1.9, 2.2, 2.6)):
    ds = town.by_key[key].id
    op.record_observations(
        actor=SYSTEM, rows=[(ds, now - (len(values) - 1 - i) * 10 * MINUTE, value, 0) for i, value in enumerate(values)]
    )


@pytest.fixture
def steward(client, db):
    """A signed-in sensor steward."""
    from django.utils import timezone

    from tepian.kernel.identity.models import Account, Holding
    from tepian.kernel.organisations.models import Agency, Position

    account = Account.objects.create_user("penjaga", password="rahasia-sekali-1")
    agency = Agency.objects.create(code="bpbd", name="BPBD")
    position = Position.objects.create(
        code="bpbd.steward",
        title="Pengelola sensor",
        agency=agency,
        grants=[
            {"role": "sensor_steward", "scope": "city", "code": ""},
            {"role": "duty_officer", "scope": "city", "code": ""},
        ],
    )
    Holding.objects.create(account=account, position=position, starts_at=timezone.now() - timedelta(days=1))
    client.force_login(account)
    return client


def test_list_in_both_languages(client, town, now):
    fill(town, now)
    page = client.get("/air").content.decode()
    assert "Hilir" in page and "2,6" in page and 'data-live-key="station:hilir"' in page
    assert "style=" not in page and "onclick" not in page
    assert page.count("<h1") == 1
    english = client.get("/en/air").content.decode()
    assert "Downstream" in english and "2.6" in english and "/en/air/hilir" in english


def test_station_page_with_every_span(client, town, now):
    fill(town, now)
    for span in ("hour", "day", "week", "month", "year", "nonsense"):
        for prefix in ("", "/en"):
            response = client.get(f"{prefix}/air/hilir?rentang={span}")
            assert response.status_code == 200 and b"<svg" in response.content
    page = client.get("/air/hilir").content.decode()
    assert "uji" in page  # the source of the thresholds
    assert client.get("/air/pos-hujan").status_code == 200
    assert client.get("/air/tidak-ada").status_code == 404
    csv = b"".join(client.get("/air/hilir/data.csv?rentang=day").streaming_content).decode()
    assert csv.count("\n") == 6 and "value_m" in csv


def test_a_stale_station_shows_no_level(client, town, now):
    ds = town.by_key["hilir/muka-air"].id
    then = now - 3 * 3600_000
    op.record_observations(actor=SYSTEM, rows=[(ds, then, 4.5, 0)], now_ms=then)
    reading = queries.reading("hilir")
    assert reading.level == "unknown" and reading.stale
    assert queries.highest() is None
    assert queries.level_counts() == {"unknown": 2}
    assert queries.freshness(["river"])[1] == "silent"


def test_query_budget(client, town, now, django_assert_max_num_queries):
    fill(town, now)
    with django_assert_max_num_queries(5):
        queries.latest()


def test_silence_is_told_once_and_return_too(town, now):
    fill(town, now)
    later = datetime.fromtimestamp(now / 1000, UTC) + timedelta(hours=2)
    assert check_silence(actor=SYSTEM) == {"silent": 0, "returned": 0}
    assert check_silence(actor=SYSTEM, now=later)["silent"] == 1
    assert check_silence(actor=SYSTEM, now=later)["silent"] == 0
    assert queries.reading("hilir").silent
    assert check_silence(actor=SYSTEM)["returned"] == 1
    assert [e.type for e in OutboxEvent.objects.filter(type__startswith="sensors.station").order_by("position")] == [
        "sensors.station_silent.v1",
        "sensors.station_returned.v1",
    ]


def test_live_frames_give_what_is_new(town, now):
    fill(town, now)
    cursor, items = queries.changes_since(None)
    item = next(item for item in items if item["key"] == "station:hilir")
    assert item["level"] == "waspada" and item["value"] == "2,60 m" and item["at"]
    assert queries.changes_since(cursor)[1] == []
    fill(town, now + 1, "hulu/muka-air", (1.0,))
    assert [i["key"] for i in queries.changes_since(cursor)[1]] == ["station:hulu"]


def test_contributions_answer(town, now):
    from tepian.kernel.actors import ANONYMOUS
    from tepian.services.sensors import contributions

    fill(town, now)
    feature = next(f for f in contributions.water_features(ANONYMOUS) if f.key == "station:hilir")
    assert feature.level == "waspada" and feature.url == "/air/hilir"
    tile = contributions.water_tile()
    assert tile.level == "waspada" and tile.value == "2,60" and "Hilir" in tile.detail
    assert contributions.rain_tile().value is None
    assert next(iter(contributions.find("hilr", ANONYMOUS)), None) is not None
    assert contributions.check_datastreams()[0]


def test_api(client, town, now):
    fill(town, now)
    rows = client.get("/api/v1/stations").json()
    assert {row["station"] for row in rows} == {"hilir", "hulu", "pos-hujan"}
    detail = client.get("/api/v1/stations/hilir").json()
    assert detail["scales"][0]["bounds"]["siaga"] == 3 and detail["upstream"] == ["hulu"]
    series = client.get("/api/v1/stations/hilir/series?step=raw").json()
    assert len(series["points"]) == 5
    assert client.get("/api/v1/stations/hilir/series?step=day").json()["points"][-1][5] > 0
    missing = client.get("/api/v1/stations/hilr")
    assert missing.status_code == 404 and "hilir" in missing.json()["message_en"]
    assert (
        client.get("/api/v1/stations/hilir/series?start=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z").status_code
        == 422
    )
    assert client.get("/api/v1/stations/hilir/series.csv").status_code == 200


# --- staff -----------------------------------------------------------------------------------------------------------


def test_staff_pages_need_the_role(client, town):
    for path in ("/kerja/sensor", "/kerja/sensor/hilir", "/kerja/sensor/impor", "/kerja/simulasi"):
        assert client.get(path).status_code == 302


def test_thresholds_are_dated_sourced_and_take_effect(steward, town, now):
    fill(town, now)
    assert steward.get("/kerja/sensor").status_code == 200
    assert steward.get("/kerja/sensor/hilir").status_code == 200
    data = {
        "datastream": "hilir/muka-air",
        "scale": "lokal",
        "name": "Lokal",
        "waspada": "2,5",
        "siaga": "2,7",
        "awas": "4",
        "hysteresis": "0,05",
        "alerting": "on",
        "valid_from": "2026-01-01",
        "source": "",
    }
    refused = steward.post("/kerja/sensor/hilir", data)
    assert refused.status_code == 422
    assert (
        steward.post(
            "/kerja/sensor/hilir",
            data | {"source": "SK 5/2026", "siaga": "2.1", "waspada": "2.5", "hysteresis": "0.05"},
        ).status_code
        == 422
    )
    assert ThresholdScale.objects.filter(datastream__station__code="hilir").count() == 1
    saved = steward.post(
        "/kerja/sensor/hilir", data | {"source": "SK 5/2026", "siaga": "2.7", "waspada": "2.5", "hysteresis": "0.05"}
    )
    assert saved.status_code == 302, saved.content[-2000:]
    scales = list(ThresholdScale.objects.filter(datastream__station__code="hilir").order_by("valid_from"))
    assert [(s.valid_from.isoformat(), s.valid_to and s.valid_to.isoformat()) for s in scales] == [
        ("2020-01-01", "2025-12-31"),
        ("2026-01-01", None),
    ]
    fill(town, now + 1000, values=(2.75,))
    assert queries.reading("hilir").level == "siaga"


def test_only_one_scale_alerts(town):
    from datetime import date

    op.set_thresholds(
        actor=STEWARD,
        datastream="hilir/muka-air",
        scale="bendungan",
        name="Bendungan",
        source="uji",
        valid_from=date(2026, 1, 1),
        siaga=5,
        alerting=True,
    )
    today = queries.thresholds(Datastream.objects.get(station__code="hilir").pk)
    assert [(s.code, s.alerting) for s in today] == [("bendungan", True), ("lokal", False)]
    with pytest.raises(Denied):
        op.set_thresholds(
            actor=Actor(kind="person", grants=(Grant("viewer"),)),
            datastream="hilir/muka-air",
            scale="x",
            name="X",
            source="u",
            valid_from=date(2026, 1, 1),
            siaga=5,
        )


CSV = """waktu;nama_pos;tinggi_air;satuan
2026-10-01 08:00;Hilir;1,50;m
2026-10-01T08:10:00+08:00;hilir;1.60;m
01/10/2026 08:20;Hilr;1,70;m
kemarin;Hilir;1,80;m
2026-10-01 08:30;Hilir;abc;m
2026-10-01 08:40;Hilir;170;cm
2026-10-01 08:00;Hilir;1,50;m
2026-10-01 08:10;Hilir;9,99;m
2999-10-01 08:10;Hilir;1;m
2026-10-01 08:50
2026-10-01 09:00;Hilir;1,55;
"""


def test_a_file_is_tried_and_then_imported(steward, town):
    response = steward.post("/kerja/sensor/impor", {"file": SimpleUploadedFile("bacaan.csv", CSV.encode())})
    assert response.status_code == 302
    page = steward.get(response["Location"])
    text = page.content.decode()
    assert page.status_code == 200 and "hilir/muka-air" in text
    report = imports.inspect(CSV, imports.guess_mapping(["waktu", "nama_pos", "tinggi_air", "satuan"]))
    assert report.counts == {"ok": 3, "duplicate": 1, "conflict": 1, "bad": 6}
    assert Observation.objects.count() == 0
    form = {
        "time": "waktu",
        "value": "tinggi_air",
        "station": "nama_pos",
        "unit": "satuan",
        "datastream_column": "",
        "datastream": "",
    }
    done = steward.post(response["Location"], form | {"import": "1"})
    assert done.status_code == 302 and Observation.objects.count() == 3 and not ImportDraft.objects.exists()
    assert steward.get(response["Location"]).status_code == 302
    assert OutboxEvent.objects.filter(type="sensors.level_changed.v1").count() == 0


@pytest.mark.parametrize(
    "raw",
    [b"", b"a\n", b"\x00\x01\x02", b"x;y\n1;2\n", b"waktu,nilai\n", b'waktu,nilai\n"unclosed,1\n', b"\xff\xfe\x00w"],
)
def test_odd_files_are_refused_in_words(steward, town, raw):
    response = steward.post("/kerja/sensor/impor", {"file": SimpleUploadedFile("x.csv", raw)}, follow=True)
    assert response.status_code in (200, 422)
    assert Observation.objects.count() == 0


def test_another_persons_file_cannot_be_seen(steward, town):
    draft = imports.prepare_import(actor=STEWARD, file_name="x.csv", content=CSV, mapping={})
    assert steward.get(f"/kerja/sensor/impor/{draft.token}").status_code == 302


# --- exercise --------------------------------------------------------------------------------------------------------


@override_settings(DEMO=True)
def test_the_exercise_runs_through_its_story(town, steward, now):
    from tepian.services.sensors.demo import storm_values
    from tepian.services.sensors.operations import simulation
    from tepian.services.sensors.queries.simulation import simulation_state

    scenario = {
        "duration_s": 600,
        "rain": [{"datastream": "pos-hujan/hujan", "frames": [[0, 0], [10, 0], [100, 30], [600, 30]]}],
        "levels": [{"datastream": "hilir/muka-air", "noise": 0.01, "frames": [[0, 1.5], [300, 4.5], [600, 1.5]]}],
    }
    assert storm_values(scenario, 50) == storm_values(scenario, 50)
    values = {(s, d): v for s, d, v in storm_values(scenario, 300, 280)}
    assert abs(values["hilir", "muka-air"] - 4.5) < 0.02 and values["pos-hujan", "hujan"] == 0
    assert abs(sum(v for t in range(0, 600, 2) for s, d, v in storm_values(scenario, t) if d == "hujan") - 30) < 0.7
    assert simulation.seed_history(actor=SYSTEM, scenario=scenario, hours=2) == 24
    simulation.start_simulation(actor=SYSTEM, scenario=scenario, speed=1)
    start = now - 600_000
    for t in range(0, 600, 2):
        rows = [(town.by_key[f"{s}/{d}"].id, start + t * 1000, v, 32) for s, d, v in storm_values(scenario, t)]
        op.record_observations(actor=SYSTEM, rows=rows)
    changes = [
        (e.data["station"], e.data["to_level"])
        for e in OutboxEvent.objects.filter(type="sensors.level_changed.v1").order_by("position")
    ]
    assert [level for station, level in changes if station == "hilir"] == [
        "waspada",
        "siaga",
        "awas",
        "siaga",
        "waspada",
        "normal",
    ]
    assert [level for station, level in changes if station == "pos-hujan"] == ["waspada", "siaga"]
    assert all(e.data["simulated"] for e in OutboxEvent.objects.filter(type="sensors.level_changed.v1"))
    assert queries.reading("hilir").simulated
    page = steward.get("/kerja/simulasi")
    assert page.status_code == 200
    assert steward.post("/kerja/simulasi/laju", {"speed": "10"}).status_code == 302
    assert simulation_state().speed == 10
    assert steward.post("/kerja/simulasi/laju", {"speed": "x"}).status_code == 302
    steward.post("/kerja/simulasi/jeda")
    assert simulation_state().paused
    frozen = simulation_state().t
    assert simulation_state(datetime.now(UTC) + timedelta(minutes=5)).t == frozen
    steward.post("/kerja/simulasi/ulang")
    assert simulation_state().run == 2 and simulation_state().t < 60 and not simulation_state().paused
    assert steward.post("/kerja/simulasi/apa").status_code == 404


def test_without_demo_there_is_no_exercise(steward, town):
    assert steward.get("/kerja/simulasi").status_code == 404
    from tepian.services.sensors.operations import simulation

    with pytest.raises(Denied):
        simulation.set_speed(actor=Actor(kind="person", grants=(Grant("duty_officer"),)), speed=2)


# --- packs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["contoh", "samarinda", "balikpapan"])
def test_packs_load_twice_and_the_second_time_changes_nothing(db, name):
    from tepian.kernel.catalogue import packs

    assert [p for p in packs.check_pack(name) if p.is_error] == []
    first = packs.load_pack(name, SYSTEM)
    assert first.counts["sensors"]["stations"] > 0
    again = packs.load_pack(name, SYSTEM)
    assert {key: n for key, n in again.counts["sensors"].items() if key != "unchanged" and n} == {}
    from tepian.services.sensors.operations.simulation import read_scenario
    from tepian.services.sensors.queries.simulation import keys

    known = {row.key for row in Datastream.objects.select_related("station")}
    assert set(keys(read_scenario(packs.find_pack(name)))) <= known


def test_a_pack_with_errors_names_them(tmp_path):
    from tepian.kernel.catalogue.packs import CityPack
    from tepian.services.sensors.operations import packs as section

    (tmp_path / "sensors.toml").write_text(
        '[[observed_property]]\ncode="a"\nname="A"\n[[station]]\ncode="x"\nname="X"\nkind="lake"\nlon=1\nlat=1\nsource="s"\nupstream_of="y"\nregion="9"\n'
        '[[station.datastream]]\nslug="b"\nname="B"\nobserved_property="z"\nunit="m"\n[[station.datastream.scale]]\ncode="k"\nwaspada=3\nsiaga=2\n'
    )
    problems = [str(p) for p in section.check(CityPack(tmp_path))]
    for word in (
        "lake",
        "unknown station",
        "regions.csv",
        "observes the unknown",
        "no source",
        "no valid_from",
        "must rise",
    ):
        assert any(word in problem for problem in problems), (word, problems)


def test_samarinda_agrees_with_the_published_readings(db):
    """27 May 2025: Pondok Surya Indah 5.15 awas, Sungai Siring 21.123 siaga, Bengkuring 4.070 siaga, SKM Hulu 17.566
    normal, Griya Mukti 2.682 normal, Muang Dalam 12.340 waspada; Benanga at 8.05 m siaga downstream."""
    from tepian.kernel.catalogue import packs
    from tepian.services.sensors.operations import registry
    from tepian.services.sensors.states import LEVELS, level_rank

    packs.load_pack("samarinda", SYSTEM)
    known = registry.load()
    for station, value, level in (
        ("pondok-surya-indah", 5.15, "awas"),
        ("sungai-siring", 21.123, "siaga"),
        ("bengkuring", 4.070, "siaga"),
        ("skm-hulu", 17.566, "normal"),
        ("griya-mukti", 2.682, "normal"),
        ("muang-dalam", 12.340, "waspada"),
        ("bendungan-benanga", 8.05, "siaga"),
    ):
        series = known.by_key[f"{station}/muka-air"]
        assert LEVELS[level_rank(value, series.bounds)] == level, station
        assert series.low <= value <= series.high
