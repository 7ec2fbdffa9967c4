"""A person decides: real or not, how bad, where, and when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid, checked_text
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit, note, operation

from .. import policies, queries, states
from ..events import DraftDismissed, IncidentChanged, IncidentClosed, IncidentConfirmed
from ..models import Incident
from .parts import (
    check_validity,
    guard,
    mute,
    noted,
    public_fields,
    public_side,
    scope,
    suggest,
    too_late,
    write,
)


@operation("emergency.confirm_draft", policy=policies.may_decide)
def confirm_draft(
    *,
    actor: Actor,
    number: str,
    level: str,
    areas: Sequence[str],
    headline: str,
    instruction: str,
    valid_until: datetime,
    headline_en: str = "",
    instruction_en: str = "",
    automatic: bool = False,
) -> Incident:
    """The draft is real: tell the public. Of two officers who confirm at once one wins; the other gets `Conflict` with
    who and when. `valid_until` lies at most 72 hours ahead."""
    incident = queries.incident_by(number)
    note("incident", incident.number, level=level, areas=list(areas), automatic=automatic)
    now = timezone.now()
    fields = public_fields(level, areas, headline, headline_en, instruction, instruction_en, valid_until)
    guard(states.CONFIRM, fields)
    won = Incident.objects.filter(pk=incident.pk, state__in=states.CONFIRM.sources).update(
        state=states.CONFIRM.target,
        decided_at=now,
        decided_by=actor.label[:200],
        automatic=automatic,
        version=F("version") + 1,
        suggested_level="",
        **fields,
    )
    if not won:
        raise too_late(incident.number)
    incident.refresh_from_db()
    write(actor, incident, "confirmed_automatically" if automatic else "confirmed", **scope(incident))
    suggest(actor, incident)
    emit(IncidentConfirmed(**public_side(incident)))
    touch("emergency")
    return incident


@operation("emergency.dismiss_draft", policy=policies.may_decide)
def dismiss_draft(*, actor: Actor, number: str, reason_code: str, reason: str) -> Incident:
    """The draft is not real. Needs a reason from the list and words. The same signs open no new draft until they end or
    get worse."""
    incident = queries.incident_by(number)
    note("incident", incident.number, reason=reason_code)
    if reason_code not in states.DISMISS_REASONS:
        raise Invalid(_("Choose a reason from the list."), code="reason_unknown", field="reason_code", item=reason_code)
    reason = checked_text(reason, "reason")
    guard(states.DISMISS, {"reason": reason})
    now = timezone.now()
    won = Incident.objects.filter(pk=incident.pk, state__in=states.DISMISS.sources).update(
        state=states.DISMISS.target,
        decided_at=now,
        decided_by=actor.label[:200],
        closed_at=now,
        reason_code=reason_code,
        reason=reason,
    )
    if not won:
        raise too_late(incident.number)
    incident.refresh_from_db()
    mute(incident)
    write(actor, incident, "dismissed", text=reason, reason=reason_code)
    emit(
        DraftDismissed(
            number=incident.number,
            hazard=incident.hazard,
            level=incident.level,
            place=incident.place,
            simulated=incident.simulated,
            reason=reason_code,
            by=actor.label,
        )
    )
    touch("emergency")
    return incident


@operation("emergency.request_warning_update", policy=policies.may_decide)
def request_warning_update(
    *,
    actor: Actor,
    number: str,
    version: int,
    level: str,
    areas: Sequence[str],
    headline: str,
    instruction: str,
    valid_until: datetime,
    headline_en: str = "",
    instruction_en: str = "",
) -> Incident:
    """Change level, areas or words of a confirmed incident. `version` is the one that the officer saw; if somebody has
    changed the incident since, nothing happens and `Conflict` says who and when."""
    incident = queries.incident_by(number)
    before = incident.level
    note("incident", incident.number, level=level, areas=list(areas), before=before)
    fields = public_fields(level, areas, headline, headline_en, instruction, instruction_en, valid_until)
    guard(states.CHANGE, fields)
    won = Incident.objects.filter(pk=incident.pk, state__in=states.CHANGE.sources, version=version).update(
        state=states.CHANGE.target,
        version=F("version") + 1,
        suggested_level="",
        **fields,
    )
    if not won:
        raise too_late(incident.number)
    incident.refresh_from_db()
    write(actor, incident, "changed", before=before, **scope(incident))
    suggest(actor, incident)
    emit(IncidentChanged(**(public_side(incident) | {"by": actor.label})))
    touch("emergency")
    return incident


@operation("emergency.mark_under_control", policy=policies.may_decide)
def mark_under_control(*, actor: Actor, number: str) -> Incident:
    """The danger no longer grows. The warning stays until the incident is closed or changed."""
    incident = queries.incident_by(number)
    note("incident", incident.number)
    now = timezone.now()
    if not Incident.objects.filter(pk=incident.pk, state__in=states.CONTROL.sources).update(
        state=states.CONTROL.target, under_control_at=now
    ):
        raise too_late(incident.number)
    incident.refresh_from_db()
    write(actor, incident, "under_control")
    noted(incident, "under_control")
    touch("emergency")
    return incident


@operation("emergency.close_incident", policy=policies.may_decide)
def close_incident(*, actor: Actor, number: str, outcome: str, text: str = "") -> Incident:
    """It is over. `outcome` (happened, did_not_happen, handed_over) is what the measured hit rate counts."""
    incident = queries.incident_by(number)
    note("incident", incident.number, outcome=outcome)
    if outcome and outcome not in states.OUTCOMES:
        raise Invalid(_("Choose how it ended."), code="outcome_unknown", field="outcome", item=outcome)
    guard(states.CLOSE, {"outcome": outcome})
    text = checked_text(text, "text", needed=False)
    won = Incident.objects.filter(pk=incident.pk, state__in=states.CLOSE.sources).update(
        state=states.CLOSE.target,
        closed_at=timezone.now(),
        reason_code=outcome,
        reason=text,
        version=F("version") + 1,
        suggested_level="",
    )
    if not won:
        raise too_late(incident.number)
    incident.refresh_from_db()
    mute(incident)
    write(actor, incident, "closed", text=text, outcome=outcome)
    emit(
        IncidentClosed(
            number=incident.number,
            hazard=incident.hazard,
            level=incident.level,
            place=incident.place,
            simulated=incident.simulated,
            version=incident.version,
            outcome=outcome,
            by=actor.label,
        )
    )
    touch("emergency")
    return incident


@operation("emergency.reopen_incident", policy=policies.may_decide)
def reopen_incident(*, actor: Actor, number: str, reason: str, valid_until: datetime) -> Incident:
    """It was not over: open the incident again with its last words and a new end. The public is told anew."""
    incident = queries.incident_by(number)
    note("incident", incident.number)
    reason = checked_text(reason, "reason")
    guard(states.REOPEN, {"reason": reason})
    check_validity(valid_until)
    won = Incident.objects.filter(pk=incident.pk, state__in=states.REOPEN.sources).update(
        state=states.REOPEN.target,
        closed_at=None,
        under_control_at=None,
        reason_code="",
        reason="",
        valid_until=valid_until,
        version=F("version") + 1,
        decided_by=actor.label[:200],
        automatic=False,
    )
    if not won:
        raise too_late(incident.number)
    incident.refresh_from_db()
    write(actor, incident, "reopened", text=reason, level=incident.level)
    emit(IncidentConfirmed(**public_side(incident)))
    touch("emergency")
    return incident
