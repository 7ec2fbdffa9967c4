"""Signing a PDF through pyHanko's public interface, with the key parsed once for as many documents as there are.

Import this module where something is signed, not before: pyHanko takes most of a second.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from asn1crypto import tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign import attributes, fields, signers
from pyhanko.sign.general import SigningError, as_signing_certificate_v2
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError
from pyhanko_certvalidator.registry import SimpleCertificateStore

FIELD = "Signature1"
# Room for the signature in the file, in hexadecimal digits: certificate, root and attributes take a third of it.
ROOM, ROOM_WITH_TIME = 8192, 32768


class NoTime(Exception):
    """The time stamp service did not answer, or not with a time stamp."""


class Unsignable(Exception):
    """This is no PDF that can be signed, or it is signed already."""


@dataclass(frozen=True, slots=True)
class TimeStamps:
    """A time stamp service (RFC 3161) and the roots that its answers hang on; with `roots`, what is needed to check the
    signature for good is put into the file too (PAdES B-LT)."""

    url: str
    roots: Sequence[x509.Certificate] = ()
    seconds: int = 5


def _asn1(certificate: x509.Certificate) -> asn1.Certificate:
    return asn1.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


class _Encoded(attributes.SigningCertificateV2Provider):
    """Which certificate signs, encoded once. By SHA-512, for SHA-256 is the default that is left out of the encoding, and
    asn1crypto fills it in and encodes anew a thousand times: 20 ms a signature instead of 8."""

    attribute_type = attributes.SigningCertificateV2Provider.attribute_type

    def __init__(self, certificate: asn1.Certificate) -> None:
        super().__init__(certificate)
        self._value = tsp.SigningCertificateV2.load(as_signing_certificate_v2(certificate, "sha512").dump())

    async def build_attr_value(self, dry_run: bool = False) -> tsp.SigningCertificateV2:
        return self._value


class _SignedAttributes(attributes.SignedAttributeProviderSpec):
    """What PAdES signs beside the content's digest: which certificate it was."""

    def __init__(self, certificate: asn1.Certificate) -> None:
        self._attributes = (_Encoded(certificate),)

    def signed_attr_providers(
        self, data_digest: bytes, digest_algorithm: str
    ) -> Sequence[attributes.CMSAttributeProvider]:
        return self._attributes


class _ParsedKey(signers.Signer):
    """A signer that holds its key parsed; pyHanko's own parses it for each signature."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, root: x509.Certificate) -> None:
        self._key = key
        store = SimpleCertificateStore()
        store.register(_asn1(root))
        super().__init__(signing_cert=_asn1(certificate), cert_registry=store)
        self.signed_attr_prov_spec = _SignedAttributes(self.signing_cert)

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return self._key.sign(data, ec.ECDSA(getattr(hashes, digest_algorithm.upper())()))


@dataclass(slots=True)
class Pen:
    """A person's key, ready to sign. `crl` is the authority's list of revoked certificates, for B-LT."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    root: x509.Certificate
    stamps: TimeStamps | None = None
    crl: bytes = b""
    _signer: signers.Signer = field(init=False)
    _stamper: HTTPTimeStamper | None = field(init=False, default=None)
    _context: ValidationContext | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._signer = _ParsedKey(self.certificate, self.key, self.root)
        if self.stamps:
            self._stamper = HTTPTimeStamper(self.stamps.url, timeout=self.stamps.seconds)
            if self.stamps.roots:
                roots = [_asn1(one) for one in (self.root, *self.stamps.roots)]
                crls = [self.crl] if self.crl else []
                self._context = ValidationContext(trust_roots=roots, crls=crls, allow_fetching=True)

    @property
    def level(self) -> str:
        """What the signatures are: B-B, B-T (with a time stamp) or B-LT (with all that is needed to check it later)."""
        return "B-LT" if self._context else "B-T" if self._stamper else "B-B"

    def sign(self, pdf: bytes, *, reason: str, location: str, contact: str, at: datetime) -> bytes:
        """The same document, signed; no change is allowed after it. `at` is the time that the signer claims (aware).
        Raises `Unsignable`, `NoTime`."""
        meta = signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            reason=reason,
            location=location,
            contact_info=contact,
            certify=True,
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
            subfilter=fields.SigSeedSubFilter.PADES,
            embed_validation_info=self._context is not None,
            validation_context=self._context,
        )
        signer = signers.PdfSigner(meta, self._signer, timestamper=self._stamper)
        try:
            writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
            # In place, for else pyHanko reads and writes the metadata twice.
            made = signer.sign_pdf(writer, bytes_reserved=ROOM_WITH_TIME if self._stamper else ROOM, in_place=True)
        except TimestampRequestError as error:
            raise NoTime(str(error)) from error
        except (PathError, ValidationError) as error:
            raise NoTime(f"the time stamp's certificate cannot be checked: {error}") from error
        except (PdfError, SigningError) as error:
            raise Unsignable(str(error)) from error
        content: bytes = made.getbuffer().tobytes()
        return content
