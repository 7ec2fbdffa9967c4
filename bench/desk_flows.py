"""What people of 112 do, in a real browser: keys, presses and seconds of each flow against its budget.

Keys and presses are counted as they are made; the hands' time follows from them by the keystroke-level model (Card, Moran
and Newell): 0.28 s a key or chord, 1.1 s to point at something and press it, 1.35 s for each decision. The ratio is the
budget of the hands by that time. What the machine takes is measured: from the last key to the result in sight, added up,
beside an aim of one second for each wait. Bad figures are printed, never refused.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench import harness as h

KEY_S, POINT_S, DECIDE_S = 0.28, 1.1, 1.35
PATIENCE_MS = 15_000
SENT = ".kartu112[data-sent^='D-']"
WAIT_S = 1.0
# Seconds of hands. "plan" ones come from the plan of use (call-taker, dispatcher and crew); the others are our own.
PLAN, OWN = "plan", "own"
BUDGETS: dict[str, tuple[float, str, str]] = {
    "send": (12.0, PLAN, "place, type, victims, send"),
    "prank": (1.63, PLAN, "a prank is closed"),
    "ghost": (1.63, PLAN, "a silent call is closed"),
    "information": (1.63, PLAN, "a question is closed"),
    "join": (1.63, OWN, "a second call about the same thing joins"),
    "dispatch": (3.3, PLAN, "the new incident is opened and the advised unit asked"),
    "radio": (3.3, OWN, "a step that the crew told by radio"),
    "close": (10.0, OWN, "the incident is closed with its outcome"),
    "hand_over": (12.0, OWN, "the incident goes to the city next door, with who took it"),
    "crew": (10.0, OWN, "accept, set off, arrive, finish on the phone: four presses, no typing"),
    "block": (15.0, OWN, "from the board to the blocked number, with a reason"),
    "text": (20.0, OWN, "a citizen writes eight words to 112 on a phone"),
    "answer": (10.0, OWN, "the desk's answer of three words stands on the citizen's phone"),
}


@dataclass
class Flow:
    """What one person pressed and waited for."""

    page: Any
    keys: int = 0
    presses: int = 0
    decisions: int = 0
    waits: int = 0
    waited: float = 0.0
    last: float = field(default_factory=time.perf_counter)

    def decide(self) -> None:
        self.decisions += 1

    def key(self, *names: str) -> None:
        for name in names:
            self.keys += 1
            self.last = time.perf_counter()
            self.page.keyboard.press(name)

    def type(self, text: str) -> None:
        self.key(*text)

    def point(self, selector: str) -> None:
        """A press of the mouse or of a finger."""
        self.presses += 1
        self.page.locator(selector).first.scroll_into_view_if_needed(timeout=PATIENCE_MS)
        self.last = time.perf_counter()
        self.page.locator(selector).first.click(timeout=PATIENCE_MS)

    def choose(self, selector: str, value: str) -> None:
        """A list is opened and a line of it taken: two presses."""
        self.presses += 2
        self.last = time.perf_counter()
        self.page.select_option(selector, value)

    def see(self, selector: str, page: Any = None) -> None:
        (page or self.page).wait_for_selector(selector, timeout=PATIENCE_MS)
        self.waits += 1
        self.waited += time.perf_counter() - self.last

    @property
    def hands(self) -> float:
        return KEY_S * self.keys + POINT_S * self.presses + DECIDE_S * self.decisions


class City:
    """The running system, its exchange, and its people in their browsers."""

    def __init__(self, running: h.System, browser: Any) -> None:
        self.running, self.browser, self.calls = running, browser, 0
        self.accounts = json.loads((running.home / "demo-accounts.json").read_text())

    def person(self, username: str, address: str, **options: Any) -> Any:
        account = next(one for one in self.accounts if one["username"] == username)
        page = self.page(**options)
        page.goto(f"{self.running.url}/masuk")
        page.fill("input[name=login]", username)
        page.fill("input[name=password]", account["password"])
        page.press("input[name=password]", "Enter")
        page.wait_for_url(f"{self.running.url}/kerja")
        page.goto(f"{self.running.url}{address}")
        return page

    def page(self, width: int = 1280, height: int = 800, **options: Any) -> Any:
        return self.browser.new_context(
            viewport={"width": width, "height": height}, locale="id-ID", **options
        ).new_page()

    def tell(self, call: str, kind: str, **more: Any) -> None:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        event = {"id": f"{call}-{kind}", "type": kind, "call": call, "at": at, "simulated": True, **more}
        status, body = h.post(f"{self.running.url}/api/v1/emergency/call-events", event, headers=self.running.auth)
        assert status == 200, body

    def ring(self, flow: Flow, lon: float, lat: float) -> None:
        """A call is put through to this desk. The flow waits until its card is open and takes typing."""
        self.calls += 1
        call, number = f"flow-{self.calls}", f"08120{self.calls:07d}"
        self.tell(call, "ringing", number=number)
        flow.last = time.perf_counter()
        self.tell(call, "answered", agent="21", location={"lon": lon, "lat": lat, "radius_m": 80})
        flow.see(f"#kartu h2:has-text('{number[-7:]}')")
        flow.page.wait_for_function("document.activeElement?.id === 'f-place'", timeout=PATIENCE_MS)

    def incident(self, taker: Any, lon: float, lat: float) -> str:
        """A call comes in and is sent with its telephone's circle alone."""
        self.ring(Flow(taker), lon, lat)
        taker.keyboard.press("Control+Enter")
        taker.wait_for_selector(SENT, timeout=PATIENCE_MS)
        return str(taker.get_attribute(".kartu112", "data-sent"))


@contextmanager
def browser() -> Iterator[Any]:
    executable = os.environ.get("TEPIAN_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not executable:
        raise h.Skipped("no Chromium on this machine (Debian: apt-get install chromium, or set TEPIAN_CHROMIUM)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


# --- the flows --------------------------------------------------------------------------------------------------------

Flows = Iterator[tuple[str, Flow]]


def taker_flows(city: City, taker: Any, turn: int) -> Flows:
    """One call after the other at one desk; each opens by itself."""
    lon, lat = 118.46 + turn * 0.012, -0.47
    first = Flow(taker)
    city.ring(first, lon, lat)
    yield "card", first

    flow = Flow(taker)
    flow.decide()
    flow.key("F2")
    flow.type("pasar")
    flow.see("#daftar-tempat [role=option]")
    flow.decide()
    flow.key("Enter", "F4")
    flow.type("lalu")  # a traffic accident
    flow.decide()
    flow.key("Enter", "F8", "1")
    flow.decide()
    flow.key("Control+Enter")
    flow.see(SENT)
    yield "send", flow

    for kind, key in (("prank", "Alt+1"), ("ghost", "Alt+2"), ("information", "Alt+3")):
        city.ring(Flow(taker), lon, -0.53)
        flow = Flow(taker)
        flow.decide()
        flow.key(key)
        flow.see("main .notice:has-text('Ditutup sebagai')")
        yield kind, flow

    city.ring(Flow(taker), 118.5245, -0.4861)
    taker.wait_for_selector("[data-key='Alt+G']", timeout=PATIENCE_MS)
    flow = Flow(taker)
    flow.decide()
    flow.key("Alt+g")
    flow.see("text=kini bagian dari")
    yield "join", flow


def dispatcher_flows(city: City, taker: Any, desk: Any, turn: int) -> Flows:
    """The desk stands open. A new incident comes in; the gravest that waits is served and closed; another is handed
    over."""
    desk.goto(f"{city.running.url}/kerja/dispatch")
    before = desk.locator("#panel112 h2 + a").inner_text()
    number = city.incident(taker, 118.47 + turn * 0.01, -0.55)
    desk.wait_for_selector(f"#daftar112 a[data-incident='{number}']", timeout=PATIENCE_MS)
    flow = Flow(desk)
    flow.decide()
    flow.key("n")
    flow.see(f"#panel112 h2 + a:not(:has-text('{before}'))")
    number = desk.locator("#panel112 h2 + a").inner_text()
    flow.decide()
    flow.key("Enter")
    flow.see("text=Unit diminta.")
    yield "dispatch", flow
    for step in range(4):
        flow = Flow(desk)
        flow.decide()
        flow.key("r")
        flow.see("text=Sudah dicatat.")
        if step == 1:
            yield "radio", flow
        desk.goto(f"{city.running.url}/kerja/dispatch?kejadian={number}")
    flow = Flow(desk)
    flow.decide()
    flow.point("summary:has-text('Tutup kejadian')")
    flow.decide()
    flow.choose("#t-outcome", "helped")
    flow.point("form:has(#t-outcome) button")
    flow.see("text=Ditutup.")
    yield "close", flow

    number = city.incident(taker, 118.47 + turn * 0.01, -0.53)
    desk.goto(f"{city.running.url}/kerja/dispatch?kejadian={number}")
    flow = Flow(desk)
    flow.decide()
    flow.point("summary:has-text('Serahkan')")
    flow.decide()
    flow.point("#s-text")
    flow.type("Meja 2")
    flow.key("Enter")
    flow.see("main .notice:has-text('Diserahkan')")
    yield "hand_over", flow


def crew_flow(city: City, taker: Any, desk: Any, crew: Any) -> Flows:
    """Four presses with a thumb; the page stays open between them."""
    number = city.incident(taker, 118.524, -0.486)
    desk.goto(f"{city.running.url}/kerja/dispatch?kejadian={number}")
    desk.fill("#u-lain", "D-01")
    desk.press("#u-lain", "Enter")
    labels = [f".btn-crew:text-is('{label}')" for label in ("Terima", "Berangkat", "Tiba", "Selesai")]
    crew.wait_for_selector(labels[0], timeout=PATIENCE_MS)
    flow = Flow(crew)
    for following in (*labels[1:], "#u-siap"):
        crew.wait_for_timeout(1300)  # on the way; a second press at once does not count
        flow.decide()
        flow.point(".btn-crew")
        flow.see(following)
    yield "crew", flow


def supervisor_flow(city: City, supervisor: Any) -> Flows:
    """A prank among the reviews, whose number is blocked for a day."""
    supervisor.goto(f"{city.running.url}/kerja/112/langsung")
    flow = Flow(supervisor)
    flow.decide()
    flow.point("main a:has-text('Penilaian')")
    flow.see("main a.tugas:has-text('iseng')")
    flow.decide()
    flow.point("main a.tugas:has-text('iseng')")
    flow.see("#r-reason")
    flow.point("#r-reason")
    flow.type("Iseng lagi")
    flow.decide()
    flow.key("Enter")
    flow.see("main .notice:has-text('24 jam')")
    yield "block", flow


def text_flows(city: City, taker: Any) -> Flows:
    """The citizen's phone, then the desk's answer on it."""
    phone = city.page(360, 740, has_touch=True, is_mobile=True)
    try:
        phone.goto(f"{city.running.url}/112")
        flow = Flow(phone)
        flow.decide()
        flow.point("#chat-text")
        flow.type("Pasar Lama lantai dua, ada asap, tolong kami")
        flow.decide()
        flow.point("form[data-chat-open] button[type=submit]")
        flow.see("[data-chat] .notice")
        yield "text", flow
        taker.goto(f"{city.running.url}/kerja/112")
        taker.keyboard.press("F9")
        taker.wait_for_selector("#teks-isi", timeout=PATIENCE_MS)
        taker.focus("#teks-isi")
        flow = Flow(taker)
        flow.decide()
        flow.type("Bantuan sedang berangkat")
        flow.key("Tab", "Enter")
        flow.see("[data-chat] li:has-text('sedang berangkat')", phone)
        yield "answer", flow
        taker.keyboard.press("Alt+3")
        taker.wait_for_selector("main .notice:has-text('Ditutup sebagai')", timeout=PATIENCE_MS)
    finally:
        phone.context.close()


def run() -> None:
    found: dict[str, list[Flow]] = {}
    failed: list[str] = []

    def take(name: str, flows: Flows) -> None:
        try:
            for key, flow in flows:
                found.setdefault(key, []).append(flow)
        except Exception as problem:  # one flow that breaks is told, and hides no other
            failed.append(f"{name}: {' '.join(str(problem).split())[:160]}")

    with h.system() as running, browser() as opened:
        city = City(running, opened)
        taker = city.person("panggilan", "/kerja/112")
        taker.fill("#pesawat", "21")
        taker.select_option("#meja", "available")
        taker.press("#pesawat", "Enter")
        taker.wait_for_selector("text=Tidak ada panggilan di tangan", timeout=PATIENCE_MS)
        desk = city.person("kerah", "/kerja/dispatch")
        supervisor = city.person("supervisor", "/kerja/112/langsung")
        crew = city.person("pemadam", "/unit", width=360, height=740)
        for action in ("/unit/lepas", "/unit/tugas"):  # the crew of the demonstration goes home
            crew.locator(f"form[action='{action}']:has(input[value='D-01']) button").click()
            wanted = "form[action='/unit/tugas']:has(input[value='D-01'])" if action == "/unit/lepas" else "#u-siap"
            crew.wait_for_selector(wanted, timeout=PATIENCE_MS)
        for turn in range(h.ROUNDS):
            take("call-taker", taker_flows(city, taker, turn))
            take("dispatcher", dispatcher_flows(city, taker, desk, turn))
            take("crew", crew_flow(city, taker, desk, crew))
            take("supervisor", supervisor_flow(city, supervisor))
            take("text", text_flows(city, taker))
    tell(found, failed)


def tell(found: dict[str, list[Flow]], failed: list[str]) -> None:
    if cards := found.pop("card", []):
        waited = statistics.median(one.waited for one in cards)
        h.report(
            "flow.card", waited, WAIT_S, "s", what="aim", lower_is_better=True,
            note="put through by the exchange to the open card with the cursor in the place; no key",
        )  # fmt: skip
    for name, (budget, source, what) in BUDGETS.items():
        flows = found.get(name)
        if not flows:
            h.say(f"flow.{name}", f"NOT MEASURED, budget {budget} s ({what})")
            continue
        hands, waited = flows[-1].hands, statistics.median(one.waited for one in flows)
        worst, waits = max(one.waited for one in flows), flows[-1].waits
        missed = [
            name for name, bad in (("hands", hands > budget + 0.005), ("machine", waited > WAIT_S * waits)) if bad
        ]
        h.report(
            f"flow.{name}", hands, budget, "s", what=f"budget ({source})", lower_is_better=True,
            note=f"{what}; {flows[-1].keys} keys, {flows[-1].presses} presses; machine {waited:.2f} s, worst {worst:.2f} s, "
            f"aim {WAIT_S * waits:.0f} s{'; MISSED by ' + ' and '.join(missed) if missed else ''}",
        )  # fmt: skip
    for each in dict.fromkeys(failed):
        h.say("flow.broken", each)
