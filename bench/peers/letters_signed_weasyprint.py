"""The letter of `letters_weasyprint`, signed by pyHanko as its documentation shows: its own signer with the same key, loaded
once, and every other choice left to it. Runs in the peers' environment."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from letters_weasyprint import maker, measured


def main(folder: Path, count: int) -> None:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    signer = signers.SimpleSigner.load(
        str(folder / "key.pem"), str(folder / "certificate.pem"), ca_chain_files=(str(folder / "root.pem"),)
    )
    meta = signers.PdfSignatureMetadata(field_name="Signature1", subfilter=fields.SigSeedSubFilter.PADES)
    made = maker()

    def signed(number: int) -> bytes:
        content: bytes = signers.sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(made(number))), meta, signer=signer
        ).getvalue()
        return content

    (folder / "peer.pdf").write_bytes(measured(signed, count))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
