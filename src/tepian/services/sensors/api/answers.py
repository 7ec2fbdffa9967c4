"""Errors and who calls, in the form that both the gateway's fast routes and the SensorThings views answer with."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from tepian.kernel.actors import ANONYMOUS, Actor, Conflict, Denied, Invalid, NotFound
from tepian.kernel.catalogue.fast import FastReply
from tepian.kernel.identity.keys import averify_device_key, remembered

from ..operations.messages import may_publish as may_write
from ..operations.writer import Overloaded, StorageFull, Unavailable

__all__ = ["Problem", "caller", "may_write", "problem_of"]
DOCS = "/api/v1/docs"
OVERLOADED = _("More readings arrive than can be stored. This was not stored. Send it again in a moment.")
UNAVAILABLE = _(
    "The readings cannot be stored just now. This was not stored. Send it again in a moment; sending "
    "twice does no harm."
)
FULL = _(
    "The server's storage is full. What was confirmed before is safe; this was not stored. Keep your "
    "data and send it again later."
)
NO_KEY = _("This needs a device key: Authorization: Bearer <key>. Nothing was stored. Ask the administrator for a key.")
NOT_YOURS = _("This key may not write to this station. Nothing was stored. Ask the administrator to widen the key.")
MALFORMED = _("The request could not be read as JSON. Nothing was stored. Check the JSON and send it again.")


class Problem(Exception):
    """An answer with an error body; carries everything that the body needs."""

    def __init__(
        self,
        status: int,
        code: str,
        message: Any,
        *,
        field: str = "",
        retry_after: int = 0,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.retry_after = retry_after
        self.more = more or {}

    def body(self) -> dict[str, Any]:
        with override("id"):
            indonesian = str(self.message)
        with override("en"):
            english = str(self.message)
        return {
            "code": self.code,
            "message_id": indonesian,
            "message_en": english,
            "field": self.field or None,
            "docs": f"{DOCS}#{self.code}",
            **self.more,
        }

    def headers(self) -> list[tuple[str, str]]:
        headers = [("cache-control", "no-store")]
        if self.retry_after:
            headers.append(("retry-after", str(self.retry_after)))
        if self.status == 401:
            headers.append(("www-authenticate", 'Bearer realm="tepian"'))
        return headers

    def reply(self) -> FastReply:
        answer = FastReply.json(self.body(), self.status)
        answer.headers = self.headers()
        return answer


def problem_of(error: Exception) -> Problem | None:
    """The answer to a refusal or to a store that cannot write; None for what nobody foresaw."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, StorageFull):
        return Problem(507, "storage_full", FULL, retry_after=error.retry_after)
    if isinstance(error, Unavailable):
        return Problem(503, "database_away", UNAVAILABLE, retry_after=error.retry_after)
    if isinstance(error, Overloaded):
        return Problem(503, "busy", OVERLOADED, retry_after=error.retry_after)
    if isinstance(error, Denied):
        return Problem(403, "denied", error.reason)
    if isinstance(error, Invalid):
        status = 404 if isinstance(error, NotFound) else 409 if isinstance(error, Conflict) else 422
        return Problem(
            status, error.code, error.message, field=error.field, more={"item": error.item} if error.item else {}
        )
    return None


async def caller(authorization: str, key: str = "") -> Actor:
    """The device behind `Authorization: Bearer <key>`; raises `Problem` 401."""
    if not key:
        if authorization[:7].lower() != "bearer ":
            raise Problem(401, "not_signed_in", NO_KEY)
        key = authorization[7:].strip()
    actor = remembered(key) or await averify_device_key(key)
    if actor is None or actor == ANONYMOUS:
        raise Problem(401, "not_signed_in", NO_KEY)
    return actor
