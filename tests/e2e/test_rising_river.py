"""The main job in a real browser, with all processes: a river rises, the wall shows it, an officer decides, citizens and
other systems are told, and the closed incident leaves its record."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import pytest
from bench import harness

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
ATOM = "{http://www.w3.org/2005/Atom}"
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


@pytest.fixture
def city() -> Iterator[harness.System]:
    with harness.system() as running:
        yield running


def iso(ago: float = 0) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - ago))


def measure(city: harness.System, key: str, value: float, ago: float = 0) -> None:
    """One simulated reading, through the door that devices use."""
    status, body = harness.post(
        f"{city.url}/sensorthings/v1.1/Observations",
        {
            "result": value,
            "phenomenonTime": iso(ago),
            "Datastream": {"@iot.id": _stream(city, key)},
            "parameters": {"simulated": True},
        },
        headers=city.auth,
    )
    assert status == 201, body


def _stream(city: harness.System, key: str) -> object:
    topic = f"tepian/v1/{key}"
    return next(one["@iot.id"] for one in city.datastreams if one["properties"]["mqtt_topic"] == topic)  # type: ignore[index]


def person(city: harness.System, browser: Any, username: str, width: int = 1280) -> Any:
    """A page of somebody who has signed in by keyboard."""
    account = next(
        one for one in json.loads((city.home / "demo-accounts.json").read_text()) if one["username"] == username
    )
    page = browser.new_context(viewport={"width": width, "height": 800}, locale="id-ID").new_page()
    page.problems = []
    page.on("console", lambda message: page.problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.goto(f"{city.url}/masuk")
    page.fill("input[name=login]", username)
    page.fill("input[name=password]", account["password"])
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{city.url}/kerja")
    page.goto(f"{city.url}{account['start_url']}")
    return page


def citizen(city: harness.System, browser: Any, **options: Any) -> Any:
    return browser.new_context(viewport={"width": 360, "height": 740}, locale="id-ID", **options).new_page()


def storm(city: harness.System) -> None:
    """Heavy rain in the hills and a river above its limit."""
    for number in range(6):
        measure(city, "hujan-bukit/hujan", 5.0, ago=300 - number * 50)
    for number, level in enumerate((1.8, 2.0, 2.2, 2.4, 2.6)):
        measure(city, "jembatan-lama/muka-air", level, ago=240 - number * 60)


def test_from_the_gauge_to_the_record(city: harness.System, browser: Any) -> None:
    wall = person(city, browser, "walikota")
    officer = person(city, browser, "jaga")
    other = person(city, browser, "jaga2", width=360)
    phone = citizen(city, browser, java_script_enabled=False)

    # Calm: nothing to decide, nothing published.
    assert "Tidak ada yang perlu diputuskan" in wall.inner_text("body")
    phone.goto(f"{city.url}/banjir")
    assert "Tidak ada peringatan" in phone.inner_text("h1")

    # The storm. The wall changes by itself, without reloading.
    wall.evaluate("window.stillTheSamePage = true")
    storm(city)
    wall.wait_for_selector("text=1 hal perlu keputusan", timeout=5000)
    assert wall.evaluate("window.stillTheSamePage") is True
    officer.wait_for_selector("text=1 hal perlu keputusan", timeout=5000)

    # Still nothing for citizens: a person has not decided.
    phone.reload()
    assert "Tidak ada peringatan" in phone.inner_text("h1")
    assert not ET.fromstring(harness.get(f"{city.url}/banjir/cap.xml")[1]).findall(f"{ATOM}entry")

    # Both officers open the draft; one confirms by keyboard, the other is told who did.
    officer.click("text=Putuskan >> visible=true")
    officer.wait_for_url(re.compile(r"/kerja/kejadian/"))
    address = officer.url
    other.goto(address)
    assert "Jembatan Lama" in officer.inner_text("main")
    officer.keyboard.press("Control+Enter")
    officer.wait_for_selector("text=Dipastikan oleh", timeout=10000)
    other.click("button:has-text('terbitkan')")
    other.wait_for_load_state()
    told = other.inner_text("main")
    assert "Petugas jaga" in told or "Duty officer" in told, told[:600]

    # Citizens: where, how serious, since when, how sure, what to do; without JavaScript, in both languages.
    _eventually(lambda: phone.reload() and "sedang ada simulasi" in phone.inner_text("h1"))
    text = phone.inner_text("main")
    for expected in ("Siaga", "WITA"):
        assert expected in text, text
    assert "SIMULASI" in text.upper()
    english = citizen(city, browser, java_script_enabled=False)
    english.goto(f"{city.url}/en/banjir")
    assert "flood" in english.inner_text("main").lower()

    # Other systems: one CAP alert in the feed, an exercise, in two languages.
    entries = ET.fromstring(harness.get(f"{city.url}/banjir/cap.xml")[1]).findall(f"{ATOM}entry")
    assert len(entries) == 1
    alert = ET.fromstring(harness.get(_link(entries[0]))[1])
    assert alert.findtext(f"{CAP}msgType") == "Alert"
    assert alert.findtext(f"{CAP}status") == "Exercise"
    assert len(alert.findall(f"{CAP}info")) == 2

    # The end: closed with an outcome; the warning is cancelled, the record is complete and prints.
    officer.goto(address)
    officer.click("summary:has-text('Tutup kejadian')")
    form = officer.locator("form[action$='/tutup']")
    form.locator("select, input[type=radio]").first.evaluate(
        "e => { if (e.tagName === 'SELECT') { e.selectedIndex = e.options.length - 1 } else { e.checked = true } }"
    )
    form.locator("button[type=submit]").click()
    officer.wait_for_load_state()
    _eventually(lambda: phone.reload() and "sedang ada simulasi" not in phone.inner_text("h1"))
    feed = harness.get(f"{city.url}/banjir/cap.xml")[1]
    kinds = [
        ET.fromstring(harness.get(_link(one))[1]).findtext(f"{CAP}msgType")
        for one in ET.fromstring(feed).findall(f"{ATOM}entry")
    ]
    assert "Cancel" in kinds
    officer.goto(f"{address}/catatan")
    record = officer.inner_text("body")
    assert "Petugas jaga" in record or "Duty officer" in record
    assert "Jembatan Lama" in record
    assert officer.locator("svg").count() >= 1
    pdf = officer.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    for page in (wall, officer, other):
        assert page.problems == []


def _link(entry: ET.Element) -> str:
    return next(link.get("href", "") for link in entry.findall(f"{ATOM}link") if link.get("href", "").endswith(".xml"))


def _eventually(condition: Any, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.3)


def test_a_page_that_lost_its_connection_says_so_and_catches_up(city: harness.System, browser: Any) -> None:
    wall = person(city, browser, "walikota")
    wall.wait_for_timeout(1000)
    wall.context.set_offline(True)
    os.kill(harness.find(city.pid, "gateway"), signal.SIGKILL)  # cuts the open stream; the supervisor starts it again
    harness.wait_for(f"{city.url}/readyz")
    wall.wait_for_selector("text=Terputus", timeout=30000)
    storm(city)
    wall.context.set_offline(False)
    wall.wait_for_selector("text=1 hal perlu keputusan", timeout=20000)


def test_a_role_that_ends_closes_the_desk_at_the_next_click(city: harness.System, browser: Any) -> None:
    officer = person(city, browser, "jaga")
    admin = person(city, browser, "admin")
    admin.goto(f"{city.url}/kerja/kelola/pengguna")
    admin.click("a:has-text('jaga')")
    admin.wait_for_load_state()
    admin.locator("button:has-text('Akhiri')").first.click()
    admin.wait_for_load_state()
    confirm = admin.locator("main button[type=submit]:has-text('Akhiri')")
    if confirm.count():
        confirm.first.click()
        admin.wait_for_load_state()
    answer = officer.goto(f"{city.url}/kerja/kejadian")
    assert answer.status == 403, answer.status
    assert "Minta" in officer.inner_text("main") or "minta" in officer.inner_text("main")
