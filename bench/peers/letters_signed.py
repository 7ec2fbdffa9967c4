"""The letter of `letters_set`, set and signed with a key that is parsed once; the last one is left in the folder."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from .letters_set import maker
from .letters_weasyprint import ADDRESS, SIGNER, measured


def main(folder: Path, count: int) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from tepian.toolkit.pades import authority
    from tepian.toolkit.pades.signing import Pen

    root, certificate = (authority.from_pem((folder / name).read_text()) for name in ("root.pem", "certificate.pem"))
    pen = Pen(certificate, load_pem_private_key((folder / "key.pem").read_bytes(), None), root)  # type: ignore[arg-type]
    made = maker()

    def signed(number: int) -> bytes:
        at = datetime.now(UTC)
        return pen.sign(made(number), reason=SIGNER[0], location="Contoh", contact=ADDRESS, at=at)

    (folder / "ours.pdf").write_bytes(measured(signed, count))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
