"""Who may send messages in the city's name."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor, require
from tepian.kernel.identity.queries import who_can_help

from .models import Message


def may_notify(*, actor: Actor, **kwargs: Any) -> None:
    """People in a position; the system itself is never asked. Devices do not write to people."""
    require(
        actor.kind == "person" and bool(actor.grants), _("Only staff and the system send messages. Nothing was sent.")
    )


def is_recipient(*, actor: Actor, message: Message | None = None, **kwargs: Any) -> None:
    """The person to whom the message is."""
    own = actor.account_id is not None and (message is None or message.account_id == actor.account_id)
    require(own, _("This message is not yours. Nothing was changed."))


def may_retry(*, actor: Actor, **kwargs: Any) -> None:
    """Administrators."""
    allowed = actor.has("administrator")
    require(allowed, _("Only administrators send messages again."), "" if allowed else who_can_help("administrator"))
