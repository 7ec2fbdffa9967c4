"""What the verbs share: texts, guards, the time line, what the public side of an incident says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.events import emit
from tepian.kernel.regions import queries as regions

from .. import queries, states
from ..events import IncidentNoted, LevelSuggested
from ..models import Incident, Sign, TimelineEntry

LONGEST_VALIDITY = timedelta(hours=72)
GUARD_MESSAGES = {
    "has_reason": ("reason", _("Say why. The reason stays in the record.")),
    "has_areas": ("areas", _("Choose at least one ward that is affected.")),
    "has_message": ("headline", _("Write the headline and what people should do.")),
    "has_level": ("level", _("Choose a level: Waspada, Siaga or Awas.")),
    "has_outcome": ("outcome", _("Choose how it ended.")),
}


def confirmed(number: str) -> Incident:
    incident = queries.incident_by(number)
    if incident.state not in states.CONFIRMED:
        raise too_late(incident.number)
    return incident


def check_validity(valid_until: datetime) -> None:
    now = timezone.now()
    if valid_until <= now:
        raise Invalid(_("The end of validity must lie in the future."), code="validity_past", field="valid_until")
    if valid_until > now + LONGEST_VALIDITY:
        raise Invalid(
            _("A warning is valid for at most 72 hours. Extend it later if needed."),
            code="validity_long",
            field="valid_until",
        )


def public_fields(
    level: str,
    areas: Sequence[str],
    headline: str,
    headline_en: str,
    instruction: str,
    instruction_en: str,
    valid_until: datetime,
) -> dict[str, Any]:
    areas = list(dict.fromkeys(areas))
    unknown = [code for code in areas if not regions.exists(code)]
    if unknown:
        raise Invalid(
            _("Unknown region: %(code)s.") % {"code": unknown[0]}, code="region_unknown", field="areas", item=unknown[0]
        )
    check_validity(valid_until)
    if level not in states.LEVELS:
        level = ""
    return {
        "level": level,
        "areas": areas,
        "headline": checked_text(headline, "headline", limit=300),
        "headline_en": checked_text(headline_en, "headline_en", limit=300, needed=False),
        "instruction": checked_text(instruction, "instruction"),
        "instruction_en": checked_text(instruction_en, "instruction_en", needed=False),
        "valid_until": valid_until,
        "place": queries.place_of(areas)[:200],
    }


def guard(transition: states.Transition, facts: dict[str, Any]) -> None:
    for name in transition.missing(facts):
        field, message = GUARD_MESSAGES[name]
        raise Invalid(message, code=name, field=field)


def too_late(number: str) -> Conflict:
    """Who was faster, and when."""
    incident = Incident.objects.get(number=number)
    last = incident.timeline.exclude(kind__in=("sign_joined", "sign_changed", "note")).last()
    return Conflict(
        _("%(who)s was faster (%(when)s): the incident is now “%(state)s”. Nothing was changed by you. Read it again.")
        % {
            "who": queries.actor_label(last.actor_kind, last.actor_label) if last else _("Somebody"),
            "when": date_format(timezone.localtime(last.at), "TIME_FORMAT") if last else "",
            "state": queries.STATE_LABELS[incident.state],
        },
        code="too_late",
        item=number,
    )


def mute(incident: Incident) -> None:
    """The incident's signs have been judged at their present level."""
    for sign in incident.signs.all():
        if states.rank(sign.level) > states.rank(sign.judged_level):
            sign.judged_level = sign.level
            sign.save(update_fields=["judged_level"])


def about(sign: Sign) -> dict[str, Any]:
    return {
        "label": sign.label,
        "label_en": sign.label_en or sign.label,
        "value": sign.value,
        "amount": sign.evidence.get("value"),
        "unit": sign.evidence.get("unit", ""),
        "level": sign.level,
        "source_kind": sign.source_kind,
        "source_key": sign.source_key,
        "observed_at": sign.observed_at.isoformat(),
    }


def scope(incident: Incident) -> dict[str, Any]:
    return {
        "level": incident.level,
        "areas": incident.areas,
        "area_names": queries.area_names(incident.areas),
        "headline": incident.headline,
        "version": incident.version,
    }


def public_side(incident: Incident) -> dict[str, Any]:
    signs = list(incident.signs.all())
    return {
        "number": incident.number,
        "hazard": incident.hazard,
        "level": incident.level,
        "place": incident.place,
        "simulated": incident.simulated,
        "version": incident.version,
        "areas": incident.areas,
        "message": {
            key: getattr(incident, key) for key in ("headline", "headline_en", "instruction", "instruction_en")
        },
        "valid_until": incident.valid_until.isoformat() if incident.valid_until else "",
        "onset_at": min((sign.began_at for sign in signs), default=incident.opened_at).isoformat(),
        "by": incident.decided_by,
        "automatic": incident.automatic,
        "lon": incident.lon,
        "lat": incident.lat,
        "sources": [sign.summary() for sign in signs],
    }


def write(actor: Actor, incident: Incident, kind: str, text: str = "", **params: Any) -> TimelineEntry:
    return TimelineEntry.objects.create(
        incident=incident,
        at=timezone.now(),
        actor_kind=actor.kind,
        actor_label=actor.label[:200],
        kind=kind,
        params=params,
        text=text,
    )


def noted(incident: Incident, kind: str) -> None:
    emit(
        IncidentNoted(
            number=incident.number,
            hazard=incident.hazard,
            level=incident.level,
            place=incident.place,
            simulated=incident.simulated,
            kind=kind,
        )
    )


def suggest(actor: Actor, incident: Incident) -> None:
    """Compare the incident's level with what its signs say now."""
    levels = [sign.level for sign in incident.signs.filter(ended_at=None)]
    worst = max(levels, key=states.rank, default="normal")
    if incident.state == states.DRAFT:
        if states.rank(worst) > states.rank(incident.level):
            write(actor, incident, "level_raised", before=incident.level, level=worst)
            incident.level = worst
            incident.save(update_fields=["level"])
            noted(incident, "level_raised")
        return
    suggested = "" if worst == incident.level else worst
    if suggested == incident.suggested_level:
        return
    incident.suggested_level = suggested
    incident.save(update_fields=["suggested_level"])
    if states.rank(suggested) > states.rank(incident.level):
        write(actor, incident, "level_suggested", before=incident.level, level=suggested)
        emit(
            LevelSuggested(
                number=incident.number,
                hazard=incident.hazard,
                level=incident.level,
                place=incident.place,
                simulated=incident.simulated,
                suggested=suggested,
            )
        )
    else:
        noted(incident, "level_suggested")
