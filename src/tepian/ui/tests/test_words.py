"""Moments, distances and numbers in both languages."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from tepian.ui import levels, words

AT = datetime(2021, 11, 22, 6, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "language", "clock", "day"),
    [
        ("Asia/Makassar", "id", "14.30 WITA", "22 November 2021"),
        ("Asia/Jakarta", "id", "13.30 WIB", "22 November 2021"),
        ("Asia/Jayapura", "en", "15:30 WIT", "22 November 2021"),
        ("Europe/Berlin", "en", "07:30 CET", "22 November 2021"),
    ],
)
def test_moments_in_the_citys_zone(zone: str, language: str, clock: str, day: str) -> None:
    with translation.override(language), timezone.override(ZoneInfo(zone)):
        assert words.clock(AT) == clock
        assert words.day(AT) == day
        assert words.moment(AT, now=AT + timedelta(minutes=1)) == clock
        assert words.moment(AT, now=AT + timedelta(days=2)) == f"{day}, {clock}"


def test_a_moment_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        words.clock(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("seconds", "indonesian", "english"),
    [
        (3, "baru saja", "just now"), (-20, "baru saja", "just now"), (45, "45 detik lalu", "45 seconds ago"),
        (26 * 60, "26 menit lalu", "26 minutes ago"), (5 * 3600, "5 jam lalu", "5 hours ago"),
        (72 * 3600, "3 hari lalu", "3 days ago"), (-600, "jam alat lebih cepat 10 menit", "clock ahead by 10 minutes"),
    ],
)  # fmt: skip
def test_ages(seconds: int, indonesian: str, english: str) -> None:
    now = AT + timedelta(seconds=seconds)
    with translation.override("id"):
        assert words.ago(AT, now=now) == indonesian
    with translation.override("en"):
        assert words.ago(AT, now=now) == english


def test_numbers_and_metres() -> None:
    with translation.override("id"):
        assert words.number(1234.5, 1) == "1.234,5"
        assert words.number(-3) == "−3"
        assert words.metres(2.9) == "2,9 m" and words.metres(0.35) == "0,35 m"
        assert words.metres(350) == "350 m" and words.metres(1234) == "1,2 km"
    with translation.override("en"):
        assert words.number(1234.5, 1) == "1,234.5"
        assert words.metres(1234) == "1.2 km"
    for unknown in (None, math.nan, math.inf):
        assert words.number(unknown) == "–" and words.metres(unknown) == "–", "unknown is never shown as 0"


@given(st.floats(allow_nan=True, allow_infinity=True), st.one_of(st.none(), st.integers(0, 6)))
def test_any_number_is_written(value: float, places: int | None) -> None:
    assert words.number(value, places)


def test_tags() -> None:
    draw = Template(
        "{% load ui %}{% icon 'water' %}{% icon 'no-such' %}{% level_tag 'siaga' %}{% level_tag evil %}"
        "{% moment at 'clock' %}"
        "{% ago none %}{% moment day %}{{ odd|number }}{{ '2500'|metres }}"
    )
    evil = '"><script>'
    with translation.override("id"), timezone.override(ZoneInfo("Asia/Makassar")):
        text = draw.render(Context({"at": AT, "none": None, "day": date(2026, 8, 17), "odd": "x", "evil": evil}))
    assert text.count("<svg") == 2 and 'class="level level-siaga">Siaga' in text
    assert "script" not in text and "level-unknown" in text
    assert '<time datetime="2021-11-22T06:30:05+00:00">14.30 WITA</time>' in text
    assert "17 Agustus 2026" in text and "2,5 km" in text


def test_worst_level() -> None:
    assert levels.worst(["normal", "awas", "siaga"]) == "awas"
    assert levels.worst(["normal", "unknown"]) == "unknown", "what nobody knows is not normal"
    assert levels.worst([]) == "none"


def test_money() -> None:
    with translation.override("id"):
        assert words.rupiah(15000) == "Rp15.000"
        assert words.rupiah(-2500) == "−Rp2.500"
        assert words.rupiah(999_960_000, short=True) == "Rp1 miliar", "never 1.000 million"
        assert words.rupiah(1_250_000_000, short=True) == "Rp1,2 miliar"
        assert words.rupiah(199_200_000_000_000, short=True) == "Rp199,2 triliun"
        assert words.rupiah(40_000, short=True) == "Rp40.000"
    with translation.override("en"):
        assert words.rupiah(2_500_000, short=True) == "Rp2.5 million"
    assert words.rupiah(None) == "–", "unknown is never shown as 0"


@given(st.floats(-1e12, 1e12), st.sampled_from(["id", "en"]))
def test_a_number_that_we_wrote_is_read_back(value: float, language: str) -> None:
    with translation.override(language):
        assert words.written_number(words.number(value, 2)) == pytest.approx(round(value, 2))
        assert words.written_number(words.rupiah(round(value))) == round(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.250.000", 1250000),
        ("62,5", 62.5),
        ("12.5", 12.5),
        ("Rp 1.000", 1000),
        ("7%", 7),
        ("−3", -3),
        ("1 250", 1250),
    ],
)
def test_numbers_as_people_write_them(text: str, value: float) -> None:
    with translation.override("id"):
        assert words.written_number(text) == value


@pytest.mark.parametrize("text", ["", "x", "1,2,3", "1e5", "٣", "--1", "1.2.3,4", "9" * 30])
def test_what_is_no_number(text: str) -> None:
    with translation.override("id"), pytest.raises(ValueError):
        words.written_number(text)


def test_a_row_speaks_the_readers_language_where_it_can() -> None:
    row = SimpleNamespace(title="Judul", title_en="Title", note="Catatan", note_en="", name="Nama")
    with translation.override("en"):
        assert [words.in_language(row, each) for each in ("title", "note", "name")] == ["Title", "Catatan", "Nama"]
    with translation.override("id"):
        assert words.in_language(row, "title") == "Judul"
        assert words.in_language(SimpleNamespace(title="", title_en="Title"), "title") == "Title"
