"""Charts keep their shape with any data."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tepian.ui import pictures
from tepian.ui.charts import bar_chart, line_chart, period_chart, sparkline

START = datetime(2026, 11, 22, 6, tzinfo=UTC)
WITA = ZoneInfo("Asia/Makassar")


def parse(svg: str) -> etree._Element:
    return etree.fromstring(svg.encode())


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in parse(svg).iter("text")]


def paths(svg: str) -> list[str]:
    return [element.get("d") or "" for element in parse(svg).iter("path") if "garis" in (element.get("class") or "")]


def level(hours: int, value: float | None) -> tuple[datetime, float | None]:
    return START + timedelta(hours=hours), value


def test_a_line_names_itself_its_thresholds_and_city_hours() -> None:
    with translation.override("id"):
        svg = line_chart(
            [("Gelatik", [level(h, 1.5 + h / 10) for h in range(12)])],
            thresholds=[("Siaga", 3.0, "siaga")],
            unit="m",
            title="Air naik",
            zone=WITA,
        )
    shown = texts(svg)
    assert "Siaga" in shown and "m" in shown
    assert any(text.startswith("Gelatik 2,6") for text in shown)
    assert "15.00" in shown or "18.00" in shown, "hours are the city's (06.00 UTC is 14.00 WITA)"
    assert len(paths(svg)) == 1
    assert parse(svg).get("role") == "img" and "Air naik" in (parse(svg).get("aria-label") or "")


def test_gaps_stay_gaps() -> None:
    svg = line_chart([("A", [level(0, 1), level(1, 2), level(2, None), level(3, 2), level(4, 1)])])
    assert len(paths(svg)) == 2
    svg = line_chart([("A", [level(0, 1), level(1, 2), level(2, 2), level(20, 2), level(21, 1)])])
    assert len(paths(svg)) == 2, "a silent night is not bridged"
    svg = line_chart([("A", [level(0, 1), level(1, math.nan), level(2, 3), level(3, 2)])])
    assert "nan" not in svg.lower()


def test_nothing_one_point_and_constant() -> None:
    assert "–" in line_chart([])
    assert "–" in line_chart([("A", [level(0, None)])])
    assert "circle" in line_chart([("A", [level(0, 2.5)])])
    assert len(paths(line_chart([("A", [level(h, 7.0) for h in range(5)])]))) == 1
    assert sparkline([]) == "" and sparkline([None, None]) == ""
    assert "polyline" in sparkline([3, 3, 3])


def test_everything_is_escaped() -> None:
    evil = '"><script>alert(1)</script>'
    for svg in (
        line_chart(
            [(evil, [level(0, 1), level(1, 2)])],
            thresholds=[(evil, 1.5, evil)],
            unit=evil,
            title=evil,
            description=evil,
        ),
        bar_chart([(evil, 3)], unit=evil, title=evil),
        sparkline([1, 2], title=evil),
    ):
        assert "<script" not in svg
        parse(svg)


def test_bars_start_at_zero_and_unknown_is_a_dash() -> None:
    svg = bar_chart([("A", 10), ("B", 20), ("C", None)], unit="mm")
    widths = [float(element.get("width") or 0) for element in parse(svg).iter("rect")]
    assert len(widths) == 2 and abs(widths[1] - 2 * widths[0]) < 0.2
    assert "–" in texts(svg)


def test_a_peak_survives_thinning() -> None:
    points = [(START + timedelta(seconds=10 * i), 1.0) for i in range(20_000)]
    points[7777] = (points[7777][0], 9.0)
    svg = line_chart([("A", points)])
    assert len(svg) < 60_000
    top = min(float(y) for y in paths(svg)[0][1:].split()[1::2])
    assert top < 80, "the one high value is drawn"


moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2090, 1, 1), timezones=st.just(UTC))
values = st.one_of(st.none(), st.floats(), st.integers(-(10**9), 10**9))


@given(st.lists(st.tuples(moments, values), max_size=60), st.lists(st.floats(), max_size=4))
def test_any_data_gives_a_wellformed_chart(points: list[tuple[datetime, float | None]], limits: list[float]) -> None:
    svg = line_chart(
        [("A", points), ("B", points[:3])], thresholds=[("T", limit, "awas") for limit in limits], zone=WITA
    )
    root = parse(svg)
    for element in root.iter("path", "circle"):
        for name in ("d", "cx", "cy"):
            assert "nan" not in (element.get(name) or "") and "inf" not in (element.get(name) or "")
    assert len(texts(svg)) < 40
    parse(bar_chart([("A", value) for _at, value in points]))
    if spark := sparkline([value for _at, value in points]):
        parse(spark)


def test_periods_stand_at_equal_distances_and_provisional_ones_are_hollow() -> None:
    svg = period_chart(
        ["2021", "2022", "2024", "2025"], [("A", [1, None, 3, 4]), ("B", [2, 3, 4, 5])], open_from=3, unit="orang"
    )
    assert len(paths(svg)) == 2, "A: one point, a gap, a line; B: a line"
    circles = [element.get("class") for element in parse(svg).iter("circle")]
    assert circles.count("s1 hampa") == circles.count("s2 hampa") == 1
    assert {"2021", "2025", "orang"} <= set(texts(svg))


@given(
    st.lists(st.lists(st.one_of(st.none(), st.floats(allow_nan=True)), min_size=3, max_size=3), max_size=8),
    st.integers(0, 2),
)
def test_period_charts_keep_their_shape_with_any_values(rows: list[list[float | None]], start: int) -> None:
    svg = period_chart(["a & b", "<c>", "d"], [(f"<{n}>", row) for n, row in enumerate(rows)], open_from=start)
    assert "nan" not in svg.lower() and "inf" not in svg.lower()
    assert parse(svg).tag == "svg"


def test_ten_years_of_days_stay_a_small_drawing() -> None:
    days = [str(n) for n in range(3650)]
    svg = period_chart(days, [("A", [math.sin(n / 50) * 100 for n in range(3650)])], width=640)
    assert len(svg) < 16_000
    assert len(texts(svg)) < 20


def test_bars_say_why_a_value_is_missing_and_have_room_for_their_unit() -> None:
    svg = bar_chart([("A", 12_345.0), ("B", None)], missing={"B": "not shown"}, unit="households", decimals=0)
    assert "not shown" in texts(svg)
    bar = next(parse(svg).iter("rect"))
    assert float(bar.get("width") or 0) + 10.5 * len("12.345 households") < 480


def test_a_chart_as_a_file_needs_nothing_from_outside() -> None:
    chart = period_chart(["2024", "2025"], [("", [1.0, 2.0])], title="T")
    svg = pictures.standalone(chart, title="Rice & <oil> " * 12, notes=["Source: A", ""])
    root = parse(svg)
    assert root.get("width") and root.find("{*}style") is not None
    assert not re.search(r"var\(|href|url\(", svg)
    assert sum("judul" in (node.get("class") or "") for node in root.iter("{*}text")) > 1, "a long title is wrapped"
    png = pictures.png(svg)
    assert png.startswith(b"\x89PNG") and len(png) > 5000
    empty = pictures.png(re.sub(r"<text.*?</text>", "", svg))
    assert len(png) > 1.5 * len(empty), "letters are drawn although the machine may have no fonts"


def test_the_colours_of_files_are_those_of_the_pages() -> None:
    tokens = (Path(pictures.__file__).parent / "css" / "tokens.css").read_text().split("@media")[0]
    for name, colour in pictures.COLOURS.items():
        assert f"--color-{name}: {colour};" in tokens, name
