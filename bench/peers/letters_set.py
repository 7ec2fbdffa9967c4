"""Sets letters in this process and prints how many a second and how large one is, as JSON."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import date

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tepian.settings.base")
import django

django.setup()

from tepian.kernel.catalogue.contributions import Signatory  # noqa: E402
from tepian.kernel.documents import letters  # noqa: E402
from tepian.kernel.documents.models import LetterTemplate, LetterVersion  # noqa: E402

from .letters_weasyprint import ADDRESS, EMBLEM, LINES, PERSON, SIGNER, TEXT, TITLE, measured  # noqa: E402


def maker() -> Callable[[int], bytes]:
    """What sets the letter of a number."""
    version = LetterVersion(template=LetterTemplate(code="bench"), layout="statement", title=TITLE, text=TEXT)
    head = letters.Head(
        LINES, "Jl. Tepian No. 1", "Telepon 112", EMBLEM, "Kelurahan Tepi Sungai", "Kecamatan Hulu", "Contoh"
    )
    signer = Signatory("", SIGNER[1], "", "definitive", SIGNER[0], (SIGNER[0],))

    def made(number: int) -> bytes:
        return letters.render_letter(
            template=version,
            values=PERSON | {"name": f"Contoh Warga {number}"},
            head=head,
            number=f"{number:03d}/470/01.1001/XI/2026",
            on=date(2026, 11, 27),
            signer=signer,
            qr=ADDRESS,
        )

    return made


if __name__ == "__main__":
    measured(maker(), int(sys.argv[1]))
