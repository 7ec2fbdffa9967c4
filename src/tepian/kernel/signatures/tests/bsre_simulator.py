"""BSrE's gateway as its documents and public clients record it, over real HTTP: v1 (multipart) and v2 (JSON).

It signs with an authority of its own. What goes wrong is set by attributes; what it was asked stands in `asked`.
"""

from __future__ import annotations

import base64
import json
import threading
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tepian.toolkit.pades import authority, keys

USER, PASSWORD = "kota", "rahasia-kota"
NIK, PASSPHRASE = (
    "0472014501900001",
    "hanya pemiliknya tahu",
)  # a NIK of a province whose code begins with 0: text, no number


class Gateway:
    """`status` is what BSrE says of the person: 1111, 2011, or words. `break_after` documents it answers 503; `drop` hangs up."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        root_key, key = keys.new_key(), keys.new_key()
        self.root = authority.make_root(root_key, name="Root CA", organisation="BSrE", country="ID", at=now, years=5)
        certificate = authority.certify(
            self.root, root_key, key.public_key(), name="Pejabat", organisation="BSrE", country="ID", at=now,
            until=now + timedelta(days=300), crl_url="http://bsre.example/c.crl",
        )  # fmt: skip
        from tepian.toolkit.pades.signing import Pen

        self.pen = Pen(certificate, key, self.root)
        self.registered, self.usable = True, True
        self.break_after = 10**9
        self.drop = False
        self.answer: bytes | None = None
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.signed = 0
        gateway = self

        class Handler(_Handler):
            city = gateway

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def own_tls(self, folder: Path) -> tuple[str, str]:
        """A certificate for this machine that nobody vouches for, and its key, as files."""
        key, name = keys.new_key(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(key, hashes.SHA256())
        )
        (folder / "tls.pem").write_text(authority.pem(certificate))
        plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        (folder / "tls.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
        return str(folder / "tls.pem"), str(folder / "tls.key")

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    city: Gateway

    def do_GET(self) -> None:
        if self._known() and self.path.startswith("/api/user/status/"):
            self._status(1, self.path.rpartition("/")[2])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._known():
            return
        if self.city.drop:
            self.connection.close()
            return
        if self.path == "/api/v2/user/check/status":
            said = json.loads(body)
            self._status(2, said.get("nik") or said.get("email"))
        elif self.path == "/api/sign/pdf":
            fields, file = self._form(body)
            self._sign(1, fields, file)
        elif self.path == "/api/v2/sign/pdf":
            said = json.loads(body)
            self._sign(2, said, base64.b64decode(said["file"][0]))
        else:
            self._say(404, {"error": "no such path"})

    def _form(self, body: bytes) -> tuple[dict[str, str], bytes]:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        fields, file = {}, b""
        for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():  # type: ignore[attr-defined]
            name = part.get_param("name", header="content-disposition")
            if name == "file":
                file = part.get_payload(decode=True)
            else:
                fields[str(name)] = part.get_payload(decode=True).decode()
        return fields, file

    def _known(self) -> bool:
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") == wanted:
            return True
        self._say(401, {"error": "Unauthorized"})
        return False

    def _status(self, version: int, who: Any) -> None:
        self.city.asked.append(("status", {"nik": who}))
        known = self.city.registered and who == NIK
        if not known:
            self._say(200, {"status_code": 2011, "message": "Pengguna tidak terdaftar", "status": "NOT_REGISTERED"})
        elif not self.city.usable:
            self._say(200, {"status_code": 2021, "message": "Sertifikat kedaluwarsa", "status": "EXPIRED"})
        elif version == 1:
            self._say(200, {"status_code": 1111, "message": "Pengguna aktif"})
        else:
            self._say(200, {"status": "ISSUE"})

    def _sign(self, version: int, fields: dict[str, Any], file: bytes) -> None:
        self.city.asked.append((f"sign{version}", fields))
        if fields["passphrase"] != PASSPHRASE:
            self._say(400, {"status_code": 2031, "error": "Passphrase anda salah"})
            return
        if self.city.signed >= self.city.break_after:
            self._say(503, {"error": f"upstream away for {NIK}"})
            return
        at = datetime.now(UTC)
        signed = self.city.answer or self.city.pen.sign(file, reason="", location="", contact="", at=at)
        self.city.signed += 1
        if version == 2:
            self._say(200, {"time": 0.4, "file": [base64.b64encode(signed).decode()]})
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/pdf")
        self.send_header("id_dokumen", f"dok-{self.city.signed}")
        self.send_header("signing_time", at.isoformat())
        self.end_headers()
        self.wfile.write(signed)

    def _say(self, status: int, said: dict[str, Any]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def log_message(self, *args: Any) -> None:
        pass
