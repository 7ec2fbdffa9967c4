"""The plan as a PDF, read back by poppler: the same figures as on the page, in both languages, with other rooms' chapters."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest
from django.test import Client

from tepian.kernel.catalogue import contributions, pagecache
from tepian.kernel.catalogue.contributions import DossierPart
from tepian.kernel.catalogue.versions import touch
from tepian.toolkit.typeset import Heading, Paragraph

from ..models import Plan
from ..queries.plan import TOPIC
from .test_public import QUARTER

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("contoh"),
    pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler's pdftotext"),
]


def printed(client: Client, path: str = f"/rencana/dokumen.pdf?triwulan={QUARTER}") -> str:
    answer = client.get(path)
    assert answer.status_code == 200 and answer["Content-Type"] == "application/pdf"
    command = ["pdftotext", "-layout", "-", "-"]
    return subprocess.run(command, input=answer.content, capture_output=True, check=True).stdout.decode()


def test_the_document_says_what_the_page_says(client: Client, told: Any) -> None:
    text = " ".join(printed(client).split())
    assert "33% target terbukti, dinas menyebut 67%" in text
    assert "(2 × 50,0 + 1 × 0,0) ÷ 3 = 33,3" in text
    assert "Rp1.000.000.000" in text and "Gambar teknis" in text and "1.1.3 Aksi 1.1.3" in text
    english = " ".join(printed(client, f"/en/rencana/dokumen.pdf?triwulan={QUARTER}").split())
    assert "33% of the targets are proven, the agencies say 67%" in english


def test_a_demonstration_says_so_in_print_too(client: Client, told: Any) -> None:
    Plan.objects.update(simulated=True)
    touch(TOPIC)
    assert "Peragaan" in printed(client)


def test_other_rooms_add_chapters_and_one_that_fails_costs_only_its_own(
    client: Client,
    told: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(year: int, language: str) -> list[Any]:
        raise RuntimeError("nothing to read")

    parts = [
        DossierPart("good", lambda year, language: [Heading("Penilaian tahun"), Paragraph(f"{year} {language}")]),
        DossierPart("bad", broken),
    ]
    monkeypatch.setitem(contributions._offers, DossierPart, parts)
    pagecache.forget_all()
    text = printed(client)
    assert "Penilaian tahun" in text and "2025 id" in text
    assert "Satu bab tidak dapat dibaca sekarang" in text


def test_without_a_public_plan_there_is_no_document(client: Client) -> None:
    assert client.get("/rencana/dokumen.pdf").status_code == 404
