"""Water and rain for everybody: the list with its map, and one page for each station."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.identity.access import public_page
from tepian.ui import charts, levels

from .. import queries
from ..queries.latest import WATER, english, number
from ..queries.series import choose_step, csv_lines, find_datastream, span_for
from ..states import quality

SPANS = ("hour", "day", "week", "month", "year")


def span_names() -> list[tuple[str, str]]:
    return [
        ("hour", _("3 hours")),
        ("day", _("1 day")),
        ("week", _("1 week")),
        ("month", _("1 month")),
        ("year", _("1 year")),
    ]


def mark_names() -> dict[str, str]:
    """Marks of quality in the reader's language."""
    return {
        "impossible": _("outside the plausible limits"),
        "stuck": _("unchanged for a long time"),
        "late": _("arrived late"),
        "spike": _("jumped"),
        "conflict": _("two values for the same moment"),
        "simulated": _("exercise"),
    }


@public_page
@cached_page("sensors", "city", seconds=20)
def air(request: HttpRequest) -> HttpResponse:
    """/air: stations from the worst to the calmest, with the map beside them."""
    readings = queries.latest()
    water = [r for r in readings if r.kind in WATER]
    raised = [r for r in water if r.rank > 0]
    context = {
        "groups": [
            (_("Rivers, dams and tide"), water),
            (_("Rain in the last hour"), [r for r in readings if r.kind == "rain"]),
            (_("Other"), [r for r in readings if r.kind not in (*WATER, "rain")]),
        ],
        "raised": raised,
        "worst": raised[0] if raised else None,
        "worst_label": levels.label(raised[0].level) if raised else "",
        "simulated": any(r.simulated for r in readings),
        "silent": sum(r.stale for r in readings),
        "now": timezone.now(),
    }
    return render(request, "sensors/air.html", context)


def story(r: queries.Reading) -> str:
    """The chart's finding in one sentence."""
    if r.value is None:
        return _("%(name)s: no reading yet") % {"name": r.name}
    if r.trend is not None and r.trend_word and r.trend_symbol in "↑↓":
        return _("%(name)s stands at %(value)s, %(trend)s by %(rate)s %(unit)s an hour") % {
            "name": r.name,
            "value": r.text,
            "trend": r.trend_word,
            "rate": number(abs(r.trend)),
            "unit": r.unit,
        }
    if r.summed:
        return _("%(name)s: %(value)s of rain in the last hour") % {"name": r.name, "value": r.text}
    return _("%(name)s stands at %(value)s") % {"name": r.name, "value": r.text}


def chart_of(r: queries.Reading, row: Any, span: str, *, height: int = 260) -> tuple[Any, queries.Series]:
    """(SVG, the series behind it) of a span."""
    start, end = span_for(span, timezone.now())
    step = choose_step(start, end, row.expected_interval_s)
    if r.summed and step == "raw":
        step = "hour" if span != "hour" else "raw"
    found = queries.series(row.pk, start, end, step)
    thresholds = [
        (f"{levels.label(level)} {number(bound)}", bound, level)
        for level, bound in zip(("waspada", "siaga", "awas"), r.bounds, strict=True)
        if not math.isinf(bound) and (not r.summed or step != "month")
    ]
    if found.points:
        lines = [("", [(p.at, p.value) for p in found.points if not p.flags & 1])]
    elif r.summed:
        lines = [(_("sum"), [(b.at, b.total) for b in found.buckets])]
        thresholds = thresholds if step == "hour" else []
    else:
        lines = [
            (_("highest"), [(b.at, b.high) for b in found.buckets]),
            (_("mean"), [(b.at, b.mean) for b in found.buckets]),
        ]
    drawn = charts.line_chart(
        lines,
        thresholds=thresholds,
        unit=r.unit,
        title=story(r),
        start=start,
        end=timezone.now(),
        height=height,
        width=640,
    )
    return drawn, found


def _readings(code: str) -> list[queries.Reading]:
    readings = queries.of_station(code)
    if not readings:
        raise Http404
    return readings


@public_page
@cached_page("sensors", "city", seconds=20)
def station(request: HttpRequest, code: str) -> HttpResponse:
    """/air/<station>: what it says now, how that came, its thresholds with their sources, and how good the data are."""
    readings = _readings(code)
    wanted = request.GET.get("seri", "")
    reading = next((r for r in readings if r.slug == wanted), readings[0])
    span = request.GET.get("rentang", "day")
    span = span if span in SPANS else "day"
    row = find_datastream(code, reading.slug)
    assert row is not None
    drawn, found = chart_of(reading, row, span)
    names = mark_names()
    rows = [
        {
            "at": p.at,
            "value": number(p.value),
            "marks": [names.get(mark, mark) for mark in quality(p.flags) if mark != "ok"],
        }
        for p in reversed(found.points[-60:])
    ] or [
        {
            "at": b.at,
            "value": number(b.total if reading.summed else b.mean),
            "low": number(b.low),
            "high": number(b.high),
            "marks": [],
        }
        for b in reversed(found.buckets[-60:])
    ]
    scales = [
        {
            "row": scale,
            "name": (scale.name_en or scale.name) if english() else scale.name,
            "bounds": [
                (level, number(bound))
                for level, bound in zip(("waspada", "siaga", "awas"), scale.bounds, strict=True)
                if not math.isinf(bound)
            ],
        }
        for scale in queries.thresholds(row.pk)
    ]
    downstream = row.station.upstream_of
    neighbours = {r.station: r for r in queries.latest()}
    context = {
        "reading": reading,
        "readings": readings,
        "row": row,
        "story": story(reading),
        "chart": drawn,
        "span": span,
        "spans": span_names(),
        "rows": rows,
        "step": found.step,
        "cut": found.cut,
        "scales": scales,
        "marked": [(names.get(mark, mark), count) for mark, count in found.marked.items()],
        "marks_now": [names.get(mark, mark) for mark in reading.marks if mark != "ok"],
        "level_label": levels.label(reading.level),
        "eta_label": levels.label(reading.eta[0]) if reading.eta else "",
        "next_label": levels.label(reading.next_bound[0]) if reading.next_bound else "",
        "next_value": number(reading.next_bound[1]) if reading.next_bound else "",
        "upstream": [neighbours[s.code] for s in row.station.upstream.all() if s.code in neighbours],
        "downstream": neighbours.get(downstream.code) if downstream else None,
        "features": [queries.feature(r) for r in readings[:1]],
    }
    return render(request, "sensors/station.html", context)


@public_page
def station_csv(request: HttpRequest, code: str) -> Any:
    """The readings behind the chart, every one of them."""
    _readings(code)
    row = find_datastream(code, request.GET.get("seri") or None)
    if row is None:
        raise Http404
    span = request.GET.get("rentang", "day")
    start, end = span_for(span if span in SPANS else "day", timezone.now())
    response = StreamingHttpResponse(
        csv_lines(row, start, end + timedelta(minutes=1)), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{code}-{row.slug}.csv"'
    return response
