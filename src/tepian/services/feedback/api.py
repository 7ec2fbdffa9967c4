"""JSON of the survey: figures are open to everybody, comments are for the offices, answering needs the code."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from tepian.kernel.catalogue.city import today

from . import operations, policies, queries, states
from .models import Answer

router = Router(tags=["feedback"])
Year = Query(None, ge=2017, le=2100, description="This one where none is given")


class ResultOut(Schema):
    """Of answers until the end of last month. Fewer than ten answers are hidden: `answers` and what follows are null."""

    service: str
    title: str = Field(description="In Indonesian")
    title_en: str
    year: int
    answers: int | None
    means: dict[str, float] | None = Field(description="NRR of each element, 1 to 4")
    ikm: float | None = Field(description="25 to 100, PermenPANRB 14/2017")
    band: str | None = Field(description="A, B, C or D")


class AnswerIn(Schema):
    code: str = Field(max_length=40)
    answers: dict[str, int] = Field(description="All nine elements, 1 to 4")
    comment: str = Field("", max_length=4000)


class TakenOut(Schema):
    taken: bool


class CommentOut(Schema):
    id: UUID
    service: str
    office: str
    region: str
    month: str = Field(description="In which it was answered, like 2026-11")
    answers: dict[str, int]
    comment: str
    state: str = Field(description="new, seen or done")
    reply: str
    revision: int


class HandleIn(Schema):
    revision: int
    state: str
    reply: str = ""


@router.get("/feedback/results", response=list[ResultOut], summary="Satisfaction with services (IKM)")
def results(request: HttpRequest, year: int | None = Year) -> Any:
    """All services that were asked about."""
    wanted = year or today().year
    found = queries.by(queries.answers(wanted, published=True), "service_id")
    return [
        {
            "service": row.key,
            "title": row.title,
            "title_en": row.title_en,
            "year": wanted,
            **_index(found.get(row.pk, states.Index(0))),
        }
        for row in queries.services()
    ]


def _index(found: states.Index) -> dict[str, Any]:
    if not found.shown:
        return {"answers": None, "means": None, "ikm": None, "band": None}
    means = {element: round(float(mean), 4) for element, mean in zip(states.ELEMENTS, found.means, strict=True)}
    return {"answers": found.n, "means": means, "ikm": float(found.value or 0), "band": found.band}


@router.post("/feedback/answers", response={201: TakenOut}, summary="Answer the survey of a hand-over")
def answer(request: HttpRequest, given: AnswerIn) -> Any:
    """Once for each code. 404 for an unknown code, 409 for one that was used or is over."""
    operations.answer(
        actor=request.actor,  # type: ignore[attr-defined]
        code=given.code,
        values=given.answers,
        comment=given.comment,
    )
    return Status(201, {"taken": True})


@router.get("/feedback/comments", response=list[CommentOut], summary="What citizens wrote")
def comments(request: HttpRequest, state: str = Query("", max_length=10), limit: int = Query(100, ge=1, le=500)) -> Any:
    """Of the offices within the caller's reach, newest first."""
    actor = request.actor  # type: ignore[attr-defined]
    policies.may_read_comments(actor=actor)
    return [_comment(row) for row in queries.comments(actor, state=state)[:limit]]


@router.post("/feedback/comments/{key}", response=CommentOut, summary="Say what is done about a comment")
def handle(request: HttpRequest, key: UUID, given: HandleIn) -> Any:
    """409 when somebody else was faster: read it again."""
    actor = request.actor  # type: ignore[attr-defined]
    policies.may_read_comments(actor=actor)
    row = queries.comment_by(actor, key)
    operations.handle(actor=actor, answer=row, revision=given.revision, state=given.state, reply=given.reply)
    return _comment(queries.comment_by(actor, key))


def _comment(row: Answer) -> dict[str, Any]:
    return {
        "id": row.pk,
        "service": row.service.key,
        "office": row.office,
        "region": row.region,
        "month": f"{row.answered_on:%Y-%m}",
        "answers": {element: getattr(row, element) for element in states.ELEMENTS},
        "comment": row.comment,
        "state": row.state,
        "reply": row.reply,
        "revision": row.revision,
    }
