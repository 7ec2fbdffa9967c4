"""Publish, update, cancel, let expire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit, note, operation
from tepian.kernel.regions import queries as regions
from tepian.toolkit.identifiers import new_code
from tepian.toolkit.text import plain

from .. import policies, queries, states
from ..events import WarningCancelled, WarningExpired, WarningPublished, WarningUpdated
from ..models import PublicWarning, WarningKind
from .messages import send

LONGEST_VALIDITY = timedelta(hours=72)


@operation("warnings.publish_warning", policy=policies.may_publish)
def publish_warning(
    *,
    actor: Actor,
    hazard: str,
    level: str,
    areas: Sequence[str],
    headline: str,
    instruction: str,
    expires_at: datetime,
    headline_en: str = "",
    instruction_en: str = "",
    description: str = "",
    description_en: str = "",
    place: str = "",
    onset_at: datetime | None = None,
    sources: Sequence[dict[str, Any]] = (),
    confirmed_by: str = "",
    automatic: bool = False,
    incident_number: str = "",
    incident_version: int = 0,
    lon: float | None = None,
    lat: float | None = None,
    simulated: bool = False,
) -> PublicWarning:
    """Tell the public: the warning and its first CAP message (Alert) in one transaction. For an incident it is safe to
    repeat: a version that was told already changes nothing, a newer one becomes an update."""
    kind = _kind(hazard)
    if incident_number:
        if connection.vendor == "postgresql":
            WarningKind.objects.select_for_update().get(
                pk=kind.pk
            )  # one teller at a time; SQLite has one writer anyway
        known = queries.latest_of_incident(incident_number)
        if known is not None and known.incident_version >= incident_version:
            note("warning", known.number, incident=incident_number, repeated=True)
            return known
        if known is not None and known.in_force:
            return update_warning(
                actor=actor,
                number=known.number,
                level=level,
                areas=areas,
                headline=headline,
                headline_en=headline_en,
                instruction=instruction,
                instruction_en=instruction_en,
                description=description,
                description_en=description_en,
                expires_at=expires_at,
                sources=sources,
                confirmed_by=confirmed_by,
                incident_version=incident_version,
            )
    now = timezone.now()
    fields = _checked(
        level, areas, headline, headline_en, instruction, instruction_en, description, description_en, expires_at
    )
    warning = _numbered(
        kind=kind,
        place=(place or ", ".join(queries.area_names(fields["areas"])))[:200],
        published_at=now,
        changed_at=now,
        onset_at=onset_at or now,
        incident_number=incident_number,
        incident_version=incident_version,
        confirmed_by=(confirmed_by or actor.label)[:200],
        automatic=automatic,
        sources=list(sources),
        lon=lon,
        lat=lat,
        simulated=simulated,
        **fields,
        **_cap_values(kind, level),
    )
    note("warning", warning.number, level=level, areas=fields["areas"], incident=incident_number, automatic=automatic)
    send(warning, "Alert", now)
    emit(WarningPublished(**_about(warning), rise=True))
    touch("warnings")
    return warning


@operation("warnings.update_warning", policy=policies.may_publish)
def update_warning(
    *,
    actor: Actor,
    number: str,
    level: str,
    areas: Sequence[str],
    headline: str,
    instruction: str,
    expires_at: datetime,
    headline_en: str = "",
    instruction_en: str = "",
    description: str = "",
    description_en: str = "",
    sources: Sequence[dict[str, Any]] | None = None,
    confirmed_by: str = "",
    incident_version: int = 0,
    version: int | None = None,
) -> PublicWarning:
    """Change what the public is told: a CAP Update that refers to all earlier messages. With `version`, `Conflict` when
    somebody changed the warning since."""
    warning = _locked(number)
    note("warning", warning.number, level=level, areas=list(areas), before=warning.level)
    if incident_version and incident_version <= warning.incident_version:
        return warning
    if not warning.in_force:
        raise Conflict(
            _("This warning has ended. Nothing was changed. Publish a new one if there is danger."),
            code="warning_ended",
            item=warning.number,
        )
    if version is not None and version != warning.version:
        raise Conflict(
            _("Somebody changed this warning in the meantime. Nothing was changed by you. Read it again."),
            code="too_late",
            item=warning.number,
        )
    fields = _checked(
        level, areas, headline, headline_en, instruction, instruction_en, description, description_en, expires_at
    )
    rise = states.rank(level) > states.rank(warning.level) or bool(set(fields["areas"]) - set(warning.areas))
    now = timezone.now()
    for name, value in (fields | _cap_values(warning.kind, level)).items():
        setattr(warning, name, value)
    warning.place = ", ".join(queries.area_names(warning.areas))[:200] or warning.place
    warning.changed_at = now
    warning.version += 1
    warning.incident_version = max(warning.incident_version, incident_version)
    if sources is not None:
        warning.sources = list(sources)
    if confirmed_by:
        warning.confirmed_by = confirmed_by[:200]
    warning.save()
    send(warning, "Update", now)
    emit(WarningUpdated(**_about(warning), rise=rise))
    touch("warnings")
    return warning


@operation("warnings.cancel_warning", policy=policies.may_publish)
def cancel_warning(*, actor: Actor, number: str, reason: str = "", incident_version: int = 0) -> PublicWarning:
    """The danger is over, or there was none: a CAP Cancel. Repeating changes nothing."""
    warning = _locked(number)
    note("warning", warning.number, cancelled=True)
    if warning.state != states.ACTIVE:
        return warning
    now = timezone.now()
    warning.state, warning.ended_at, warning.changed_at = states.CANCELLED, now, now
    warning.end_reason = plain(reason, 300)
    warning.version += 1
    warning.incident_version = max(warning.incident_version, incident_version)
    warning.save()
    send(warning, "Cancel", now)
    emit(WarningCancelled(**_about(warning)))
    touch("warnings")
    return warning


@operation("warnings.expire_due", policy=policies.may_publish)
def expire_due(*, actor: Actor) -> list[str]:
    """Close warnings whose time has run out; returns their numbers. CAP receivers know it from the message itself."""
    now = timezone.now()
    rows = PublicWarning.objects.filter(state=states.ACTIVE, expires_at__lte=now).select_related("kind")
    if connection.vendor == "postgresql":
        rows = rows.select_for_update(of=("self",))
    ended = []
    for warning in rows:
        warning.state, warning.ended_at, warning.changed_at = states.EXPIRED, warning.expires_at, now
        warning.save(update_fields=["state", "ended_at", "changed_at"])
        emit(WarningExpired(**_about(warning)))
        ended.append(warning.number)
    note("warning", ",".join(ended)[:100], expired=ended)
    if ended:
        touch("warnings")
    return ended


def _kind(hazard: str) -> WarningKind:
    kind = queries.kind_of(hazard)
    if kind is None:
        raise Invalid(
            _("No kind of warning is set up for the hazard %(hazard)s.") % {"hazard": hazard},
            code="hazard_unknown",
            field="hazard",
            item=hazard,
        )
    return kind


def _locked(number: str) -> PublicWarning:
    warning = queries.warning_by(number)
    if connection.vendor == "postgresql":
        warning = PublicWarning.objects.select_for_update(of=("self",)).select_related("kind").get(pk=warning.pk)
    return warning


def _numbered(**fields: Any) -> PublicWarning:
    for _attempt in range(20):
        try:
            with transaction.atomic():
                return PublicWarning.objects.create(number=new_code("P"), **fields)
        except IntegrityError:
            continue
    raise RuntimeError("no free warning number after twenty attempts")


def _text(value: str, field: str, limit: int = 4000, *, needed: bool = False) -> str:
    value = plain(value or "")
    if needed and not value:
        raise Invalid(
            _("This text is needed: people must know what is the matter and what to do."),
            code="text_missing",
            field=field,
        )
    if len(value) > limit:
        raise Invalid(
            _("This text is too long: at most %(limit)s characters.") % {"limit": limit},
            code="text_too_long",
            field=field,
        )
    return value


def _checked(
    level: str,
    areas: Sequence[str],
    headline: str,
    headline_en: str,
    instruction: str,
    instruction_en: str,
    description: str,
    description_en: str,
    expires_at: datetime,
) -> dict[str, Any]:
    if states.rank(level) < 1:
        raise Invalid(
            _("A warning has the level Waspada, Siaga or Awas."), code="level_unknown", field="level", item=level
        )
    areas = list(dict.fromkeys(areas))
    unknown = [code for code in areas if not regions.exists(code)]
    if not areas or unknown:
        raise Invalid(
            _("Choose at least one region that the city knows."),
            code="region_unknown",
            field="areas",
            item=unknown[0][:30] if unknown else "",
        )
    now = timezone.now()
    if not now < expires_at <= now + LONGEST_VALIDITY:
        raise Invalid(_("A warning ends within 72 hours from now."), code="validity", field="expires_at")
    return {
        "level": level,
        "areas": areas,
        "headline": _text(headline, "headline", 300, needed=True),
        "headline_en": _text(headline_en, "headline_en", 300),
        "instruction": _text(instruction, "instruction", needed=True),
        "instruction_en": _text(instruction_en, "instruction_en"),
        "description": _text(description, "description"),
        "description_en": _text(description_en, "description_en"),
        "expires_at": expires_at,
    }


def _cap_values(kind: WarningKind, level: str) -> dict[str, str]:
    texts = kind.levels.get(level, {})
    return {
        name: texts.get(name) or states.CAP_DEFAULTS[level][name]
        for name in ("severity", "urgency", "certainty", "response")
    }


def _about(warning: PublicWarning) -> dict[str, Any]:
    return {
        "number": warning.number,
        "hazard": warning.kind.hazard,
        "level": warning.level,
        "place": warning.place,
        "areas": warning.areas,
        "headline": warning.headline,
        "headline_en": warning.headline_en,
        "incident_number": warning.incident_number,
        "change": warning.version,
        "simulated": warning.simulated,
    }
