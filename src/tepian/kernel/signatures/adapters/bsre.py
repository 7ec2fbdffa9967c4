"""BSrE's e-signature client (the gateway that the city runs on its own premises), in both of its forms.

v1: Basic auth, multipart. `GET /api/user/status/{nik}`, `POST /api/sign/pdf` → the PDF, headers `id_dokumen`, `signing_time`.
v2: Basic auth, JSON. `POST /api/v2/user/check/status`, `POST /api/v2/sign/pdf` → {time, file: [base64]}.

Known codes: 1111 active, 2011 not registered, 2031 wrong passphrase; v2 says ISSUE for a certificate that can be used. What is
not known is told with BSrE's own words. The NIK is text (a leading zero is part of it) and travels in no message of ours;
certificates of the gateway are always checked; the passphrase is in the request and nowhere else.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Mapping
from datetime import datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, Request, build_opener
from uuid import uuid4

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.toolkit.text import plain

from ..certifying import identity_of
from ..models import SigningKey
from ..signing import Pen, SigningFailed, WrongPassphrase

TIMEOUT = 12  # seconds; below the 20 that others wait for SQLite's one writer
MOST = 30 * 1024 * 1024
ACTIVE, NOT_REGISTERED, WRONG_PASSPHRASE = 1111, 2011, 2031
USABLE = "ISSUE"


def unreachable() -> SigningFailed:
    return SigningFailed(
        _("BSrE cannot be reached. No document has changed since the last one shown as signed. Try again later."),
        code="service_unreachable",
    )


def untrusted() -> SigningFailed:
    return SigningFailed(
        _("The certificate of the BSrE gateway is not trusted, so nothing was sent. Tell the administrator."),
        code="service_untrusted",
    )


def refuses_us() -> SigningFailed:
    return SigningFailed(
        _("BSrE refuses the city's user name or password. Nothing was signed. Tell the administrator."),
        code="service_refuses_us",
    )


def broken(said: str) -> SigningFailed:
    return SigningFailed(
        format_lazy(_("BSrE failed ({said}). This document was not signed. Try again later."), said=said),
        code="service_error",
    )


def not_registered() -> SigningFailed:
    return SigningFailed(
        _("Your NIK is not registered at BSrE. Nothing was signed. Ask Diskominfo to register you."),
        code="not_registered",
    )


def unusable(said: str) -> SigningFailed:
    return SigningFailed(
        format_lazy(
            _("Your certificate at BSrE cannot be used: {said}. Nothing was signed. Ask Diskominfo to renew it."),
            said=said,
        ),
        code="certificate_unusable",
    )


def refused(said: str) -> SigningFailed:
    return SigningFailed(
        format_lazy(_("BSrE refused this document ({said}). It was not changed."), said=said),
        code="service_refused",
        stops=False,
    )


class _StayHere(HTTPRedirectHandler):
    """The passphrase goes where the city said, and nowhere that an answer points to."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Gateway:
    """One BSrE gateway. Raises `SigningFailed`."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url.rstrip("/")
        self.auth = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.opener = build_opener(_StayHere())

    def ask(self, path: str, body: bytes | None = None, kind: str = "") -> bytes:
        """The answer's body. A refusal is told apart by its code."""
        headers = {"Authorization": self.auth, "User-Agent": "tepian", "Accept": "application/json, application/pdf"}
        if kind:
            headers["Content-Type"] = kind
        request = Request(self.url + path, body, headers, method="POST" if body is not None else "GET")  # noqa: S310
        try:
            with self.opener.open(request, timeout=TIMEOUT) as answer:
                content: bytes = answer.read(MOST + 1)
        except HTTPError as error:
            with error:
                raise self._refusal(error.code, error.read(65536)) from None
        except URLError as error:
            trust = isinstance(error.reason, ssl.SSLCertVerificationError)
            raise (untrusted() if trust else unreachable()) from None
        except (OSError, HTTPException):  # the line went dead in the middle
            raise unreachable() from None
        if len(content) > MOST:
            raise broken("too large")
        return content

    def _refusal(self, status: int, content: bytes) -> SigningFailed:
        said = _json(content)
        code = code_of(said)
        if code == WRONG_PASSPHRASE:
            return WrongPassphrase()
        if code == NOT_REGISTERED:
            return not_registered()
        if status in {401, 403}:
            return refuses_us()
        words = words_of(said) or f"HTTP {status}"
        return broken(words) if status >= 500 else refused(words)


def _json(content: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def code_of(said: Mapping[str, Any]) -> int:
    """BSrE's number in an answer, 0 where there is none; it comes as a number and as text."""
    for name in ("status_code", "statusCode", "code"):
        text = str(said.get(name, ""))
        if text.isdecimal() and len(text) <= 6:
            return int(text)
    return 0


def words_of(said: Mapping[str, Any]) -> str:
    """What BSrE says, short, with its code; without anything that could be a NIK."""
    text = next((str(said[name]) for name in ("error", "message", "status") if isinstance(said.get(name), str)), "")
    text = "".join("·" if char.isdecimal() else char for char in plain(text)[:120])
    code = code_of(said)
    return f"{text} ({code})" if text and code else text or (str(code) if code else "")


def _pdf(content: bytes) -> bytes:
    """What came back, if it is a signed PDF whose bytes are as they were signed."""
    from tepian.toolkit.pades import reading

    if not content.startswith(b"%PDF-"):
        said = _json(content)
        if code_of(said) == WRONG_PASSPHRASE:
            raise WrongPassphrase
        raise broken(words_of(said) or "no PDF")
    found = reading.examine(content, ())
    if not found.signatures or not all(one.intact for one in found.signatures):
        raise broken("no valid signature")
    return content


class _Pen:
    """The passphrase, held while a batch is signed. BSrE looks at it with each document."""

    level = ""  # BSrE does not say whether a time stamp is in it

    def __init__(self, gateway: Gateway, identity: str, passphrase: str) -> None:
        self.gateway, self.identity, self.passphrase, self.proved = gateway, identity, passphrase, False


class PenV1(_Pen):
    def sign(self, pdf: bytes, *, reason: str, location: str, contact: str, at: datetime) -> bytes:
        fields = {
            "nik": self.identity,
            "passphrase": self.passphrase,
            "tampilan": "invisible",
            "reason": reason,
            "location": location,
        }
        body, kind = multipart(fields, pdf)
        return _pdf(self.gateway.ask("/api/sign/pdf", body, kind))


class PenV2(_Pen):
    def sign(self, pdf: bytes, *, reason: str, location: str, contact: str, at: datetime) -> bytes:
        who = "email" if "@" in self.identity else "nik"
        looks = {"tampilan": "INVISIBLE", "reason": reason, "location": location, "contactInfo": contact}
        body = {
            who: self.identity,
            "passphrase": self.passphrase,
            "signatureProperties": [looks],
            "file": [base64.b64encode(pdf).decode()],
        }
        content = self.gateway.ask("/api/v2/sign/pdf", json.dumps(body).encode(), "application/json")
        said = _json(content)
        if code_of(said) == WRONG_PASSPHRASE:
            raise WrongPassphrase
        try:
            signed = base64.b64decode(said["file"][0], validate=True)
        except (KeyError, IndexError, TypeError, ValueError):
            raise broken(words_of(said) or "no file") from None
        return _pdf(signed)


def multipart(fields: Mapping[str, str], pdf: bytes) -> tuple[bytes, str]:
    """A form with one file, as RFC 7578 has it."""
    border = uuid4().hex
    parts = [
        f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    parts.append(
        f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="surat.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n".encode()
    )
    return b"".join([*parts, pdf, f"\r\n--{border}--\r\n".encode()]), f"multipart/form-data; boundary={border}"


class BsreSigner:
    """`version` is 1 or 2."""

    def __init__(self, gateway: Gateway, version: int) -> None:
        self.gateway, self.version = gateway, version

    def open(self, key: SigningKey, passphrase: str) -> Pen:
        identity = identity_of(key)
        if self.version == 1:
            said = _json(self.gateway.ask(f"/api/user/status/{quote(identity, safe='')}"))
            code = code_of(said)
            usable = code == ACTIVE
        else:
            who = "email" if "@" in identity else "nik"
            body = json.dumps({who: identity}).encode()
            said = _json(self.gateway.ask("/api/v2/user/check/status", body, "application/json"))
            code = code_of(said)
            usable = str(said.get("status", "")) == USABLE
        if code == NOT_REGISTERED:
            raise not_registered()
        if not usable:
            raise unusable(words_of(said) or "?")
        pen = PenV1 if self.version == 1 else PenV2
        return pen(self.gateway, identity, passphrase)


def problem(url: str) -> str:
    """Why a gateway at this address cannot be used; empty when it can."""
    if not url:
        return "TEPIAN_BSRE_URL is empty"
    if not url.startswith(("https://", "http://127.0.0.1", "http://localhost", "http://[::1]")):
        return "TEPIAN_BSRE_URL must begin with https:// (http only for this machine)"
    return ""


def signer_for(name: str) -> BsreSigner:
    """The adapter for `bsre-v1` or `bsre-v2`, as this installation is set up."""
    if name not in {"bsre-v1", "bsre-v2"} or problem(settings.BSRE_URL):
        raise SigningFailed(
            _("The way to BSrE is not set up. Nothing was signed. Tell the administrator."), code="service_not_set_up"
        )
    return BsreSigner(Gateway(settings.BSRE_URL, settings.BSRE_USER, settings.BSRE_PASSWORD), int(name[-1]))
