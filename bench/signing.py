"""Letters of one page set and signed per second, each valid to poppler and to pyHanko's command line, against WeasyPrint and
pyHanko's defaults with the same key."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import harness as h

COUNT = 60


def _keys(folder: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    from tepian.toolkit.pades import authority, keys

    now, root_key, key = datetime.now(UTC), keys.new_key(), keys.new_key()
    root = authority.make_root(root_key, name="Root", organisation="Contoh", country="ID", at=now, years=10)
    certificate = authority.certify(
        root, root_key, key.public_key(), name="Lurah", organisation="Contoh", country="ID", at=now,
        until=now + timedelta(days=700), crl_url="http://localhost/none.crl",
    )  # fmt: skip
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "root.pem").write_text(authority.pem(root))
    (folder / "certificate.pem").write_text(authority.pem(certificate))
    (folder / "key.pem").write_bytes(plain)


def _valid(folder: Path, name: str) -> str:
    """Who takes this file for good."""
    pyhanko = [
        str(Path(sys.executable).with_name("pyhanko")),
        "sign",
        "validate",
        "--trust",
        "root.pem",
        "--trust-replace",
    ]
    done = subprocess.run([*pyhanko, "--no-revocation-check", name], cwd=folder, capture_output=True)
    said = ["pyHanko"] if done.returncode == 0 else []
    if shutil.which("pdfsig") and shutil.which("certutil"):
        if not (folder / "nss").exists():
            (folder / "nss").mkdir()
            for command in (["-N", "--empty-password"], ["-A", "-n", "root", "-t", "C,C,C", "-i", "root.pem"]):
                subprocess.run(["certutil", *command, "-d", "sql:nss"], cwd=folder, check=True)
        looked = subprocess.run(["pdfsig", "-nssdir", "nss", name], cwd=folder, capture_output=True, text=True).stdout
        if "Signature is Valid" in looked and "Certificate is Trusted" in looked:
            said.append("poppler")
    return "+".join(said) or "nobody"


def run() -> None:
    python = h.peer_python("bench-letters")
    with tempfile.TemporaryDirectory(prefix="tepian-bench-") as name:
        folder = Path(name)
        _keys(folder)
        environment = os.environ | h.prepared_home(folder / "home")
        made: dict[str, dict[str, float]] = {}

        def measured(side: str, command: list[str]) -> float:
            done = subprocess.run(
                [*command, name, str(COUNT)], cwd=h.ROOT, env=environment, capture_output=True, text=True
            )
            if done.returncode:
                if "cannot load library" in done.stderr:
                    raise h.Skipped("WeasyPrint needs Pango of the system (Debian: libpango-1.0-0 libpangoft2-1.0-0)")
                raise RuntimeError(done.stderr[-3000:])
            made[side] = json.loads(done.stdout.splitlines()[-1])
            return made[side]["per_s"]

        mine, theirs = h.interleave(
            lambda: measured("ours", [sys.executable, "-m", "bench.peers.letters_signed"]),
            lambda: measured("peer", [str(python), str(h.PEERS / "letters_signed_weasyprint.py")]),
        )
        h.report(
            "signing",
            mine,
            theirs,
            "letters/s",
            what="WeasyPrint and pyHanko's defaults",
            aim="≥ 6",
            note=f"{made['ours']['bytes'] / 1000:.0f} kB, valid to {_valid(folder, 'ours.pdf')}; "
            f"peer {made['peer']['bytes'] / 1000:.0f} kB, valid to {_valid(folder, 'peer.pdf')}",
        )
