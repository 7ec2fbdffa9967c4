"""One letter from a resident's phone to the public check, through RT, RW, clerk and lurah, each at their own page in a real
browser, 360 and 1280 wide; the PDF that the resident gets is judged by pyHanko's command line and poppler with the root that
the city publishes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tepian.kernel.catalogue import kept
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.queries import path_of
from tepian.kernel.identity.queries import actor_for
from tepian.kernel.signatures import operations as signing
from tepian.services.ward_letters.models import Request
from tepian.services.ward_letters.tests.conftest import KK, PASSPHRASE, RT, SYSTEM, WARD, resident
from tepian.toolkit.tests.photos import JPEG

from .test_plan_reporting import shot, signed_in

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def offices(contoh: Any, as_role: Callable[..., Any]) -> dict[str, Any]:
    """Who works on it, signed in; the lurah with a key."""
    resident("9901014503900001", "Siti O'Neil")
    found = {
        name: as_role(role, scope="region", code=code, username=name)
        for name, role, code in (
            ("pak-rt", "neighbourhood_head", RT),
            ("pak-rw", "neighbourhood_head", WARD),
            ("petugas", "ward_clerk", WARD),
            ("bu-lurah", "ward_head", WARD),
        )
    }
    kept.forget_all()  # the fixtures wrote their positions past the operations
    signing.make_root(actor=SYSTEM)
    lurah = found["bu-lurah"].account
    signing.offer_key(actor=SYSTEM, account=lurah)
    signing.activate_key(actor=actor_for(lurah), passphrase=PASSPHRASE)
    return found


def ask(page: Any, server: str) -> str:
    """The resident on a phone of 360 points; gives the own address."""
    page.goto(f"{server}/surat")
    shot(page, "surat-360")
    page.get_by_label("Anda perlu surat apa?").fill("kurang mampu")
    page.keyboard.press("Enter")
    page.get_by_role("link", name=re.compile("SKTM")).click()
    page.get_by_role("link", name="Mulai").click()
    page.get_by_label("NIK").fill("9901 0145 0390 000")
    page.get_by_label("Nomor kartu keluarga (KK)").fill(KK)
    page.get_by_label("Tanggal lahir").fill("5/3/1990")
    page.get_by_role("button", name="Lanjutkan").click()
    page.get_by_text("NIK harus 16 angka. Anda menulis 15").first.wait_for()
    assert page.title().startswith("Galat:")
    shot(page, "surat-galat-360")
    page.get_by_label("NIK").fill("9901 0145 0390 0001")
    page.get_by_role("button", name="Lanjutkan").click()
    page.get_by_label("Saya sendiri").check()
    shot(page, "surat-tanya-360")
    page.keyboard.press("Enter")
    for label, answer in (
        ("Berapa penghasilan keluarga sebulan, dalam rupiah?", "1.200.000"),
        ("Berapa orang yang hidup dari penghasilan itu?", "3"),
        ("Untuk apa surat ini?", "keringanan biaya sekolah"),
    ):
        page.get_by_label(label).fill(answer)
        page.get_by_role("button", name="Lanjutkan").click()
    page.set_input_files("[name=file]", {"name": "rumah.jpg", "mimeType": "image/jpeg", "buffer": JPEG})
    shot(page, "surat-berkas-360")
    page.get_by_role("button", name="Lanjutkan").click()
    page.get_by_role("heading", name="Sudah benar semua?").wait_for()
    shot(page, "surat-periksa-360")
    page.get_by_role("button", name="Kirim").click()
    page.get_by_role("heading", name="Simpan ini").wait_for()
    shot(page, "surat-tanda-terima-360")
    return str(page.url)


def test_one_letter_from_the_phone_to_the_public_check(
    browser: Any, live_server: Any, offices: dict[str, Any], client: Any, tmp_path: Path
) -> None:
    server, desk = live_server.url, f"{live_server.url}/kerja/kelurahan"
    with signed_in(browser, live_server, client, 360) as page:
        own = ask(page, server)
    code = Request.objects.get().code

    for name in ("pak-rt", "pak-rw"):
        with signed_in(browser, live_server, offices[name], 360) as page:
            page.goto(desk)
            page.get_by_role("link", name=re.compile("Siti")).click()
            right = page.get_by_role("button", name="Benar, teruskan")
            right.wait_for()
            shot(page, f"surat-{name}-360")
            assert "9901014503900001" not in page.content()
            right.click()
            page.get_by_text("Tidak ada yang menunggu Anda").wait_for()

    with signed_in(browser, live_server, offices["petugas"], 1280) as page:
        page.goto(desk)
        shot(page, "surat-meja-1280")
        page.get_by_role("link", name=re.compile("Siti")).click()
        page.locator("img.foto").wait_for()
        shot(page, "surat-petugas-1280")
        page.keyboard.press("p")  # asks for a repair with the first ready sentence: two keys
        page.keyboard.press("1")
        page.get_by_text("Dikembalikan.").wait_for()

    with signed_in(browser, live_server, client, 360) as page:
        page.goto(own)
        page.get_by_text("Foto berkas tidak terbaca").first.wait_for()
        shot(page, "surat-kembali-360")
        page.get_by_role("link", name="Perbaiki").click()
        page.get_by_role("button", name="Kirim").click()
        page.get_by_role("heading", name="Simpan ini").wait_for()

    with signed_in(browser, live_server, offices["petugas"], 1280) as page:
        page.goto(f"{desk}/{code}")
        page.keyboard.press("s")
        page.get_by_text("Diteruskan.").wait_for()

    with signed_in(browser, live_server, offices["bu-lurah"], 360) as page:
        page.goto(f"{server}/kerja/tanda-tangan")
        page.get_by_role("link", name=re.compile("Siti")).click()
        page.get_by_role("heading", name=re.compile("Siti")).wait_for()
        page.goto(f"{server}/kerja/tanda-tangan")
        page.get_by_label(re.compile("Tanda tangani Surat")).check()
        page.get_by_label("Frasa sandi").fill(PASSPHRASE)
        page.get_by_role("button", name="Tanda tangani").click()
        page.get_by_text("1 surat ditandatangani").wait_for()
        shot(page, "surat-lurah-360")

    row = Request.objects.get()
    with signed_in(browser, live_server, client, 360) as page:
        page.goto(own)
        shot(page, "surat-jadi-360")
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Buka surat (PDF)").click()
        letter = Path(waiting.value.path()).read_bytes()
        page.goto(f"{server}/lacak/{code}")
        page.get_by_text("Selesai").first.wait_for()
        page.goto(f"{server}/surat/cek/{row.document}")
        page.get_by_text("Surat ini berlaku").wait_for()
        assert "9901014503900001" not in page.content()
        assert row.number in page.content()
        shot(page, "surat-cek-360")
    assert letter == path_of(StoredFile.objects.get(pk=row.letter).sha256).read_bytes()
    assert judged(letter, client.get("/surat/sertifikat-akar.pem").content, tmp_path)


def judged(letter: bytes, root: bytes, folder: Path) -> bool:
    """By programs that are not ours; a changed byte is found."""
    (folder / "root.pem").write_bytes(root)
    changed = bytearray(letter)
    changed[letter.index(b"endstream") - 20] ^= 1
    (folder / "letter.pdf").write_bytes(letter)
    (folder / "changed.pdf").write_bytes(bytes(changed))

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    options = ("--trust", "root.pem", "--trust-replace", "--no-revocation-check", "--pretty-print")
    pyhanko = str(Path(sys.executable).with_name("pyhanko"))
    assert "judged VALID" in run(pyhanko, "sign", "validate", *options, "letter.pdf")
    assert "judged VALID" not in run(pyhanko, "sign", "validate", *options, "changed.pdf")
    if shutil.which("pdfsig") and shutil.which("certutil"):
        (folder / "nss").mkdir()
        run("certutil", "-N", "--empty-password", "-d", "sql:nss")
        run("certutil", "-A", "-n", "root", "-t", "C,C,C", "-i", "root.pem", "-d", "sql:nss")
        said = run("pdfsig", "-nssdir", "nss", "letter.pdf")
        assert "Signature is Valid." in said
        assert "Certificate is Trusted." in said
        assert "Signature is Valid." not in run("pdfsig", "-nssdir", "nss", "changed.pdf")
    return True
