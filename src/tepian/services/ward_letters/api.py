"""JSON of ward letters: kinds and the state of a request are open to whoever has its number; answers need the applicant's
secret; the queue is of whom it waits for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Header, Query, Router, Schema
from pydantic import Field

from tepian.kernel.actors import Actor, require
from tepian.kernel.events import record_view

from . import policies, queries
from .models import LetterKind, Request

router = Router(tags=["ward letters"])


class KindOut(Schema):
    code: str
    title: str
    title_en: str
    summary: str
    summary_en: str
    fee: int = Field(description="Rupiah")
    minutes: int = Field(description="Office time until it is due; 0 where `days` says it")
    days: int = Field(description="Working days until it is due; 0 where `minutes` says it")
    valid_days: int = Field(description="0: without an end")
    steps: list[str] = Field(description="Who looks at it in this order; the last one signs")
    checks: list[str]
    questions: list[dict[str, Any]] = Field(description="As in the city's pack")
    papers: list[dict[str, Any]]
    valid_from: date


class RequestOut(Schema):
    """The four facts, for whoever has the number; `answers` only with the applicant's secret."""

    code: str
    kind: str
    state: str
    step: str = Field(description="Whose turn it is while it waits; empty otherwise")
    since: datetime
    due_at: datetime | None
    document: str = Field(description="The code under which the signed letter can be checked; empty before")
    valid_until: date | None
    reason: str | None = Field(description="Why it was returned, refused or stopped; only with the secret")
    answers: dict[str, str] | None
    revision: int | None


class WaitingOut(Schema):
    code: str
    kind: str
    step: str
    region: str = Field(description="The RT where the register knows it, else the ward")
    since: datetime
    due_at: datetime | None
    revision: int


@router.get("/ward-letters/kinds", response=list[KindOut], summary="Letters that can be asked for today")
def list_kinds(request: HttpRequest, q: str = Query("", max_length=100)) -> Any:
    rows = queries.kinds()
    return [_kind(row) for row in (queries.matching(q, rows) if q else rows)]


@router.get("/ward-letters/requests/{code}", response=RequestOut, summary="How a request stands")
def get_request(
    request: HttpRequest, code: str, x_request_secret: str = Header("", description="The last part of the own address")
) -> Any:
    """A wrong secret is answered like an unknown number."""
    if not x_request_secret:
        return _facts(queries.public(code))
    row = queries.own(code, x_request_secret)
    record_view(actor=request.actor, subject_type=policies.SUBJECT, subject_id=row.code, purpose="letter")  # type: ignore[attr-defined]
    return _facts(row) | {
        "answers": row.answers,
        "reason": queries.reason_of(row),
        "revision": row.revision,
    }


@router.get("/ward-letters/queue", response=list[WaitingOut], summary="What waits for whom asks, the soonest due first")
def list_queue(request: HttpRequest, limit: int = Query(100, ge=1, le=500)) -> Any:
    """Numbers and kinds, no persons: whose request it is stands at the desk, where the look is recorded."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    require(actor.has(*policies.STAFF), policies.NOT_YOURS, policies.HELPER)
    return [
        {
            "code": row.code,
            "kind": row.kind_code,
            "step": row.step,
            "region": row.region_code,
            "since": row.state_since,
            "due_at": row.due_at,
            "revision": row.revision,
        }
        for row in queries.waiting(actor)[:limit]
    ]


def _kind(row: LetterKind) -> dict[str, Any]:
    return {name: getattr(row, name) for name in KindOut.model_fields}


def _facts(row: Request) -> dict[str, Any]:
    facts = queries.facts_of(row)
    return {
        "code": row.code,
        "kind": row.kind_code,
        "state": row.state,
        "step": row.step if facts.holder and row.state == "waiting" else "",
        "since": facts.since,
        "due_at": facts.due,
        "document": row.document,
        "valid_until": row.valid_until,
        "reason": None,
        "answers": None,
        "revision": None,
    }
