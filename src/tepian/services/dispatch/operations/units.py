"""Units: asked, on their way, there, done; their crews, shifts, positions and readiness."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit, note, operation
from tepian.toolkit.text import plain

from .. import policies, queries, states
from ..events import HelpRefused, UnitChanged
from ..models import Deployment, Incident, Shift, StepReport, Unit
from ..queries import advice, travel
from .parts import TOPIC, changed, check_point, held, settle, still_open, write
from .tasks import CLOCK

ASKED_WITHIN = 60  # seconds a crew has to accept where the city has set no target


def _set_unit(unit: Unit, state: str, incident: str = "", **values: Any) -> None:
    Unit.objects.filter(pk=unit.pk).update(state=state, state_at=timezone.now(), **values)
    unit.refresh_from_db()
    emit(UnitChanged(unit=unit.call_sign, state=state, incident=incident))


def _held(key: int) -> Deployment:
    """The deployment, to be worked on."""
    row = held(Deployment.objects.select_related("unit", "incident").filter(pk=key))
    return row or queries.deployment_by(key)  # which says that there is none


@operation("dispatch.ask_unit", policy=policies.may_dispatch)
def ask_unit(*, actor: Actor, number: str, call_sign: str | None = None) -> Deployment:
    """Send a unit: the named one, or, where no name is given at all, the one that is advised; an empty name is a mistake.
    Of two dispatchers who want one unit, one gets it and the other `Conflict` with who was faster and which unit comes
    next; asking the unit for the same incident again changes nothing."""
    incident = still_open(number)
    note("dispatch", incident.number, unit=call_sign or "")
    if call_sign is not None and not plain(call_sign):
        raise Invalid(_("Which unit? Write its call sign. Nobody was asked."), code="unit_missing", field="unit")
    offered = advice.advise(incident, limit=3)
    if call_sign is not None:
        unit = queries.unit_by(call_sign)
        chosen = next((each for each in offered if each.unit.pk == unit.pk), None)
    elif offered:
        chosen, unit = offered[0], offered[0].unit
    else:
        raise Conflict(
            _("No unit with the needed skills is free. The supervisor can ask a neighbouring city or another agency."),
            code="nobody_free",
            item=incident.number,
        )
    now = timezone.now()
    basis = chosen.as_json() if chosen else _reason(incident, unit)
    basis["place"] = offered.index(chosen) + 1 if chosen in offered and chosen else 0
    try:
        with transaction.atomic():
            row = Deployment.objects.create(
                incident=incident,
                unit=unit,
                advice=basis,
                asked_at=now,
                asked_by=actor.label[:200],
                answer_by=now + timedelta(seconds=queries.seconds_for("accept", incident.severity, ASKED_WITHIN)),
            )
    except IntegrityError:
        busy = queries.active_deployment(unit)
        if busy is not None and busy.incident_id == incident.pk:
            return busy
        others = [each.unit.call_sign for each in offered if each.unit.pk != unit.pk]
        raise Conflict(
            _("%(unit)s is taken: %(who)s sent it to %(number)s. Nothing was changed. Next: %(next)s.")
            % {
                "unit": unit.call_sign,
                "who": busy.asked_by if busy else _("somebody"),
                "number": busy.incident.number if busy else "–",
                "next": others[0] if others else "–",
            },
            code="unit_taken",
            item=unit.call_sign,
        ) from None
    if unit.state != "available":
        raise Conflict(
            _("%(unit)s is not available (%(state)s). Nothing was changed.")
            % {"unit": unit.call_sign, "state": queries.UNIT_LABELS[unit.state]},
            code="unit_not_available",
            item=unit.call_sign,
        )
    _set_unit(unit, "asked", incident.number)
    Incident.objects.filter(pk=incident.pk).update(escalation="")
    settle(incident)
    write(actor, incident, "asked", unit=unit.call_sign, seconds=basis["seconds"], basis=basis["basis"])
    changed(incident, "asked")
    return row


def _reason(incident: Incident, unit: Unit) -> dict[str, Any]:
    """What an unadvised choice rests on: the dispatcher knows more than we do, and the record shows what we knew."""
    if incident.lon is None or incident.lat is None:
        return {"unit": unit.call_sign, "seconds": 0, "metres": 0, "basis": "straight", "missing": []}
    trip = travel.straight(unit, incident.lon, incident.lat)
    return {
        "unit": unit.call_sign,
        "seconds": round(trip.seconds),
        "metres": round(trip.metres),
        "basis": trip.basis,
        "missing": [],
    }


@operation("dispatch.report_step", policy=policies.may_report_step)
def report_step(
    *, actor: Actor, deployment: int, step: str, key: str, at: datetime | None = None, sent_at: datetime | None = None
) -> Deployment:
    """A crew says how far it is. `key` makes a step that is sent again count once; `at` is the phone's clock when the
    button was pressed, `sent_at` when it was sent, by which a wrong clock is set right. Steps may come late and in any
    order: each clock keeps its moment, and a unit never goes backwards."""
    row = _held(deployment)
    incident, unit = row.incident, row.unit
    note("dispatch", incident.number, unit=unit.call_sign, step=step)
    if step not in states.CREW_STEPS:
        raise Invalid(
            _("Unknown step: %(step)s.") % {"step": step[:20]}, code="step_unknown", field="step", item=str(deployment)
        )
    key = plain(key, 60)
    if not key:
        raise Invalid(_("A step needs its own key, so that it counts once."), code="key_missing", field="key")
    if StepReport.objects.filter(key=key).exists():
        return row
    now = timezone.now()
    moment, error = states.settled_moment(at or now, now, sent_at)
    moment = max(moment, row.asked_at)
    StepReport.objects.create(
        key=key, deployment=row, step=step, claimed_at=at or now, received_at=now, at=moment, clock_error_seconds=error
    )
    if getattr(row, f"{step}_at") is None:
        setattr(row, f"{step}_at", moment)
        write(actor, incident, step, at=moment, unit=unit.call_sign, deployment=row.pk)
    if row.state in states.ENDED_STEPS and row.state != states.EXPIRED:
        row.save()  # called off meanwhile: the clock is kept, the end stands
        settle(incident)
        changed(incident, step)
        return row
    if row.state == states.EXPIRED and queries.active_deployment(unit) is not None:
        row.save()
        return row  # too late: the unit has another task by now
    row.state = states.newest_step(row.moments)
    row.ended_at = row.done_at if row.state == states.DONE else None
    row.save()
    free = row.state == states.DONE
    _set_unit(
        unit,
        "available" if free else states.UNIT_STATE_OF[row.state],
        "" if free else incident.number,
    )
    if row.state == states.ARRIVED and incident.lat is not None and unit.position_at is None:
        Unit.objects.filter(pk=unit.pk).update(lon=incident.lon, lat=incident.lat)
    settle(incident)
    changed(incident, step)
    return row


@operation("dispatch.decline", policy=policies.may_report_step)
def decline(*, actor: Actor, deployment: int, reason: str) -> Deployment:
    """The crew cannot go; the next unit is asked at once."""
    row = _held(deployment)
    note("dispatch", row.incident.number, unit=row.unit.call_sign)
    if row.state != states.ASKED:
        raise Conflict(_("It is too late to decline. Call the dispatcher."), code="too_late", item=str(deployment))
    end_deployment(actor, row, states.DECLINED, reason=checked_text(reason, "reason", limit=300))
    _next(actor, row)
    return row


@operation("dispatch.call_off", policy=policies.may_dispatch)
def call_off(*, actor: Actor, deployment: int) -> Deployment:
    """The unit is not needed any more. Repeating changes nothing."""
    row = _held(deployment)
    note("dispatch", row.incident.number, unit=row.unit.call_sign)
    if row.state in states.ACTIVE_STEPS:
        end_deployment(actor, row, states.CANCELLED, reason="")
        settle(row.incident)
        changed(row.incident, "cancelled")
    return row


def end_deployment(actor: Actor, row: Deployment, state: str, *, reason: str, seconds: int = 0) -> bool:
    """End an active deployment once; the unit is free again, or off duty when its crew has left."""
    now = timezone.now()
    won = Deployment.objects.filter(pk=row.pk, state__in=states.ACTIVE_STEPS).update(
        state=state, ended_at=now, reason=reason
    )
    if not won:
        return False
    row.refresh_from_db()
    _set_unit(row.unit, "available")
    write(actor, row.incident, state, unit=row.unit.call_sign, reason=reason, seconds=seconds)
    return True


def escalate_units() -> int:
    """Crews that have not answered in time: the next unit is asked, and when nobody is left the supervisor is told."""
    rows = queries.overdue_deployments(timezone.now())
    for row in rows:
        _expire(actor=CLOCK, deployment=row)
    return len(rows)


@operation("dispatch.expire", policy=policies.may_dispatch)
def _expire(*, actor: Actor, deployment: Deployment) -> None:
    row = _held(deployment.pk)
    if row.state != states.ASKED:
        return  # answered in the same moment
    note("dispatch", row.incident.number, unit=row.unit.call_sign)
    waited = int((timezone.now() - row.asked_at).total_seconds())
    if end_deployment(actor, row, states.EXPIRED, reason="", seconds=waited):
        _next(actor, row)


def _next(actor: Actor, row: Deployment) -> None:
    """Ask the next unit, or tell the supervisor that nobody is left."""
    incident = row.incident
    incident.refresh_from_db()
    if incident.state not in states.OPEN_STATES:
        return
    wanted = set(row.unit.skills)
    offered = [each for each in advice.advise(incident, limit=3) if not each.missing or wanted & set(each.unit.skills)]
    level = "next" if offered else "supervisor"
    if offered:
        ask_unit(actor=CLOCK, number=incident.number, call_sign=offered[0].unit.call_sign)
        write(CLOCK, incident, "next", unit=offered[0].unit.call_sign)
    else:
        Incident.objects.filter(pk=incident.pk).update(escalation="supervisor")
        write(CLOCK, incident, "supervisor")
    incident.refresh_from_db()
    settle(incident)
    emit(
        HelpRefused(
            number=incident.number, type_code=incident.type_code, severity=incident.severity, simulated=incident.simulated,
            who=row.unit.call_sign, reason=row.state, level=level,
        )
    )  # fmt: skip
    changed(incident, level)


# --- crews ------------------------------------------------------------------------------------------------------------


@operation("dispatch.sign_on", policy=policies.may_crew)
def sign_on(*, actor: Actor, call_sign: str, crew: str = "") -> Unit:
    """A crew takes its unit on duty. The shift that begins now is marked as begun. Of two crews at the same moment one
    gets the unit, and the other is told who has it."""
    unit = Unit.objects.select_for_update(no_key=True).get(pk=queries.unit_by(call_sign).pk)
    note("unit", unit.call_sign)
    if unit.crew_account and unit.crew_account != actor.id and unit.state != "off_duty":
        raise Conflict(
            _("%(unit)s is manned by %(who)s. They sign off first.") % {"unit": unit.call_sign, "who": unit.crew},
            code="unit_manned",
            item=unit.call_sign,
        )
    now = timezone.now()
    shift = unit.shifts.filter(starts_at__lte=now + timedelta(minutes=30), ends_at__gt=now).first()
    if shift is not None and shift.began_at is None:
        Shift.objects.filter(pk=shift.pk).update(began_at=now)
    state = unit.state if queries.active_deployment(unit) else "available"
    _set_unit(unit, state, crew=plain(crew or actor.label, 200), crew_account=actor.id)
    touch(TOPIC)
    return unit


@operation("dispatch.sign_off", policy=policies.may_crew)
def sign_off(*, actor: Actor, call_sign: str) -> Unit:
    """The crew goes off duty; not while it is on an incident. Its position is forgotten."""
    unit = queries.unit_by(call_sign)
    note("unit", unit.call_sign)
    if queries.active_deployment(unit):
        raise Conflict(
            _("This unit is on an incident. Finish it or ask the dispatcher."), code="unit_busy", item=call_sign
        )
    _set_unit(unit, "off_duty", crew="", crew_account="", position_at=None, lon=unit.base_lon, lat=unit.base_lat)
    touch(TOPIC)
    return unit


@operation("dispatch.report_readiness", policy=policies.may_crew)
def report_readiness(*, actor: Actor, call_sign: str, missing: str = "") -> Unit:
    """The vehicle was checked: `missing` says what is not in order; empty, it is ready."""
    unit = queries.unit_by(call_sign)
    note("unit", unit.call_sign, ready=not missing)
    Unit.objects.filter(pk=unit.pk).update(readiness=plain(missing, 300), readiness_at=timezone.now())
    unit.refresh_from_db()
    emit(UnitChanged(unit=unit.call_sign, state=unit.state))
    touch(TOPIC)
    return unit


@operation("dispatch.report_position", policy=policies.may_crew, recorded=False)
def report_position(*, actor: Actor, call_sign: str, lon: float, lat: float, at: datetime) -> Unit:
    """Where the unit is, only while on duty; an older position than the known one changes nothing.

    A measurement that every phone sends every few seconds, and no decision: it is not written into the record, whose
    lock would else make a hundred driving units wait for each other and for every call. Only the newest position is
    kept, on the unit itself, and no track; it is forgotten when the crew signs off. Open maps learn of it as state
    (`queries/positions.py`), not by events."""
    unit = queries.unit_by(call_sign)
    check_point(lon, lat)
    at = min(at, timezone.now())
    if unit.state == "off_duty":
        raise Conflict(_("This unit is off duty: no position is kept."), code="off_duty", item=call_sign)
    newer = Q(position_at=None) | Q(position_at__lt=at)
    if Unit.objects.filter(newer, pk=unit.pk).exclude(state="off_duty").update(lon=lon, lat=lat, position_at=at):
        unit.refresh_from_db()
    return unit


@operation("dispatch.plan_shift", policy=policies.may_crew)
def plan_shift(
    *, actor: Actor, call_sign: str, starts_at: datetime, ends_at: datetime, crew: str, people: int = 2
) -> Shift:
    """Plan when a unit is manned. Two shifts of one unit may not overlap."""
    unit = queries.unit_by(call_sign)
    note("unit", unit.call_sign)
    if not timedelta() < ends_at - starts_at <= timedelta(hours=24):
        raise Invalid(_("A shift lasts more than nothing and at most 24 hours."), code="shift_length", field="ends_at")
    clash = unit.shifts.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).exclude(starts_at=starts_at).first()
    if clash is not None:
        raise Conflict(
            _("%(unit)s already has a shift then (%(crew)s).") % {"unit": unit.call_sign, "crew": clash.crew},
            code="shift_overlaps",
            field="starts_at",
        )
    row, _new = Shift.objects.update_or_create(
        unit=unit,
        starts_at=starts_at,
        defaults={"ends_at": ends_at, "crew": checked_text(crew, "crew", limit=200), "people": max(1, min(50, people))},
    )
    touch(TOPIC)
    return row
