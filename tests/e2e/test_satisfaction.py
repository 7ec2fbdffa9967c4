"""How was it, in a real browser on the whole system: a phone answers nine questions with a code from paper, the head of the
office reads what was written and says what was done, and the city keeps its figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bench import harness

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
LIGHTEST = 40_000  # bytes of a phone's page without its stylesheet
ASK = """
import django
django.setup()
from tepian.kernel.actors import system
from tepian.services.feedback import operations
about = dict(service="letter.domisili", title="Surat keterangan domisili", office="ward-99.01.01.1001", region="99.01.01.1001")
print(operations.ask(actor=system("tests"), subject="letter/TEST", **about).code)
"""


@pytest.fixture(scope="module")
def city() -> Iterator[harness.System]:
    with harness.system() as running:
        yield running


def asked(running: harness.System) -> str:
    """The code on a receipt, as a room gives it when it hands something over."""
    environment = os.environ | {"TEPIAN_HOME": str(running.home), "DJANGO_SETTINGS_MODULE": "tepian.settings.base"}
    done = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]


def page_of(browser: Any, width: int) -> Any:
    page = browser.new_context(viewport={"width": width, "height": 740}, locale="id-ID").new_page()
    page.faults = []
    page.on("console", lambda said: page.faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    return page


def shot(page: Any, name: str) -> None:
    """A picture to look at, where a folder is named for it."""
    if folder := os.environ.get("TEPIAN_SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}-{page.viewport_size['width']}.png"), full_page=True)


def test_a_phone_answers_and_an_office_listens(city, browser):
    code = asked(city)
    phone = page_of(browser, 360)
    phone.goto(f"{city.url}/kepuasan/isi")
    phone.keyboard.press("Tab")
    phone.fill("#kode", code.lower().replace("-", " "))
    phone.keyboard.press("Enter")
    phone.wait_for_url(f"**/kepuasan/isi/{code}")
    assert len(phone.content().encode()) < LIGHTEST
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shot(phone, "isi")
    for question in phone.locator("fieldset").all()[:8]:
        question.locator("input[type=radio]").nth(2).check()
    phone.fill("#comment", "Loket buka terlambat, hubungi 0812-3456-7890")
    phone.click("main form button[type=submit]")
    phone.click("#error-summary a")
    assert phone.evaluate("document.activeElement.id") == "complaints", "the summary leads to what is missing"
    phone.locator("#complaints input[type=radio]").nth(0).focus()
    phone.keyboard.press("Space")
    assert phone.input_value("#comment").startswith("Loket buka"), "what was typed stays"
    phone.click("main form button[type=submit]")
    phone.wait_for_selector("text=Terima kasih")
    shot(phone, "terima-kasih")
    assert not [fault for fault in phone.faults if "422" not in fault]
    again = phone.goto(f"{city.url}/kepuasan/isi/{code}")
    assert again.status == 409

    account = next(
        one for one in json.loads((city.home / "demo-accounts.json").read_text()) if one["username"] == "walikota"
    )
    head = page_of(browser, 1280)
    head.goto(f"{city.url}/masuk")
    head.fill("[name=login]", account["username"])
    head.fill("[name=password]", account["password"])
    head.keyboard.press("Enter")
    head.wait_for_url(lambda address: "/masuk" not in address)
    head.goto(f"{city.url}/kerja/kepuasan?keadaan=new")
    shot(head, "meja")
    head.click("a.tugas:has-text('Loket buka terlambat')")
    assert "0812" not in head.inner_text("main")
    head.check("[name=state][value=done]")
    head.fill("[name=reply]", "Jam buka ditempel di pintu.")
    shot(head, "komentar")
    head.click("main form button[type=submit]")
    head.wait_for_url("**/kerja/kepuasan")
    assert "selesai" in head.inner_text("a.tugas:has-text('Loket buka terlambat')") and head.faults == []

    everybody = page_of(browser, 360)
    everybody.goto(f"{city.url}/kepuasan")
    assert everybody.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert "kurang dari 10 jawaban" in everybody.inner_text("main") and "Loket" not in everybody.inner_text("main")
    shot(everybody, "kepuasan")
