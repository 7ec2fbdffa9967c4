"""What the public is told now, and was told before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tepian.kernel.actors import NotFound
from tepian.kernel.regions import queries as regions
from tepian.toolkit.identifiers import read_code
from tepian.toolkit.text import plain
from tepian.ui import levels
from tepian.ui import words as texts
from tepian.ui.words import english

from . import states
from .models import PublicationRule, PublicWarning, Subscription, WarningKind, WarningMessage

LEVEL_LABELS = levels.LEVELS
LEVEL_MEANINGS = {
    "waspada": gettext_lazy("Be alert: water may rise in the next hours."),
    "siaga": gettext_lazy("Get ready: water is rising and may enter homes."),
    "awas": gettext_lazy("Act now: go to a safe place."),
}
STATE_LABELS = {
    states.ACTIVE: gettext_lazy("In force"),
    states.CANCELLED: gettext_lazy("Ended"),
    states.EXPIRED: gettext_lazy("Expired"),
}
CERTAINTY_LABELS = {
    "Observed": gettext_lazy("seen"),
    "Likely": gettext_lazy("likely"),
    "Possible": gettext_lazy("possible"),
    "Unlikely": gettext_lazy("unlikely"),
    "Unknown": gettext_lazy("unknown"),
}
CONFIRM_SALT, LEAVE_SALT = "warnings.confirm", "warnings.leave"
CONFIRM_WITHIN_S = 48 * 3600


def area_names(codes: Iterable[str]) -> list[str]:
    """Names of regions by code, in the codes' order; a code without a name stays a code."""
    names = regions.names()
    return [names.get(code, code) for code in codes]


def kinds() -> list[WarningKind]:
    return list(WarningKind.objects.all())


def kind_of(hazard: str) -> WarningKind | None:
    return WarningKind.objects.filter(hazard=hazard).first()


def automatic(hazard: str, day: date | None = None) -> bool:
    """May warnings of this hazard go out without a person's confirmation on that day (default today)?"""
    day = day or timezone.localdate()
    row = (
        PublicationRule.objects.filter(kind__hazard=hazard, valid_from__lte=day)
        .filter(Q(valid_to=None) | Q(valid_to__gte=day))
        .order_by("-valid_from")
        .first()
    )
    return bool(row and row.automatic)


def words(hazard: str, level: str, place: str) -> dict[str, Any]:
    """The kind's words for a level with the place put in; an empty dict for an unknown hazard."""
    kind = kind_of(hazard)
    if kind is None:
        return {}
    own = kind.levels.get(level, {})
    found: dict[str, Any] = {
        key: str(own.get(key, "")).strip().replace("{place}", place)
        for key in ("headline", "headline_en", "instruction", "instruction_en")
    }
    found["hours"] = int(own.get("hours", 6))
    return found


# --- warnings ---------------------------------------------------------------------------------------------------------


def in_force(at: datetime | None = None) -> QuerySet[PublicWarning]:
    """Warnings that hold now: worst first, then newest."""
    moment = at or timezone.now()
    rows = PublicWarning.objects.filter(state=states.ACTIVE, expires_at__gt=moment).select_related("kind")
    worst = Case(
        *[When(level=level, then=Value(states.rank(level))) for level in states.LEVELS],
        default=Value(0),
        output_field=IntegerField(),
    )
    return rows.annotate(worst=worst).order_by("-worst", "-published_at", "-id")


def past(*, year: int | None = None) -> QuerySet[PublicWarning]:
    """Warnings that are over, newest first."""
    rows = PublicWarning.objects.exclude(state=states.ACTIVE, expires_at__gt=timezone.now()).select_related("kind")
    if year:
        rows = rows.filter(published_at__year=year)
    return rows.order_by("-published_at", "-id")


def warning_by(number: str) -> PublicWarning:
    """The warning with this number, as people type it. Raises `NotFound`."""
    code = read_code(number, "P") or plain(number)
    warning = PublicWarning.objects.filter(number=code).select_related("kind").first()
    if warning is None:
        raise NotFound(
            _("There is no warning with the number %(number)s. Check the number.") % {"number": number[:20]},
            code="warning_unknown",
            field="number",
            item=number[:20],
        )
    return warning


def latest_of_incident(incident_number: str) -> PublicWarning | None:
    return PublicWarning.objects.filter(incident_number=incident_number).order_by("-id").first()


def of_incident(incident_number: str) -> list[PublicWarning]:
    return list(
        PublicWarning.objects.filter(incident_number=incident_number).order_by("id").prefetch_related("messages")
    )


def message_by(identifier: str) -> WarningMessage:
    message = WarningMessage.objects.filter(identifier=plain(identifier)).select_related("warning").first()
    if message is None:
        raise NotFound(_("There is no message with this identifier."), code="message_unknown", item=identifier[:100])
    return message


def feed(limit: int = 50) -> list[WarningMessage]:
    """The newest messages for the feed: the last one of each warning that is in force or ended within two days."""
    since = timezone.now() - timedelta(days=2)
    rows = (
        WarningMessage.objects.filter(
            Q(warning__state=states.ACTIVE, expires_at__gt=timezone.now()) | Q(sent_at__gte=since)
        )
        .select_related("warning__kind")
        .order_by("-sent_at", "-id")
    )
    newest: dict[int, WarningMessage] = {}
    for row in rows:
        newest.setdefault(row.warning_id, row)
    return list(newest.values())[:limit]


def worst_level() -> str:
    """The worst level in force, `normal` when there is none."""
    return max(in_force().values_list("level", flat=True), key=states.rank, default="normal")


def measured(source: dict[str, Any]) -> str:
    """What a source measured, in the reader's language: “21,7 mm”. Words stay as they came."""
    amount, unit = source.get("amount"), str(source.get("unit") or "")
    if isinstance(amount, int | float):
        return f"{texts.number(amount, 1 if unit.startswith('mm') else 2)} {unit}".strip()
    return str(source.get("value") or "")


def strongest_first(sources: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sources by level, the worst first."""
    return sorted(sources, key=lambda source: -states.rank(str(source.get("level", ""))))


# --- subscriptions ----------------------------------------------------------------------------------------------------


def confirm_token(subscription: Subscription) -> str:
    return signing.dumps([subscription.pk, int(subscription.asked_at.timestamp())], salt=CONFIRM_SALT)


def leave_token(subscription: Subscription) -> str:
    return signing.dumps([subscription.pk, int(subscription.created_at.timestamp())], salt=LEAVE_SALT)


def by_confirm_token(token: str) -> Subscription | None:
    """The subscription that this link confirms; None when the link is wrong or older than two days."""
    try:
        key, asked = signing.loads(token, salt=CONFIRM_SALT, max_age=CONFIRM_WITHIN_S)
    except (signing.BadSignature, ValueError):
        return None
    row = Subscription.objects.filter(pk=key).first()
    return row if row and int(row.asked_at.timestamp()) == asked else None


def by_leave_token(token: str) -> Subscription | None:
    """The subscription that this link ends. The link never grows old."""
    try:
        key, created = signing.loads(token, salt=LEAVE_SALT)
    except (signing.BadSignature, ValueError):
        return None
    row = Subscription.objects.filter(pk=key).first()
    return row if row and int(row.created_at.timestamp()) == created else None


def subscribers(areas: Iterable[str]) -> list[Subscription]:
    """Confirmed subscriptions that these areas concern: for the area itself, a part of it, or what it is part of. One
    for each address."""
    codes = list(areas)
    where = Q()
    for code in codes:
        parts = code.split(".")
        where |= Q(region_code__in=[".".join(parts[: n + 1]) for n in range(len(parts))])
        where |= Q(region_code__startswith=f"{code}.")
    if not codes:
        return []
    rows = Subscription.objects.filter(where).exclude(confirmed_at=None).order_by("id")
    found: dict[tuple[str, str], Subscription] = {}
    for row in rows:
        found.setdefault((row.channel, row.address), row)
    return list(found.values())


# --- addresses --------------------------------------------------------------------------------------------------------


def public_path(name: str, *args: str) -> str:
    """The address of a public page in the reader's language."""
    return reverse(f"en:{name}" if english() else name, args=args)


def leave_path(subscription: Subscription) -> str:
    """The address under which this subscriber leaves, in the subscriber's language."""
    name = "en:warnings-leave" if subscription.language == "en" else "warnings-leave"
    return reverse(name, args=[leave_token(subscription)])


def confirm_path(subscription: Subscription) -> str:
    name = "en:warnings-confirm" if subscription.language == "en" else "warnings-confirm"
    return reverse(name, args=[confirm_token(subscription)])


def message_url(identifier: str) -> str:
    return f"{settings.BASE_URL}{reverse('warnings-message', args=[identifier])}"
