"""Stations and their readings under `/api/v1`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Schema
from pydantic import AwareDatetime, Field

from tepian.kernel.actors import Invalid, NotFound

from .. import queries
from ..models import Datastream
from ..queries.latest import as_json
from ..queries.series import choose_step, csv_lines, find_datastream, json_bounds
from ..states import quality

router = Router(tags=["sensors"])
Kind = Literal["river", "rain", "tide", "dam", "air", "other"]


def as_download(lines: Iterable[str], name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


class Estimate(Schema):
    level: str
    minutes_from: int
    minutes_to: int


class StationOut(Schema):
    """A station's newest reading. `value` is what levels compare: for rain the sum of the last hour."""

    station: str
    name: str
    kind: str
    lon: float
    lat: float
    position: str = Field(description="surveyed or approximate")
    region: str
    datastream: str
    value: float | None
    last_value: float | None
    unit: str
    basis: str
    at: str | None
    age_s: int | None
    stale: bool
    level: str = Field(description="normal, waspada, siaga, awas; none without thresholds; unknown when too old")
    trend_per_hour: float | None
    next: Estimate | None = Field(description="When the next threshold may be reached; only where the trend is steady")
    quality: list[str]
    simulated: bool


class ScaleOut(Schema):
    code: str
    name: str
    alerting: bool
    bounds: dict[str, float | None]
    valid_from: str
    valid_to: str | None
    source: str


class StationDetail(Schema):
    station: StationOut
    source: str
    upstream: list[str]
    downstream: str | None
    datastreams: list[StationOut]
    scales: list[ScaleOut]


class SeriesOut(Schema):
    """`points` are [time, value, marks] with step raw, else [time, lowest, mean, highest, sum, count]."""

    datastream: str
    unit: str
    step: str
    cut: bool = Field(description="More readings lie in the span than fit in one answer")
    points: list[list[Any]]


@router.get("/stations", response=list[StationOut], summary="All stations with their newest reading")
def stations(request: HttpRequest, kind: Kind | None = None) -> list[dict[str, Any]]:
    return [as_json(r) for r in queries.latest(kinds=[kind] if kind else None)]


def _found(code: str) -> list[queries.Reading]:
    readings = queries.of_station(code)
    if not readings:
        near = [station.code for _score, station in queries.search(code, limit=3)]
        message = (
            format_lazy(_("There is no station “{code}”. Nearest: {near}."), code=code[:60], near=", ".join(near))
            if near
            else format_lazy(_("There is no station “{code}”."), code=code[:60])
        )
        raise NotFound(message, code="unknown_station", field="code", item=code[:60])
    return readings


@router.get("/stations/{code}", response=StationDetail, summary="One station: readings, thresholds, neighbours")
def station(request: HttpRequest, code: str) -> dict[str, Any]:
    readings = _found(code)
    main = find_datastream(code)
    assert main is not None
    place = main.station
    return {
        "station": as_json(readings[0]),
        "source": place.source,
        "upstream": sorted(place.upstream.values_list("code", flat=True)),
        "downstream": place.upstream_of.code if place.upstream_of else None,
        "datastreams": [as_json(r) for r in readings],
        "scales": [
            {
                "code": scale.code,
                "name": scale.name,
                "alerting": scale.alerting,
                "bounds": json_bounds(scale),
                "valid_from": scale.valid_from.isoformat(),
                "source": scale.source,
                "valid_to": scale.valid_to.isoformat() if scale.valid_to else None,
            }
            for scale in queries.thresholds(main.pk)
        ],
    }


class Span(Schema):
    datastream: str | None = Field(None, description="The series' slug; default the main one")
    start: AwareDatetime | None = Field(None, description="ISO 8601 with zone; default a day before the end")
    end: AwareDatetime | None = Field(None, description="ISO 8601 with zone; default now")
    step: Literal["auto", "raw", "hour", "day", "month"] = "auto"


def _span(code: str, span: Span) -> tuple[Datastream, datetime, datetime]:
    _found(code)
    row = find_datastream(code, span.datastream)
    if row is None:
        raise NotFound(
            _("The station has no such series."),
            code="unknown_datastream",
            field="datastream",
            item=(span.datastream or "")[:60],
        )
    try:
        end = span.end or timezone.now() + timedelta(minutes=10)
        start = span.start or end - timedelta(days=1)
        start.timestamp(), end.timestamp()
    except (OverflowError, ValueError):
        raise Invalid(
            _("The time cannot be read. Write it as 2026-11-22T14:30:00+08:00."), code="bad_time", field="start"
        ) from None
    if start >= end:
        raise Invalid(_("The span ends before it begins."), code="bad_span", field="start")
    return row, start, end


@router.get("/stations/{code}/series", response=SeriesOut, summary="A station's readings over a span of time")
def series(request: HttpRequest, code: str, span: Annotated[Span, Query()]) -> dict[str, Any]:
    row, start, end = _span(code, span)
    step = choose_step(start, end, row.expected_interval_s) if span.step == "auto" else span.step
    found = queries.series(row.pk, start, end, step)
    points: list[list[Any]] = [[p.at.isoformat(), p.value, quality(p.flags)] for p in found.points]
    points += [[b.at.isoformat(), b.low, round(b.mean, 4), b.high, round(b.total, 4), b.count] for b in found.buckets]
    return {"datastream": row.key, "unit": row.unit_label, "step": step, "cut": found.cut, "points": points}


@router.get("/stations/{code}/series.csv", summary="The same as CSV, every reading", response={200: str})
def series_csv(request: HttpRequest, code: str, span: Annotated[Span, Query()]) -> StreamingHttpResponse:
    row, start, end = _span(code, span)
    return as_download(csv_lines(row, start, end), f"{code}-{row.slug}.csv")
