"""The city's figures in a real browser: on a phone without JavaScript, on a desk, from the search to the downloaded file."""

from __future__ import annotations

import csv
import io
import os
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bench import harness

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
LIGHTEST = 40_000  # bytes of a page as sent, without its stylesheet


@pytest.fixture(scope="module")
def city() -> Iterator[harness.System]:
    with harness.system() as running:
        yield running


def reader(browser: Any, width: int, **options: Any) -> Any:
    page = browser.new_context(viewport={"width": width, "height": 800}, locale="id-ID", **options).new_page()
    page.faults = []
    page.on("console", lambda said: page.faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    return page


def shot(page: Any, name: str) -> None:
    """A picture to look at, where a folder is named for it."""
    if folder := os.environ.get("TEPIAN_SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}-{page.viewport_size['width']}.png"), full_page=True)


def fits(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("width", [360, 1280])
def test_from_the_search_to_the_file_without_a_script(city: harness.System, browser: Any, width: int) -> None:
    page = reader(browser, width, java_script_enabled=False, accept_downloads=True)
    page.goto(f"{city.url}/data")
    shot(page, "katalog")
    page.fill("#q", "jiwa")
    page.click("form[role=search] button")
    assert page.locator("a.kartu").count() == 1
    page.click("a.kartu")
    assert page.url.endswith("/data/jumlah-penduduk")
    shot(page, "penduduk")

    # Choose: women of two wards, from 2020 on. The address says it, and can be passed on.
    page.click("#saring > summary")
    page.select_option("#dari", "2020")
    page.check("input[name=sex][value=P]")
    page.check("input[name=wilayah][value='99.01.01.1001']")
    page.check("input[name=wilayah][value='99.01.01.1003']")
    page.click("#saring button[type=submit]")
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query)
    assert asked == {"dari": ["2020"], "sex": ["P"], "wilayah": ["99.01.01.1001", "99.01.01.1003"]}
    assert page.locator("figure.grafik svg.chart path.garis").count() == 2
    assert "Perempuan" in page.inner_text("#grafik")
    shot(page, "penduduk-pilih")

    # The file holds what the page shows.
    with page.expect_download() as download:
        page.click("a.unduh:has-text('CSV')")
    rows = list(csv.reader(io.StringIO(Path(download.value.path()).read_text())))
    assert {row[4] for row in rows[1:]} == {"P"} and {row[2] for row in rows[1:]} == set(asked["wilayah"])
    assert min(row[1] for row in rows[1:]) == "2020"
    assert f"{len(rows) - 1} angka" in page.inner_text("#angka")

    # Sorting is a link; it keeps what was chosen.
    page.click("th:last-of-type ~ th a, section[aria-labelledby=angka] th.num a")
    assert "urut=" in page.url and "sex=P" in page.url
    assert page.locator("section[aria-labelledby=angka] th[aria-sort]").count() == 1

    # In English the same choice stays.
    page.goto(page.url.replace("/data/", "/en/data/"))
    assert "Female" in page.inner_text("#grafik")
    page.goto(f"{city.url}/data/harga-eceran?per=commodity")
    assert page.locator("figure.grafik svg.chart path.garis").count() >= 6
    shot(page, "harga")
    page.goto(f"{city.url}/data/persen-miskin")
    shot(page, "miskin")


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_pages_fit_and_nothing_is_wrong_in_the_console(city: harness.System, browser: Any, width: int) -> None:
    page = reader(browser, width)
    for path in (
        "/data", "/data?q=zzzz", "/data/jumlah-penduduk", "/data/jumlah-penduduk?per=wilayah", "/data/harga-eceran",
        "/data/jumlah-penduduk?tahun=2024&per=wilayah", "/data/panggilan-112-hilang",
    ):  # fmt: skip
        answer = page.goto(f"{city.url}{path}")
        assert answer.status == 200, path
        assert fits(page), path
    assert not page.faults
    refused = page.goto(f"{city.url}/data/jumlah-penduduk?sex=X")
    assert refused.status == 422 and "tidak ada di sini" in page.inner_text("main")
    shot(page, "salah")


def test_in_the_dark_and_on_paper(city: harness.System, browser: Any) -> None:
    page = reader(browser, 360, color_scheme="dark")
    page.goto(f"{city.url}/data/jumlah-penduduk?per=sex")
    shot(page, "gelap")
    page.emulate_media(media="print", color_scheme="light")
    shot(page, "cetak")
    assert not page.locator("a.unduh").first.is_visible()


def test_pages_are_light(city: harness.System) -> None:
    import gzip

    for path in ("/data", "/data/jumlah-penduduk", "/data/harga-eceran", "/data/harga-eceran?per=commodity"):
        status, body = harness.get(f"{city.url}{path}", headers={"Accept-Encoding": "gzip"})
        assert status == 200
        sent = len(body) if body[:2] == b"\x1f\x8b" else len(gzip.compress(body))
        assert sent < LIGHTEST, f"{path}: {sent} bytes"
