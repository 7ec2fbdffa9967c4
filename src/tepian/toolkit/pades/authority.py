"""A small certificate authority: a root, certificates for people who sign, and the list of those that no longer count."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

EARLIER = timedelta(minutes=5)  # a reader's clock may be a little behind
# Document signing (RFC 9336), and e-mail protection, without which readers on NSS (poppler) take no signature for good.
PURPOSES = (ObjectIdentifier("1.3.6.1.5.5.7.3.36"), ExtendedKeyUsageOID.EMAIL_PROTECTION)

Key = ec.EllipticCurvePrivateKey


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def from_pem(text: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(text.encode())


def _name(common: str, organisation: str, country: str) -> x509.Name:
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, country),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:64]),
        x509.NameAttribute(NameOID.COMMON_NAME, common[:64]),
    ]
    return x509.Name(parts)


def _usage(*, signs_documents: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs_documents,
        content_commitment=signs_documents,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs_documents,
        crl_sign=not signs_documents,
        encipher_only=False,
        decipher_only=False,
    )


def make_root(key: Key, *, name: str, organisation: str, country: str, at: datetime, years: int) -> x509.Certificate:
    """A root that signs itself; nothing below it may certify others."""
    subject = _name(name, organisation, country)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - EARLIER)
        .not_valid_after(at + timedelta(days=365 * years))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_documents=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def certify(
    root: x509.Certificate,
    root_key: Key,
    key: ec.EllipticCurvePublicKey,
    *,
    name: str,
    organisation: str,
    country: str,
    at: datetime,
    until: datetime,
    crl_url: str,
) -> x509.Certificate:
    """A certificate with which a person signs documents. `crl_url` is where readers ask whether it still counts."""
    issuer = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    places = [x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)]
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name, organisation, country))
        .issuer_name(root.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - EARLIER)
        .not_valid_after(min(until, root.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_documents=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(PURPOSES), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
        .add_extension(x509.CRLDistributionPoints(places), critical=False)
        .sign(root_key, hashes.SHA256())
    )


def revocation_list(
    root: x509.Certificate,
    root_key: Key,
    revoked: Iterable[tuple[int, datetime, x509.ReasonFlags]],
    *,
    at: datetime,
    days: int,
) -> bytes:
    """The list of certificates that no longer count (CRL, DER): (serial number, since when, why)."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(root.subject)
    builder = builder.last_update(at - EARLIER).next_update(at + timedelta(days=days))
    issuer = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False
    ).add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
    for serial, since, reason in revoked:
        one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
        builder = builder.add_revoked_certificate(one.add_extension(x509.CRLReason(reason), critical=False).build())
    return builder.sign(root_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
