"""JSON of the public check. `file` of a document is nobody's here: it goes to whom it concerns."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Router, Schema
from ninja.errors import Throttled
from pydantic import Field

from tepian.kernel.actors import NotFound

from . import pace, queries

router = Router(tags=["signatures"])


class CheckedOut(Schema):
    code: str
    state: str = Field(description="valid, revoked, superseded or expired")
    kind: str = Field(description="The room's word for the kind of document")
    title: str = Field(description="The kind in words")
    number: str
    about: str = Field(description="Whom it concerns, masked: the first letter of each word")
    office: str
    signer_title: str = Field(description="The position, with Plt., Plh., a.n. or u.b.")
    signed_at: datetime
    valid_until: date | None
    revoked_at: datetime | None
    reason: str = Field(description="Why it was revoked: wrong_data, circumstances, not_entitled, forged or asked")
    superseded_by: str = Field(description="The code of the document in its place")
    level: str = Field(
        description="B-B: the time is the city's clock; B-T, B-LT: a time stamp service's; empty: not known"
    )
    sha256: str = Field(description="Of the signed file, to compare with one's own copy")


@router.get("/signatures/{code}", response=CheckedOut, summary="Check a signed document")
def check_signature(request: HttpRequest, code: str) -> Any:
    """Open to everybody, sixty a minute from one address. Never NIK or full name of whom it concerns."""
    if pace.too_many(request, "codes", pace.CODES):
        raise Throttled(wait=pace.wait())
    found = queries.check(code)
    if found is None:
        raise NotFound(
            _("No document has this code. Compare it with the paper, letter by letter."), code="unknown_code"
        )
    return found
