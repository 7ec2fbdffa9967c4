"""Reading the inbox, and finding what is due."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from tepian.kernel.actors import Actor

from .models import Message, Preference


def inbox(account_id: int) -> QuerySet[Message]:
    """The account's messages in the application, newest first."""
    return Message.objects.filter(account_id=account_id, channel=Message.Channel.INAPP).order_by("-created_at", "-id")


def unread_count(actor: Actor) -> int:
    """How many messages this person has not read; 0 for everybody else. One indexed count."""
    if actor.account_id is None:
        return 0
    return inbox(actor.account_id).exclude(state=Message.State.READ).count()


def due(now: datetime, limit: int) -> list[Message]:
    """Messages to send now, the most urgent and then the oldest first."""
    rows = Message.objects.filter(state=Message.State.QUEUED, next_attempt_at__lte=now).select_related("account")
    order: dict[str, int] = {Message.Urgency.DANGER: 0, Message.Urgency.NOTICE: 1, Message.Urgency.NORMAL: 2}
    danger = list(rows.filter(urgency=Message.Urgency.DANGER).order_by("next_attempt_at", "id")[:limit])
    rest = list(rows.exclude(urgency=Message.Urgency.DANGER).order_by("next_attempt_at", "id")[: limit - len(danger)])
    return sorted(
        [*danger, *rest], key=lambda message: (order.get(message.urgency, 3), message.next_attempt_at, message.pk)
    )  # type: ignore[call-overload]


def preferences(account_ids: list[int], topic: str) -> dict[int, Preference]:
    """The preference that counts for each account: of the topic, else the general one; missing where none is set."""
    found: dict[int, Preference] = {}
    for row in Preference.objects.filter(account_id__in=account_ids, topic__in=["", topic]).order_by("topic"):
        found[row.account_id] = row  # "" comes first, the topic's own row replaces it
    return found


def waiting() -> dict[str, Any]:
    """For health pages: how many messages wait, and since when the oldest one is due."""
    rows = Message.objects.filter(state=Message.State.QUEUED)
    oldest = rows.order_by("next_attempt_at").values_list("next_attempt_at", flat=True).first()
    return {
        "queued": rows.count(),
        "oldest_due_at": oldest,
        "failed": Message.objects.filter(state=Message.State.FAILED).count(),
    }
