"""The register for programs: `/api/v1/residents`. Every answer names its purpose and is recorded before it is given.

The purpose comes as `purpose` or in the header `X-Purpose`. `POST /residents/look-up` is the better way in: a NIK in an
address ends up in the logs of what stands between (proxies, browsers), a NIK in a body does not."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from ninja import Header, Query, Router, Schema
from ninja.errors import Throttled
from pydantic import Field

from tepian.kernel.actors import Actor, Invalid
from tepian.kernel.catalogue.city import today

from . import operations, policies, queries, references
from .pace import TooMany

router = Router(tags=["residents"])
WAITS = {"responses": {429: {"description": "too_many"}}}
PURPOSE = "Why: one of " + ", ".join(policies.PURPOSES) + "; or in the header X-Purpose"


class ResidentOut(Schema):
    """A resident as the caller may see: fields that are not permitted are null, the NIK is masked. Numbers are the civil
    registry's codes, see /residents/codes; dates ISO 8601."""

    id: int = Field(description="The register's own number, which never says who it is")
    nik: str
    name: str
    sex: str = Field(description="L or P")
    age: int = Field(description="Whole years today")
    region: str = Field(description="Code of the RT, or of the ward")
    ward: str = Field(description="Code of the ward")
    street: str
    relation: int = Field(description="In the family")
    status: str = Field(description="living, dead, moved or merged")
    fictional: bool = Field(description="Made by the generator; nobody like this exists")
    merged_into: int | None = Field(None, description="The entry that counts, where somebody was registered twice")
    kk: str | None = None
    born_on: date | None = None
    born_in: str | None = None
    religion: int | None = None
    marriage: int | None = None
    education: int | None = None
    occupation: int | None = None
    blood: int | None = None
    citizenship: int | None = None
    father: str | None = None
    mother: str | None = None


class FoundOut(ResidentOut):
    likeness: float | None = Field(None, description="0 to 1; null when searched by address")
    birth: str = Field("", description="How the day of birth fits: same, swapped, digit, other, or empty")


class FoundListOut(Schema):
    residents: list[FoundOut]
    more: bool = Field(description="There may be more: write more of the name, or the day of birth")


class LookUpIn(Schema):
    nik: str = Field(max_length=60, description="16 digits; spaces between them do no harm")
    purpose: str = Field("", max_length=30)


class CodeOut(Schema):
    code: int
    name_id: str
    name_en: str


class CodesOut(Schema):
    relation: list[CodeOut]
    religion: list[CodeOut]
    marriage: list[CodeOut]
    education: list[CodeOut]
    occupation: list[CodeOut]
    blood: list[CodeOut]
    citizenship: list[CodeOut]


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def _one(asked: operations.Asked, response: HttpResponse) -> dict[str, Any]:
    response["Cache-Control"] = "no-store"
    seen = operations.looked_up([asked])[0]
    if isinstance(seen.refused, TooMany):
        raise Throttled(seen.refused.wait)
    if seen.row is None:
        raise seen.refused or queries.nobody()
    return queries.plain(asked.actor, seen.row, on=today())


@router.get("/residents/codes", response=CodesOut, summary="The registry's codes and what they mean")
def codes(request: HttpRequest) -> dict[str, list[dict[str, Any]]]:
    def named(values: Any) -> list[dict[str, Any]]:
        return [{"code": code, "name_id": _in(name, "id"), "name_en": _in(name, "en")} for code, name in values.items()]

    return {
        "relation": named(references.RELATIONS),
        "religion": named(references.RELIGIONS),
        "marriage": named(references.MARRIAGES),
        "education": named(references.EDUCATIONS),
        "occupation": named(references.OCCUPATIONS),
        "blood": named(references.BLOOD),
        "citizenship": named(references.CITIZENSHIPS),
    }


def _in(name: str | Promise, language: str) -> str:
    with override(language):
        return str(name)


@router.post("/residents/look-up", response=ResidentOut, summary="A resident by NIK, which stays out of addresses")
def look_up(
    request: HttpRequest,
    response: HttpResponse,
    body: LookUpIn,
    x_purpose: str = Header("", alias="X-Purpose", description=PURPOSE),
) -> dict[str, Any]:
    """Recorded with its purpose before it is answered. Somebody whom the caller may not know is answered like nobody."""
    return _one(operations.Asked(_actor(request), body.nik, body.purpose or x_purpose), response)


@router.get("/residents/{nik}", response=ResidentOut, summary="A resident by NIK", openapi_extra=WAITS)
def resident(
    request: HttpRequest,
    response: HttpResponse,
    nik: str,
    purpose: str = Query("", max_length=30, description=PURPOSE),
    x_purpose: str = Header("", alias="X-Purpose", description=PURPOSE),
) -> dict[str, Any]:
    """As `POST /residents/look-up`, for programs that cannot send a body. Our own logs hide the number; those of what
    stands between may not."""
    return _one(operations.Asked(_actor(request), nik, purpose or x_purpose), response)


@router.get(
    "/residents",
    response=FoundListOut,
    summary="Residents by name and day of birth, or by address",
    openapi_extra=WAITS,
)
def search(
    request: HttpRequest,
    response: HttpResponse,
    name: str = Query("", max_length=120, description="However it is written: spelling, order, titles"),
    born_on: date | None = Query(None, description="Also a day that is a little wrong"),
    address: str = Query("", max_length=200),
    region: str = Query("", max_length=30, description="With an address: code of the ward or RT"),
    limit: int = Query(operations.MOST_FOUND, ge=1, le=operations.MOST_FOUND),
    purpose: str = Query("", max_length=30, description=PURPOSE),
    x_purpose: str = Header("", alias="X-Purpose", description=PURPOSE),
) -> dict[str, Any]:
    """Best first. Each resident who is shown has been looked at, and the record says so."""
    response["Cache-Control"] = "no-store"
    actor, why = _actor(request), purpose or x_purpose
    if bool(name) == bool(address):
        raise Invalid(_("Search by name or by address, one of the two."), code="name_or_address", field="name")
    try:
        if name:
            found = [
                (match.resident, {"likeness": match.score, "birth": match.day})
                for match, _card in operations.search_register(
                    actor=actor, name=name, born_on=born_on, purpose=why, limit=limit
                )
            ]
        else:
            cards = operations.search_address(actor=actor, address=address, region=region, purpose=why, limit=limit)
            found = [(card.resident, {}) for card in cards]
    except TooMany as refused:
        raise Throttled(refused.wait) from None
    rows = queries.by_pks([pk for pk, _likeness in found])
    day = today()
    shown = [queries.plain(actor, rows[pk], on=day) | likeness for pk, likeness in found if pk in rows]
    return {"residents": shown, "more": len(shown) == limit}
