"""An assessment from the agency's answer to the public page, in a real browser on the whole system: saved while it is
written, scored by keys, on a narrow and on a wide screen."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bench import harness

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
NARROW, WIDE = {"width": 360, "height": 780}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def city() -> Iterator[harness.System]:
    with harness.system() as running:
        yield running


@contextlib.contextmanager
def signed_in(browser: Any, running: harness.System, username: str, viewport: Any) -> Iterator[Any]:
    accounts = json.loads((running.home / "demo-accounts.json").read_text())
    account = next(one for one in accounts if one["username"] == username)
    context = browser.new_context(viewport=viewport)
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.goto(f"{running.url}/masuk")
    page.fill("[name=login]", account["username"])
    page.fill("[name=password]", account["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/masuk" not in address)
    yield page
    context.close()
    assert troubles == []


def wide(page: Any) -> bool:
    """Does the page scroll sideways?"""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"))


def shot(page: Any, folder: Path, name: str) -> None:
    """At both widths, and neither scrolls sideways."""
    before = page.viewport_size
    for size in (NARROW, WIDE):
        page.set_viewport_size(size)
        assert not wide(page), f"{name} scrolls sideways at {size['width']}"
        page.screenshot(path=folder / f"{name}-{size['width']}.png", full_page=True)
    page.set_viewport_size(before)


def test_from_the_agencys_answer_to_the_public_page(city: harness.System, browser: Any, tmp_path: Path) -> None:
    running = city
    base = f"{running.url}/kerja/penilaian"
    with signed_in(browser, running, "perencana", WIDE) as page:
        page.goto(base)
        page.select_option("#b-instrumen", "smart-city-evaluation 2017")
        page.fill("#b-tahun", "2024")
        page.select_option("#b-dinas", "bappeda")
        shot(page, tmp_path, "desk")
        page.locator("#buka button").press("Enter")
        page.wait_for_url("**/kerja/penilaian/smart-city-evaluation-2024")
        code = page.url.rpartition("/")[2]
        page.get_by_text("Bagi butir ke dinas").click()
        page.select_option("#a-output", "pupr")
        page.select_option("#a-impact-living", "pupr")
        page.get_by_role("button", name="Bagi", exact=True).press("Enter")
        page.get_by_text("Sudah dibagi.").wait_for()
        shot(page, tmp_path, "overview-open")
    with signed_in(browser, running, "pelapor", NARROW) as page:
        page.goto(f"{base}/{code}")
        page.get_by_role("link", name=re.compile("Keluaran")).first.press("Enter")
        page.wait_for_url("**/butir/output")
        page.locator("[name=level][value='3']").focus()
        page.keyboard.press("Space")
        page.fill("#penjelasan", "Tiga taman dan dua jembatan selesai.")
        page.keyboard.press("Tab")
        page.locator("#tersimpan", has_text=re.compile(r"Tersimpan \d")).wait_for()
        assert int(page.input_value("#revisi")) > 1
        page.reload()
        assert page.input_value("#penjelasan") == "Tiga taman dan dua jembatan selesai."
        assert page.locator("[name=level][value='3']").is_checked()
        page.set_input_files("#e-file", {"name": "taman.txt", "mimeType": "text/plain", "buffer": b"foto taman"})
        page.fill("#e-judul", "Foto taman")
        page.get_by_role("button", name="Tambah").press("Enter")
        page.locator("#bukti", has_text="Foto taman").wait_for()
        shot(page, tmp_path, "item")
        page.locator("#jawaban button").press("Enter")
        page.wait_for_url("**/butir/impact-living")
        page.locator("[name=level][value='2']").focus()
        page.keyboard.press("Space")
        page.locator("#jawaban button").press("Enter")
        page.wait_for_url(f"**/kerja/penilaian/{code}")
    with signed_in(browser, running, "perencana", WIDE) as page:
        page.goto(f"{base}/{code}")
        page.get_by_label("Butir yang kosong boleh tetap kosong").press("Space")
        page.get_by_role("button", name="Selesaikan penilaian mandiri").press("Enter")
        page.get_by_text("Sudah dikirim ke asesor.").wait_for()
    with signed_in(browser, running, "asesor", WIDE) as page:
        page.goto(f"{running.url}/kerja/asesor/{code}")
        page.wait_for_url("**/baseline")
        page.keyboard.press("3")
        page.get_by_text("Anda memberi 3").wait_for()
        page.keyboard.press("4")  # on second thoughts
        page.get_by_text("Anda memberi 4").wait_for()
        assert page.locator("#t-4").get_attribute("aria-pressed") == "true"
        page.keyboard.press("n")
        page.wait_for_url("**/output")
        assert "Tiga taman dan dua jembatan selesai." in page.inner_text("main")
        assert "hanya baca" in page.inner_text("main").lower()
        assert page.locator("main form").count() == 1  # nothing to change but the own score
        page.keyboard.press("3")
        page.get_by_text("Anda memberi 3").wait_for()
        page.keyboard.press("c")
        page.keyboard.type("Jembatan kedua belum dibuka.")
        with page.expect_response(lambda response: response.request.method == "POST"):
            page.keyboard.press("Tab")
        page.reload()
        assert page.input_value("#catatan") == "Jembatan kedua belum dibuka."
        shot(page, tmp_path, "score")
        page.keyboard.press("n")
        for number in range(3, 11):
            page.get_by_text(f"Butir {number} dari 10").wait_for()
            page.keyboard.press("2")
            page.get_by_text("Anda memberi 2").wait_for()
            page.keyboard.press("n")
        page.wait_for_url("**/kerja/asesor")
        page.get_by_text("Anda sudah menilai 10 dari 10 butir").wait_for()
        shot(page, tmp_path, "scoring-desk")
        page.get_by_role("button", name="Selesai menilai").press("Enter")
        page.get_by_text("Pemberian nilai selesai").wait_for()
    with signed_in(browser, running, "perencana", WIDE) as page:
        page.goto(f"{base}/{code}")
        shot(page, tmp_path, "overview-scored")
        page.get_by_role("button", name="Tutup dan terbitkan").press("Enter")
        page.get_by_text("Sudah final, dan kini terbuka untuk umum.").wait_for()
    context = browser.new_context(viewport=NARROW, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{running.url}/penilaian")
    page.get_by_role("link", name=re.compile("Evaluasi kota cerdas 2024")).click()
    text = page.inner_text("main")
    # 0.1·4 + 0.2·3 + 0.3·2 + 0.2·2 + 0.2·2
    assert "0,10 × 4,00 + 0,20 × 3,00 + 0,30 × 2,00 + 0,20 × 2,00 + 0,20 × 2,00 = 2,40" in text
    assert "asesor 1" not in text.lower()
    context.close()
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    page.goto(f"{running.url}/penilaian/{code}")
    shot(page, tmp_path, "public")
    page.goto(f"{running.url}/en/penilaian/{code}")
    assert "How it is computed" in page.inner_text("main")
    page.goto(f"{running.url}/penilaian")
    shot(page, tmp_path, "public-list")
    context.close()


def test_two_people_write_on_one_item(city: harness.System, browser: Any) -> None:
    """The slower one sees what the other saved, and keeps what was typed."""
    running = city
    with signed_in(browser, running, "perencana", WIDE) as first:
        year = first.evaluate("new Date().getFullYear()")
        address = f"{running.url}/kerja/penilaian/smart-city-evaluation-{year}/butir/quick-win"
        with signed_in(browser, running, "verifikator", WIDE) as second:
            first.goto(address)
            second.goto(address)
            first.fill("#penjelasan", "Yang pertama")
            first.locator("#penjelasan").press("Tab")
            first.locator("#tersimpan", has_text=re.compile(r"Tersimpan \d")).wait_for()
            second.fill("#penjelasan", "Yang kedua")
            second.locator("#penjelasan").press("Tab")
            second.locator("#tersimpan", has_text="Orang lain baru saja mengubah ini").wait_for()
            assert second.input_value("#penjelasan") == "Yang kedua"
            first.reload()
            assert first.input_value("#penjelasan") == "Yang pertama"


def test_a_citizen_answers_the_survey_on_a_phone_without_scripts(
    city: harness.System, browser: Any, tmp_path: Path
) -> None:
    context = browser.new_context(viewport=NARROW, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{city.url}/penilaian")
    page.get_by_role("link", name=re.compile("Survei warga")).click()
    page.screenshot(path=tmp_path / "survey-360.png", full_page=True)
    for question in ("governance", "living"):
        page.locator("label", has=page.locator(f"[name=q-{question}][value='4']")).click()
    page.get_by_role("button", name="Kirim").click()
    page.get_by_text("Terima kasih").wait_for()
    page.goto(page.url.partition("?")[0])
    assert page.locator("form fieldset").count() == 0
    page.screenshot(path=tmp_path / "survey-thanks-360.png", full_page=True)
    context.close()
