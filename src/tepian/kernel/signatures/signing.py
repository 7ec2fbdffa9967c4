"""The port to whatever makes signatures: a `Signer` opens a person's key with the passphrase and gives a `Pen`.

Every way in which that fails is a `SigningFailed` with its own code and words, because one message for all of them leaves
the head guessing: is it me, my certificate, or the service?
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Invalid

from .models import SigningKey


class SigningFailed(Invalid):
    """No signature was made. `stops`: the next document would fail the same way, so the rest is left untouched."""

    def __init__(self, message: Any, *, code: str, stops: bool = True, field: str = "") -> None:
        super().__init__(message, code=code, field=field)
        self.stops = stops


class WrongPassphrase(SigningFailed):
    """The passphrase does not open the key. Counted by whoever asked."""

    def __init__(self) -> None:
        super().__init__(_("The passphrase is wrong."), code="wrong_passphrase", field="passphrase")


class Pen(Protocol):
    """A key that is open for some documents. `level` is B-B, B-T or B-LT, empty where nobody says. `proved`: the
    passphrase is known to be right already, without a signature."""

    level: str
    proved: bool

    def sign(self, pdf: bytes, *, reason: str, location: str, contact: str, at: datetime) -> bytes:
        """The signed document. Raises `SigningFailed`."""


class Signer(Protocol):
    """Opens keys. Raises `SigningFailed`, also as `WrongPassphrase`."""

    def open(self, key: SigningKey, passphrase: str) -> Pen: ...


def signer() -> Signer:
    """The adapter that this installation is set up with (`TEPIAN_SIGNER`: local, bsre-v1, bsre-v2)."""
    if settings.SIGNER == "local":
        from .adapters.local import LocalSigner

        return LocalSigner()
    from .adapters import bsre

    return bsre.signer_for(settings.SIGNER)


# --- the ways in which it fails, in words ------------------------------------------------------------------------------


def no_key() -> SigningFailed:
    return SigningFailed(
        _("You have no signing key yet. Nothing was signed. Ask the administrator to offer you one."), code="no_key"
    )


def key_ended(on: str) -> SigningFailed:
    return SigningFailed(
        format_lazy(_("Your certificate ended on {on}. Nothing was signed. Renew it under My signing key."), on=on),
        code="certificate_expired",
    )


def locked(until: str) -> SigningFailed:
    return SigningFailed(
        format_lazy(
            _(
                "Five wrong passphrases: your key waits until {until}. Nothing was signed, nothing is lost. "
                "Forgotten? Ask the administrator for a new key."
            ),
            until=until,
        ),
        code="key_locked",
        field="passphrase",
    )


def wrong(left: int) -> SigningFailed:
    return SigningFailed(
        format_lazy(
            _("The passphrase is wrong. Nothing was signed. Tries left before your key waits 15 minutes: {left}."),
            left=left,
        ),
        code="wrong_passphrase",
        field="passphrase",
    )


def no_time(service: str) -> SigningFailed:
    return SigningFailed(
        format_lazy(
            _("The time stamp service {service} does not answer. This document was not signed. Try again later."),
            service=service,
        ),
        code="time_unreachable",
    )


def unsignable() -> SigningFailed:
    return SigningFailed(
        _("This document cannot be signed: it is no PDF that takes a signature. It was not changed."),
        code="unsignable",
        stops=False,
    )
