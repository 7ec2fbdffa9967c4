"""A literacy session in a real browser on the whole system: the organiser plans and opens it, a phone reads the code off
the screen with a reader of its own, counts itself in and sits both tests, and the results appear."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bench import harness

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
WITA = ZoneInfo("Asia/Makassar")
PROGRAMME = "cakap-digital-aman"
LIGHTEST = 40_000  # bytes of a phone's page without its stylesheet


@pytest.fixture(scope="module")
def city() -> Iterator[harness.System]:
    with harness.system() as running:
        yield running


def shot(page: Any, name: str) -> None:
    """A picture to look at, where a folder is named for it."""
    if folder := os.environ.get("TEPIAN_SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}-{page.viewport_size['width']}.png"), full_page=True)


def watched(page: Any) -> Any:
    page.faults = []
    page.on("console", lambda said: page.faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    return page


def fits(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@contextlib.contextmanager
def organiser(browser: Any, running: harness.System, width: int = 1280) -> Iterator[Any]:
    accounts = json.loads((running.home / "demo-accounts.json").read_text())
    account = next(one for one in accounts if one["username"] == "literasi")
    context = browser.new_context(viewport={"width": width, "height": 800}, locale="id-ID", timezone_id="Asia/Makassar")
    page = watched(context.new_page())
    page.goto(f"{running.url}/masuk")
    page.fill("[name=login]", account["username"])
    page.fill("[name=password]", account["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/masuk" not in address)
    yield page
    context.close()


def phone(browser: Any, **options: Any) -> Any:
    return watched(browser.new_context(viewport={"width": 360, "height": 740}, locale="id-ID", **options).new_page())


def plan(page: Any, running: harness.System) -> str:
    """Plans a session that runs now; returns its number."""
    now = datetime.now(WITA)
    starts = max(now - timedelta(minutes=20), now.replace(hour=0, minute=0))
    ends = min(starts + timedelta(hours=2), now.replace(hour=23, minute=59))
    page.goto(f"{running.url}/kerja/literasi/program/{PROGRAMME}/sesi-baru")
    page.fill("[name=title]", "Mengenali penipuan")
    page.fill("[name=place]", "Balai RT 3")
    page.select_option("[name=region]", label="Riverside")
    page.fill("[name=on]", starts.date().isoformat())
    page.fill("[name=starts]", f"{starts:%H:%M}")
    page.fill("[name=ends]", f"{ends:%H:%M}")
    page.fill("[name=capacity]", "40")
    shot(page, "rencana")
    page.click("main form button[type=submit]")
    page.wait_for_url(re.compile(r"/kerja/literasi/sesi/L-"))
    return str(page.url.rsplit("/", 1)[-1])


def step(page: Any, word: str) -> None:
    page.click(f"form:has(input[value={word}]) button")
    page.wait_for_load_state()


def scanned(picture: Path) -> str:
    """What an independent reader finds in a picture."""
    reader = shutil.which("zbarimg")
    if reader is None:
        pytest.skip("no zbarimg on this machine (Debian: apt-get install zbar-tools)")
    done = subprocess.run(
        [reader, "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", str(picture)], capture_output=True, text=True
    )
    return done.stdout.strip()


def attend(page: Any, address: str, ward: str = "Riverside") -> None:
    page.goto(address)
    page.select_option("[name=region]", label=ward)
    page.check("[name=group][value=umum]")
    page.click("main form button[type=submit]")
    page.wait_for_url(re.compile("/literasi/saya/"))


def sit(page: Any, right: bool) -> None:
    """Opens the test that is open; all answers right, or none known."""
    page.click("a.tugas[href*='/literasi/tes/']")
    for field in page.locator("fieldset.choices").all():
        texts = (
            ("resmi bank", "Empat kata", "go.id", "Memeriksa sumber", "tidak memerlukan")
            if right
            else ("Saya tidak tahu",)
        )
        labels = field.locator("label")
        chosen = next(label for label in labels.all() if any(text in label.inner_text() for text in texts))
        chosen.click()
    if not right:  # something must be known, or nothing is sent
        page.locator("fieldset.choices").first.locator("label").first.click()
    page.click("main form button[type=submit]")
    page.wait_for_url(re.compile("/literasi/saya/"))


def test_from_the_plan_over_the_code_on_the_screen_to_the_results(
    city: harness.System, browser: Any, tmp_path: Path
) -> None:
    with organiser(browser, city) as desk:
        number = plan(desk, city)
        control = desk.url
        step(desk, "buka")
        shot(desk, "kendali")
        desk.goto(f"{control}/layar")
        desk.locator(".qr").wait_for()
        shot(desk, "layar")
        picture = tmp_path / "screen.png"
        desk.screenshot(path=str(picture))
        address = scanned(picture)
        assert f"/literasi/hadir/{number.replace('-', '')[1:]}-" in address
        assert address.endswith(desk.inner_text("#kode"))

        one = phone(browser)
        weight: list[int] = []
        one.on(
            "response",
            lambda answer: (
                weight.append(len(answer.body()))
                if "text/html" in answer.headers.get("content-type", "") and answer.ok
                else None
            ),
        )
        one.goto(address)
        shot(one, "hadir")
        assert fits(one)
        attend(one, address)
        assert "Anda tercatat hadir" in one.inner_text("main")
        shot(one, "tercatat")
        one.click("a.tugas[href*='/awal']")
        shot(one, "tes")
        assert fits(one)
        one.go_back()
        sit(one, right=False)
        one.goto(address)  # scanned again: known already
        assert "/literasi/saya/" in one.url
        assert max(weight) < LIGHTEST

        desk.locator("text=1 orang tercatat").wait_for(timeout=20_000)  # the screen asks by itself
        desk.goto(control)
        step(desk, "akhiri-materi")
        one.click("text=Lihat lagi")
        sit(one, right=True)
        assert "0 dari 5 sebelum, 5 dari 5 sesudah" in one.inner_text("main")
        shot(one, "nilai")
        assert fits(one)

        for _other in range(10):  # ten more phones, without scripts
            more = phone(browser, java_script_enabled=False)
            desk.goto(f"{control}/layar")
            attend(more, f"{city.url}/literasi/hadir/{desk.inner_text('#kode')}", ward="Hilltop")
            assert "ditutup" in more.inner_text("main")  # too late for the test before
            sit(more, right=True)
            more.context.close()
        desk.goto(control)
        desk.select_option("[name=region]", label="Harbour")
        desk.fill("[name=n-umum]", "7")
        desk.click("form[action$='/hitung'] button")
        desk.wait_for_load_state()
        step(desk, "selesai")
        text = desk.inner_text("#angka")
        assert "18" in text
        assert "11" in text
        shot(desk, "selesai")
        assert desk.faults == []
        assert one.faults == []

        before = desk.context.request.get(f"{city.url}/api/v1/literacy/programmes/{PROGRAMME}").json()
        assert before["effect"]["sat_before"] > 0
        reach = desk.context.request.get(f"{city.url}/api/v1/literacy/reach?programme={PROGRAMME}").json()
        assert reach["people"] >= 18
        desk.goto(f"{city.url}/kerja/literasi/program/{PROGRAMME}")
        assert "orang mengikuti kedua tes" in desk.inner_text("#hasil")
        shot(desk, "program-staf")
        one.goto(f"{city.url}/literasi/{PROGRAMME}")
        shot(one, "program")
        assert fits(one)
        one.goto(f"{city.url}/literasi/sesi/{number}")
        assert "Sesi ini sudah selesai." in one.inner_text("main")
        one.goto(address)
        assert "/literasi/saya/" in one.url or "Anda belum tercatat" in one.inner_text("main")


def test_the_poster_reads_and_a_cancelled_session_says_so_at_the_door(
    city: harness.System, browser: Any, tmp_path: Path
) -> None:
    with organiser(browser, city) as desk:
        plan(desk, city)
        control = desk.url
        step(desk, "buka")
        desk.goto(f"{control}/poster")
        shot(desk, "poster")
        picture = tmp_path / "poster.png"
        desk.screenshot(path=str(picture), full_page=True)
        address = scanned(picture)
        one = phone(browser)
        one.goto(address)
        assert one.locator("[name=region]").count() == 1
        desk.goto(control)
        desk.click("summary:has-text('Batalkan sesi')")
        desk.fill("#batal", "Jalan menuju balai banjir.")
        desk.click("form:has(#batal) button")
        desk.wait_for_load_state()
        one.select_option("[name=region]", label="Riverside")  # the form was open already
        one.check("[name=group][value=umum]")
        one.click("main form button[type=submit]")
        assert "Jalan menuju balai banjir." in one.inner_text("main")
        shot(one, "batal")
        assert fits(one)


@pytest.mark.parametrize("width", [360, 1280])
def test_what_citizens_and_organisers_see_fits(city: harness.System, browser: Any, width: int) -> None:
    page = watched(browser.new_context(viewport={"width": width, "height": 800}, locale="id-ID").new_page())
    for name, path in (
        ("literasi", "/literasi"),
        ("literasi-en", "/en/literasi"),
        ("program", f"/literasi/{PROGRAMME}"),
        ("kode", "/literasi/hadir"),
    ):
        page.goto(city.url + path)
        shot(page, name)
        assert fits(page), path
    assert page.faults == []
    with organiser(browser, city, width) as desk:
        for name, path in (
            ("meja", "/kerja/literasi"),
            ("jalan", f"/kerja/literasi/program/{PROGRAMME}"),
            ("soal", f"/kerja/literasi/program/{PROGRAMME}/soal-baru"),
        ):
            desk.goto(city.url + path)
            shot(desk, name)
            assert fits(desk), path
        assert desk.faults == []
