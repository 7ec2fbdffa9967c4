"""The evaluation: known lead times, known errors, the same words as the live engine, and the figures on the page."""

from __future__ import annotations

import csv
import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from tepian.kernel.catalogue.packs import CityPack
from tepian.services.sensors import operations as op
from tepian.services.sensors.models import DatastreamState
from tepian.services.sensors.operations import evaluation as keeping
from tepian.services.sensors.operations import registry, store
from tepian.services.sensors.queries import evaluation
from tepian.services.sensors.queries.evaluation import floods, gates
from tepian.services.sensors.queries.evaluation.floods import Day, Rule, Score, wilson
from tepian.services.sensors.queries.evaluation.gates import Gate, Recorded, Said

from .conftest import SYSTEM

CITIES = Path(__file__).resolve().parents[5] / "cities"
MINUTE = 60_000
START = 1_577_836_800_000


def gate(values, *, every=10, bounds=(2040, 3000, 4000)):
    """A gate whose record follows from its bounds."""
    ranks = [sum(value >= bound for bound in bounds) for value in values]
    times = range(START, START + len(values) * every * MINUTE, every * MINUTE)
    return Gate("P.A. Uji", readings=[Recorded(*row) for row in zip(times, values, ranks, strict=True)])


RISE = [1500 + 60 * i for i in range(12)]  # 36 cm an hour; crosses 2040 at the tenth reading


def test_an_even_rise_is_foreseen_fifty_minutes_before():
    score = gates.score_gate(gate(RISE))
    assert score.crossings == {"waspada": 1, "siaga": 0, "awas": 0}
    assert (score.leads, score.missed, score.held, score.false_alarms) == ([50.0], 0, 0, 0)
    assert score.foreseen == 1 and score.agreement == 1


def test_a_jump_is_seen_at_the_same_reading_and_never_before():
    score = gates.score_gate(gate([1500] * 8 + [2100, 2100]))
    assert score.leads == [0.0] and score.ahead == [] and score.foreseen == 0


def test_a_rise_that_stops_below_the_limit_is_a_false_alarm():
    stops = [1500 + 60 * i for i in range(9)] + [1980] * 30
    score = gates.score_gate(gate([*stops, *[1500] * 10, *RISE]))
    # After still water the hour must be all rise before the pairs of points agree: one reading later than above.
    assert (score.foreseen, score.false_foreseen, score.leads) == (2, 1, [40.0])


def test_a_sign_at_the_end_of_the_record_is_not_judged():
    score = gates.score_gate(gate([*RISE, *[1500] * 10, *RISE[:6]]))
    assert (score.foreseen, score.unjudged, score.false_alarms) == (1, 1, 0)


def test_a_level_that_swings_about_its_limit_is_held_not_announced_again():
    score = gates.score_gate(gate([1500] * 8 + [2040, 2030, 2040, 2030, 2040, 1900, 2040]))
    assert score.crossings["waspada"] == 4
    assert score.held == 2 and score.leads == [0.0, 0.0] and score.missed == 0


def test_a_record_that_contradicts_itself_is_counted():
    one = gate([1500, 1500, 2100, 2200, 1500])
    one.readings[1] = Recorded(one.readings[1].time_ms, 2150, 0)
    score = gates.score_gate(one)
    assert score.contradicting == 1 and score.agreement == 0.8
    assert gates.recorded_bounds([Recorded(0, 3000, 1), Recorded(1, 2000, 2)]) == (3000, float("inf"), float("inf"))


def test_an_estimate_that_stands_is_one_sign_and_far_ones_are_none():
    said = [Said(0, 1, 50, 90), Said(0, 1, 30, 60), Said(0, 1, 10, 30), Said(1), Said(0, 1, 5, 9), Said(3)]
    found = [(sign.index, sign.rank, sign.foreseen) for sign in gates.early_signs(said)]
    assert found == [(1, 1, True), (3, 1, False), (4, 1, True), (5, 1, False), (5, 2, False), (5, 3, False)]


def test_the_file_is_read_in_spite_of_its_oddities(tmp_path):
    path = tmp_path / "tma.csv"
    rows = [
        ("P.A. Uji ", "Laut", "2020-01-01 01:00:00", "120", "Status : Siaga 3"),
        ("p.a.  uji", "Laut", "2020-01-01 00:30:00", "-20.5", "Status : Normal"),
        ("P.A. Uji", "Laut", "2020-01-01 01:00:00", "120", "Status : Siaga 3"),
        ("P.A. Uji", "Laut", "2020-01-01 01:00:00", "999", "Status : Siaga 1"),
        ("P.A. Uji", "Laut", "2020-13-01 01:00:00", "1", "Status : Normal"),
        ("P.A. Uji", "Laut", "2020-01-01 02:00:00", "nan", "Status : Normal"),
        ("P.A. Uji", "Laut", "2020-01-01 02:00:00", "", "Status : Normal"),
        ("P.A. Uji", "Laut", "2020-01-01 02:00:00", "5", "Status : Siaga 4"),
        ("", "Laut", "2020-01-01 02:00:00", "5", "Status : Normal"),
    ]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["nama_pintu_air", "lokasi", "tanggal", "tinggi_air", "status_siaga"])
        writer.writerows(rows)
    record = gates.read_gates(path)
    assert (record.rows, [number for number, _why in record.unreadable]) == (9, [6, 7, 8, 9, 10])
    [one] = record.gates
    assert (one.name, one.sea, one.repeated, one.differing) == ("P.A. Uji", True, 2, 1)
    assert [(r.value, r.rank) for r in one.readings] == [(-20.5, 0), (120.0, 1)]
    assert one.readings[0].time_ms == 1_577_813_400_000  # 00.30 WIB is 17.30 UTC the day before


# --- the same words as the live engine -------------------------------------------------------------------------------


def live_words(one: Gate) -> list[Said]:
    """What the ingest engine keeps after each reading, when the record comes in one by one."""
    op.create_station(actor=SYSTEM, code="pintu", name="Pintu", kind="river", lon=106.8, lat=-6.2)
    op.create_datastream(
        actor=SYSTEM, station="pintu", slug="muka-air", name="Muka air", observed_property="muka-air", unit="mm",
        expected_interval_s=gates.usual_interval_ms(one.readings) // 1000,
    )  # fmt: skip
    names = ("waspada", "siaga", "awas")
    bounds = gates.recorded_bounds(one.readings)
    op.set_thresholds(
        actor=SYSTEM, datastream="pintu/muka-air", scale="tercatat", name="Tercatat", source="uji", alerting=True,
        valid_from=date(2020, 1, 1), hysteresis=gates.HYSTERESIS_MM,
        **{name: None if bound == float("inf") else bound for name, bound in zip(names, bounds, strict=True)},
    )  # fmt: skip
    known = registry.current()
    number = known.by_key["pintu/muka-air"].id
    words = []
    for reading in one.readings:
        store.store([(number, reading.time_ms, reading.value, 0)], registry=known, now_ms=reading.time_ms)
        state = DatastreamState.objects.values_list("rank", "eta_rank", "eta_from", "eta_to").get(pk=number)
        words.append(Said(state[0], state[1], state[2] or 0, state[3] or 0))
    return words


def ours(one: Gate) -> list[Said]:
    interval = gates.usual_interval_ms(one.readings)
    return list(gates.listen(one.readings, gates.recorded_bounds(one.readings), gates.HYSTERESIS_MM, interval))


def test_the_evaluation_says_what_the_engine_says(town):
    one = gate([*RISE, *range(2160, 1400, -70), *[1500 + 61 * (i % 17) for i in range(60)]])
    words = live_words(one)
    assert words == ours(one)
    assert {word.rank for word in words} >= {0, 1} and any(word.next_rank for word in words)


def test_a_recorded_gate_through_the_engine(town, shared_data):
    record = gates.read_gates(shared_data / evaluation.SERIES / "tma_pintu_air_jakarta_2020.csv")
    one = next(one for one in record.gates if one.name == "PA. Manggarai")
    one.readings = one.readings[:400]  # the great flood of the first days of 2020
    words = live_words(one)
    assert words == ours(one)
    assert {word.rank for word in words} == {0, 1, 2, 3}


# --- rain and tide ---------------------------------------------------------------------------------------------------


def test_wilson_intervals():
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(8, 10) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    low, high = wilson(0, 10)
    assert low == 0 and high == pytest.approx(0.2775, abs=1e-4)


def test_the_rule_and_its_score():
    rule = Rule(rain_3h=20, rain_day=30, tide=3.0)
    day = date(2021, 1, 1)
    assert rule.speaks(Day(day, 20, 20, 0)) and rule.speaks(Day(day, 5, 30, 3.0))
    assert not rule.speaks(Day(day, 19.9, 30, 2.9)) and not rule.speaks(Day(day, 5, 29, 3.5))
    wet, dry = Day(day, 25, 40, 3), Day(day, 1, 1, 3)
    score = floods.score(rule, [(wet, True), (wet, True), (wet, False), (dry, True), (dry, False)])
    assert score == Score(hits=2, false_alarms=1, misses=1, quiet=1)
    assert (score.precision, score.recall, score.f1) == (
        pytest.approx(2 / 3),
        pytest.approx(2 / 3),
        pytest.approx(2 / 3),
    )
    assert score.base_rate == 0.6
    assert Score(0, 0, 0, 3).precision == 0 and Score(0, 0, 0, 3).f1 == 0


def test_the_fit_finds_the_numbers_that_part_floods_from_rain():
    day = date(2021, 1, 1)
    known = (
        [(Day(day, 16, 25, 2.5), True)] * 5 + [(Day(day, 14, 45, 3.3), True)] * 5 + [(Day(day, 14, 45, 2.9), False)] * 9
    )
    rule = floods.fit(known)
    assert floods.score(rule, known).f1 == 1
    assert rule == Rule(rain_3h=15, rain_day=40, tide=3.2)  # of those without an error the one that speaks least


def test_days_need_all_their_hours_and_windows_reach_into_the_evening_before():
    midnight = datetime(2021, 1, 2)
    rain = {midnight + timedelta(hours=hour): 0.0 for hour in range(-24, 24)}
    rain[midnight - timedelta(hours=1)] = 7.0
    rain[midnight] = 5.0
    rain[midnight + timedelta(hours=5)] = 9.0
    [day] = floods.days_of(rain, {date(2021, 1, 2): 3.1}).values()
    assert (day.rain_3h, day.rain_day, day.tide) == (12.0, 14.0, 3.1)
    del rain[midnight + timedelta(hours=9)]
    assert floods.days_of(rain, {date(2021, 1, 2): 3.1}) == {}


def test_days_without_a_label_are_neither_right_nor_wrong():
    days = {date(2025, 1, n): Day(date(2025, 1, n), 30 if n < 4 else 1, 30, 3) for n in range(1, 6)}
    labels = {date(2025, 1, 1): True, date(2025, 1, 2): False, date(2025, 1, 4): True}
    year = floods._year(Rule(20, 99, 9), days, labels)
    assert (year.days, year.spoke, year.floods, year.dry, year.unlabelled, year.missed) == (5, 3, 1, 1, 1, 1)


# --- the figures -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measured(shared_data):
    return evaluation.figures(shared_data, date(2026, 1, 1))


def test_the_real_series_give_the_figures_that_the_packs_publish(measured):
    """When this fails after a change of the rules: write the file anew, as `evaluation.write` says."""
    published = list(CITIES.glob("*/evaluation.toml"))
    assert published
    for path in published:
        kept = tomllib.loads(path.read_text(encoding="utf-8"))
        assert kept | {"date": measured["date"]} == measured, path


def test_the_record_of_the_gates(measured):
    found = measured["gates"]
    assert (found["rows"], found["count"], found["unreadable"]) == (31_059, 21, 0)
    assert found["readings"] + found["repeated"] == found["rows"]
    assert found["contradicting_gates"] == ["P.A. Hek"] and found["missed"] == 0
    assert sum(gate[level] for gate in found["gate"] for level in ("waspada", "siaga", "awas")) == found["crossings"]
    judged = sum(gate["ahead"] + gate["same_reading"] + gate["missed"] + gate["held"] for gate in found["gate"])
    assert judged == found["crossings"]


def test_the_labelled_days(measured):
    found = measured["rain_and_tide"]
    assert found["train"]["days"] + found["test"]["days"] + found["left_out"] == 267
    assert found["train"]["floods"] + found["test"]["floods"] == 52
    year = found["year_2025"]
    assert year["floods"] + year["dry"] + year["unlabelled"] == year["spoke"]


def test_the_report_has_a_line_for_each_gate_and_rule(measured):
    lines = list(evaluation.sentences(measured))
    assert sum(line.startswith("jakarta P") for line in lines) == 21
    assert any("precision" in line and "95 %" in line for line in lines)
    assert tomllib.loads(evaluation.as_toml(measured)) == measured


# --- the page --------------------------------------------------------------------------------------------------------


@pytest.fixture
def pack(tmp_path):
    folder = tmp_path / "kota"
    folder.mkdir()

    def write(**changes):
        share = {"right": 21, "of": 30, "share": 0.7, "low": 0.52, "high": 0.83}
        gate = {
            "name": "P.A. Uji",
            "coast": False,
            "readings": 1234,
            "interval": 30,
            "waspada": 3,
            "siaga": 2,
            "awas": 1,
        }
        gate |= {
            "held": 0,
            "missed": 1,
            "ahead": 2,
            "same_reading": 3,
            "lead": 45,
            "least": 30,
            "false_alarms": 4,
            "contradicting": 0,
        }
        part = {
            "days": 50,
            "floods": 10,
            "base_rate": 0.2,
            "precision": share | {"right": 6, "low": 0.1},
            "recall": share,
        }
        found = {
            "date": "2026-01-02", "command": "python -m bench rules",
            "sources": [{"name": "Data contoh", "name_en": "Sample data"}],
            "gates": {
                "count": 1, "readings": 1234, "crossings": 6, "within_minutes": 60, "follow_hours": 3,
                "foreseen": share, "estimates": share, "lead_minutes": {"median": 45, "least": 30, "most": 60},
                "contradicting_gates": ["P.A. Hek"],
                "gate": [gate],
            },
            "rain_and_tide": {
                "rule": {"rain_3h_mm": 8, "rain_day_mm": 20, "tide_m": 2.8},
                "train": {"years": "2020-2023"} | part, "test": {"years": "2024-2025"} | part,
                "year_2025": {"days": 341, "spoke": 116, "floods": 10, "dry": 28, "unlabelled": 78, "missed": 1},
            },
        }  # fmt: skip
        (folder / "evaluation.toml").write_text(evaluation.as_toml(found | changes), encoding="utf-8")
        return CityPack(folder)

    return write


def page(language="id"):
    answer = Client().get(reverse("en:sensors-rules" if language == "en" else "sensors-rules"))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.django_db
def test_a_city_without_figures_says_so():
    assert "Belum ada yang diukur" in page()
    assert "Nothing has been measured" in page("en")


@pytest.mark.django_db
def test_the_pack_brings_the_figures_and_a_second_load_changes_nothing(pack):
    found = pack()
    assert list(keeping.check(found)) == []
    assert keeping.load(found, SYSTEM)["added"] == 1
    assert keeping.load(found, SYSTEM)["added"] == 0
    shown, english = page(), page("en")
    assert "Dari 10 perkiraan seperti itu, 7 benar" in shown and "Of 10 such estimates, 7 came true" in english
    assert "Dari 10 hari saat aturan ini bersuara, 2 benar-benar banjir" in shown
    assert "P.A. Uji" in shown and "1.234" in shown and "1,234" in english
    assert "Data contoh" in shown and "Sample data" in english and "Data contoh" not in english
    assert "hardly better than" in english and "<h1" in shown and shown.count("<h1") == 1


@pytest.mark.django_db
def test_the_page_lists_the_limits_that_hold_today(town):
    shown = page("en")
    assert "Downstream" in shown and "uji" in shown
    assert "No station has limits" not in shown


@pytest.mark.django_db
def test_a_broken_file_is_named_before_anything_is_loaded(pack):
    problems = [str(problem) for problem in keeping.check(pack(date="", gates={"count": 1}))]
    assert len(problems) == 6 and all("evaluation.toml" in problem for problem in problems)
