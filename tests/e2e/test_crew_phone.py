"""The crew's phone in a real browser: a task appears by itself, the connection dies, the crew goes on pressing, the page
is opened again without a connection, and everything arrives in order with the times at which it was done."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from bench import harness

from .test_rising_river import iso, person

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
NUMBER = "081200000777"


@pytest.fixture
def city() -> Iterator[harness.System]:
    with harness.system() as running:
        yield running


def shot(page: Any, name: str, *, whole: bool = True) -> None:
    """A picture to look at, where a folder is named for it."""
    if folder := os.environ.get("TEPIAN_SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=whole)


def told(page: Any, address: str, *, post: dict[str, Any] | None = None) -> Any:
    """What an address answers to a person, with that person's own session and token."""
    return page.evaluate(
        """async ([address, post]) => {
            const headers = { "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value };
            const body = post && new URLSearchParams(post);
            const answer = await fetch(address, post ? { method: "POST", headers, body } : {});
            const text = await answer.text();
            try { return JSON.parse(text); } catch { return text; }
        }""",
        [address, post],
    )


def desk(city: harness.System, browser: Any, username: str) -> Any:
    """Somebody of the 112 desk, on a page that stays as it is while we ask and act in their name."""
    page = person(city, browser, username)
    page.goto(f"{city.url}/akun")
    return page


def take_on_duty(page: Any, unit: str) -> None:
    """The demonstration's crew goes home; this person takes the unit."""
    for action in ("/unit/lepas", "/unit/tugas"):
        page.locator(f"form[action='{action}']:has(input[value='{unit}']) button").click()
        page.wait_for_selector(
            f"form[action='/unit/tugas']:has(input[value='{unit}'])" if action == "/unit/lepas" else "#u-siap",
            timeout=5000,
        )


def send_to_a_fire(city: harness.System, taker: Any, dispatcher: Any, unit: str) -> str:
    """A call, an incident, and the unit asked; returns the incident's number."""
    event = {"id": "c1-ring", "type": "ringing", "call": "c1", "at": iso(), "number": NUMBER, "simulated": True}
    status, body = harness.post(f"{city.url}/api/v1/emergency/call-events", event, headers=city.auth)
    assert status == 200, body
    address = f"/kerja/112/panggilan/{json.loads(body)['call']}"
    told(taker, f"{address}/ambil", post={})
    given = {"place": "Pasar Contoh", "lon": "118.5245", "lat": "-0.4861", "type": "K1", "severity": "D"}
    told(taker, f"{address}/kirim", post=given | {"note": "Dua orang di lantai atas", "injured": "2"})
    number = re.search(r'data-incident="(D-[^"]+)"', told(dispatcher, "/kerja/dispatch")).group(1)  # type: ignore[union-attr]
    told(dispatcher, f"/kerja/dispatch/{number}/unit", post={"unit": unit})
    return number


def press(page: Any, label: str) -> float:
    """The large button, when it says so; returns when it was pressed."""
    page.wait_for_selector(f".btn-crew:text-is('{label}')", timeout=5000)
    page.wait_for_timeout(1300)  # a second press at once does not count
    at = time.time()
    page.click(".btn-crew")
    return at


class Line:
    """The crew's way to the server: a TCP line that can really be cut. Chromium's own switch for being offline does not
    hold for a service worker that is just waking up."""

    def __init__(self, port: int) -> None:
        self.target, self.whole, self.open = port, True, set[socket.socket]()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = self.listener.accept()
                if not self.whole:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self.target))
                self.open |= {near, far}
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        self._end(one, other)

    def _end(self, *sockets: socket.socket) -> None:
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
            self.open.discard(each)

    def cut(self) -> None:
        self.whole = False
        self._end(*self.open)

    def mend(self) -> None:
        self.whole = True


def test_a_crew_without_a_connection(city: harness.System, browser: Any) -> None:
    taker, dispatcher = desk(city, browser, "panggilan"), desk(city, browser, "kerah")
    line = Line(city.port)
    city = replace(city, port=line.port)  # the crew's phone; the desks have their own
    crew = person(city, browser, "pemadam", width=360)
    crew.context.grant_permissions(["geolocation"])
    crew.context.set_geolocation({"longitude": 118.51, "latitude": -0.49})
    crew.goto(f"{city.url}/unit")
    shot(crew, "crew-units")
    take_on_duty(crew, "D-01")
    crew.wait_for_selector("html[data-kept]", state="attached", timeout=10000)
    shot(crew, "crew-on-duty")
    assert crew.evaluate("document.documentElement.scrollWidth") <= 360

    # The task appears by itself, large, without the caller's number.
    number = send_to_a_fire(city, taker, dispatcher, "D-01")
    crew.wait_for_selector("text=Dua orang di lantai atas", timeout=10000)
    button = crew.locator(".btn-crew")
    assert button.bounding_box()["height"] >= 72
    box = button.bounding_box()
    assert box["y"] + box["height"] <= 800, "the large button is in sight"
    assert NUMBER[1:] not in crew.content()
    assert crew.locator("[data-barrier]").count() == 1
    shot(crew, "crew-asked", whole=False)
    unit = told(crew, "/api/v1/units/D-01")
    assert unit["deployment"]["incident"] == number
    assert unit["position_at"]

    # What is being written stays while the desk changes things.
    crew.fill("#u-catatan", "Kami butuh")
    told(dispatcher, f"/kerja/dispatch/{number}/tulis", post={"text": "Jalan depan tertutup"})
    crew.wait_for_selector("text=Jalan depan tertutup", timeout=10000)
    assert crew.input_value("#u-catatan") == "Kami butuh"
    assert crew.evaluate("document.activeElement.id") == "u-catatan"
    crew.fill("#u-catatan", "")
    crew.wait_for_timeout(1500)  # the kept page is the newest

    # Without a connection: two presses, the page opened again, a third press.
    line.cut()
    pressed = {"accepted": press(crew, "Terima"), "under_way": press(crew, "Berangkat")}
    crew.wait_for_selector("#unit-tunda:not([hidden])")
    assert "2" in crew.inner_text("#unit-tunda")
    shot(crew, "crew-offline", whole=False)
    crew.reload()
    crew.wait_for_selector("text=Dua orang di lantai atas")
    assert "2" in crew.inner_text("#unit-tunda")
    pressed["arrived"] = press(crew, "Tiba")
    assert "3" in crew.inner_text("#unit-tunda")
    shot(crew, "crew-offline-reloaded", whole=False)
    assert told(dispatcher, "/api/v1/units/D-01")["deployment"]["state"] == "asked"

    # The connection is back: all three, in order, with the moments at which they were pressed.
    crew.wait_for_timeout(2000)
    line.mend()
    crew.wait_for_selector("#unit-tunda", state="hidden", timeout=20000)
    task = told(dispatcher, "/api/v1/units/D-01")["deployment"]
    assert task["state"] == "arrived"
    moments = [datetime.fromisoformat(task[f"{step}_at"]).timestamp() for step in pressed]
    assert moments == sorted(moments)
    for moment, at in zip(moments, pressed.values(), strict=True):
        assert abs(moment - at) < 1.5
    crew.wait_for_selector(".btn-crew:text-is('Selesai')")
    shot(crew, "crew-arrived", whole=False)

    # The caller's number, on request; then the end.
    crew.click("form[data-caller] button")
    crew.wait_for_selector("a[href='tel:+6281200000777']")
    shot(crew, "crew-number", whole=False)
    crew.goto(f"{city.url}/unit")
    press(crew, "Selesai")
    crew.wait_for_selector("#u-siap", timeout=10000)
    crew.wait_for_timeout(1500)

    # Whoever has signed out leaves nothing behind, also without a connection.
    crew.click("form[action='/keluar'] button")
    crew.wait_for_load_state()
    line.cut()
    with pytest.raises(Exception, match=r"ERR_(CONNECTION|EMPTY|FAILED)"):
        crew.goto(f"{city.url}/unit")
    line.mend()
    # A cut line is told by Chromium as net::ERR_…; an answer of the server or an error of a script is not.
    assert not [problem for problem in crew.problems if "net::ERR_" not in problem]


def test_a_task_that_was_called_off_meanwhile_is_told_in_words(city: harness.System, browser: Any) -> None:
    taker, dispatcher = desk(city, browser, "panggilan"), desk(city, browser, "kerah")
    line = Line(city.port)
    city = replace(city, port=line.port)
    crew = person(city, browser, "pemadam", width=360)
    crew.goto(f"{city.url}/unit")
    take_on_duty(crew, "D-01")
    number = send_to_a_fire(city, taker, dispatcher, "D-01")
    crew.wait_for_selector(".btn-crew", timeout=10000)
    line.cut()
    press(crew, "Terima")
    unit = told(dispatcher, "/api/v1/units/D-01")
    told(dispatcher, f"/kerja/dispatch/{number}/batal/{unit['deployment']['id']}", post={})
    line.mend()
    crew.wait_for_selector("#unit-tolak:not([hidden])", timeout=20000)
    crew.wait_for_selector("#u-siap", timeout=10000)
    assert "Tercatat: diterima." in crew.inner_text("#unit-tolak")
    assert "dibatalkan" in crew.inner_text("#u-siap")
    shot(crew, "crew-called-off")
    crew.click("#unit-tolak button")
    crew.reload()
    assert crew.locator("#unit-tolak").is_hidden()
    assert crew.evaluate("localStorage.getItem('unit:outbox')") == "[]"


def test_without_scripts_the_crew_can_work_all_the_same(city: harness.System, browser: Any) -> None:
    taker, dispatcher = desk(city, browser, "panggilan"), desk(city, browser, "kerah")
    with_scripts = person(city, browser, "pemadam", width=360)
    with_scripts.goto(f"{city.url}/unit")
    take_on_duty(with_scripts, "D-01")
    state = with_scripts.context.storage_state()
    with_scripts.context.close()
    crew = browser.new_context(
        viewport={"width": 360, "height": 740}, locale="id-ID", java_script_enabled=False, storage_state=state
    ).new_page()
    send_to_a_fire(city, taker, dispatcher, "D-01")
    crew.goto(f"{city.url}/unit")
    for label in ("Terima", "Berangkat", "Tiba", "Selesai"):
        crew.locator(f".btn-crew:text-is('{label}')").click()
        crew.wait_for_load_state()
    assert crew.locator("#u-siap").count() == 1
    shot(crew, "crew-without-scripts")
    assert told(dispatcher, "/api/v1/units/D-01")["state"] == "available"
