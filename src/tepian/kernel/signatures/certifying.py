"""The city's root at work: opening its key, certifying people's keys, and the list of those that no longer count."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Invalid
from tepian.kernel.catalogue.city import current_city
from tepian.toolkit.pades import authority, keys
from tepian.toolkit.sealing import Seal

from .models import SigningKey, SigningRoot

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

ROOT_YEARS, CRL_DAYS, COUNTRY = 10, 7, "ID"
# Why a certificate no longer counts, in the words of X.509 (RFC 5280).
CRL_REASONS = {
    "lost": "key_compromise",
    "left": "cessation_of_operation",
    "renewed": "superseded",
    "changed": "affiliation_changed",
}


def _seal() -> Seal:
    return Seal(settings.SECRET_KEY, "signatures.root")


def _identity_seal() -> Seal:
    return Seal(settings.SECRET_KEY, "signatures.identity")


def sealed_identity(identity: str) -> str:
    return _identity_seal().close(identity)


def identity_of(key: SigningKey) -> str:
    """Under which NIK or address BSrE knows this person."""
    return _identity_seal().open(key.sealed_identity)


def current_root() -> SigningRoot | None:
    """The newest root that has not ended."""
    return SigningRoot.objects.filter(expires_at__gt=timezone.now()).first()


def new_root(at: datetime) -> tuple[str, str, datetime]:
    """(certificate, sealed key, end) of a fresh root in the city's name."""
    from cryptography.hazmat.primitives import serialization

    key = keys.new_key()
    name = current_city().name
    root = authority.make_root(key, name=f"{name} Root CA", organisation=name, country=COUNTRY, at=at, years=ROOT_YEARS)
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return authority.pem(root), _seal().close(plain), root.not_valid_after_utc


def _open(root: SigningRoot) -> ec.EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    plain = _seal().open(root.sealed_key)
    key = serialization.load_pem_private_key(plain.encode(), None) if plain else None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Invalid(
            _(
                "The key of the city's root cannot be opened: the installation's secret key has changed. Nothing was "
                "changed. Put the old TEPIAN_SECRET_KEY back, or make a new root."
            ),
            code="root_closed",
        )
    return key


def opens(root: SigningRoot) -> bool:
    """Can this installation open the root's key?"""
    return bool(_seal().open(root.sealed_key))


def certify(
    root: SigningRoot, public: ec.EllipticCurvePublicKey, *, name: str, at: datetime, days: int
) -> x509.Certificate:
    """A certificate in a person's name."""
    return authority.certify(
        authority.from_pem(root.certificate),
        _open(root),
        public,
        name=name,
        organisation=current_city().name,
        country=COUNTRY,
        at=at,
        until=at + timedelta(days=days),
        crl_url=f"{settings.BASE_URL}/surat/daftar-pencabutan/{root.pk}.crl",
    )


def revocation_list(root: SigningRoot, at: datetime | None = None) -> bytes:
    """The certificates of a root that no longer count (CRL, DER); good for a week."""
    from cryptography.x509 import ReasonFlags

    rows = SigningKey.objects.filter(root=root, state=SigningKey.State.REVOKED, revoked_at__isnull=False).exclude(
        serial=""
    )
    revoked = [
        (int(serial, 16), since, ReasonFlags[CRL_REASONS.get(reason, "unspecified")])
        for serial, since, reason in rows.order_by("id").values_list("serial", "revoked_at", "revoke_reason")
        if since is not None
    ]
    return authority.revocation_list(
        authority.from_pem(root.certificate), _open(root), revoked, at=at or timezone.now(), days=CRL_DAYS
    )
