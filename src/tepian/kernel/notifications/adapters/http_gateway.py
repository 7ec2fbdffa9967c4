"""A gateway for WhatsApp or SMS, spoken to in one small JSON body, so that any provider fits behind a thin bridge.

    POST <TEPIAN_MESSAGE_GATEWAY_URL>
    Authorization: Bearer <TEPIAN_MESSAGE_GATEWAY_TOKEN>
    Idempotency-Key: <id>
    Content-Type: application/json

    {"id": "stable id of this message", "to": "+62811…", "title": "…", "text": "title, body and address in one",
     "url": "https://…", "urgency": "normal|notice|danger", "topic": "…", "language": "id|en"}

Any 2xx means accepted; an optional JSON answer `{"id": "…"}` is kept as proof. 4xx except 408, 425 and 429 means never;
everything else is tried again. Redirects are not followed: the token must not travel.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ..models import Message
from . import Refused

FOR_NOW = {408, 425, 429}
TIMEOUT = 10  # seconds


def body_of(message: Message, to: str, title: str, body: str) -> dict[str, Any]:
    """The JSON that a gateway gets."""
    return {
        "id": message.key,
        "to": to,
        "title": title,
        "text": f"{title}\n\n{body}".strip(),
        "url": message.url,
        "urgency": message.urgency,
        "topic": message.topic,
        "language": message.language,
    }


class _StayHere(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class HttpGateway:
    def __init__(self, url: str, token: str = "") -> None:
        if not url.startswith(("https://", "http://127.0.0.1", "http://localhost", "http://[::1]")):
            raise ValueError("TEPIAN_MESSAGE_GATEWAY_URL must begin with https:// (http only for this machine)")
        self.url, self.token = url, token
        self.opener = build_opener(_StayHere())

    def send(self, message: Message, to: str, title: str, body: str) -> str:
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.key, "User-Agent": "tepian"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = json.dumps(body_of(message, to, title, body), ensure_ascii=False).encode()
        try:
            with self.opener.open(Request(self.url, data, headers, method="POST"), timeout=TIMEOUT) as answer:  # noqa: S310
                text = answer.read(4096).decode("utf-8", "replace")
                status = answer.status
        except HTTPError as error:
            with error:
                if 400 <= error.code < 500 and error.code not in FOR_NOW:
                    raise Refused(f"HTTP {error.code}") from error
                raise
        try:
            return str(json.loads(text)["id"])[:200]
        except (ValueError, KeyError, TypeError):
            return f"HTTP {status}"

    def close(self) -> None:
        pass
