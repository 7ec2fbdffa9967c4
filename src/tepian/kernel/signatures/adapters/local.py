"""The city's own authority: the key lies here, closed by the person's passphrase."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from tepian.toolkit.pades import authority, keys

from .. import certifying
from ..models import SigningKey
from ..signing import SigningFailed, WrongPassphrase, no_key, no_time, unsignable

if TYPE_CHECKING:
    from cryptography import x509

    from tepian.toolkit.pades.signing import Pen, TimeStamps


@cache
def _roots(path: str) -> tuple[x509.Certificate, ...]:
    from cryptography import x509

    return tuple(x509.load_pem_x509_certificates(Path(path).read_bytes())) if path else ()


def _stamps() -> TimeStamps | None:
    from tepian.toolkit.pades.signing import TimeStamps

    return TimeStamps(settings.TIMESTAMP_URL, _roots(settings.SIGNATURE_ROOTS)) if settings.TIMESTAMP_URL else None


class LocalPen:
    proved = True

    def __init__(self, pen: Pen) -> None:
        self.pen, self.level = pen, pen.level

    def sign(self, pdf: bytes, *, reason: str, location: str, contact: str, at: datetime) -> bytes:
        from tepian.toolkit.pades.signing import NoTime, Unsignable

        try:
            return self.pen.sign(pdf, reason=reason, location=location, contact=contact, at=at)
        except NoTime:
            raise no_time(settings.TIMESTAMP_URL) from None
        except Unsignable:
            raise unsignable() from None


class LocalSigner:
    def open(self, key: SigningKey, passphrase: str) -> LocalPen:
        from tepian.toolkit.pades.signing import Pen

        if key.closed_key is None or key.root is None:
            raise no_key()
        try:
            opened = keys.open_key(bytes(key.closed_key), passphrase)
        except keys.WrongPassphrase:
            raise WrongPassphrase from None
        stamps = _stamps()
        crl = certifying.revocation_list(key.root) if stamps and stamps.roots else b""
        root = authority.from_pem(key.root.certificate)
        return LocalPen(Pen(authority.from_pem(key.certificate), opened, root, stamps, crl))


__all__ = ["LocalPen", "LocalSigner", "SigningFailed"]
