"""JSON of the house: the catalogue, figures, and the door for agencies' own programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Schema
from pydantic import Field

from tepian.kernel.actors import Invalid, NotFound
from tepian.toolkit import cube

from .. import operations, queries
from ..models import Dataset, Edition, Indicator
from ..queries import data

router = Router(tags=["statistics"])
LONGEST = 5000  # figures of one page


class DimensionOut(Schema):
    key: str
    name: str
    role: str = Field(description="region or category")
    codes: dict[str, str] = Field(description="Code → name")


class IndicatorOut(Schema):
    code: str
    title: str
    title_en: str
    unit: str
    decimals: int
    direction: str = Field(description="up: more is better; down: less is; empty: neither")
    total: str = Field(description="How it may be put together over codes: sum, mean or not at all")
    definition: str
    url: str


class DatasetOut(Schema):
    code: str
    title: str
    title_en: str
    agency: str
    frequency: str = Field(description="A, S, Q, M or D, as SDMX writes it")
    theme: str
    licence: str
    edition: int | None = Field(description="Number of the published edition")
    published_at: datetime | None
    indicators: list[IndicatorOut]


class DatasetDetail(DatasetOut):
    dimensions: list[DimensionOut]


class DatasetPage(Schema):
    items: list[DatasetOut]
    count: int


class FigureOut(Schema):
    period: str
    codes: dict[str, str]
    value: float | None
    status: str = Field(description="Empty, m missing, s not shown, p provisional, e estimated")


class FigurePage(Schema):
    indicator: str
    unit: str
    edition: int
    items: list[FigureOut]
    count: int


class GroupOut(Schema):
    keys: dict[str, str | None]
    value: float | None = Field(description="None where a part is missing or not shown")
    count: int = Field(description="Figures that are in it")


class SummaryOut(Schema):
    indicator: str
    unit: str
    edition: int
    items: list[GroupOut]


class FigureIn(Schema):
    indicator: str = Field(max_length=80)
    period: str = Field(max_length=10)
    codes: dict[str, str] = Field(
        default_factory=dict, description="Dimension → code; a category left out is the total"
    )
    value: float | None = None
    status: str = Field("", max_length=1, description="Empty, p provisional or e estimated")


class EditionIn(Schema):
    figures: list[FigureIn]
    source: str = Field("API", max_length=160, description="Where they come from, for the data steward")
    reason: str = Field("", max_length=500, description="Why published figures are corrected")
    notes: dict[str, str] = Field(default_factory=dict, description="Indicator → why its figures changed so much")
    send: bool = Field(True, description="Send it to the data steward; false leaves it a draft")


class EditionOut(Schema):
    key: str
    dataset: str
    state: str
    rows: int
    periods: list[str]
    changed_cells: int = Field(description="Published figures that would change")
    jumped: list[str] = Field(description="Indicators whose figures changed so much that a note is asked")
    missing: list[str] = Field(description="Why it stayed a draft; a person can finish it at `url`")
    url: str


@router.get("/statistics/datasets", response=DatasetPage, summary="Tables that have a published edition")
def list_datasets(
    request: HttpRequest, limit: int = Query(50, ge=1, le=200), offset: int = Query(0, ge=0, le=1_000_000)
) -> dict[str, Any]:
    rows = queries.published()
    return {"items": [_dataset(row.dataset, row) for row in rows[offset : offset + limit]], "count": rows.count()}


@router.get("/statistics/datasets/{code}", response=DatasetDetail, summary="One table with its dimensions and codes")
def read_dataset(request: HttpRequest, code: str) -> dict[str, Any]:
    row = queries.dataset_by(code)
    dimensions = [
        {"key": each.key, "name": each.name, "role": each.role, "codes": dict(each.names)}
        for each in queries.dimensions_of(row)
    ]
    return _dataset(row, queries.published_edition(row)) | {"dimensions": dimensions}


@router.get(
    "/statistics/indicators", response=list[IndicatorOut], summary="Published indicators; q searches also synonyms"
)
def list_indicators(
    request: HttpRequest, q: str = Query("", max_length=100), limit: int = Query(50, ge=1, le=200)
) -> list[dict[str, Any]]:
    return [_indicator(row) for row, _score in queries.find_indicators(q, limit)]


@router.get("/statistics/indicators/{code}/figures", response=FigurePage, summary="Published figures of an indicator")
def list_figures(
    request: HttpRequest,
    code: str,
    since: str = Query("", max_length=10, description="First period"),
    until: str = Query("", max_length=10, description="Last period"),
    dimension: str = Query("", max_length=40, description="Only some codes of this dimension"),
    codes: str = Query("", max_length=2000, description="These codes, parted by commas"),
    limit: int = Query(1000, ge=1, le=LONGEST),
    offset: int = Query(0, ge=0, le=1_000_000_000),
) -> HttpResponse:
    indicator = queries.indicator_by(code)
    edition = queries.published_edition(indicator.dataset)
    if edition is None:
        raise NotFound(_("Nothing is published yet."), code="not_published", item=code)
    keys = data.dimension_keys(indicator.dataset)
    where: dict[str, Any] = {"indicator": [indicator.code]}
    if since or until:
        where["time"] = cube.Range(since or None, until or None)
    if dimension:
        if dimension not in keys:
            raise Invalid(_("There is no such dimension in this table."), code="dimension_unknown", field="dimension")
        where[dimension] = [each for each in codes.split(",") if each]
    query = cube.Query(where=where, columns=("time", *keys, "value", "status"), limit=limit, offset=offset)
    try:
        rows = data.ask(edition, query).rows
        # Whether there is more is only asked when the page is full.
        full = len(rows) == limit or (offset and not rows)
        count = data.count(edition, query) if full else offset + len(rows)
    except cube.QueryRefused as refusal:
        raise Invalid(_("This cannot be asked: check periods and codes."), code=refusal.code, field="since") from None
    return _written(
        {
            "indicator": indicator.code,
            "unit": indicator.unit,
            "edition": edition.number,
            "count": count,
            "items": [
                {
                    "period": row[0],
                    "codes": dict(zip(keys, row[1:-2], strict=True)),
                    "value": row[-2],
                    "status": row[-1],
                }
                for row in rows
            ],
        }
    )


@router.get(
    "/statistics/indicators/{code}/summary", response=SummaryOut, summary="Figures put together by codes or years"
)
def summarise(
    request: HttpRequest,
    code: str,
    by: str = Query(
        "time", max_length=200, description="time, time.year, dimensions, or <dimension>.parent; by commas"
    ),
    function: str = Query("sum", max_length=10, description="sum, mean, median, min, max or count"),
    filter: list[str] = Query([], max_length=20, description="region:code,code; one for each dimension"),  # noqa: A002
    since: str = Query("", max_length=10, description="First period"),
    until: str = Query("", max_length=10, description="Last period"),
    order: str = Query("", max_length=10, description="value or -value; otherwise in the order of the keys"),
    limit: int = Query(1000, ge=1, le=LONGEST),
    offset: int = Query(0, ge=0, le=1_000_000_000),
) -> HttpResponse:
    """Codes that are sums of others are left out, so that nothing counts twice. Where a part is not shown or missing,
    sums and means are missing too, never smaller than they are."""
    indicator = queries.indicator_by(code)
    edition = queries.published_edition(indicator.dataset)
    if edition is None:
        raise NotFound(_("Nothing is published yet."), code="not_published", item=code)
    chosen = {
        name: [each for each in codes.split(",") if each]
        for name, _colon, codes in (each.partition(":") for each in filter)
    }
    try:
        found = data.summary(
            edition,
            indicator,
            by=[each for each in by.split(",") if each],
            function=function,
            chosen=chosen,
            times=(since, until),
            order=order,
            limit=limit,
            offset=offset,
        )
    except cube.QueryRefused as refusal:
        raise Invalid(_("This cannot be asked: check periods and codes."), code=refusal.code, field="by") from None
    return _written({"indicator": indicator.code, "unit": indicator.unit, "edition": edition.number, "items": found})


@router.post("/statistics/datasets/{code}/editions", response=EditionOut, summary="Send figures from a program")
def push_edition(request: HttpRequest, code: str, given: EditionIn) -> dict[str, Any]:
    """All figures or none. The data steward checks them before anything is public. Needs the role of a data producer
    within the agency, for instance by a key."""
    actor = request.actor  # type: ignore[attr-defined]
    dataset = queries.dataset_by(code)
    edition = operations.push(
        actor=actor, dataset=dataset, figures=[each.dict() for each in given.figures], source=given.source
    )
    for indicator in edition.findings["jumped"]:
        if given.notes.get(indicator):
            edition = operations.explain_jumps(
                actor=actor,
                edition=edition,
                revision=edition.revision,
                indicator=indicator,
                text=given.notes[indicator],
            )
    missing: list[str] = []
    if given.send:
        try:
            edition = operations.send_edition(
                actor=actor, edition=edition, revision=edition.revision, reason=given.reason
            )
        except Invalid as refusal:
            missing = [str(refusal.message)]
    return {
        "key": str(edition.key),
        "dataset": dataset.code,
        "state": edition.state,
        "rows": edition.rows,
        "periods": edition.periods,
        "changed_cells": edition.changed_cells,
        "jumped": edition.findings["jumped"],
        "missing": missing,
        "url": f"/kerja/data/edisi/{edition.key}",
    }


def _written(answer: dict[str, Any]) -> HttpResponse:
    """Thousands of figures that are right by construction need no check one by one on the way out."""
    return HttpResponse(orjson.dumps(answer), content_type="application/json; charset=utf-8")


def _indicator(row: Indicator) -> dict[str, Any]:
    names = ("code", "title", "title_en", "unit", "decimals", "direction", "total", "definition")
    return {name: getattr(row, name) for name in names} | {"url": f"/data/{row.code}"}


def _dataset(row: Dataset, edition: Edition | None) -> dict[str, Any]:
    return {
        "code": row.code,
        "title": row.title,
        "title_en": row.title_en,
        "agency": row.agency_code,
        "frequency": row.frequency,
        "theme": row.theme,
        "licence": row.licence,
        "edition": edition.number if edition else None,
        "published_at": edition.published_at if edition else None,
        "indicators": [_indicator(each) for each in row.indicators.all()],
    }
