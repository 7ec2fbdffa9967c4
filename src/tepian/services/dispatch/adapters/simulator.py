"""Calls for a demonstration, told over HTTP as an exchange would tell them; every one is marked as simulated.

Some callers hang up at the announcement or in the line, some say nothing, some joke; the others ask for help somewhere
in the city, with the circle that their network knows and, a little later, the telephone's own position. Now and then
two callers tell of one fire. When the desk has enough to do, nothing new begins.
"""

from __future__ import annotations

import heapq
import itertools
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from math import cos, pi, radians, sin
from threading import Event
from typing import Any

import structlog

from tepian.kernel.regions.models import Place

from .. import queries
from .asterisk import post
from .recording import drawn

log = structlog.get_logger("dispatch.simulator")
BETWEEN_S = (12.0, 45.0)  # from one act to the next
MOST_OPEN = 8  # simulated calls that wait at the desk
RETRY_S = 1.0
Told = tuple[float, dict[str, Any]]  # seconds after the act's beginning, event without id and time
# How often each act is played, of 100.
SHARES = (("menu", 25), ("queue", 8), ("ghost", 12), ("prank", 12), ("help", 33), ("fire", 10))


def number_of(person: str) -> str:
    """A number that no network gives out."""
    return f"0000{int(drawn(0, 10**7, 'number', person)):07d}"


def circle(place: Place, metres: float, *what: Any) -> dict[str, float]:
    """A network's circle that holds the place without being centred on it."""
    angle, off = drawn(0, 2 * pi, "angle", *what), metres * drawn(0, 0.8, "off", *what) / 111_195
    return {
        "lon": place.lon + off * sin(angle) / cos(radians(place.lat)),
        "lat": place.lat + off * cos(angle),
        "radius_m": round(metres),
    }


def aml(place: Place, metres: float) -> str:
    return f'A"ML=1;lt={place.lat:+.5f};lg={place.lon:+.5f};rd={metres:.0f};lc=90;pm=G'


def act(kind: str, seed: str, place: Place | None) -> list[Told]:
    """The events of one act."""
    call = {"call": f"{seed}-1", "number": number_of(seed), "line": "112"}
    wait = drawn(5, 12, "wait", seed)
    if kind == "menu":
        return [(0, call | {"type": "ringing"}), (drawn(2, 9, "menu", seed), call | {"type": "lost", "stage": "menu"})]
    if kind == "queue":
        return [(0, call | {"type": "ringing"}), (drawn(20, 50, "q", seed), call | {"type": "lost", "stage": "queue"})]
    if kind in ("ghost", "prank") or place is None:
        if kind == "prank":
            call["number"] = number_of(f"joker-{int(drawn(0, 3, 'joker', seed))}")
        talk = drawn(8, 25, "talk", seed)
        return [
            (0, call | {"type": "ringing"}),
            (wait, call | {"type": "answered"}),
            (wait + talk, call | {"type": "ended"}),
        ]
    callers = 2 if kind == "fire" else 1
    told: list[Told] = []
    for caller in range(callers):
        one = {"call": f"{seed}-{caller + 1}", "number": number_of(f"{seed}{caller}"), "line": "112"}
        begin = caller * drawn(8, 25, "second", seed)
        rough = circle(place, drawn(200, 900, "rough", seed, caller), seed, caller)
        told += [
            (begin, one | {"type": "ringing", "location": rough}),
            (
                begin + drawn(4, 10, "aml", seed, caller),
                one | {"type": "location", "location": aml(place, 15 + 10 * caller)},
            ),
            (begin + wait, one | {"type": "answered"}),
            (begin + wait + drawn(60, 120, "talk", seed, caller), one | {"type": "ended"}),
        ]
    return told


def chosen(seed: str) -> str:
    left = drawn(0, sum(share for _kind, share in SHARES), "kind", seed)
    for kind, share in SHARES:
        left -= share
        if left < 0:
            return kind
    return SHARES[-1][0]


def play(
    stop: Event, http_base: str, device_key: str, speed: float = 1.0,
    send: Callable[[str, str, list[dict[str, Any]]], list[str]] = post,
) -> None:  # fmt: skip
    """Until `stop` is set. `speed` 2 lets twice as much happen. A server that is away is told later."""
    speed = max(0.01, speed)
    run, count = secrets.token_hex(4), itertools.count(1)
    places = list(Place.objects.filter(kind="street").order_by("key")[:1000])
    agenda: list[tuple[float, int, dict[str, Any]]] = []
    unsent: list[dict[str, Any]] = []
    order = itertools.count()
    next_act = time.monotonic()
    while not stop.is_set():
        now = time.monotonic()
        if now >= next_act:
            number = next(count)
            seed = f"sim-{run}-{number}"
            next_act = now + drawn(*BETWEEN_S, "between", number) / speed
            if queries.open_calls().filter(simulated=True).count() < MOST_OPEN:
                place = places[int(drawn(0, len(places), "place", seed))] if places else None
                for after, event in act(chosen(seed), seed, place):
                    heapq.heappush(agenda, (now + after / speed, next(order), event))
        while agenda and agenda[0][0] <= now:
            event = heapq.heappop(agenda)[2]
            at = datetime.now(UTC).isoformat()
            unsent.append(event | {"id": f"{event['call']}-{event['type']}", "at": at, "simulated": True})
        if unsent:
            try:
                send(http_base, device_key, unsent[:200])
                del unsent[:200]
            except OSError as error:
                log.warning("simulated_calls_wait", count=len(unsent), error=str(error)[:200])
                stop.wait(RETRY_S)
                continue
        due = min(next_act, agenda[0][0] if agenda else next_act)
        stop.wait(max(0.0, min(1.0, due - time.monotonic())))
