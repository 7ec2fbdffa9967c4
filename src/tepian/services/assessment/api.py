"""Assessments for programs: closed ones and all instruments for everybody; agencies' answers and assessors' scores for
those who may."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from . import operations, policies, queries, states
from .models import Answer, Assessment
from .states import scoring
from .states.instruments import ROOT

router = Router(tags=["assessments"])


class WeightsOut(Schema):
    code: str
    title: str
    title_en: str
    source: str
    values: dict[str, float] = Field(description="Part or item → percent of what it lies in")


class NodeOut(Schema):
    code: str
    title: str
    title_en: str
    part: str = Field(description="The part it lies in; empty: the whole")
    item: bool = Field(description="An item is answered; a part is computed")
    dimension: str
    evidence: str


class InstrumentOut(Schema):
    code: str
    version: str
    title: str
    title_en: str
    valid_from: date
    valid_to: date | None
    source: str
    note: str
    computable: bool = Field(description="False: without scale or weights nothing is computed")
    formula: str
    lowest: float | None
    highest: float | None
    weights: list[WeightsOut]
    items: int


class InstrumentDetail(InstrumentOut):
    nodes: list[NodeOut]


class ResultOut(Schema):
    weights: str
    counts: bool = Field(description="Is this the weight set that counts?")
    score: float | None = Field(description="None while an item is not scored; then low and high are what is possible")
    low: float
    high: float
    formula: str
    parts: dict[str, float | None]


class AssessmentOut(Schema):
    code: str
    instrument: str
    version: str
    year: int
    agency: str
    closed_at: datetime | None
    demonstration: bool = Field(description="Made-up figures, for trying out")
    results: list[ResultOut]


class ItemOut(Schema):
    item: str
    title: str
    title_en: str
    dimension: str
    agency: str
    self_level: float | None
    score: float | None
    scores: int = Field(description="How many assessors scored it")
    spread: float
    doubtful: bool = Field(description="Evidence was withdrawn after the score was given")


class AssessmentDetail(AssessmentOut):
    items: list[ItemOut]


class AssessmentPage(Schema):
    items: list[AssessmentOut]
    count: int


class PublishedOut(Schema):
    city: str
    instrument: str
    version: str
    year: int
    score: float
    weights: str
    source: str
    values: dict[str, str]
    computed: dict[str, float] = Field(description="Weight set's title → what the published components give")


class AnswerIn(Schema):
    level: Decimal | None = Field(None, max_digits=7, decimal_places=2)
    explanation: str = Field("", max_length=4000)
    revision: int = Field(ge=1, le=10**9, description="That of the answer that was read")


class AnswerOut(Schema):
    item: str
    agency: str
    level: float | None
    explanation: str
    revision: int


class ScoreIn(Schema):
    level: Decimal = Field(max_digits=7, decimal_places=2)
    note: str = Field("", max_length=2000)
    revision: int | None = Field(None, ge=0, le=10**9, description="That of the own score that was read; 0: none")


class ScoreOut(Schema):
    item: str
    level: float
    revision: int


@router.get("/assessments/instruments", response=list[InstrumentOut], summary="Instruments with their weight sets")
def list_instruments(request: HttpRequest) -> list[dict[str, Any]]:
    return [_instrument(each) for each in queries.instruments()]


@router.get(
    "/assessments/instruments/{code}/{version}", response=InstrumentDetail, summary="One instrument with all its items"
)
def read_instrument(request: HttpRequest, code: str, version: str) -> dict[str, Any]:
    found = queries.parsed(queries.document_by(code, version))
    return _instrument(found) | {
        "nodes": [
            {
                "code": node.code,
                "title": node.title,
                "title_en": node.title_en,
                "part": node.parent,
                "item": node.is_item,
                "dimension": node.dimension,
                "evidence": node.evidence,
            }
            for node in found.nodes.values()
        ]
    }


@router.get("/assessments/published", response=list[PublishedOut], summary="What cities have published of themselves")
def list_published(request: HttpRequest, instrument: str = Query("", max_length=60)) -> list[dict[str, Any]]:
    return [
        {
            "city": each.row.city,
            "instrument": each.row.instrument_code,
            "version": each.row.instrument_version,
            "year": each.row.year,
            "score": each.row.score,
            "weights": each.row.weights,
            "source": each.row.source,
            "values": each.row.values,
            "computed": {title: scoring.shown(value) for title, value in each.computed},
        }
        for each in queries.elsewhere(instrument)
    ]


@router.get("/assessments", response=AssessmentPage, summary="Closed assessments, newest first")
def list_assessments(
    request: HttpRequest, limit: int = Query(20, ge=1, le=100), offset: int = Query(0, ge=0, le=1_000_000)
) -> dict[str, Any]:
    rows = queries.assessments().filter(state=states.CLOSED)
    found = queries.results_of(list(rows[offset : offset + limit]))
    return {"items": [_assessment(each) for each in found], "count": rows.count()}


@router.get("/assessments/{code}", response=AssessmentDetail, summary="A closed assessment, item by item")
def read_assessment(request: HttpRequest, code: str) -> dict[str, Any]:
    result = queries.result_of(queries.public_assessment(code))
    return _assessment(result) | {
        "items": [
            {
                "item": line.node.code,
                "title": line.node.title,
                "title_en": line.node.title_en,
                "dimension": line.node.dimension,
                "agency": line.answer.agency_code,
                "self_level": line.answer.level,
                "score": None if line.mean is None else scoring.shown(line.mean),
                "scores": len(line.scores),
                "spread": line.spread,
                "doubtful": line.doubtful,
            }
            for line in result.lines
        ]
    }


@router.get("/assessments/{code}/answers", response=list[AnswerOut], summary="The agency's items, to fill them in")
def list_answers(request: HttpRequest, code: str) -> list[dict[str, Any]]:
    """The items that the caller may answer, also while the assessment is open."""
    row = _for(request, code)
    return [_answer(each) for each in queries.own_answers(row, request.actor)]  # type: ignore[attr-defined]


@router.put("/assessments/{code}/answers/{item}", response=AnswerOut, summary="Answer an item of the self-assessment")
def put_answer(request: HttpRequest, code: str, item: str, given: AnswerIn) -> dict[str, Any]:
    """The whole answer takes the place of the one with this revision; a newer one is a conflict (409)."""
    answer = queries.answer_by(_for(request, code), item)
    row = operations.answer_item(
        actor=request.actor,  # type: ignore[attr-defined]
        answer=answer,
        revision=given.revision,
        level=given.level,
        explanation=given.explanation,
    )
    return _answer(row)


@router.put("/assessments/{code}/scores/{item}", response=ScoreOut, summary="Give an assessor's score")
def put_score(request: HttpRequest, code: str, item: str, given: ScoreIn) -> dict[str, Any]:
    """The caller's own score; others' stay as they are."""
    answer = queries.answer_by(_for(request, code), item)
    score = operations.score_item(
        actor=request.actor,  # type: ignore[attr-defined]
        answer=answer,
        level=given.level,
        note_text=given.note,
        revision=given.revision,
    )
    return {"item": item, "level": score.level, "revision": score.revision}


def _inside(actor: Any) -> bool:
    return bool(actor.has(*policies.READERS))


def _for(request: HttpRequest, code: str) -> Assessment:
    """An assessment that is not public does not exist for those outside."""
    if _inside(request.actor):  # type: ignore[attr-defined]
        return queries.assessment_by(code)
    return queries.public_assessment(code)


def _answer(row: Answer) -> dict[str, Any]:
    return {
        "item": row.item,
        "agency": row.agency_code,
        "level": row.level,
        "explanation": row.explanation,
        "revision": row.revision,
    }


def _instrument(found: Any) -> dict[str, Any]:
    return {
        "code": found.code,
        "version": found.version,
        "title": found.title,
        "title_en": found.title_en,
        "valid_from": found.valid_from,
        "valid_to": found.valid_to,
        "source": found.source,
        "note": found.note,
        "computable": found.computable,
        "formula": found.formula,
        "lowest": found.scale.low if found.scale else None,
        "highest": found.scale.high if found.scale else None,
        "weights": [
            {
                "code": each.code,
                "title": each.title,
                "title_en": each.title_en,
                "source": each.source,
                "values": {code: float(value) for code, value in each.values.items()},
            }
            for each in found.weight_sets.values()
        ],
        "items": len(found.items),
    }


def _assessment(result: queries.Result) -> dict[str, Any]:
    row, instrument = result.row, result.instrument
    found = []
    for weights in instrument.weight_sets.values() if instrument.computable else ():
        outcomes = result.outcomes(weights)
        outcome = outcomes[ROOT]
        found.append(
            {
                "weights": weights.code,
                "counts": result.weights is not None and result.weights.code == weights.code,
                "score": None if outcome.value is None else scoring.shown(outcome.value),
                "low": scoring.shown(outcome.low),
                "high": scoring.shown(outcome.high),
                "formula": queries.formula(instrument, weights, outcomes),
                "parts": {
                    code: None if each.value is None else scoring.shown(each.value)
                    for code, each in outcomes.items()
                    if code != ROOT and not instrument.nodes[code].is_item
                },
            }
        )
    return {
        "code": row.code,
        "instrument": row.instrument_code,
        "version": row.instrument_version,
        "year": row.year,
        "agency": row.agency_code,
        "closed_at": row.closed_at,
        "demonstration": row.demonstration,
        "results": found,
    }
