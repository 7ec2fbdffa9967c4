"""JSON of literacy: aggregates are open to everybody; planning and the steps of a session are the organisers'."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from tepian.kernel.catalogue.city import today

from . import operations, queries
from .models import Programme, Session
from .queries.learning import Part

router = Router(tags=["literacy"])
Year = Query(None, ge=2000, le=2100, description="The city's year; this one where none is given")


class PairedOut(Schema):
    """Mean shares of right answers (0 to 1) of the persons who took both tests, and the 95 % interval of the change."""

    n: int
    before: float
    after: float
    change: float
    low: float
    high: float


class PartOut(Schema):
    key: str = Field(description="A group's code, or a question's id")
    label: str = Field(description="In Indonesian")
    label_en: str
    effect: PairedOut | None = Field(description="Null: fewer than ten persons, or hidden with those")


class EffectOut(Schema):
    sat_before: int
    sat_after: int
    whole: PairedOut | None
    groups: list[PartOut]
    questions: list[PartOut]


class ProgrammeOut(Schema):
    code: str
    title: str
    title_en: str
    summary: str
    summary_en: str
    agency: str
    groups: list[str]
    dimension: str
    aim_people: int | None
    aim_wards: int | None
    active: bool
    simulated: bool = Field(description="True: made up for a demonstration")


class ProgrammeDetail(ProgrammeOut):
    year: int
    people: int | None = Field(
        description="Each person once a year; paper lists count everybody; null: fewer than five"
    )
    wards: int
    effect: EffectOut


class SessionOut(Schema):
    number: str
    programme: str
    title: str
    title_en: str
    place: str
    region: str = Field(description="Kemendagri code of the ward")
    starts_at: datetime
    ends_at: datetime
    capacity: int
    speaker: str = Field(description="A function, not a name")
    state: str = Field(description="planned, open, held or cancelled")
    reason: str = Field(description="Why it was cancelled")
    revision: int


class CellOut(Schema):
    region: str = Field(description="Kemendagri code of the ward; empty: from outside the city; _T: all")
    group: str = Field(description="A group's code; _T: all")
    people: int | None = Field(description="Null: fewer than five, or hidden with those")


class ReachOut(Schema):
    year: int
    people: int | None = Field(description="Null: fewer than five, or hidden with those")
    attendances: int | None
    sessions: int
    wards_reached: int
    wards: int
    aim_people: int | None
    aim_wards: int | None
    cells: list[CellOut]


class SessionIn(Schema):
    title: str = Field(max_length=200)
    title_en: str = Field("", max_length=200)
    place: str = Field(max_length=200)
    region: str = Field(max_length=40)
    starts_at: datetime
    ends_at: datetime
    capacity: int = Field(ge=1, le=5000)
    speaker: str = Field("", max_length=200)
    poster: bool = True


class StepIn(Schema):
    step: Literal["open", "end_lesson", "hold", "cancel"]
    revision: int = Field(ge=0, le=2**31 - 1, description="Of the session as you saw it")
    reason: str = Field("", max_length=300, description="For cancelling")


@router.get("/literacy/programmes", response=list[ProgrammeOut], summary="Programmes")
def list_programmes(request: HttpRequest) -> Any:
    return [_programme(row) for row in queries.programmes()]


@router.get("/literacy/programmes/{code}", response=ProgrammeDetail, summary="A programme with its reach and effect")
def get_programme(request: HttpRequest, code: str, year: int | None = Year) -> Any:
    """Of sessions that are over. The effect compares the same persons before and after."""
    row = queries.programme_by(code)
    year = year or today().year
    people, wards, _held = queries.by_programme(year).get(row.pk, (0, 0, 0))
    return _programme(row) | {"year": year, "people": people, "wards": wards, "effect": _effect(row, year)}


@router.get("/literacy/sessions", response=list[SessionOut], summary="Sessions, those to come where no state is given")
def list_sessions(
    request: HttpRequest,
    state: Literal["planned", "open", "held", "cancelled"] | None = None,
    programme: str = Query("", max_length=60),
    limit: int = Query(100, ge=1, le=500),
    offset: int = Query(0, ge=0, le=1_000_000),
) -> Any:
    rows = queries.sessions().filter(state=state) if state else queries.upcoming(timezone.now())
    if programme:
        rows = rows.filter(programme=queries.programme_by(programme))
    return [_session(row) for row in rows[offset : offset + limit]]


@router.get("/literacy/sessions/{number}", response=SessionOut, summary="One session")
def get_session(request: HttpRequest, number: str) -> Any:
    return _session(queries.session_by(number))


@router.get("/literacy/reach", response=ReachOut, summary="People reached by ward and group")
def get_reach(request: HttpRequest, programme: str = Query("", max_length=60), year: int | None = Year) -> Any:
    """Of sessions that are over; small numbers are hidden, and those that would give them away."""
    year = year or today().year
    found = queries.reach(queries.programme_by(programme) if programme else None, year)
    return {
        "year": year,
        "people": found.people,
        "attendances": found.attendances,
        "sessions": found.sessions,
        "wards_reached": len(found.wards),
        "wards": found.all_wards,
        "aim_people": found.aim_people,
        "aim_wards": found.aim_wards,
        "cells": [{"region": ward, "group": group, "people": n} for (ward, group), n in sorted(found.cells.items())],
    }


@router.post("/literacy/programmes/{code}/sessions", response={201: SessionOut}, summary="Plan a session")
def plan_session(request: HttpRequest, code: str, given: SessionIn) -> Any:
    row = operations.plan_session(actor=request.actor, programme=queries.programme_by(code), **given.dict())  # type: ignore[attr-defined]
    return Status(201, _session(row))


@router.post("/literacy/sessions/{number}/steps", response=SessionOut, summary="Open, end the lesson, hold or cancel")
def take_step(request: HttpRequest, number: str, given: StepIn) -> Any:
    row, actor = queries.session_by(number), request.actor  # type: ignore[attr-defined]
    if given.step == "cancel":
        return _session(
            operations.cancel_session(actor=actor, session=row, revision=given.revision, reason=given.reason)
        )
    act = {"open": operations.open_session, "end_lesson": operations.end_lesson, "hold": operations.hold_session}[
        given.step
    ]
    return _session(act(actor=actor, session=row, revision=given.revision))


def _programme(row: Programme) -> dict[str, Any]:
    own = {name: getattr(row, name) for name in ProgrammeOut.model_fields if name != "agency"}
    return own | {"agency": row.agency_code}


def _session(row: Session) -> dict[str, Any]:
    own = {name: getattr(row, name) for name in SessionOut.model_fields if name not in ("programme", "region")}
    return own | {"programme": row.programme.code, "region": row.region_code}


def _effect(row: Programme, year: int) -> dict[str, Any]:
    found = queries.effect(row, year)
    groups = {each.code: (each.name, each.name_en) for each in queries.groups()}
    questions = {str(each.pk): (each.text, each.text_en) for each in row.questions.all()}

    def parts(rows: tuple[Part, ...], names: dict[str, tuple[str, str]]) -> list[dict[str, Any]]:
        return [
            {
                "key": each.key,
                "label": names.get(each.key, ("", ""))[0],
                "label_en": names.get(each.key, ("", ""))[1],
                "effect": each.found,
            }
            for each in rows
        ]

    return {
        "sat_before": found.before,
        "sat_after": found.after,
        "whole": found.whole,
        "groups": parts(found.groups, groups),
        "questions": parts(found.questions, questions),
    }
