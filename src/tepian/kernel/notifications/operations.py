"""Writing messages, sending them, and reading them.

`notify` and `send_to_address` only write rows, in the caller's transaction; `deliver_due` sends them. The same `key`
never becomes two messages for one recipient and channel, so a story that is delivered again does no harm.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import F
from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor, Conflict, Invalid
from tepian.kernel.catalogue import versions
from tepian.kernel.catalogue.city import city_timezone
from tepian.kernel.events import note, operation
from tepian.kernel.identity.models import Account
from tepian.kernel.identity.queries import accounts_with_role

from . import policies, queries
from .adapters import Refused, Way, way_for
from .models import Message, Preference
from .quiet import quiet_until

log = structlog.get_logger("notifications")

TRIES = 8  # 10 s, 20 s, 40 s … together about 20 minutes for ordinary messages; danger begins at 3 s
LEASE = timedelta(minutes=5)  # after a crash in the middle of sending, somebody tries again
LONGEST_WAIT = 3600.0
PROOFS = 12
DEFAULT_CHANNELS = ("email",)


def _key(*parts: Any) -> str:
    text = ":".join(str(part) for part in parts)
    return text if len(text) <= 200 else hashlib.sha256(text.encode()).hexdigest()


def phone_number(raw: str) -> str:
    """A phone number as gateways want it: `0811-555` becomes `+62811555`. Empty if it cannot be one."""
    digits = re.sub(r"[\s().-]", "", raw)
    if digits.startswith("0"):
        digits = "+62" + digits[1:]
    elif digits.startswith("62"):
        digits = "+" + digits
    return digits if re.fullmatch(r"\+[1-9]\d{6,14}", digits) else ""


@operation("notifications.notify", policy=policies.may_notify)
def notify(
    *,
    actor: Actor,
    topic: str,
    title: str,
    key: str,
    to: Iterable[Account] = (),
    role: str = "",
    region: str = "",
    title_en: str = "",
    body: str = "",
    body_en: str = "",
    url: str = "",
    urgency: str = Message.Urgency.NORMAL,
) -> int:
    """Tell people: the accounts `to`, and everybody who holds `role` (within `region`, if given). Returns how many
    messages are new.

    Everybody gets it in the inbox; the channels beyond are each person's choice. `urgency="danger"` goes out at once
    and by all channels that reach the person, quiet hours or not."""
    if urgency not in Message.Urgency.values:
        raise Invalid(_("This urgency is not known."), code="unknown_urgency", field="urgency", item=urgency)
    people = {account.pk: account for account in to}
    if role:
        people |= {account.pk: account for account in accounts_with_role(role, region)}
    wanted = queries.preferences(list(people), topic)
    now, zone = datetime.now(UTC), city_timezone()
    rows = []
    for account in people.values():
        preference = wanted.get(account.pk)
        for channel in ("inapp", *_channels(account, preference, urgency)):
            inapp = channel == Message.Channel.INAPP
            wait = None
            if preference is not None and not inapp and urgency != Message.Urgency.DANGER:
                wait = quiet_until(now, preference.quiet_from, preference.quiet_to, zone)
            rows.append(
                Message(
                    account=account,
                    language=account.language,
                    channel=channel,
                    topic=topic,
                    urgency=urgency,
                    title_id=title[:200],
                    title_en=title_en[:200],
                    body_id=body,
                    body_en=body_en,
                    url=url,
                    state=Message.State.DELIVERED if inapp else Message.State.QUEUED,
                    sent_at=now if inapp else None,
                    next_attempt_at=wait or now,
                    key=_key(key, account.pk, channel),
                )
            )
    made = _save(rows)
    note(
        "message", _key(key)[:100], topic=topic, urgency=urgency, role=role, region=region, people=len(people), new=made
    )
    if made:
        versions.touch("notifications")
    return made


def _channels(account: Account, preference: Preference | None, urgency: str) -> list[str]:
    chosen = list(preference.channels if preference is not None else DEFAULT_CHANNELS)
    if urgency == Message.Urgency.DANGER:
        chosen = [Message.Channel.EMAIL, *([Message.Channel.GATEWAY] if gateway_is_open() else [])]
    reach = {Message.Channel.EMAIL: bool(account.email), Message.Channel.GATEWAY: bool(phone_number(account.phone))}
    return [channel for channel in dict.fromkeys(chosen) if reach.get(channel)]  # type: ignore[call-overload]


def gateway_is_open() -> bool:
    """Is there a gateway, or a demonstration that stands in for one?"""
    return bool(settings.MESSAGE_GATEWAY_URL or settings.DEMO)


def _save(rows: list[Message]) -> int:
    """Insert what is not there yet; two who send the same at once make one."""
    known = set(Message.objects.filter(key__in=[row.key for row in rows]).values_list("key", flat=True))
    fresh = [row for row in rows if row.key not in known]
    Message.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=200)
    return len(fresh)


@operation("notifications.send_to_address", policy=policies.may_notify)
def send_to_address(
    *,
    actor: Actor,
    address: str,
    channel: str,
    topic: str,
    title: str,
    key: str,
    title_en: str = "",
    body: str = "",
    body_en: str = "",
    url: str = "",
    urgency: str = Message.Urgency.NORMAL,
    language: str = "id",
) -> bool:
    """Send to somebody without an account (a subscriber). The caller has the address's consent. True if it is new."""
    if channel == Message.Channel.EMAIL:
        try:
            validate_email(address)
        except ValidationError:
            raise Invalid(
                _("This is not an e-mail address. Nothing was sent."), code="bad_address", field="address"
            ) from None
    elif channel == Message.Channel.GATEWAY:
        address = phone_number(address)
        if not address:
            raise Invalid(_("This is not a phone number. Nothing was sent."), code="bad_address", field="address")
    else:
        raise Invalid(
            _("This channel does not reach addresses."), code="unknown_channel", field="channel", item=channel
        )
    row = Message(
        address=address,
        language=language,
        channel=channel,
        topic=topic,
        urgency=urgency,
        title_id=title[:200],
        title_en=title_en[:200],
        body_id=body,
        body_en=body_en,
        url=url,
        next_attempt_at=datetime.now(UTC),
        key=_key(key, hashlib.sha256(address.encode()).hexdigest()[:24], channel),
    )
    made = bool(_save([row]))
    note("message", row.key[:100], topic=topic, urgency=urgency, channel=channel, new=made)
    return made


@operation("notifications.send_to_addresses", policy=policies.may_notify)
def send_to_addresses(
    *,
    actor: Actor,
    addresses: Iterable[tuple[str, str, str]],
    channel: str,
    topic: str,
    title: str,
    key: str,
    title_en: str = "",
    body: str = "",
    body_en: str = "",
    url: str = "",
    urgency: str = Message.Urgency.NORMAL,
) -> int:
    """The same message to many subscribers in few statements. `addresses` gives (address, language, ending): the
    ending (an unsubscribe address) is put under the body. Returns how many are new; bad addresses are left out."""
    now, rows = datetime.now(UTC), []
    for address, language, ending in addresses:
        if channel == Message.Channel.GATEWAY:
            address = phone_number(address)
        if not address:
            continue
        extra = f"\n\n{ending}" if ending else ""
        rows.append(
            Message(
                address=address,
                language=language,
                channel=channel,
                topic=topic,
                urgency=urgency,
                title_id=title[:200],
                title_en=title_en[:200],
                body_id=body + extra,
                body_en=(body_en or body) + extra,
                url=url,
                next_attempt_at=now,
                key=_key(key, hashlib.sha256(address.encode()).hexdigest()[:24], channel),
            )
        )
    made = 0
    for start in range(0, len(rows), 500):
        made += _save(rows[start : start + 500])
    note("message", _key(key)[:100], topic=topic, urgency=urgency, channel=channel, addresses=len(rows), new=made)
    return made


@operation("notifications.forget_address", policy=policies.may_notify)
def forget_address(*, actor: Actor, address: str, channel: str = Message.Channel.EMAIL) -> int:
    """Somebody without an account left: what waits for the address is not sent, and sent messages no longer say where
    they went (that they went, stays). Returns how many messages are concerned."""
    rows = Message.objects.filter(account=None, address=address, channel=channel)
    waiting, _each = rows.filter(state=Message.State.QUEUED).delete()
    blanked = rows.update(address="")
    note("message", "", channel=channel, unsent=waiting, blanked=blanked)
    return waiting + blanked


# --- sending ----------------------------------------------------------------------------------------------------------


def deliver_due(now: datetime | None = None, limit: int = 100) -> dict[str, int]:
    """Job: send what is due. Returns counts of `sent`, `later`, `failed`.

    A message is leased before it is sent, so that a crash in between sends it again rather than never; its stable id
    lets the other side recognise it."""
    counts = {"sent": 0, "later": 0, "failed": 0}
    ways: dict[str, Way] = {}
    moment = now or datetime.now(UTC)
    messages = queries.due(moment, limit)
    wanted: dict[tuple[int, str], Preference] = {}
    for topic in {message.topic for message in messages if message.account_id}:
        people = [message.account_id for message in messages if message.account_id and message.topic == topic]
        for account_id, preference in queries.preferences(people, topic).items():
            wanted[account_id, topic] = preference
    try:
        for message in messages:
            counts[_deliver(message, wanted.get((message.account_id or 0, message.topic)), ways, now)] += 1
    finally:
        for way in ways.values():
            way.close()
    return counts


def _deliver(message: Message, preference: Preference | None, ways: dict[str, Way], now: datetime | None) -> str:
    moment = now or datetime.now(UTC)
    if preference is not None and message.urgency != Message.Urgency.DANGER:
        wait = quiet_until(moment, preference.quiet_from, preference.quiet_to, city_timezone())
        if wait is not None:
            Message.objects.filter(pk=message.pk, state=Message.State.QUEUED).update(next_attempt_at=wait)
            return "later"
    claimed = Message.objects.filter(
        pk=message.pk, state=Message.State.QUEUED, next_attempt_at=message.next_attempt_at
    ).update(next_attempt_at=moment + LEASE, attempts=F("attempts") + 1)
    if not claimed:
        return "later"  # somebody else is sending it
    message.attempts += 1
    title, body = message.text(message.language)
    if message.url:
        body = (
            f"{body}\n\n{settings.BASE_URL}{message.url}" if message.url.startswith("/") else f"{body}\n\n{message.url}"
        )
    to = message.address or (
        (message.account.email if message.channel == Message.Channel.EMAIL else phone_number(message.account.phone))
        if message.account
        else ""
    )
    try:
        if not to:
            raise Refused("no address")
        if message.account is not None and not message.account.is_active:
            raise Refused("account switched off")
        way = ways.get(message.channel) or ways.setdefault(message.channel, way_for(message.channel))
        proof = way.send(message, to, title, body.strip())
    except Refused as error:
        return _failed(message, moment, f"refused: {error}")
    except Exception as error:  # whatever a network can do: noted, and tried again
        ways.pop(message.channel, None)  # a broken connection is not used again
        if message.attempts >= TRIES:
            return _failed(message, moment, f"{type(error).__name__}: {error}")
        base = 3.0 if message.urgency == Message.Urgency.DANGER else 10.0
        wait_s = min(base * 2 ** (message.attempts - 1), LONGEST_WAIT) * random.uniform(0.9, 1.1)  # noqa: S311
        _note(
            message,
            moment,
            "later",
            f"{type(error).__name__}: {error}",
            next_attempt_at=moment + timedelta(seconds=wait_s),
        )
        return "later"
    _note(message, moment, "sent", proof, state=Message.State.SENT, sent_at=moment)
    return "sent"


def _failed(message: Message, at: datetime, detail: str) -> str:
    _note(message, at, "failed", detail, state=Message.State.FAILED)
    log.warning(
        "message failed", channel=message.channel, topic=message.topic, message=message.pk, attempts=message.attempts
    )
    return "failed"


def _note(message: Message, at: datetime, outcome: str, detail: str, **changes: Any) -> None:
    proof = [*message.proof, {"at": at.isoformat(timespec="seconds"), "outcome": outcome, "detail": detail[:300]}][
        -PROOFS:
    ]
    Message.objects.filter(pk=message.pk).update(proof=proof, **changes)


@operation("notifications.retry", policy=policies.may_retry)
def retry(*, actor: Actor, message: Message) -> None:
    """Put a failed message back into the queue."""
    if not Message.objects.filter(pk=message.pk, state=Message.State.FAILED).update(
        state=Message.State.QUEUED, attempts=0, next_attempt_at=datetime.now(UTC)
    ):
        raise Conflict(_("This message is not waiting for help any more. Nothing was changed."), code="already_done")
    note("message", message.pk)


# --- reading and choosing ---------------------------------------------------------------------------------------------


@operation("notifications.mark_read", policy=policies.is_recipient)
def mark_read(*, actor: Actor, message: Message | None = None) -> int:
    """Mark one message of one's own as read, or all. Returns how many were unread."""
    rows = queries.inbox(actor.account_id or 0).exclude(state=Message.State.READ)
    if message is not None:
        rows = rows.filter(pk=message.pk)
    marked = rows.order_by().update(state=Message.State.READ, read_at=datetime.now(UTC))
    note("account", actor.account_id, marked=marked)
    if marked:
        versions.touch("notifications")
    return marked


@operation("notifications.choose", policy=policies.is_recipient)
def choose(
    *,
    actor: Actor,
    channels: Iterable[str],
    quiet_from: time | None = None,
    quiet_to: time | None = None,
    topic: str = "",
) -> Preference:
    """Choose how to be reached, for all topics or one."""
    chosen = [channel for channel in (Message.Channel.EMAIL, Message.Channel.GATEWAY) if channel in set(channels)]
    if (quiet_from is None) != (quiet_to is None):
        raise Invalid(
            _("Quiet hours need a beginning and an end. Nothing was changed."), code="half_quiet", field="quiet_to"
        )
    row, _made = Preference.objects.update_or_create(
        account_id=actor.account_id or 0,
        topic=topic,
        defaults={"channels": [str(channel) for channel in chosen], "quiet_from": quiet_from, "quiet_to": quiet_to},
    )
    note("account", actor.account_id, topic=topic, channels=row.channels)
    return row
