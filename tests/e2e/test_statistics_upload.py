"""A messy workbook goes from the agency's desk over the data steward to the public page, in a real browser on the whole
system, on a narrow screen and by keyboard; independent clients read there what the office wrote."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import xlsxwriter
from bench import harness

pandas = pytest.importorskip("pandas", reason="pandas is not installed")
sdmx = pytest.importorskip("sdmx", reason="sdmx1 is not installed")

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
LINES = (
    ["PEMERINTAH KOTA CONTOH"],
    ["Penduduk menurut kelurahan dan jenis kelamin, 2026"],
    [],
    ["No", "Kelurahan", "Jenis kelamin", "", "Jumlah"],
    ["", "", "Laki-laki", "Perempuan", ""],
    ["(1)", "(2)", "(3)", "(4)", "(5)"],
    [1, "Riversid", 1090, 1060, 2150],
    [2, "Hilltop", 850, 840, 1690],
    [3, "Market", 640, 655, 1295],
    [4, "Harbour", 410, 395, 805],
    [5, "Mangrov", 590, 310, 900],
    ["", "Jumlah", 3580, 3260, 6840],
    ["Sumber: registrasi penduduk"],
)
WARDS = {
    "Riversid": "99.01.01.1001",
    "Hilltop": "99.01.01.1002",
    "Market": "99.01.01.1003",
    "Harbour": "99.01.02.1001",
    "Mangrov": "99.01.02.1002",
}
FIGURES = {
    (WARDS[str(line[1])], sex): line[column]
    for line in LINES
    if len(line) > 1 and line[1] in WARDS
    for column, sex in ((2, "L"), (3, "P"))
}


def workbook() -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet("Sheet1")
    for number, line in enumerate(LINES):
        sheet.write_row(number, 0, line)
    sheet.merge_range(3, 2, 3, 3, "Jenis kelamin")
    for column, name in ((0, "No"), (1, "Kelurahan"), (4, "Jumlah")):
        sheet.merge_range(3, column, 4, column, name)
    book.close()
    return buffer.getvalue()


@contextlib.contextmanager
def signed_in(browser: Any, running: harness.System, username: str) -> Iterator[Any]:
    accounts = json.loads((running.home / "demo-accounts.json").read_text())
    account = next(one for one in accounts if one["username"] == username)
    context = browser.new_context(viewport={"width": 360, "height": 780})
    page = context.new_page()
    page.goto(f"{running.url}/masuk")
    page.fill("[name=login]", account["username"])
    page.fill("[name=password]", account["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/masuk" not in address)
    yield page
    context.close()


def wide(page: Any) -> bool:
    """Does the page scroll sideways?"""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"))


def test_from_a_messy_workbook_to_the_public_page(browser: Any) -> None:
    with harness.system() as running:
        with signed_in(browser, running, "produsen") as page:
            page.goto(f"{running.url}/kerja/data")
            page.select_option("#u-set", "penduduk")
            page.set_input_files("#u-file", {"name": "p.xlsx", "mimeType": "", "buffer": workbook()})
            page.focus("#kirim button")
            page.keyboard.press("Enter")
            page.wait_for_url("**/kerja/data/edisi/*")
            address = page.url
            assert not wide(page)
            for name in ("Mangrove", "Riverside"):
                button = page.get_by_role("button", name=f"Maksudnya “{name}”: perbaiki 1 sel")
                button.press("Enter")
                button.wait_for(state="detached")
            page.locator("#perbaiki").wait_for(state="detached")
            page.fill("#lonjakan textarea", "Perumahan baru.")
            page.locator("#lonjakan button").press("Enter")
            page.get_by_text("Sudah dicatat.").wait_for()
            page.locator("form[action$=serahkan] button").press("Enter")
            page.get_by_text("menunggu walidata").wait_for()
        with signed_in(browser, running, "walidata") as page:
            page.goto(f"{running.url}/kerja/walidata")
            page.locator("#wali a").first.press("Enter")
            page.wait_for_url(address)
            assert "Mangrove, Laki-laki" in page.inner_text("#lonjakan")
            for box in page.locator("[name=checks]").all():
                box.press("Space")
            page.locator("form[action$=setujui] button").press("Enter")
            page.get_by_text("Sudah terbit.").wait_for()
            assert not wide(page)
        context = browser.new_context(viewport={"width": 360, "height": 780}, locale="id-ID")
        page = context.new_page()
        page.goto(f"{running.url}/data/jumlah-penduduk")
        assert "2026" in page.inner_text("#grafik")
        assert not wide(page)
        page.goto(f"{running.url}/data/jumlah-penduduk?dari=2026&sampai=2026&per=wilayah")
        shown = page.inner_text("main")
        for ward, people in (("Riverside", "2.150"), ("Hilltop", "1.690"), ("Mangrove", "900")):
            assert ward in shown and people in shown
        context.close()
        assert by_pandas(running) == by_sdmx(running) == FIGURES


def by_pandas(running: harness.System) -> dict[tuple[str, str], float]:
    """What the public page's file says of 2026: (ward's code, sex) → people."""
    table = pandas.read_csv(f"{running.url}/data/jumlah-penduduk.csv?dari=2026&sampai=2026")
    return {(row["Kelurahan: kode"], row["Jenis kelamin: kode"]): row["Nilai"] for _n, row in table.iterrows()}


def by_sdmx(running: harness.System) -> dict[tuple[str, str], float]:
    """The same from a client of the standard that knows nothing of us but the address."""
    supports = {resource.name: True for resource in sdmx.Resource}
    source = {"id": "ID9901", "url": f"{running.url}/sdmx/2.1", "name": "Kota Contoh", "supports": supports}
    sdmx.add_source(source, override=True)
    client = sdmx.Client("ID9901")
    structure = client.dataflow("penduduk").structure["DSD_penduduk"]
    found = sdmx.to_pandas(client.data("penduduk", params={"startPeriod": "2026"}, dsd=structure)).reset_index()
    official = {code.replace(".", ""): code for code, _sex in FIGURES}
    return {(official[str(row["REF_AREA"])], str(row["SEX"])): row["value"] for _n, row in found.iterrows()}
