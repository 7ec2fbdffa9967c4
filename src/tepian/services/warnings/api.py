"""JSON of warnings: reading is public, ending one is the duty officer's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Schema
from pydantic import Field

from tepian.kernel.actors import Invalid

from . import operations, queries
from .models import PublicWarning

router = Router(tags=["warnings"])


class MessageOut(Schema):
    identifier: str
    kind: str = Field(description="Alert, Update or Cancel")
    sent_at: datetime
    sha256: str
    url: str = Field(description="The CAP 1.2 document")


class SourceOut(Schema):
    kind: str = ""
    label: str = ""
    label_en: str = ""
    value: str = ""
    amount: float | None = None
    unit: str = ""
    level: str = ""


class WarningOut(Schema):
    number: str
    hazard: str
    level: str
    state: str = Field(description="active, cancelled or expired")
    in_force: bool
    areas: list[str] = Field(description="Kemendagri codes")
    place: str
    headline: str
    headline_en: str
    instruction: str
    instruction_en: str
    severity: str
    urgency: str
    certainty: str
    published_at: datetime
    onset_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    confirmed_by: str
    automatic: bool
    sources: list[SourceOut]
    simulated: bool = Field(description="True: an exercise, not a real event")
    version: int


class WarningDetail(WarningOut):
    messages: list[MessageOut]


class WarningPage(Schema):
    items: list[WarningOut]
    count: int


class EndIn(Schema):
    reason: str = Field(max_length=300)


@router.get("/warnings", response=WarningPage, summary="Warnings in force, or past ones with state=past")
def list_warnings(
    request: HttpRequest,
    state: str = Query("active", description="active or past"),
    region: str = Query("", max_length=30),
    limit: int = Query(50, ge=1, le=200),
    offset: int = Query(0, ge=0),
) -> dict[str, Any]:
    if state not in {"active", "past"}:
        raise Invalid(_("state is active or past."), code="state_unknown", field="state", item=state[:20])
    rows = list(queries.in_force()) if state == "active" else list(queries.past()[:1000])
    if region:
        rows = [row for row in rows if any(_touches(code, region) for code in row.areas)]
    return {"items": [_out(row) for row in rows[offset : offset + limit]], "count": len(rows)}


@router.get("/warnings/{number}", response=WarningDetail, summary="One warning with its CAP messages")
def get_warning(request: HttpRequest, number: str) -> dict[str, Any]:
    return _detail(queries.warning_by(number))


@router.post("/warnings/{number}/end", response=WarningDetail, summary="End a warning before its time")
def end_warning(request: HttpRequest, number: str, given: EndIn) -> dict[str, Any]:
    """Repeating changes nothing."""
    return _detail(operations.cancel_warning(actor=request.actor, number=number, reason=given.reason))  # type: ignore[attr-defined]


def _touches(code: str, region: str) -> bool:
    return code == region or code.startswith(f"{region}.") or region.startswith(f"{code}.")


def _out(row: PublicWarning) -> dict[str, Any]:
    return {name: getattr(row, name) for name in WarningOut.model_fields if name != "hazard"} | {
        "hazard": row.kind.hazard
    }


def _detail(row: PublicWarning) -> dict[str, Any]:
    return _out(row) | {
        "messages": [
            {
                "identifier": message.identifier,
                "kind": message.kind,
                "sent_at": message.sent_at,
                "sha256": message.digest,
                "url": queries.message_url(message.identifier),
            }
            for message in row.messages.all()
        ]
    }
