"""112 in writing in two real browsers, and a prank that ends with a blocked number: what a citizen, a call-taker and a
supervisor see of each other, and that nothing typed is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bench import harness

from .test_emergency_call import exchange, shot
from .test_rising_river import citizen, person

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PATIENCE = 8000


@pytest.fixture
def city() -> Iterator[harness.System]:
    with harness.system() as running:
        yield running


def begin(phone: Any, city: harness.System, text: str) -> None:
    phone.goto(f"{city.url}/112")
    phone.fill("#chat-text", text)
    phone.click("form[data-chat-open] button[type=submit]")
    phone.wait_for_selector("text=Pesan Anda sudah sampai di 112")


def test_a_conversation_in_writing_and_a_prank(city: harness.System, browser: Any) -> None:
    taker, phone = person(city, browser, "panggilan"), citizen(city, browser)

    # The citizen writes; the call-taker takes it with a key and reads the words before anything else.
    begin(phone, city, "Pasar Lama lantai dua, ada asap")
    taker.wait_for_selector("text=1 panggilan menunggu", timeout=PATIENCE)
    taker.keyboard.press("F9")
    taker.wait_for_selector("#teks >> text=Pasar Lama lantai dua", timeout=PATIENCE)
    assert taker.locator("#teks").bounding_box()["y"] < taker.locator("#f-place").bounding_box()["y"]
    phone.wait_for_selector("text=112 sedang membaca", timeout=PATIENCE)
    taker.fill("#teks-isi", "Keluar dari gedung sekarang.")
    taker.keyboard.press("Tab")
    taker.keyboard.press("Enter")
    phone.wait_for_selector("text=Keluar dari gedung", timeout=PATIENCE)
    taker.wait_for_function("document.activeElement?.id === 'teks-isi'", timeout=PATIENCE)

    # What is being written stays while the other side writes.
    taker.keyboard.type("Siapa masih")
    phone.fill("#chat-text", "Kami sudah di luar, satu orang luka")
    phone.click("[data-chat-say] button[type=submit]")
    taker.wait_for_selector("text=satu orang luka", timeout=PATIENCE)
    assert taker.input_value("#teks-isi") == "Siapa masih"
    assert taker.evaluate("document.activeElement.id") == "teks-isi"
    shot(taker, "text-desk")
    shot(phone, "text-phone")

    # The desk ends it. The phone says so, and what stood in the box begins the next conversation.
    phone.fill("#chat-text", "Tolong, masih ada api")
    taker.keyboard.press("Alt+3")
    taker.wait_for_selector("text=Ditutup sebagai", timeout=PATIENCE)
    phone.wait_for_selector("text=Mulai percakapan baru", timeout=PATIENCE)
    phone.click("text=Mulai percakapan baru")
    phone.wait_for_selector("form[data-chat-open]")
    assert phone.input_value("#chat-text") == "Tolong, masih ada api"

    # What was typed an instant before it is refused stays in its field.
    exchange(city, "ringing", "salah", number="081400000111")
    taker.wait_for_selector("text=1 panggilan menunggu", timeout=PATIENCE)
    taker.keyboard.press("F9")
    taker.wait_for_selector("#form112", timeout=PATIENCE)
    taker.fill("#f-place", "Dekat jembatan")
    taker.fill("#f-type", "xyz")
    taker.keyboard.press("Control+Enter")
    taker.wait_for_selector("text=Tidak ada jenis", timeout=PATIENCE)
    assert taker.input_value("#f-type") == "xyz"
    assert taker.input_value("#f-place") == "Dekat jembatan"
    taker.keyboard.press("Alt+2")
    taker.wait_for_selector("text=Ditutup sebagai", timeout=PATIENCE)

    # A prank: closed with one key, marked by the supervisor, its number blocked with a reason and freed again.
    exchange(city, "ringing", "iseng", number="081400000999")
    taker.wait_for_selector("text=1 panggilan menunggu", timeout=PATIENCE)
    taker.keyboard.press("F9")
    taker.wait_for_selector("#form112", timeout=PATIENCE)
    taker.keyboard.press("Alt+1")
    taker.wait_for_selector("text=Ditutup sebagai", timeout=PATIENCE)
    supervisor = person(city, browser, "supervisor", width=360)
    supervisor.goto(f"{city.url}/kerja/112/tinjau?kind=prank")
    supervisor.click("main a.tugas")
    supervisor.click("form:has(#r-reason) button")
    supervisor.wait_for_selector("main .notice", timeout=PATIENCE)
    assert supervisor.locator("#r-reason").count() == 1, "no block without a reason"
    supervisor.fill("#r-reason", "Iseng berulang")
    supervisor.press("#r-reason", "Enter")
    supervisor.wait_for_selector("text=Selama 24 jam", timeout=PATIENCE)
    exchange(city, "ringing", "iseng-2", number="081400000999")
    taker.wait_for_selector("text=nomor diblokir", timeout=PATIENCE)
    supervisor.goto(f"{city.url}/kerja/112/tinjau")
    assert supervisor.evaluate("document.documentElement.scrollWidth") <= 360
    supervisor.click("section[aria-labelledby=blokir] button")
    supervisor.wait_for_selector("text=Pemblokiran berakhir", timeout=PATIENCE)
    assert "0999" not in supervisor.inner_text("main")
    assert not [problem for problem in taker.problems if "422" not in problem]
    assert not supervisor.problems
