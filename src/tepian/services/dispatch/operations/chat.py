"""The text way to 112, for people who cannot speak or hear."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Denied, Invalid, NotFound
from tepian.kernel.events import note, operation
from tepian.toolkit.text import plain

from .. import policies, queries, states
from ..models import Call, ChatLine, Opening, seal
from .calls import _keep_number, tell
from .parts import check_point

LINE_LIMIT = 1000
LINES_LIMIT = 300  # of one conversation
MOST_OPENINGS, WINDOW = 5, timedelta(minutes=10)  # new conversations from one address


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class TooMany(Invalid):
    """This address has begun many conversations in a short time."""


def _count_opening(address: str, now: datetime) -> None:
    """One more conversation from this address; refused beyond the limit. Counted in the database, in the transaction
    that opens the conversation, so that the limit holds over processes and restarts."""
    row, _new = Opening.objects.select_for_update().get_or_create(
        address=seal().fingerprint(f"address {address}"), defaults={"since": now}
    )
    if row.since <= now - WINDOW:
        row.since, row.count = now, 0
    if row.count >= MOST_OPENINGS:
        raise TooMany(
            _(
                "Many conversations were begun from your network. Nothing was sent. Call 112, or try again in some minutes."
            ),
            code="too_many",
        )
    row.count += 1
    row.save()


def forget_openings() -> int:
    """Drop what was counted for addresses whose time is long over."""
    return Opening.objects.filter(since__lt=timezone.now() - WINDOW * 2).delete()[0]


@operation("dispatch.open_chat", policy=None)
def open_chat(
    *,
    actor: Actor,
    text: str,
    key: str,
    phone: str = "",
    lon: float | None = None,
    lat: float | None = None,
    radius_m: float | None = None,
    address: str = "",
) -> tuple[Call, str]:
    """Begin a conversation; needs no account. Returns it with the secret by which the caller's browser comes back.
    `key` is made by the browser: sent twice, also at the same instant, it is one conversation with one secret. From one
    network `address` at most five are begun in ten minutes; the same one sent again is no new one. In a demonstration
    it is simulated like everything else there, or no unit could be sent to it."""
    text = plain(text, LINE_LIMIT)
    if not text:
        raise Invalid(_("Write what happened and where. A few words are enough."), code="text_missing", field="text")
    check_point(lon, lat)
    key, now = plain(key, 60) or secrets.token_urlsafe(24), timezone.now()
    token = seal().fingerprint(f"conversation {key}")
    row, new = Call.objects.get_or_create(
        key=f"text-{key}",
        defaults={
            "channel": "text",
            "first_at": now,
            "ringing_at": now,
            "state": states.RINGING,
            "lon": lon,
            "lat": lat,
            "radius_m": radius_m,
            "location_source": "browser" if lat is not None else "",
            "token": digest(token),
            "simulated": bool(settings.DEMO),
        },
    )
    note("call", row.pk)
    if not new:
        return row, token
    if address:
        _count_opening(address, now)
    if phone:
        _keep_number(row, phone[:40])
    ChatLine.objects.create(call=row, at=now, from_caller=True, text=text, key=f"{row.pk}-0")
    tell(row)
    return row, token


def conversation(token: str) -> Call:
    """The conversation of this secret. Raises `NotFound`."""
    row = Call.objects.filter(token=digest(token), channel="text").first() if token else None
    if row is None:
        raise NotFound(
            _("This conversation is over or was opened on another device. Begin a new one."), code="chat_unknown"
        )
    return row


@operation("dispatch.say", policy=None)
def say(*, actor: Actor, call: int, text: str, key: str, token: str = "") -> ChatLine:
    """One line, from the caller (who has the conversation's secret) or from the desk. `key` makes it count once."""
    row = queries.call_by(call)
    note("call", row.pk)
    from_caller = bool(token)
    if from_caller:
        if row.token != digest(token):
            raise Denied(_("This conversation belongs to somebody else."))
    else:
        policies.at_desk(actor)
    if row.closed_at is not None:
        raise Conflict(
            _("This conversation is closed. Begin a new one or call 112."), code="chat_closed", item=str(row.pk)
        )
    text = plain(text, LINE_LIMIT)
    if not text:
        raise Invalid(_("Write something first."), code="text_missing", field="text")
    if row.lines.count() >= LINES_LIMIT:
        raise Invalid(_("This conversation is full. Call 112 or begin a new one."), code="chat_full", field="text")
    line, _new = ChatLine.objects.get_or_create(
        key=f"{row.pk}-{plain(key, 40)}",
        defaults={"call": row, "at": timezone.now(), "from_caller": from_caller, "text": text},
    )
    tell(row)
    return line
