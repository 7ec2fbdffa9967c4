"""The register in a real browser on the whole system: the purpose, a search and a card by keyboard, a correction from the
counter to the registry, two entries compared; at 360 and 1280 pixels."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bench import harness

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
HOME = "/kerja/kelurahan/warga"


@pytest.fixture(scope="module")
def city() -> Iterator[harness.System]:
    with harness.system() as running:
        yield running


@contextlib.contextmanager
def signed_in(browser: Any, running: harness.System, username: str, width: int) -> Iterator[Any]:
    accounts = json.loads((running.home / "demo-accounts.json").read_text())
    account = next(one for one in accounts if one["username"] == username)
    context = browser.new_context(viewport={"width": width, "height": 800}, locale="id-ID", timezone_id="Asia/Makassar")
    page = context.new_page()
    page.faults = []
    page.on(
        "console",
        lambda said: page.faults.append(said.text) if said.type == "error" and "422" not in said.text else None,
    )
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(f"{running.url}/masuk")
    page.fill("[name=login]", account["username"])
    page.fill("[name=password]", account["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/masuk" not in address)
    yield page
    context.close()


def looked_at(page: Any, name: str) -> None:
    """Nothing is cut off, nothing complained; a picture where a folder is named for it."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    assert page.faults == [], name
    if folder := os.environ.get("TEPIAN_SHOTS"):
        page.screenshot(path=str(Path(folder) / f"residents-{name}-{page.viewport_size['width']}.png"), full_page=True)


def begin(page: Any, running: harness.System) -> None:
    """Says why, by keyboard, and stands in the search field."""
    page.goto(f"{running.url}{HOME}")
    assert "/tujuan" in page.url
    looked_at(page, "purpose")
    page.focus("[name=purpose]")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{running.url}{HOME}")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "who"


@pytest.mark.parametrize(("width", "field"), [(1280, "born_in"), (360, "father")])
def test_a_clerk_finds_a_person_by_keyboard_and_asks_for_a_correction(
    browser: Any, city: harness.System, width: int, field: str
) -> None:
    with signed_in(browser, city, "kelurahan", width) as page:
        begin(page, city)
        page.keyboard.type("siti")
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-results]")
        assert page.url == f"{city.url}{HOME}", "no name is in the address"
        looked_at(page, "found")
        page.locator("main").evaluate("element => element.focus()")
        page.keyboard.press("1")
        page.wait_for_url(lambda address: address.rpartition("/")[2].isdecimal())
        assert page.get_by_text("fiktif: orang ini tidak ada").count() == 1
        looked_at(page, "card")
        page.keyboard.press("k")
        page.wait_for_url(lambda address: address.endswith("/koreksi"))
        looked_at(page, "wrong")
        page.click(f"a[href='?isian={field}']")
        page.fill("[name=wanted]", f"Kota {width}")
        page.keyboard.press("Enter")
        page.wait_for_selector("#error-summary")
        assert page.input_value("[name=wanted]") == f"Kota {width}"
        looked_at(page, "ask")
        page.fill("[name=reason]", "Akta kelahiran 12")
        page.click("main button[type=submit]")
        page.wait_for_url(lambda address: "#koreksi-" in address)
        assert page.get_by_text(f"Kota {width}").count() == 1


def test_the_registry_answers_compares_and_registers(browser: Any, city: harness.System) -> None:
    for width, field in ((1280, "mother"), (360, "street")):
        with signed_in(browser, city, "dukcapil", width) as page:
            begin(page, city)
            looked_at(page, "search")
            page.keyboard.type("siti")
            page.keyboard.press("Enter")
            page.click("[data-results] a >> nth=0")
            page.wait_for_url(lambda address: address.rpartition("/")[2].isdecimal())
            page.goto(f"{page.url}/koreksi?isian={field}")
            page.fill("[name=wanted]", f"Ibu {width}")
            page.fill("[name=reason]", "Akta kelahiran 12")
            page.click("main button[type=submit]")
            page.wait_for_url(lambda address: "#koreksi-" in address)
            page.goto(f"{city.url}{HOME}")
            page.locator("main").evaluate("element => element.focus()")
            page.keyboard.press("k")
            page.wait_for_url(lambda address: address.endswith("/koreksi"))
            looked_at(page, "corrections")
            page.keyboard.press("1")
            page.wait_for_url(lambda address: "/koreksi/" in address)
            page.check("[name=accept][value=yes]")
            looked_at(page, "decide")
            page.click("main button[type=submit]")
            page.wait_for_url(lambda address: address.endswith("/koreksi"))
            assert page.get_by_text("Data warga sudah dibetulkan").count() == 1
            page.goto(f"{city.url}{HOME}/ganda")
            looked_at(page, "pairs")
            page.keyboard.press("1")
            page.wait_for_url(lambda address: "/ganda/" in address)
            looked_at(page, "pair")
            page.check("[name=verdict][value=different]")
            page.fill("[name=why]", "Dua akta kelahiran")
            page.click("main button[type=submit]")
            page.wait_for_url(lambda address: address.endswith("/ganda"))
            page.goto(f"{city.url}{HOME}/baru")
            page.click("main button[type=submit]")
            page.wait_for_selector("#error-summary")
            looked_at(page, "register")
