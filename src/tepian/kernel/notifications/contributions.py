"""What messages hang in the hall."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.contributions import ConfigurationCheck, Job, WorkItem, WorkList, offer

from . import operations, queries
from .adapters import way_for
from .models import Message


def _work(actor: Actor) -> Iterable[WorkItem]:
    if not actor.has("administrator"):
        return
    count = Message.objects.filter(state=Message.State.FAILED).count()
    if count:
        yield WorkItem(
            "notifications.failed",
            ngettext("%(count)d message could not be delivered", "%(count)d messages could not be delivered", count)
            % {"count": count},
            "/kerja/kelola/pesan",
            detail=_("See why, and send it again."),
            level="notice",
            icon="message",
        )


def _ways_work() -> tuple[bool, str, str]:
    if settings.MESSAGE_GATEWAY_URL:
        try:
            way_for(Message.Channel.GATEWAY)
        except ValueError as error:
            return False, str(error), "set TEPIAN_MESSAGE_GATEWAY_URL to an https:// address"
    oldest = queries.waiting()["oldest_due_at"]
    if oldest is not None and oldest < datetime.now(UTC) - timedelta(minutes=15):
        return (
            False,
            f"messages wait since {oldest:%Y-%m-%d %H:%M} UTC",
            "is the worker running? is the mail server reachable?",
        )
    return True, "messages go out", ""


offer(
    Job("notifications.deliver_due", operations.deliver_due, seconds=2),
    WorkList("notifications", _work),
    ConfigurationCheck("messages", _ways_work),
)
