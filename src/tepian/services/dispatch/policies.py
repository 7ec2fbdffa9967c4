"""Who may. Callers' numbers are for the desk that serves them, its supervisor, and the crew on the way."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, require

from .models import Deployment, Incident, Unit
from .states import ACTIVE_STEPS

DESK = ("call_taker", "dispatcher", "supervisor")
READERS = (*DESK, "duty_officer", "head", "auditor")
HELPER = _("The supervisor of the 112 desk can help.")
NO_UNIT = _("There is no unit with this call sign.")
BAD_SPAN = _("Choose two days, the first before the second, at most a year apart.")
SIGN_IN = _("Sign in first. Nothing was changed.")


def at_desk(actor: Actor, **_ignored: Any) -> None:
    require(actor.has(*DESK), _("Calls are for the people of the 112 desk. Nothing was changed."), HELPER)


def may_read(actor: Actor, **_ignored: Any) -> None:
    require(actor.is_system or actor.has(*READERS), _("The 112 desk is for the city's emergency staff."), HELPER)


def may_tell_call_events(actor: Actor, **_ignored: Any) -> None:
    require(
        actor.has("device"),
        _("Call events come from the registered telephone exchange. Nothing was stored."),
        _("The administrator issues a device key for the exchange."),
    )


def may_dispatch(actor: Actor, **_ignored: Any) -> None:
    require(actor.has("dispatcher", "supervisor"), _("Only dispatchers send units. Nothing was changed."), HELPER)


def may_supervise(actor: Actor, **_ignored: Any) -> None:
    require(actor.has("supervisor"), _("Only the supervisor of the 112 desk does this. Nothing was changed."), HELPER)


def may_write(actor: Actor, number: str = "", **_ignored: Any) -> None:
    """The desk, and crews on the way to this incident."""
    require(
        actor.has(*DESK, "duty_officer") or is_deployed(actor, number),
        _("Only the 112 desk and crews that are on this incident write in its story."),
        HELPER,
    )


def is_crew_of(actor: Actor, unit: Unit) -> bool:
    """A responder of the unit's agency (or of the whole city)."""
    return actor.has("responder", agency=unit.agency_code)


def is_deployed(actor: Actor, number: str) -> bool:
    """Is this person the crew of a unit that is now on this incident?"""
    return Deployment.objects.filter(
        incident__number=number, state__in=ACTIVE_STEPS, unit__crew_account=actor.id or "-"
    ).exists()


def may_crew(actor: Actor, call_sign: str = "", **_ignored: Any) -> None:
    unit = Unit.objects.filter(call_sign=call_sign).first()
    require(
        actor.has("supervisor") or (unit is not None and is_crew_of(actor, unit)),
        _("This unit belongs to another agency. Nothing was changed."),
        HELPER,
    )


def may_report_step(actor: Actor, deployment: int = 0, **_ignored: Any) -> None:
    """The crew of the unit's agency, or the dispatcher who hears it by radio."""
    row = Deployment.objects.select_related("unit").filter(pk=deployment).first()
    require(
        actor.has("dispatcher", "supervisor") or (row is not None and is_crew_of(actor, row.unit)),
        _("This unit belongs to another agency. Nothing was changed."),
        HELPER,
    )


def may_answer_task(actor: Actor, task: int = 0, **_ignored: Any) -> None:
    from .models import AgencyTask

    row = AgencyTask.objects.filter(pk=task).only("agency_code").first()
    agency = row.agency_code if row else "-"
    require(
        actor.has("dispatcher", "supervisor") or actor.has("responder", "head", agency=agency),
        _("Only the agency that was asked answers for itself. Nothing was changed."),
        HELPER,
    )


def may_follow_up(actor: Actor, agency: str = "", **_ignored: Any) -> None:
    require(
        actor.has("supervisor") or actor.has("responder", "head", agency=agency or "-"),
        _("This follow-up belongs to another agency. Nothing was changed."),
        HELPER,
    )


def may_export(actor: Actor, **_ignored: Any) -> None:
    require(
        actor.has("supervisor", "auditor", "device"),
        _("The report is for the supervisor, auditors and the national monitoring's key."),
        HELPER,
    )


def may_see_picture(actor: Actor, file: Any) -> bool:
    """The emergency staff, and crews while they are on the incident."""
    return actor.has(*READERS) or is_deployed(actor, file.subject_id)


def may_configure(actor: Actor, **_ignored: Any) -> None:
    require(actor.has("administrator"), _("Only an administrator changes types, units and targets."), HELPER)


def may_see_numbers(actor: Actor, incident: Incident | None = None) -> bool:
    """Numbers in clear: the desk; and the crew of a unit while it is on this incident. The view is recorded."""
    if actor.has(*DESK):
        return True
    return incident is not None and is_deployed(actor, incident.number)
