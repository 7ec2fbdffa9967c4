"""JSON for programs of the control room. The same policies as the pages; a repeated decision answers 409 with who was
faster, so a request may be sent again without harm."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from . import operations, policies, queries
from .models import Incident, Sign

router = Router(tags=["emergency"])


class SignOut(Schema):
    hazard: str
    source_kind: str
    source_key: str
    label: str
    level: str
    value: str
    began_at: datetime
    observed_at: datetime
    ended_at: datetime | None
    region_code: str
    lon: float | None
    lat: float | None
    simulated: bool


class IncidentOut(Schema):
    number: str
    hazard: str
    state: str
    level: str
    suggested_level: str
    title: str
    title_en: str
    place: str
    areas: list[str]
    lon: float | None
    lat: float | None
    opened_at: datetime
    decided_at: datetime | None
    decided_by: str
    automatic: bool
    closed_at: datetime | None
    valid_until: datetime | None
    simulated: bool
    version: int


class IncidentPage(Schema):
    items: list[IncidentOut]
    count: int


class EntryOut(Schema):
    at: datetime
    actor: str
    kind: str
    sentence: str = Field(description="In the language of the request")
    text: str


class IncidentDetail(IncidentOut):
    headline: str
    headline_en: str
    instruction: str
    instruction_en: str
    signs: list[SignOut]
    timeline: list[EntryOut]


class SignIn(Schema):
    hazard: str = "flood"
    source_kind: str = Field(description="station, rain, camera, call or report")
    source_key: str = Field(max_length=150, description="The same source has the same key")
    stream: str = Field("", max_length=100)
    label: str = Field(max_length=200)
    label_en: str = Field("", max_length=200)
    level: str
    observed_at: datetime
    region_code: str = Field("", max_length=30)
    lon: float | None = Field(None, ge=-180, le=180)
    lat: float | None = Field(None, ge=-90, le=90)
    value: str = Field("", max_length=100)
    simulated: bool = False


class PublicIn(Schema):
    level: str
    areas: list[str] = Field(max_length=500)
    headline: str
    headline_en: str = ""
    instruction: str
    instruction_en: str = ""
    valid_until: datetime


class ChangeIn(PublicIn):
    version: int = Field(description="The version that was read; 409 when somebody changed the incident since")


class DismissIn(Schema):
    reason_code: str
    reason: str


class CloseIn(Schema):
    outcome: str = Field(description="happened, did_not_happen or handed_over")
    text: str = ""


class NoteIn(Schema):
    text: str


class IncidentFilter(Schema):
    state: str = ""
    hazard: str = ""
    level: str = ""
    q: str = ""
    since: date | None = None
    until: date | None = None


def _reader(request: HttpRequest) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    policies.may_read(actor)
    return actor


@router.get("/incidents", response=IncidentPage, summary="Incidents, newest first")
def list_incidents(
    request: HttpRequest,
    filters: Query[IncidentFilter],
    limit: int = Query(50, ge=1, le=200),
    offset: int = Query(0, ge=0),
) -> dict[str, Any]:
    _reader(request)
    rows = queries.incidents(
        state=filters.state,
        hazard=filters.hazard,
        level=filters.level,
        text=filters.q,
        since=filters.since,
        until=filters.until,
    )
    return {"items": list(rows[offset : offset + limit]), "count": rows.count()}


@router.get("/incidents/{number}", response=IncidentDetail, summary="One incident with its signs and time line")
def get_incident(request: HttpRequest, number: str) -> dict[str, Any]:
    _reader(request)
    return _detail(queries.incident_by(number))


@router.get("/incidents/{number}/record", summary="The complete record, with audit positions and its SHA-256")
def get_record(request: HttpRequest, number: str) -> dict[str, Any]:
    _reader(request)
    return queries.record(queries.incident_by(number))


@router.post("/incidents/{number}/confirm", response=IncidentDetail, summary="Confirm a draft: the public is told")
def confirm(request: HttpRequest, number: str, given: PublicIn) -> dict[str, Any]:
    return _detail(operations.confirm_draft(actor=request.actor, number=number, **given.dict()))  # type: ignore[attr-defined]


@router.post("/incidents/{number}/dismiss", response=IncidentDetail, summary="Dismiss a draft with a reason")
def dismiss(request: HttpRequest, number: str, given: DismissIn) -> dict[str, Any]:
    return _detail(operations.dismiss_draft(actor=request.actor, number=number, **given.dict()))  # type: ignore[attr-defined]


@router.post("/incidents/{number}/change", response=IncidentDetail, summary="Change level, areas or words")
def change(request: HttpRequest, number: str, given: ChangeIn) -> dict[str, Any]:
    return _detail(operations.request_warning_update(actor=request.actor, number=number, **given.dict()))  # type: ignore[attr-defined]


@router.post("/incidents/{number}/close", response=IncidentDetail, summary="Close: the warning ends")
def close(request: HttpRequest, number: str, given: CloseIn) -> dict[str, Any]:
    return _detail(operations.close_incident(actor=request.actor, number=number, **given.dict()))  # type: ignore[attr-defined]


@router.post("/incidents/{number}/notes", response={201: EntryOut}, summary="Write in the time line")
def write(request: HttpRequest, number: str, given: NoteIn) -> tuple[int, dict[str, Any]]:
    entry = operations.add_note(actor=request.actor, number=number, text=given.text)  # type: ignore[attr-defined]
    return 201, _entry(entry)


@router.post("/signs", response=SignOut, summary="Report a sign of danger")
def report_sign(request: HttpRequest, given: SignIn) -> Sign:
    """Safe to repeat: what is older than what is known changes nothing."""
    return operations.report_sign(actor=request.actor, **given.dict())  # type: ignore[attr-defined]


def _entry(entry: Any) -> dict[str, Any]:
    return {
        "at": entry.at,
        "actor": queries.actor_label(entry.actor_kind, entry.actor_label),
        "kind": entry.kind,
        "sentence": queries.sentence(entry),
        "text": entry.text,
    }


def _detail(incident: Incident) -> dict[str, Any]:
    fields = {name: getattr(incident, name) for name in IncidentDetail.model_fields if hasattr(incident, name)}
    return fields | {
        "signs": list(incident.signs.all()),
        "timeline": [_entry(entry) for entry in incident.timeline.all()],
    }
