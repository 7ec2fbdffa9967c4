"""The ways out: e-mail, a gateway for WhatsApp or SMS, and a file that stands in for one. All speak `Way`."""

from __future__ import annotations

from typing import Protocol

from django.conf import settings

from ..models import Message


class Refused(Exception):
    """The other side will never take this message (no such address, not allowed): trying again is of no use."""


class Way(Protocol):
    """`send` returns a short proof (an id, an answer), raises `Refused` for ever or anything else for now."""

    def send(self, message: Message, to: str, title: str, body: str) -> str: ...

    def close(self) -> None: ...


def way_for(channel: str) -> Way:
    """The adapter behind a channel, as this installation is set up."""
    if channel == Message.Channel.EMAIL:
        from .email import EmailWay

        return EmailWay()
    if settings.MESSAGE_GATEWAY_URL:
        from .http_gateway import HttpGateway

        return HttpGateway(settings.MESSAGE_GATEWAY_URL, settings.MESSAGE_GATEWAY_TOKEN)
    from .file_gateway import FileGateway

    return FileGateway(settings.HOME / "outbox")
