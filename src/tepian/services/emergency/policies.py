"""Who may."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, require

from .models import Assignment, Incident

READERS = ("duty_officer", "responder", "head", "viewer", "auditor", "administrator")
HELPER = _("The duty officer of the control room (Pusdalops) can help.")


def may_read(actor: Actor, **_ignored: Any) -> None:
    require(actor.is_system or actor.has(*READERS), _("Incidents are for the city's emergency staff."), HELPER)


def may_report(actor: Actor, **_ignored: Any) -> None:
    require(
        actor.has("duty_officer", "device"), _("Only the duty officer and registered devices report signs."), HELPER
    )


def _incident(number: str) -> Incident | None:
    return Incident.objects.filter(number=number).only("areas", "hazard").first()


def may_decide(actor: Actor, number: str = "", areas: Iterable[str] = (), **_ignored: Any) -> None:
    """A duty officer, whose scope covers every area of the decision."""
    require(actor.has("duty_officer"), _("Only the duty officer decides about incidents."), HELPER)
    wanted = set(areas or ())
    incident = _incident(number)
    if incident:
        wanted |= set(incident.areas)
    outside = sorted(code for code in wanted if not actor.has("duty_officer", region=code))
    require(not outside, _("Part of this incident lies outside your area."), HELPER)


def may_note(actor: Actor, **_ignored: Any) -> None:
    require(
        actor.has("duty_officer", "responder", "head"),
        _("Only the duty officer, assigned units and heads write in the time line."),
        HELPER,
    )


def may_answer(actor: Actor, assignment: int, **_ignored: Any) -> None:
    """The unit that was asked, or the duty officer on its behalf."""
    task = Assignment.objects.filter(pk=assignment).only("agency_code").first()
    agency = task.agency_code if task else ""
    require(
        actor.has("duty_officer") or actor.has("responder", agency=agency or "-"),
        _("Only the unit that was asked answers for it."),
        HELPER,
    )


def may_configure(actor: Actor, **_ignored: Any) -> None:
    require(actor.has("administrator"), _("Only an administrator changes the rules."), HELPER)
