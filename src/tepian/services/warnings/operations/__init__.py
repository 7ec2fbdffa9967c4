"""The verbs: publish, update, cancel, let expire; ask to be told and leave."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from tepian.kernel.actors import Actor, Conflict, Invalid, system
from tepian.kernel.catalogue.city import current_city
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit, note, operation
from tepian.kernel.notifications import operations as notifications
from tepian.kernel.regions import queries as regions
from tepian.kernel.regions.models import Region
from tepian.toolkit.identifiers import new_code

from .. import policies, queries, states
from ..events import WarningCancelled, WarningExpired, WarningPublished, WarningUpdated
from ..models import Subscription, Warning, WarningKind, WarningMessage
from . import cap

LONGEST_VALIDITY = timedelta(hours=72)
ASK_AGAIN_AFTER = timedelta(minutes=10)
REGIONS_PER_ADDRESS = 20


# --- warnings ---------------------------------------------------------------------------------------------------------


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
) -> Warning:
    """Tell the public: the warning and its first CAP message (Alert) in one transaction. For an incident it is safe to
    repeat: a version that was told already changes nothing, a newer one becomes an update."""
    kind = _kind(hazard)
    if incident_number:
        if connection.vendor == "postgresql":
            WarningKind.objects.select_for_update().get(pk=kind.pk)  # one teller at a time; SQLite has one writer anyway
        known = queries.latest_of_incident(incident_number)
        if known is not None and known.incident_version >= incident_version:
            note("warning", known.number, incident=incident_number, repeated=True)
            return known
        if known is not None and known.in_force:
            return update_warning(
                actor=actor, number=known.number, level=level, areas=areas, headline=headline, headline_en=headline_en,
                instruction=instruction, instruction_en=instruction_en, description=description,
                description_en=description_en, expires_at=expires_at, sources=sources, confirmed_by=confirmed_by,
                incident_version=incident_version,
            )
    now = timezone.now()
    fields = _checked(level, areas, headline, headline_en, instruction, instruction_en, description, description_en, expires_at)
    warning = _numbered(
        kind=kind, place=(place or ", ".join(queries.area_names(fields["areas"])))[:200], published_at=now,
        changed_at=now, onset_at=onset_at or now, incident_number=incident_number, incident_version=incident_version,
        confirmed_by=(confirmed_by or actor.label)[:200], automatic=automatic, sources=list(sources), lon=lon, lat=lat,
        simulated=simulated, **fields, **_cap_values(kind, level),
    )
    note("warning", warning.number, level=level, areas=fields["areas"], incident=incident_number, automatic=automatic)
    _send(warning, "Alert", now)
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
) -> Warning:
    """Change what the public is told: a CAP Update that refers to all earlier messages. With `version`, `Conflict` when
    somebody changed the warning since."""
    warning = _locked(number)
    note("warning", warning.number, level=level, areas=list(areas), before=warning.level)
    if incident_version and incident_version <= warning.incident_version:
        return warning
    if not warning.in_force:
        raise Conflict(_("This warning has ended. Nothing was changed. Publish a new one if there is danger."),
                       code="warning_ended", item=warning.number)
    if version is not None and version != warning.version:
        raise Conflict(_("Somebody changed this warning in the meantime. Nothing was changed by you. Read it again."),
                       code="too_late", item=warning.number)
    fields = _checked(level, areas, headline, headline_en, instruction, instruction_en, description, description_en, expires_at)
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
    _send(warning, "Update", now)
    emit(WarningUpdated(**_about(warning), rise=rise))
    touch("warnings")
    return warning


@operation("warnings.cancel_warning", policy=policies.may_publish)
def cancel_warning(
    *, actor: Actor, number: str, reason: str = "", incident_version: int = 0
) -> Warning:
    """The danger is over, or there was none: a CAP Cancel. Repeating changes nothing."""
    warning = _locked(number)
    note("warning", warning.number, cancelled=True)
    if warning.state != states.ACTIVE:
        return warning
    now = timezone.now()
    warning.state, warning.ended_at, warning.changed_at = states.CANCELLED, now, now
    warning.end_reason = reason.strip()[:300]
    warning.version += 1
    warning.incident_version = max(warning.incident_version, incident_version)
    warning.save()
    _send(warning, "Cancel", now)
    emit(WarningCancelled(**_about(warning)))
    touch("warnings")
    return warning


@operation("warnings.expire_due", policy=policies.may_publish)
def expire_due(*, actor: Actor) -> list[str]:
    """Close warnings whose time has run out; returns their numbers. CAP receivers know it from the message itself."""
    now = timezone.now()
    rows = Warning.objects.filter(state=states.ACTIVE, expires_at__lte=now).select_related("kind")
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
        raise Invalid(_("No kind of warning is set up for the hazard %(hazard)s.") % {"hazard": hazard},
                      code="hazard_unknown", field="hazard", item=hazard)
    return kind


def _locked(number: str) -> Warning:
    warning = queries.warning_by(number)
    if connection.vendor == "postgresql":
        warning = Warning.objects.select_for_update(of=("self",)).select_related("kind").get(pk=warning.pk)
    return warning


def _numbered(**fields: Any) -> Warning:
    for _attempt in range(20):
        try:
            with transaction.atomic():
                return Warning.objects.create(number=new_code("P"), **fields)
        except IntegrityError:
            continue
    raise RuntimeError("no free warning number after twenty attempts")


def _text(value: str, field: str, limit: int = 4000, *, needed: bool = False) -> str:
    value = cap.clean((value or "").strip())
    if needed and not value:
        raise Invalid(_("This text is needed: people must know what is the matter and what to do."), code="text_missing",
                      field=field)
    if len(value) > limit:
        raise Invalid(_("This text is too long: at most %(limit)s characters.") % {"limit": limit}, code="text_too_long",
                      field=field)
    return value


def _checked(
    level: str, areas: Sequence[str], headline: str, headline_en: str, instruction: str, instruction_en: str,
    description: str, description_en: str, expires_at: datetime,
) -> dict[str, Any]:
    if states.rank(level) < 1:
        raise Invalid(_("A warning has the level Waspada, Siaga or Awas."), code="level_unknown", field="level", item=level)
    areas = list(dict.fromkeys(areas))
    unknown = [code for code in areas if not regions.exists(code)]
    if not areas or unknown:
        raise Invalid(_("Choose at least one region that the city knows."), code="region_unknown", field="areas",
                      item=unknown[0][:30] if unknown else "")
    now = timezone.now()
    if not now < expires_at <= now + LONGEST_VALIDITY:
        raise Invalid(_("A warning ends within 72 hours from now."), code="validity", field="expires_at")
    return {
        "level": level, "areas": areas, "headline": _text(headline, "headline", 300, needed=True),
        "headline_en": _text(headline_en, "headline_en", 300),
        "instruction": _text(instruction, "instruction", needed=True),
        "instruction_en": _text(instruction_en, "instruction_en"),
        "description": _text(description, "description"), "description_en": _text(description_en, "description_en"),
        "expires_at": expires_at,
    }  # fmt: skip


def _cap_values(kind: WarningKind, level: str) -> dict[str, str]:
    texts = kind.levels.get(level, {})
    return {name: texts.get(name) or states.CAP_DEFAULTS[level][name] for name in ("severity", "urgency", "certainty", "response")}


def _about(warning: Warning) -> dict[str, Any]:
    return {
        "number": warning.number, "hazard": warning.kind.hazard, "level": warning.level, "place": warning.place,
        "areas": warning.areas, "headline": warning.headline, "headline_en": warning.headline_en,
        "incident_number": warning.incident_number, "change": warning.version, "simulated": warning.simulated,
    }  # fmt: skip


# --- messages ---------------------------------------------------------------------------------------------------------


def _send(warning: Warning, kind: str, now: datetime) -> WarningMessage:
    """Write down the CAP message. What is written here is what the feed gives, byte for byte."""
    city = current_city()
    sender = (city.domain or urlsplit(settings.BASE_URL).hostname or "localhost").replace(" ", "")
    identifier = f"{sender}.{warning.number}.{warning.version}"
    earlier = list(WarningMessage.objects.filter(warning=warning).order_by("sequence"))
    sent = now.replace(microsecond=0)
    references = " ".join(cap.reference(row.sender, row.identifier, row.sent_at) for row in earlier)
    regions = {row.code: row for row in Region.objects.filter(code__in=warning.areas)}
    names = dict(zip(warning.areas, queries.area_names(warning.areas), strict=True))
    areas = [
        cap.Area(code, names[code], regions[code].boundary, regions[code].boundary_kind == "schematic")
        for code in warning.areas if code in regions
    ]  # fmt: skip
    over = kind == "Cancel"
    document = cap.build(cap.Message(
        identifier=identifier, sender=sender, sender_name=city.name, sent=sent, kind=kind, exercise=warning.simulated,
        note="SIMULASI: bukan kejadian nyata. SIMULATION: not a real event." if warning.simulated else "",
        references=references, incident=warning.incident_number, category=warning.kind.category,
        hazard=warning.kind.hazard, level="normal" if over else warning.level,
        response="AllClear" if over else warning.response, urgency="Past" if over else warning.urgency,
        severity="Minor" if over else warning.severity, certainty=warning.certainty, effective=sent,
        onset=warning.onset_at, expires=warning.expires_at if not over else max(warning.expires_at, sent + timedelta(hours=1)),
        web=f"{settings.BASE_URL}{reverse('warnings-warning', args=[warning.number])}",
        contact=warning.kind.contact or city.emergency_number, infos=_infos(warning, over=over), areas=areas,
    ))  # fmt: skip
    return WarningMessage.objects.create(
        warning=warning, sequence=warning.version, kind=kind, identifier=identifier, sender=sender, sent_at=sent,
        expires_at=warning.expires_at, references=references, headline=warning.headline, xml=document,
        digest=hashlib.sha256(document.encode()).hexdigest(),
    )


def _infos(warning: Warning, *, over: bool) -> list[cap.Info]:
    infos = []
    for language in ("id", "en"):
        with override(language):
            own = language == "id"
            headline = warning.headline if own else warning.headline_en or warning.headline
            instruction = warning.instruction if own else warning.instruction_en or warning.instruction
            description = warning.description if own else warning.description_en
            if over:
                headline = str(_("Ended: %(headline)s") % {"headline": headline})
                instruction = str(_("The warning has ended. Stay careful near water and follow what officers say."))
            if warning.simulated:
                headline = f"[{_('SIMULATION')}] {headline}"
            infos.append(
                cap.Info(
                    language=language, event=warning.kind.name if own else warning.kind.name_en, headline=headline[:300],
                    description=description or _evidence_text(warning, english=not own), instruction=instruction,
                    area_note=str(_("schematic boundary")),
                )
            )
    return infos


def _evidence_text(warning: Warning, *, english: bool) -> str:
    """Which sources said so, and who confirmed it; in the language that is active."""
    seen = [
        f"{source.get('label_en') if english else source.get('label')}: {source.get('value') or source.get('level')}"
        for source in warning.sources
    ]
    sentences = [str(_("Sources: %(sources)s.") % {"sources": "; ".join(seen)})] if seen else []
    if warning.automatic:
        sentences.append(str(_("Published by the system under the city's settings.")))
    else:
        sentences.append(str(_("Confirmed by: %(who)s.") % {"who": warning.confirmed_by}))
    return " ".join(sentences)


# --- subscriptions ----------------------------------------------------------------------------------------------------


@operation("warnings.subscribe", policy=None)
def subscribe(*, actor: Actor, email: str, region_code: str, language: str = "id") -> None:
    """Ask to be told by e-mail about a region. A letter with a link goes to the address; nothing counts until the link is
    used. The answer never says whether the address was known."""
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid(_("This is not an e-mail address. Example: nama@contoh.id."), code="email_invalid",
                      field="email") from None
    if not regions.exists(region_code) or regions.find(region_code).level not in ("city", "district", "ward"):
        raise Invalid(_("Choose a region from the list."), code="region_unknown", field="region", item=region_code[:30])
    language = "en" if language == "en" else "id"
    now = timezone.now()
    row = Subscription.objects.filter(channel=Subscription.Channel.EMAIL, address=email, region_code=region_code).first()
    note("subscription", row.pk if row else "", region=region_code)
    if row is None:
        if Subscription.objects.filter(address=email).count() >= REGIONS_PER_ADDRESS:
            return
        recent = Subscription.objects.filter(address=email, confirmed_at=None, asked_at__gt=now - ASK_AGAIN_AFTER).count()
        if recent >= 3:  # somebody else's mailbox is not ours to fill
            return
        row = Subscription.objects.create(channel=Subscription.Channel.EMAIL, address=email, region_code=region_code,
                                          language=language, asked_at=now)
    elif row.confirmed_at or row.asked_at > now - ASK_AGAIN_AFTER:
        return
    else:
        row.asked_at, row.language = now, language
        row.save(update_fields=["asked_at", "language"])
    _ask_to_confirm(row)


@operation("warnings.confirm_subscription", policy=None)
def confirm_subscription(*, actor: Actor, token: str) -> Subscription:
    """The person at the address says yes. Repeating changes nothing."""
    row = queries.by_confirm_token(token)
    if row is None:
        raise Invalid(_("This link is wrong or older than two days. Subscribe again; nothing was sent to you meanwhile."),
                      code="token_invalid", field="token")
    note("subscription", row.pk, region=row.region_code)
    if row.confirmed_at is None:
        row.confirmed_at = timezone.now()
        row.save(update_fields=["confirmed_at"])
    return row


@operation("warnings.unsubscribe", policy=None)
def unsubscribe(*, actor: Actor, token: str) -> None:
    """Leave: the address is deleted. Repeating changes nothing."""
    row = queries.by_leave_token(token)
    if row is not None:
        note("subscription", row.pk, region=row.region_code)
        row.delete()


@operation("warnings.forget_unconfirmed", policy=policies.may_publish)
def forget_unconfirmed(*, actor: Actor) -> int:
    """Delete addresses that nobody confirmed within two days."""
    limit = timezone.now() - timedelta(seconds=queries.CONFIRM_WITHIN_S)
    gone, _rows = Subscription.objects.filter(confirmed_at=None, asked_at__lt=limit).delete()
    note("subscription", "", deleted=gone)
    return gone


def _ask_to_confirm(row: Subscription) -> None:
    """The letter with the link. Sent by the worker, and again when the mail server does not answer."""
    texts = {}
    for language in ("id", "en"):
        with override(language):
            region = queries.area_names([row.region_code])[0]
            texts[language] = (
                str(_("Confirm: flood warnings for %(region)s") % {"region": region}),
                str(_(
                    "Somebody (you, we hope) asked for flood warnings for %(region)s at this address.\n\n"
                    "Confirm here within two days:\n%(link)s\n\n"
                    "If it was not you, do nothing: the address will be deleted."
                ) % {"region": region, "link": f"{settings.BASE_URL}{queries.confirm_path(row)}"}),
            )  # fmt: skip
    (title, body), (title_en, body_en) = texts["id"], texts["en"]
    notifications.send_to_address(
        actor=system("warnings.subscribe"), address=row.address, channel="email", topic="warnings.subscription",
        key=f"subscription/{row.pk}/{row.asked_at.timestamp():.0f}", title=title, title_en=title_en, body=body,
        body_en=body_en, language=row.language,
    )  # fmt: skip


# --- settings ---------------------------------------------------------------------------------------------------------


@operation("warnings.load_kinds", policy=policies.may_configure)
def load_kinds(*, actor: Actor, kinds: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Kinds of warning from a city pack. Loading again changes nothing."""
    counts = {"created": 0, "changed": 0, "unchanged": 0}
    for order, given in enumerate(kinds, 1):
        values = {
            "name": given["name"], "name_en": given["name_en"], "category": given.get("category", "Met"),
            "contact": given.get("contact", ""), "order": order,
            "levels": {level: dict(given[level]) for level in states.LEVELS if level in given},
        }  # fmt: skip
        kind, created = WarningKind.objects.get_or_create(hazard=given["hazard"], defaults=values)
        changed = not created and any(getattr(kind, name) != value for name, value in values.items())
        if changed:
            WarningKind.objects.filter(pk=kind.pk).update(**values)
        for rule in given.get("publication", []):
            dated = {"automatic": bool(rule["automatic"]), "basis": rule.get("basis", ""), "valid_to": rule.get("valid_to")}
            row, new = kind.publication_rules.get_or_create(valid_from=rule["valid_from"], defaults=dated)
            if not new and any(getattr(row, name) != value for name, value in dated.items()):
                kind.publication_rules.filter(pk=row.pk).update(**dated)
                changed = not created
            changed = changed or (new and not created)
        counts["created" if created else "changed" if changed else "unchanged"] += 1
    note("warning_kinds", "", **counts)
    if counts["created"] or counts["changed"]:
        touch("warnings")
    return counts
