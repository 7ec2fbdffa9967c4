"""What the telephone exchange tells: calls ring, are answered, end, are lost, and where callers are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from ninja import Router, Schema, Status
from pydantic import AwareDatetime, Field, ValidationError

from tepian.kernel.actors import Invalid

from .. import operations, policies, states
from ..adapters import locations

router = Router()
MOST = 500  # events in one request
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class CallEventIn(Schema):
    """`id` is the exchange's own: the same event sent again counts once. Events may come late and in any order."""

    id: str = Field(min_length=1, max_length=100)
    type: str = Field(max_length=40, description="ringing, answered, ended, lost or location")
    call: str = Field(min_length=1, max_length=100, description="The exchange's id of the call")
    at: AwareDatetime = Field(description="The exchange's clock; the future counts as now")
    number: str = Field("", max_length=40, description="The caller's; kept sealed")
    line: str = Field("", max_length=30)
    agent: str = Field("", max_length=30, description="The extension that answered")
    stage: str = Field("", max_length=10, description="Where a lost call was lost: menu, queue or ring")
    location: Any = Field(
        None,
        description="{lon, lat, radius_m}, AML (text or HTTPS form fields) or a PIDF-LO document; "
        "one that cannot be read never loses the event",
    )
    simulated: bool = False


class ProblemPart(Schema):
    """What was wrong with one event, or with its location."""

    code: str
    message_id: str
    message_en: str
    field: str | None = None


class CallEventOut(Schema):
    """`new` is false for an event that was known. `problem` without `call`: the event was not kept; with it: only its
    location could not be read."""

    id: str
    call: int | None = None
    state: str = ""
    new: bool = False
    problem: ProblemPart | None = None


Body = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"anyOf": [shape, {"type": "array", "items": shape, "maxItems": MOST}]}}
            for kind, shape in (
                ("application/json", CallEventIn.model_json_schema()),
                ("application/cloudevents+json", {"type": "object", "description": "CloudEvents 1.0; data as above"}),
            )
        },
    }
}


@router.post(
    "/emergency/call-events",
    response={200: CallEventOut | list[CallEventOut], 207: list[CallEventOut]},
    summary="Tell events of calls, one or up to 500",
    openapi_extra=Body,
)
def tell_call_events(request: HttpRequest) -> Any:
    """Safe to repeat and free of order. One event is answered by one answer; of a list each event is judged by itself
    and the good ones are kept: status 207 says that at least one was not. CloudEvents 1.0 (structured) are accepted,
    with the event's name at the end of `type` and the fields in `data`."""
    actor = request.actor  # type: ignore[attr-defined]
    policies.may_tell_call_events(actor)
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise Invalid(
            _("The request could not be read as JSON. Nothing was stored. Check it and send it again."),
            code="malformed",
        ) from None
    if not isinstance(body, list):
        return Status(200, _take(actor, body))
    if not 1 <= len(body) <= MOST:
        raise Invalid(
            _("A list holds 1 to %(most)s events; this one has %(count)s. Nothing was stored. Send smaller parts.")
            % {"most": MOST, "count": len(body)},
            code="list_length",
        )
    answers = [_judged(actor, given) for given in body]
    return Status(207 if any(answer["call"] is None for answer in answers) else 200, answers)


def _judged(actor: Any, given: Any) -> dict[str, Any]:
    try:
        return _take(actor, given)
    except Invalid as error:
        told = given.get("id") if isinstance(given, Mapping) else None
        return {"id": told[:100] if isinstance(told, str) else "", "call": None, "problem": _problem(error)}


def _problem(error: Invalid) -> dict[str, Any]:
    texts = {}
    for language in ("id", "en"):
        with override(language):
            texts[f"message_{language}"] = str(error.message)
    return texts | {"code": error.code, "field": error.field or None}


def _take(actor: Any, given: Any) -> dict[str, Any]:
    """One event. A location that cannot be read is told in the answer; the event is kept all the same."""
    event = _read(given)
    where: dict[str, Any] = {}
    problem = None
    if event.location is not None:
        try:
            found = locations.read(event.location)
            where = {"lon": found.lon, "lat": found.lat, "radius_m": found.radius_m, "location_source": found.source}
        except Invalid as error:
            problem = _problem(error)
    told = event.dict(exclude={"location"})
    call, new = operations.receive_call_event(actor=actor, **told, **where)
    return {"id": event.id, "call": call.pk, "state": call.state, "new": new, "problem": problem}


def _read(given: Any) -> CallEventIn:
    if not isinstance(given, Mapping):
        raise Invalid(_("An event is a JSON object. Nothing was stored."), code="malformed")
    if "specversion" in given:
        given = _unwrapped(given)
    try:
        event = CallEventIn.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Invalid(
            _("The event's field “%(field)s” is missing or does not have the expected form. It was not stored.")
            % {"field": field[:40]},
            code="invalid",
            field=field[:40],
        ) from None
    try:
        event.at = event.at.astimezone(UTC)
        known = event.at >= EARLIEST
    except (OverflowError, ValueError):
        known = False
    if not known:
        raise Invalid(
            _("The event's time cannot be right. It was not stored. Set the exchange's clock."),
            code="bad_time",
            field="at",
        )
    return event


def _unwrapped(given: Mapping[str, Any]) -> dict[str, Any]:
    """A CloudEvent 1.0 as our event. Its id counts together with its source, as the standard says."""
    data = given.get("data")
    if given["specversion"] != "1.0" or not isinstance(data, Mapping):
        raise Invalid(
            _("This CloudEvent could not be read. It was not stored. Send version 1.0 with JSON in data."),
            code="bad_cloudevent",
            field="data",
        )
    for field in ("id", "source", "type"):
        if not isinstance(given.get(field), str) or not given[field]:
            raise Invalid(
                _("The event's field “%(field)s” is missing or does not have the expected form. It was not stored.")
                % {"field": field},
                code="invalid",
                field=field,
            )
    name = f"{given['source']}#{given['id']}"
    kinds = [part for part in given["type"].split(".") if part in states.CALL_EVENTS]
    subject = given.get("subject")
    event = dict(data)
    event["id"] = name if len(name) <= 100 else hashlib.sha256(name.encode()).hexdigest()
    event.setdefault("type", kinds[-1] if kinds else given["type"].rpartition(".")[2])
    event.setdefault("at", given.get("time"))
    if isinstance(subject, str):
        event.setdefault("call", subject.removeprefix("call/"))
    return event
