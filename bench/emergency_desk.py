"""112: duplicate search and unit choice among 5,000 open incidents and 500 units; from intake to advice over HTTP; intake
while the rest of the city is overloaded three times over; fifty desks with the line and the live board open."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

from bench import harness as h

CALLS = 150
DESKS = 50


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def functions() -> None:
    home = Path(tempfile.mkdtemp(prefix="tepian-bench-"))
    try:
        environment = h.prepared_home(home)
        text = subprocess.run(
            [sys.executable, "-m", "bench.peers.desk_functions"],
            cwd=h.ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    finally:
        shutil.rmtree(home, ignore_errors=True)
    found = json.loads(text[text.index('{"twins"') :])
    ratio = found["scan"]["p50"] / found["twins"]["p50"]
    h.say(
        "desk.duplicates",
        f"5,000 open incidents: p50 {found['twins']['p50']:.2f} ms, p99 {found['twins']['p99']:.2f} ms; "
        f"reading all of them {found['scan']['p50']:.0f} ms: ratio {ratio:.0f}",
    )
    h.say(
        "desk.sent_to_advice",
        f"a call becomes a durable incident and the advised unit is known: p50 {found['sent']['p50']:.1f} ms, "
        f"p99 {found['sent']['p99']:.1f} ms (aim 50)",
    )
    h.say("desk.advice", f"500 units by road: p50 {found['advice']['p50']:.2f} ms, p99 {found['advice']['p99']:.2f} ms")


class Desk:
    """One person's signed-in browser, as far as HTTP goes."""

    def __init__(self, running: h.System, role: str) -> None:
        self.url, self.cookie = running.url, h.sign_in(running, role)
        self.token = re.search(r"csrftoken=([^;]+)", self.cookie)[1]  # type: ignore[index]

    def ask(self, path: str, form: dict[str, object] | None = None) -> bytes:
        body = urllib.parse.urlencode(form).encode() if form is not None else None
        headers = {"Cookie": self.cookie, "HX-Request": "true", "X-CSRFToken": self.token, "Referer": f"{self.url}/"}
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}{path}", body, headers), timeout=30) as answer:
            return answer.read()


def tell(running: h.System, call: str, kind: str) -> tuple[float, int]:
    """Milliseconds until the event is durable, and the call's number."""
    event = {
        "id": f"{call}-{kind}",
        "type": kind,
        "call": call,
        "simulated": True,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    started = time.perf_counter()
    status, body = h.post(f"{running.url}/api/v1/emergency/call-events", event, headers=running.auth)
    assert status == 200, body
    return (time.perf_counter() - started) * 1000, json.loads(body)["call"]


def intake(running: h.System, desk: Desk, prefix: str, count: int) -> tuple[list[float], list[float]]:
    """(event durable, send to advice seen) in milliseconds."""
    events, advices = [], []
    for number in range(count):
        spent, call = tell(running, f"{prefix}-{number}", "ringing")
        events.append(spent)
        desk.ask(f"/kerja/112/panggilan/{call}/ambil", {})
        started = time.perf_counter()
        form = {"place": f"Bench {number}", "lon": 118.45 + number % 90 / 1000, "lat": -0.48, "type": "M1"}
        found = re.search(rb"D-\w{5}-\w", desk.ask(f"/kerja/112/panggilan/{call}/kirim", form))
        assert found, "the call was not sent"
        pane = desk.ask(f"/kerja/dispatch/{found.group().decode()}")
        assert b"data-advice" in pane, "no advice"
        advices.append((time.perf_counter() - started) * 1000)
    return events, advices


def overload(running: h.System, stop: threading.Event) -> list[float]:
    """Search pages asked by far more browsers than there are threads, until told to stop. Requests answered per second."""
    rates = []
    while not stop.is_set():
        text = subprocess.run(
            ["wrk", "-t1", "-c240", "-d4s", "--timeout", "20s", f"{running.url}/cari?q=pasar"],
            capture_output=True,
            text=True,
        ).stdout
        found = re.search(r"Requests/sec:\s+([\d.]+)", text)
        rates.append(float(found[1]) if found else 0.0)
    return rates


def run() -> None:
    functions()
    with h.system() as running:
        desk = Desk(running, "dispatcher")
        intake(running, desk, "warm", 10)
        events, advices = intake(running, desk, "calm", CALLS)
        h.say(
            "desk.intake",
            f"event durable p50 {quantile(events, 0.5):.0f} ms, p99 {quantile(events, 0.99):.0f} ms; "
            f"sent to advice p50 {quantile(advices, 0.5):.0f} ms, p99 {quantile(advices, 0.99):.0f} ms",
        )
        if shutil.which("wrk"):
            stop = threading.Event()
            thread = threading.Thread(target=overload, args=(running, stop))
            thread.start()
            time.sleep(2)
            loaded, _advices = intake(running, desk, "busy", CALLS // 2)
            stop.set()
            thread.join()
            h.say(
                "desk.overloaded",
                f"240 browsers on 8 threads beside it: event durable p50 {quantile(loaded, 0.5):.0f} ms, "
                f"p99 {quantile(loaded, 0.99):.0f} ms; ratio to calm {quantile(loaded, 0.99) / quantile(events, 0.99):.1f}",
            )
        boards = boards_open(running, desk)
        h.say("desk.boards", boards)


def boards_open(running: h.System, desk: Desk) -> str:
    """Fifty desks ask for the line and the board after each of ten calls."""
    spent: list[float] = []

    def look() -> None:
        for path in ("/kerja/112/antrean", "/kerja/112/langsung"):
            started = time.perf_counter()
            desk.ask(path)
            spent.append((time.perf_counter() - started) * 1000)

    for number in range(10):
        tell(running, f"board-{number}", "ringing")
        threads = [threading.Thread(target=look) for _ in range(DESKS)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    return (
        f"{DESKS} desks at once after each of 10 calls: p50 {quantile(spent, 0.5):.0f} ms, p99 {quantile(spent, 0.99):.0f} ms, "
        f"{len(spent)} pages"
    )
