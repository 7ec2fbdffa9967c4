"""Signed PDFs, looked at by programs that are not ours: poppler's pdfsig on NSS, pyHanko's command line, openssl."""

from __future__ import annotations

import http.server
import io
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tepian.toolkit.pades import authority, keys, reading
from tepian.toolkit.typeset import Document, Heading, Paragraph, pdf

NOW = datetime.now(UTC).replace(microsecond=0)
NSS = shutil.which("pdfsig") and shutil.which("certutil")
PYHANKO = str(Path(sys.executable).with_name("pyhanko"))


@dataclass
class Place:
    folder: Path
    root_key: Any
    root: Any
    key: Any
    certificate: Any
    letter: bytes

    def pen(self, **options: Any) -> Any:
        from tepian.toolkit.pades.signing import Pen

        return Pen(self.certificate, self.key, self.root, **options)

    def sign(self, **options: Any) -> bytes:
        content: bytes = self.pen(**options).sign(
            self.letter, reason="Lurah", location="Kota", contact="https://kota.example/surat/cek/S-1", at=NOW
        )
        return content

    def pyhanko(self, content: bytes, *more: str) -> str:
        (self.folder / "look.pdf").write_bytes(content)
        command = [
            PYHANKO,
            "sign",
            "validate",
            "--trust",
            "root.pem",
            "--trust-replace",
            "--pretty-print",
            *more,
            "look.pdf",
        ]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    def pdfsig(self, content: bytes) -> str:
        (self.folder / "look.pdf").write_bytes(content)
        command = ["pdfsig", "-nssdir", str(self.folder / "nss"), "look.pdf"]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A root, a person's certificate, a letter, and a reader's own store of trusted roots."""
    folder = tmp_path_factory.mktemp("pades")
    root_key, key = keys.new_key(), keys.new_key()
    root = authority.make_root(root_key, name="Kota Root CA", organisation="Kota", country="ID", at=NOW, years=10)
    certificate = authority.certify(
        root, root_key, key.public_key(), name="Lurah Tepi", organisation="Kota", country="ID", at=NOW,
        until=NOW + timedelta(days=730), crl_url="https://kota.example/c.crl",
    )  # fmt: skip
    (folder / "root.pem").write_text(authority.pem(root))
    if NSS:
        (folder / "nss").mkdir()
        for command in (["-N", "--empty-password"], ["-A", "-n", "root", "-t", "C,C,C", "-i", "root.pem"]):
            subprocess.run(["certutil", *command, "-d", "sql:nss"], cwd=folder, check=True, timeout=60)
    letter = pdf(Document("Surat", "Kota", "id", [Heading("Surat"), Paragraph("Isi surat.")]), seconds=None)
    return Place(folder, root_key, root, key, certificate, letter)


def one_byte_changed(content: bytes) -> bytes:
    changed = bytearray(content)
    changed[content.index(b"endstream") - 20] ^= 1
    return bytes(changed)


def another_page_behind(content: bytes) -> bytes:
    """The file with a page more, appended as PDF allows: what was signed is still there, but is not what a reader sees."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.pdf_utils.writer import PageObject

    writer, out = IncrementalPdfFileWriter(io.BytesIO(content)), io.BytesIO()
    empty = writer.add_object(generic.StreamObject(stream_data=b""))
    writer.insert_page(PageObject(contents=empty, media_box=(0, 0, 300, 300)))
    writer.write(out)
    return out.getvalue()


def test_pyhankos_command_line_takes_the_signature_and_finds_a_changed_byte(place: Place) -> None:
    content = place.sign()
    assert content.startswith(place.letter)  # added to, never rewritten
    said = place.pyhanko(content, "--no-revocation-check")
    assert "The signature is judged VALID" in said and "The signature covers the entire file" in said
    assert "INVALID" in place.pyhanko(one_byte_changed(content), "--no-revocation-check")


@pytest.mark.skipif(not NSS, reason="needs pdfsig (poppler-utils) and certutil (libnss3-tools)")
def test_poppler_takes_the_signature_and_finds_a_changed_byte(place: Place) -> None:
    content = place.sign()
    said = place.pdfsig(content)
    assert "Signature Validation: Signature is Valid." in said and "Certificate is Trusted." in said
    assert "Total document signed" in said and "ETSI.CAdES.detached" in said
    changed = place.pdfsig(one_byte_changed(content))
    assert "Digest Mismatch" in changed and "Signature is Valid" not in changed


def test_our_own_reader_says_the_same_from_its_process(place: Place) -> None:
    content, roots = place.sign(), [authority.pem(place.root)]
    (one,) = reading.look(content, roots).signatures
    assert (one.intact, one.whole, one.trusted, one.stamped) == (True, True, True, False)
    assert one.signer == "Lurah Tepi" and one.serial == place.certificate.serial_number
    (one,) = reading.examine(one_byte_changed(content), roots).signatures
    assert not one.intact
    (one,) = reading.examine(another_page_behind(content), roots).signatures
    assert one.intact and not one.whole
    assert reading.examine(b"%PDF-1.7 nothing more", roots).trouble == reading.DAMAGED
    (one,) = reading.examine(content, []).signatures
    assert one.intact and not one.trusted
    assert reading.examine(place.letter, roots).signatures == ()


def test_a_key_is_closed_by_its_passphrase_and_openssl_reads_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = keys.close(place.key, "perahu biru pagi")
    assert keys.COST.to_bytes(3) in closed, "64 MiB a try"
    assert keys.open_key(closed, "perahu biru pagi").private_numbers() == place.key.private_numbers()
    monkeypatch.setattr(keys, "COST", 2**10)
    closed = keys.close(place.key, "perahu biru pagi")
    for wrong in ("perahu biru pagy", "", "\0", "x" * 5000):
        with pytest.raises(keys.WrongPassphrase):
            keys.open_key(closed, wrong)
    with pytest.raises(keys.WrongPassphrase):
        keys.open_key(b"", "perahu biru pagi")
    if shutil.which("openssl"):
        (place.folder / "key.der").write_bytes(keys.close(place.key, "pagi"))
        command = ["openssl", "pkcs8", "-inform", "DER", "-in", "key.der", "-passin", "pass:pagi"]
        done = subprocess.run(command, cwd=place.folder, capture_output=True, text=True, timeout=60)
        assert "BEGIN PRIVATE KEY" in done.stdout, done.stderr


class Clock(http.server.BaseHTTPRequestHandler):
    """A time stamp service (RFC 3161), made of pyHanko's own for tests; `stamper` None: it has broken down."""

    stamper: Any = None

    def do_POST(self) -> None:
        from asn1crypto import tsp

        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.stamper is None:
            self.send_error(503)
            return
        answer = self.stamper.request_tsa_response(tsp.TimeStampReq.load(body)).dump()
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def clock(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Any]]:
    """(address, root) of a time stamp service with an authority of its own."""
    from asn1crypto import keys as asn1_keys
    from asn1crypto import x509 as asn1
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    from pyhanko.sign.timestamps import DummyTimeStamper

    der = serialization.Encoding.DER
    root_key = keys.new_key()
    root = authority.make_root(root_key, name="Time Root", organisation="Time", country="ID", at=NOW, years=10)
    key = rsa.generate_private_key(65537, 2048)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Time")]))
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + timedelta(days=300))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    plain = key.private_bytes(der, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    stamper = DummyTimeStamper(
        asn1.Certificate.load(certificate.public_bytes(der)), asn1_keys.PrivateKeyInfo.load(plain)
    )
    monkeypatch.setattr(Clock, "stamper", stamper)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Clock)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", root
    server.shutdown()
    server.server_close()


def test_a_time_stamp_is_put_in_and_checked(
    place: Place, clock: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tepian.toolkit.pades.signing import NoTime, TimeStamps

    address, time_root = clock
    content = place.sign(stamps=TimeStamps(address))
    assert place.pen(stamps=TimeStamps(address)).level == "B-T"
    roots = [authority.pem(place.root), authority.pem(time_root)]
    (one,) = reading.examine(content, roots).signatures
    assert one.intact and one.trusted and one.stamped
    (place.folder / "time.pem").write_text(authority.pem(time_root))
    said = place.pyhanko(content, "--no-revocation-check", "--trust", "time.pem")
    assert "The signature is judged VALID" in said and "timestamp" in said.lower()
    monkeypatch.setattr(Clock, "stamper", None)
    with pytest.raises(NoTime):
        place.sign(stamps=TimeStamps(address))


def test_what_is_needed_to_check_for_good_is_put_in(place: Place, clock: tuple[str, Any]) -> None:
    from tepian.toolkit.pades.signing import TimeStamps

    address, time_root = clock
    crl = authority.revocation_list(place.root, place.root_key, [], at=NOW, days=7)
    stamps = TimeStamps(address, [time_root])
    assert place.pen(stamps=stamps, crl=crl).level == "B-LT"
    content = place.sign(stamps=stamps, crl=crl)
    assert b"/DSS" in content and b"/CRLs" in content
    (one,) = reading.examine(content, [authority.pem(place.root), authority.pem(time_root)]).signatures
    assert one.intact and one.trusted and one.whole and one.stamped
