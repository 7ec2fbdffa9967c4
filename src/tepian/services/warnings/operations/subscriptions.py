"""People ask to be told, confirm, and leave."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from tepian.kernel.actors import Actor, Invalid, system
from tepian.kernel.events import note, operation
from tepian.kernel.notifications import operations as notifications
from tepian.kernel.regions import queries as regions

from .. import policies, queries
from ..models import Subscription

ASK_AGAIN_AFTER = timedelta(minutes=10)
REGIONS_PER_ADDRESS = 20


@operation("warnings.subscribe", policy=None)
def subscribe(*, actor: Actor, email: str, region_code: str, language: str = "id") -> None:
    """Ask to be told by e-mail about a region. A letter with a link goes to the address; nothing counts until the link
    is used. The answer never says whether the address was known."""
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid(
            _("This is not an e-mail address. Example: nama@contoh.id."), code="email_invalid", field="email"
        ) from None
    if not regions.exists(region_code) or regions.find(region_code).level not in ("city", "district", "ward"):
        raise Invalid(_("Choose a region from the list."), code="region_unknown", field="region", item=region_code[:30])
    language = "en" if language == "en" else "id"
    now = timezone.now()
    row = Subscription.objects.filter(
        channel=Subscription.Channel.EMAIL, address=email, region_code=region_code
    ).first()
    note("subscription", row.pk if row else "", region=region_code)
    if row is None:
        if Subscription.objects.filter(address=email).count() >= REGIONS_PER_ADDRESS:
            return
        recent = Subscription.objects.filter(
            address=email, confirmed_at=None, asked_at__gt=now - ASK_AGAIN_AFTER
        ).count()
        if recent >= 3:  # somebody else's mailbox is not ours to fill
            return
        row = Subscription.objects.create(
            channel=Subscription.Channel.EMAIL, address=email, region_code=region_code, language=language, asked_at=now
        )
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
        raise Invalid(
            _("This link is wrong or older than two days. Subscribe again; nothing was sent to you meanwhile."),
            code="token_invalid",
            field="token",
        )
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
        if not Subscription.objects.filter(channel=row.channel, address=row.address).exists():
            notifications.forget_address(actor=system("warnings.unsubscribe"), address=row.address, channel=row.channel)


@operation("warnings.forget_unconfirmed", policy=policies.may_publish)
def forget_unconfirmed(*, actor: Actor) -> int:
    """Delete addresses that nobody confirmed within two days."""
    limit = timezone.now() - timedelta(seconds=queries.CONFIRM_WITHIN_S)
    old = Subscription.objects.filter(confirmed_at=None, asked_at__lt=limit)
    addresses = {row.address for row in old}
    gone, _rows = old.delete()
    for address in sorted(
        addresses - set(Subscription.objects.filter(address__in=addresses).values_list("address", flat=True))
    ):
        notifications.forget_address(actor=system("warnings.forget"), address=address)
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
                str(
                    _(
                        "Somebody (you, we hope) asked for flood warnings for %(region)s at this address.\n\n"
                        "Confirm here within two days:\n%(link)s\n\n"
                        "If it was not you, do nothing: the address will be deleted."
                    )
                    % {"region": region, "link": f"{settings.BASE_URL}{queries.confirm_path(row)}"}
                ),
            )
    (title, body), (title_en, body_en) = texts["id"], texts["en"]
    notifications.send_to_address(
        actor=system("warnings.subscribe"),
        address=row.address,
        channel="email",
        topic="warnings.subscription",
        key=f"subscription/{row.pk}/{row.asked_at.timestamp():.0f}",
        title=title,
        title_en=title_en,
        body=body,
        body_en=body_en,
        language=row.language,
    )
