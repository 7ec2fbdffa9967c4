"""What a signed PDF says of itself, checked against roots that are trusted. For files that strangers send: `look` does it in
a process of its own, with little memory and time, and `examine` is what runs there."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

MEMORY, SECONDS = 1 << 30, 15  # bytes of address space, and seconds, of the process
STREAM, RATIO = 32 << 20, 300  # a stream unfolds to at most so many bytes, and so many times its size
AT_ONCE = threading.BoundedSemaphore(2)
ENCRYPTED, DAMAGED, TOO_MUCH, BUSY = "encrypted", "damaged", "too_much", "busy"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature in a file. `intact`: the bytes that it covers are as they were signed; `whole`: what a reader sees is
    what was signed, nothing was added but what keeps it checkable; `trusted`: its certificate hangs on one of the roots and
    counted at the time of signing. `signed_at` is ISO 8601: the time stamp's where `stamped`, else what the signer claims."""

    intact: bool
    whole: bool
    trusted: bool
    signer: str
    serial: int
    signed_at: str
    stamped: bool
    contact: str


@dataclass(frozen=True, slots=True)
class Findings:
    """`trouble` is empty, or `encrypted`, `damaged`, `too_much` (it unfolds to too much, or takes too long), `busy`."""

    trouble: str = ""
    signatures: tuple[Signature, ...] = ()


def look(pdf: bytes, roots: Sequence[str], *, seconds: int = SECONDS) -> Findings:
    """Examine a stranger's file. `roots` are PEM texts."""
    if not AT_ONCE.acquire(timeout=min(seconds, 3)):
        return Findings(BUSY)
    try:
        with tempfile.TemporaryDirectory(prefix="tepian-pades-") as name:
            folder = Path(name)
            (folder / "in.pdf").write_bytes(pdf)
            (folder / "roots.pem").write_text("\n".join(roots))
            command = [sys.executable, "-P", "-m", "tepian.toolkit.pades.reading", name, str(seconds)]
            env = os.environ | {"MALLOC_ARENA_MAX": "2", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            done = subprocess.run(command, env=env, capture_output=True, timeout=seconds + 5, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return Findings(TOO_MUCH)
    finally:
        AT_ONCE.release()
    if done.returncode:
        return Findings(TOO_MUCH)
    told = json.loads(done.stdout)
    return Findings(told["trouble"], tuple(Signature(**one) for one in told["signatures"]))


def examine(pdf: bytes, roots: Sequence[str]) -> Findings:
    """The same in this process, without its limits of time and memory."""
    import io

    from pyhanko.pdf_utils import misc
    from pyhanko.pdf_utils.decode_limits import DecodeLimits, StreamDecodeLimits
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        limits = DecodeLimits(per_stream=StreamDecodeLimits(max_ratio=RATIO, max_output_size=STREAM))
        reader = PdfFileReader(io.BytesIO(pdf), decode_limits=limits)
        if reader.encrypted:
            return Findings(ENCRYPTED)
        return Findings("", tuple(_one(signature, roots) for signature in reader.embedded_regular_signatures[:10]))
    except misc.PdfDecodeLimitError:
        return Findings(TOO_MUCH)
    except (MemoryError, RecursionError):
        return Findings(TOO_MUCH)
    except Exception:  # whatever a broken file makes of the reader, it is the file that is broken
        return Findings(DAMAGED)


def _one(signature: Any, roots: Sequence[str]) -> Signature:
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature

    claimed = signature.self_reported_timestamp
    context = _context(roots, claimed)
    status = validate_pdf_signature(signature, context, context)
    covered = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    kept = status.coverage == SignatureCoverageLevel.ENTIRE_REVISION and (
        status.modification_level in {ModificationLevel.NONE, ModificationLevel.LTA_UPDATES}
    )
    stamp = status.timestamp_validity
    stamped = bool(stamp and stamp.valid and stamp.trusted)
    at: datetime | None = stamp.timestamp if stamp is not None and stamped else claimed
    return Signature(
        intact=bool(status.intact and status.valid),
        whole=bool(covered or kept),
        trusted=bool(status.trusted),
        signer=str(signature.signer_cert.subject.native.get("common_name", "")),
        serial=int(signature.signer_cert.serial_number),
        signed_at=at.isoformat() if at else "",
        stamped=stamped,
        contact=str(signature.sig_object.get("/ContactInfo", "")),
    )


def _context(roots: Sequence[str], moment: datetime | None) -> Any:
    """Certificates are judged as of the moment of signing: one that has ended since was good then."""
    from asn1crypto import pem, x509
    from pyhanko_certvalidator import ValidationContext

    trusted = [
        x509.Certificate.load(der)
        for text in roots
        for _kind, _headers, der in pem.unarmor(text.encode(), multiple=True)
    ]
    return ValidationContext(trust_roots=trusted, moment=moment, allow_fetching=False)


def main(folder: Path, seconds: int) -> None:
    """Of the process: reads `in.pdf` and `roots.pem`, writes what was found as JSON to the standard output."""
    signal.alarm(seconds)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    found = examine((folder / "in.pdf").read_bytes(), [text for text in [(folder / "roots.pem").read_text()] if text])
    sys.stdout.write(json.dumps({"trouble": found.trouble, "signatures": [asdict(one) for one in found.signatures]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
