"""A head reads and signs on a telephone and by keys on a desk; a citizen checks by code and by file on a narrow telephone. In
a real browser, 360 and 1280 wide."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tepian.kernel.documents.queries import path_of
from tepian.kernel.identity.models import Account
from tepian.kernel.signatures import queries
from tepian.kernel.signatures.models import SignedDocument
from tepian.kernel.signatures.tests.conftest import NAME, NIK, PASSPHRASE, Office, make_office

from .test_plan_reporting import shot, signed_in

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(name="ward")
def _ward(contoh: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Office:
    return make_office(tmp_path, monkeypatch, settings)


def entered(account: Account) -> Client:
    client = Client()
    client.force_login(account)
    return client


def test_from_the_heads_keys_to_the_citizens_check(
    browser: Any, live_server: Any, ward: Office, client: Any, as_role: Callable[..., Any]
) -> None:
    desk, check = f"{live_server.url}/kerja/tanda-tangan", f"{live_server.url}/surat/cek"
    keys = [f"{number:02d}" for number in range(10)]
    ward.room.put(*keys)
    head = entered(ward.head)
    assert head.get("/kerja/tanda-tangan").status_code == 200  # the first page of a process is slow

    with signed_in(browser, live_server, head, 1280) as page:
        page.goto(desk)
        assert "10 surat menunggu tanda tangan Anda" in page.inner_text("h1")
        page.keyboard.press("b")  # read the first; then L for each next one
        for key in keys:
            page.wait_for_url(f"**/baca/letter/{key}")
            assert f"Letter {key}" in page.inner_text("h1")
            if key == "00":
                shot(page, "signing-read-1280")
            page.keyboard.press("l")
        page.wait_for_url(desk)
        assert page.locator("input[name=pilih]:checked").count() == 10
        assert page.evaluate("document.activeElement.id") == "passphrase", "the passphrase is all that is left"
        shot(page, "signing-desk-1280")
        page.keyboard.type(PASSPHRASE)
        page.keyboard.press("Enter")
        page.get_by_text("10 surat ditandatangani").wait_for()
        assert page.locator("[data-outcome=signed]").count() == 10
    assert SignedDocument.objects.count() == 10 and ward.room.last() == 10

    ward.room.put("again", "wrong")
    with signed_in(browser, live_server, head, 360) as page:
        page.goto(desk)
        page.get_by_role("link", name="Letter wrong").click()
        page.get_by_text("Kembalikan dengan alasan").click()
        page.get_by_label("Apa yang harus diperbaiki?").fill("Nama ibu salah")
        shot(page, "signing-return-360")
        page.get_by_role("button", name="Kembalikan").click()
        page.get_by_text("Dikembalikan dengan alasan Anda.").wait_for()
        page.get_by_label("Tanda tangani Letter again").check()
        page.get_by_label("Frasa sandi").fill("bukan yang ini")
        page.get_by_role("button", name="Tanda tangani").click()
        page.get_by_text("Frasa sandi salah.").wait_for()
        assert page.locator("input[name=pilih]:checked").count() == 1, "what was ticked stays ticked"
        shot(page, "signing-wrong-360")
        page.get_by_label("Frasa sandi").fill(PASSPHRASE)
        page.get_by_role("button", name="Tanda tangani").click()
        page.get_by_text("1 surat ditandatangani").wait_for()
    document = SignedDocument.objects.get(item_key="again")
    original = path_of(document.sha256).read_bytes()

    with signed_in(browser, live_server, client, 360) as page:
        page.goto(check)
        shot(page, "check-360")
        page.get_by_label("Kode pada surat").fill(document.code.lower())
        page.keyboard.press("Enter")
        page.get_by_text("Surat ini berlaku").wait_for()
        shot(page, "checked-360")
        told = page.inner_text("main")
        assert document.number in told and "Lurah Tepi Sungai" in told and NAME not in told and NIK not in told
        page.goto(check)
        changed = original.replace(b"Isi", b"isi") if b"Isi" in original else original + b"\n"
        page.set_input_files("#berkas", {"name": "surat.pdf", "mimeType": "application/pdf", "buffer": changed})
        page.get_by_role("button", name="Periksa PDF").click()
        page.get_by_text("PDF ini bukan surat yang ditandatangani").wait_for()
        shot(page, "check-changed-360")
        page.goto(f"{live_server.url}/en/surat/cek")
        page.set_input_files("#berkas", {"name": "surat.pdf", "mimeType": "application/pdf", "buffer": original})
        page.get_by_role("button", name="Check the PDF").click()
        page.get_by_text("The PDF is exactly the one that was signed.").wait_for()

    with signed_in(browser, live_server, head, 1280) as page:
        page.goto(f"{desk}/selesai/{document.code}")
        page.get_by_text("Cabut", exact=True).click()
        page.get_by_label("ada isi yang salah").check()
        page.get_by_role("button", name="Cabut untuk seterusnya").click()
        page.get_by_text("Dicabut. Halaman periksa").wait_for()
        shot(page, "signing-document-1280")
        page.goto(f"{check}/{document.code}")
        page.get_by_text("Dicabut: surat ini tidak berlaku lagi").wait_for()
        assert "ada isi yang salah" in page.inner_text("main")
    assert queries.check(document.code).state == "revoked"  # type: ignore[union-attr]

    with signed_in(browser, live_server, as_role("administrator", username="admin-tanda"), 1280) as page:
        page.goto(f"{live_server.url}/kerja/kelola/tanda-tangan")
        shot(page, "signing-keys-1280")
