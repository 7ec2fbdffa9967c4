"""E-mail through Django's mail backend: SMTP, or files in HOME/mail where no server is configured."""

from __future__ import annotations

import hashlib
from smtplib import SMTPRecipientsRefused, SMTPResponseException
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from ..models import Message
from . import Refused


class EmailWay:
    def __init__(self) -> None:
        self.connection: Any = get_connection()

    def send(self, message: Message, to: str, title: str, body: str) -> str:
        host = urlsplit(settings.BASE_URL).hostname or "localhost"
        # The same message sent again (after a crash between sending and noting it) has the same id, so that mail
        # programs show it once.
        number = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@{host}>"
        headers = {"Message-ID": number, "Auto-Submitted": "auto-generated"}
        if message.urgency == Message.Urgency.DANGER:
            headers |= {"X-Priority": "1", "Importance": "high"}
        mail = EmailMessage(
            " ".join(title.split()),
            body,
            settings.DEFAULT_FROM_EMAIL,
            [to],
            headers=headers,
            connection=self.connection,
        )
        try:
            mail.send()
        except SMTPRecipientsRefused as error:
            self._judge(error, [code for code, _answer in error.recipients.values()])
        except SMTPResponseException as error:
            self._judge(error, [error.smtp_code])
        return number

    @staticmethod
    def _judge(error: Exception, codes: list[int]) -> None:
        """5xx answers are for ever; 4xx (mailbox busy, try later) are for now."""
        if codes and all(500 <= code < 600 for code in codes):
            raise Refused(str(error)) from error
        raise error

    def close(self) -> None:
        self.connection.close()
