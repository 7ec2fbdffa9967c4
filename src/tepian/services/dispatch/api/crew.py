"""What a crew's phone sends: steps in order, also those kept while it was offline, and where the unit is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from ninja import Router, Schema
from pydantic import AwareDatetime, Field

from tepian.kernel.actors import Conflict, Denied, Invalid, NotFound, require

from .. import operations, policies, queries, states
from ..models import Deployment, Unit

router = Router()
MOST = 200  # steps in one request
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class StepIn(Schema):
    """One press of the large button."""

    key: str = Field(min_length=1, max_length=60, description="Made on the phone: sent again, it counts once")
    deployment: int
    step: str = Field(max_length=20, description="accepted, under_way, arrived or done")
    at: AwareDatetime = Field(description="The phone's clock when the button was pressed")
    sent_at: AwareDatetime | None = Field(
        None, description="The phone's clock when it was sent, by which a wrong clock is set right"
    )


class StepOut(Schema):
    """The answer to one step. `status` 200: kept (also when it was known). Anything else: refused, not to be sent
    again. A kept step of a task that has ended meanwhile carries a message and the `state` in which it ended."""

    key: str
    status: int = Field(
        description="200, 403 (not your unit), 404 (no such task), 409 (too late) or 422 (not readable)"
    )
    state: str = Field("", description="The deployment's state now; empty when the step was refused")
    at: datetime | None = Field(None, description="When the step counts as done, by our clock")
    code: str = ""
    message_id: str = ""
    message_en: str = ""


class PositionIn(Schema):
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    at: AwareDatetime = Field(description="When the phone measured it; the future counts as now")


class DeploymentOut(Schema):
    """What the unit is on. Never a caller's number."""

    id: int
    state: str
    next_step: str = Field(description="What the large button does; empty when nothing is left")
    incident: str
    type: str
    severity: str
    place: str
    lon: float | None
    lat: float | None
    asked_at: datetime
    answer_by: datetime
    accepted_at: datetime | None
    under_way_at: datetime | None
    arrived_at: datetime | None
    simulated: bool


class UnitOut(Schema):
    unit: str
    name: str
    state: str
    readiness: str = Field(description="What is not in order; empty: ready")
    position_at: datetime | None
    deployment: DeploymentOut | None


def own_unit(request: HttpRequest, call_sign: str) -> Unit:
    """The unit, for its own agency's crews, dispatchers and supervisors. For everybody else it does not exist."""
    actor = request.actor  # type: ignore[attr-defined]
    require(actor.kind != "anonymous", policies.SIGN_IN)
    unit = Unit.objects.filter(call_sign=call_sign, active=True).first()
    if unit is None or not (actor.has("supervisor", "dispatcher") or policies.is_crew_of(actor, unit)):
        raise NotFound(policies.NO_UNIT, code="unit_unknown", item=call_sign[:20])
    return unit


def told(unit: Unit) -> dict[str, Any]:
    row = queries.active_deployment(unit)
    return {
        "unit": unit.call_sign,
        "name": unit.name,
        "state": unit.state,
        "readiness": unit.readiness,
        "position_at": unit.position_at,
        "deployment": _task(row) if row else None,
    }


def _task(row: Deployment) -> dict[str, Any]:
    incident = row.incident
    clocks = ("asked_at", "answer_by", "accepted_at", "under_way_at", "arrived_at")
    return {
        "id": row.pk,
        "state": row.state,
        "next_step": states.step_after(row.state) or "",
        "incident": incident.number,
        "type": incident.type_code,
        "severity": incident.severity,
        "place": queries.where(incident),
        "lon": incident.lon,
        "lat": incident.lat,
        "simulated": incident.simulated,
        **{name: getattr(row, name) for name in clocks},
    }


@router.get("/units/{call_sign}", response=UnitOut, summary="A unit and what it is on")
def get_unit(request: HttpRequest, call_sign: str) -> dict[str, Any]:
    return told(own_unit(request, call_sign))


@router.post("/units/{call_sign}/steps", response=list[StepOut], summary="Steps of a crew, oldest first")
def post_steps(request: HttpRequest, call_sign: str, given: list[StepIn]) -> list[dict[str, Any]]:
    """At most 200. Each step is judged by itself, in the order of the list, and answered by its key; one that is refused
    says why in both languages. Safe to repeat and free of order: a unit never goes backwards."""
    unit = own_unit(request, call_sign)
    if len(given) > MOST:
        raise Invalid(
            _("At most 200 steps fit into one request. Nothing was stored. Send smaller parts."), code="list_length"
        )
    return [_judged(request, unit, step) for step in given]


def _judged(request: HttpRequest, unit: Unit, step: StepIn) -> dict[str, Any]:
    try:
        if not all(EARLIEST < at < LATEST for at in (step.at, step.sent_at or step.at)):
            raise Invalid(
                _("The phone's clock cannot be right. Set it and report by radio."), code="bad_time", field="at"
            )
        row = queries.deployment_by(step.deployment) if 0 < step.deployment < 2**63 else None
        if row is None or row.unit_id != unit.pk:
            raise NotFound(_("This deployment does not exist."), code="deployment_unknown", item=str(step.deployment))
        row = operations.report_step(
            actor=request.actor,  # type: ignore[attr-defined]
            deployment=row.pk,
            step=step.step,
            key=step.key,
            at=step.at,
            sent_at=step.sent_at,
        )
    except Denied as refusal:
        return _refused(step, 403, "denied", refusal.reason)
    except Invalid as refusal:
        status = 404 if isinstance(refusal, NotFound) else 409 if isinstance(refusal, Conflict) else 422
        return _refused(step, status, refusal.code, refusal.message)
    kept = {"key": step.key, "status": 200, "state": row.state, "at": row.moments.get(step.step)}
    if row.state in queries.ENDED:
        kept |= {"code": "ended", **_both(queries.ENDED[row.state])}
    return kept


def _check_clock(*moments: datetime) -> None:
    if not all(EARLIEST < at < LATEST for at in moments):
        raise Invalid(_("The phone's clock cannot be right. Set it and report by radio."), code="bad_time", field="at")


def _refused(step: StepIn, status: int, code: str, message: Any) -> dict[str, Any]:
    return {"key": step.key, "status": status, "code": code, **_both(message)}


def _both(message: Any) -> dict[str, str]:
    texts = {}
    for language in ("id", "en"):
        with override(language):
            texts[f"message_{language}"] = str(message)
    return texts


@router.post("/units/{call_sign}/position", response=UnitOut, summary="Where the unit is, while on duty")
def post_position(request: HttpRequest, call_sign: str, given: PositionIn) -> dict[str, Any]:
    """Answered 409 while the unit is off duty: then nothing is kept. An older position changes nothing."""
    unit = own_unit(request, call_sign)
    _check_clock(given.at)
    actor = request.actor  # type: ignore[attr-defined]
    return told(
        operations.report_position(
            actor=actor, call_sign=unit.call_sign, lon=given.lon, lat=given.lat, at=given.at.astimezone(UTC)
        )
    )
