"""BSrE behind the port: what it says is told apart, and nothing is ever half-signed."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.documents.queries import path_of
from tepian.kernel.signatures import operations, queries
from tepian.kernel.signatures.adapters import bsre as bsre_adapter
from tepian.kernel.signatures.models import SignedDocument, SigningKey
from tepian.kernel.signatures.signing import SigningFailed
from tepian.toolkit.pades import authority, reading

from .bsre_simulator import NIK, PASSPHRASE, PASSWORD, USER, Gateway
from .conftest import SYSTEM, Office


@pytest.fixture(scope="module")
def running() -> Iterator[Gateway]:
    gateway = Gateway()
    yield gateway
    gateway.close()


@pytest.fixture
def gateway(running: Gateway) -> Gateway:
    running.registered = running.usable = True
    running.break_after, running.drop, running.answer, running.signed = 10**9, False, None, 0
    running.asked.clear()
    return running


@pytest.fixture(params=["bsre-v1", "bsre-v2"])
def bsre(request: Any, office: Office, gateway: Gateway, settings: Any) -> Office:
    """The office with BSrE in the place of the city's authority, and a head whom BSrE knows."""
    settings.SIGNER, settings.BSRE_URL = request.param, gateway.url
    settings.BSRE_USER, settings.BSRE_PASSWORD = USER, PASSWORD
    operations.revoke_key(actor=SYSTEM, key=SigningKey.objects.get(account=office.head), reason="changed")
    operations.offer_key(actor=SYSTEM, account=office.head, identity=f" {NIK[:6]} {NIK[6:]} ")
    return office


def test_signs_many_and_asks_with_the_nik_as_text(bsre: Office, gateway: Gateway) -> None:
    bsre.room.put("a", "b")
    assert [one.state for one in bsre.sign("a", "b", passphrase=PASSPHRASE)] == ["signed", "signed"]
    assert all(fields.get("nik") == NIK for _what, fields in gateway.asked)  # the leading zero is part of it
    assert [what for what, _fields in gateway.asked] == ["status", *[gateway.asked[1][0]] * 2]
    document = SignedDocument.objects.first()
    assert document is not None and document.provider == "bsre" and document.level == ""
    (one,) = reading.examine(path_of(document.sha256).read_bytes(), [authority.pem(gateway.root)]).signatures
    assert one.intact and one.trusted and one.whole
    key = SigningKey.objects.get(account=bsre.head, state="active")
    assert NIK not in key.sealed_identity and key.tries == 0
    assert not any(NIK in str(row.details) or PASSPHRASE in str(row.details) for row in AuditEntry.objects.all())


def test_what_bsre_says_is_told_apart(bsre: Office, gateway: Gateway, settings: Any, caplog: Any) -> None:
    bsre.room.put("a")
    seen: dict[str, str] = {}

    def refused(passphrase: str = PASSPHRASE) -> None:
        try:
            (one,) = bsre.sign("a", passphrase=passphrase)
            seen["in the list"] = str(one.reason)
        except SigningFailed as error:
            seen[error.code] = str(error.message)

    gateway.registered = False
    refused()
    gateway.registered, gateway.usable = True, False
    refused()
    gateway.usable = True
    refused("bukan ini frasanya")
    settings.BSRE_PASSWORD = "salah"
    refused()
    settings.BSRE_PASSWORD = PASSWORD
    settings.BSRE_URL = "http://127.0.0.1:9"
    refused()
    settings.BSRE_URL = "http://elsewhere.example"
    refused()
    settings.BSRE_URL = gateway.url
    assert set(seen) == {
        "not_registered", "certificate_unusable", "wrong_passphrase", "service_refuses_us", "service_unreachable",
        "service_not_set_up",
    }  # fmt: skip
    assert len(set(seen.values())) == 6
    assert "NIK" in seen["not_registered"]
    assert SignedDocument.objects.count() == 0 and bsre.room.last() == 0 and bsre.room.state("a") == "waiting"
    assert NIK not in str(seen) and NIK not in caplog.text and PASSPHRASE not in caplog.text
    assert SigningKey.objects.get(account=bsre.head, state="active").tries <= 1  # only the wrong one counts
    gateway.answer = b"<html>maintenance</html>"
    refused()
    assert "no PDF" in seen["in the list"] or "no file" in seen["in the list"]
    gateway.answer = gateway.pen.sign(_letter(), reason="", location="", contact="", at=_now())[:-400]
    refused()
    assert SignedDocument.objects.count() == 0 and bsre.room.last() == 0


def _letter() -> bytes:
    from tepian.toolkit.typeset import Document, Paragraph, pdf

    return pdf(Document("Surat", "Kota", "id", [Paragraph("Isi")]), seconds=None)


def _now() -> Any:
    from django.utils import timezone

    return timezone.now()


def test_a_service_that_breaks_in_the_middle_leaves_the_rest_untouched(bsre: Office, gateway: Gateway) -> None:
    bsre.room.put("a", "b", "c", "d")
    gateway.break_after = 2
    outcomes = bsre.sign("a", "b", "c", "d", passphrase=PASSPHRASE)
    assert [one.state for one in outcomes] == ["signed", "signed", "failed", "untouched"]
    assert NIK not in str(outcomes[2].reason)
    assert sum(what.startswith("sign") for what, _fields in gateway.asked) == 3  # it was not asked again
    assert bsre.room.last() == 2 and [bsre.room.state(key) for key in "abcd"] == ["signed"] * 2 + ["waiting"] * 2
    gateway.break_after, gateway.drop = 10**9, True
    assert tried(bsre, "c", "d") in (
        ["failed", "untouched"],
        ["service_unreachable"],
    )  # v2 asks for the status by POST too
    gateway.drop = False
    assert [one.state for one in bsre.sign("c", "d", passphrase=PASSPHRASE)] == ["signed", "signed"]
    assert bsre.room.last() == 4 and queries.check(SignedDocument.objects.first().code) is not None  # type: ignore[union-attr]


def tried(office: Office, *keys: str) -> list[str]:
    """What became of each; or, when nothing could begin, the code of the refusal."""
    try:
        return [one.state for one in office.sign(*keys, passphrase=PASSPHRASE)]
    except SigningFailed as error:
        return [error.code]


def test_a_gateway_whose_certificate_nobody_vouches_for_gets_nothing(
    office: Office, gateway: Gateway, settings: Any, tmp_path: Any
) -> None:
    """Public samples switch this check off; then anybody in between reads the passphrase."""
    certificate, key = gateway.own_tls(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    heard: list[bytes] = []

    class Listening(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.requestline.encode())

        do_POST = do_GET

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listening)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    bsre_gateway = bsre_adapter.Gateway(f"https://localhost:{server.server_port}", USER, PASSWORD)
    with pytest.raises(SigningFailed) as refusal:
        bsre_gateway.ask(f"/api/user/status/{NIK}")
    server.shutdown()
    server.server_close()
    assert refusal.value.code == "service_untrusted" and not heard


def test_five_wrong_passphrases_lock_here_before_bsre_does(bsre: Office, gateway: Gateway) -> None:
    bsre.room.put("a")
    codes = []
    for _try in range(6):
        with pytest.raises(SigningFailed) as refusal:
            bsre.sign("a", passphrase="bukan ini frasanya")
        codes.append(refusal.value.code)
    assert codes == ["wrong_passphrase"] * 4 + ["key_locked"] * 2
    assert sum(what.startswith("sign") for what, _fields in gateway.asked) == 5
