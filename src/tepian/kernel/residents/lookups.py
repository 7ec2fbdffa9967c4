"""Look-ups of programs, answered by the gateway's event loop: those that arrive while one commit waits for the disk share
the next, so that the disk's latency sets how many share one and not how many a second are answered."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import structlog
from django.db import close_old_connections, connection
from django.utils.translation import override

from tepian.kernel.actors import Actor, NotFound
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.fast import FastReply, FastRequest
from tepian.kernel.identity.keys import averify_device_key, remembered

from . import operations, queries
from .policies import PURPOSES

log = structlog.get_logger("residents")
TOGETHER = 64  # looks that share one commit; more would make the first of them wait
MOST_WAITING = 2000
PRIVATE = [("cache-control", "no-store")]


@dataclass(slots=True, eq=False)
class _Waiting:
    asked: operations.Asked
    future: asyncio.Future[FastReply | None]
    loop: asyncio.AbstractEventLoop


class Counter:
    """One thread that looks up what has gathered. `ask` gives None where the page stack should answer: a refusal that
    nothing was recorded for, or a database that is away."""

    def __init__(self) -> None:
        self._queue: deque[_Waiting] = deque()
        self._bell = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.answered = 0
        self.commits = 0

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and not self._stopping

    def start(self) -> None:
        if self._thread is None:
            self._stopping = False
            self._thread = threading.Thread(target=self._run, name="residents-counter", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Answer what waits, and end."""
        if self._thread is not None:
            self._stopping = True
            self._bell.set()
            self._thread.join(timeout=10)
            self._thread = None

    def state(self) -> tuple[bool, str]:
        if not self.running:
            return False, "the counter of residents is not running"
        return True, f"{self.answered} look-ups answered in {self.commits} commits, {len(self._queue)} waiting"

    async def ask(self, asked: operations.Asked) -> FastReply | None:
        if not self.running or len(self._queue) >= MOST_WAITING:
            return None
        loop = asyncio.get_running_loop()
        waiting = _Waiting(asked, loop.create_future(), loop)
        self._queue.append(waiting)
        if not self._bell.is_set():
            self._bell.set()
        return await waiting.future

    def _run(self) -> None:
        try:
            while True:
                self._bell.wait(timeout=1.0)
                self._bell.clear()
                while self._queue:
                    self._answer([self._queue.popleft() for _ in range(min(TOGETHER, len(self._queue)))])
                if self._stopping:
                    return
        finally:
            connection.close()

    def _answer(self, group: list[_Waiting]) -> None:
        try:
            close_old_connections()
            day = today()
            replies = [_reply(seen, day) for seen in operations.looked_up([each.asked for each in group])]
            self.answered += len(group)
            self.commits += 1
        except Exception as error:
            # Nothing of this group was recorded, and nothing is shown: the page stack tells each what is wrong.
            log.warning("look_ups_failed", count=len(group), error=type(error).__name__)
            with contextlib.suppress(Exception):
                connection.close()
            replies = [None] * len(group)
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits there any more
            group[0].loop.call_soon_threadsafe(_finish, group, replies)


def _finish(group: list[_Waiting], replies: list[FastReply | None]) -> None:
    for each, reply in zip(group, replies, strict=True):
        if not each.future.done():
            each.future.set_result(reply)


def _reply(seen: operations.Seen, day: date) -> FastReply | None:
    if seen.row is not None:
        told = queries.plain(seen.asked.actor, seen.row, on=day)
        return FastReply(200, orjson.dumps(told), "application/json; charset=utf-8", PRIVATE)
    if not isinstance(seen.refused, NotFound):
        return None
    with override("id"):
        indonesian = str(seen.refused.message)
    with override("en"):
        english = str(seen.refused.message)
    problem: dict[str, Any] = {
        "code": seen.refused.code,
        "message_id": indonesian,
        "message_en": english,
        "field": None,
        "request_id": seen.asked.actor.request_id,
        "docs": f"/api/v1/docs#{seen.refused.code}",
    }
    return FastReply(404, orjson.dumps(problem), "application/json; charset=utf-8", PRIVATE)


COUNTER = Counter()


async def look_up(request: FastRequest) -> FastReply | None:
    """POST /api/v1/residents/look-up with a device's key. Everything else is for the page stack."""
    headers = request.headers
    key = headers.get("x-tepian-key", "")
    if not key:
        scheme, _, value = headers.get("authorization", "").partition(" ")
        key = value.strip() if scheme.lower() == "bearer" else ""
    if not key:
        return None
    actor: Actor | None = remembered(key) or await averify_device_key(key)
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return None
    if actor is None or actor.kind != "device" or not isinstance(body, dict):
        return None
    nik, purpose = body.get("nik"), body.get("purpose") or headers.get("x-purpose", "")
    if not isinstance(nik, str) or len(nik) > 60 or not isinstance(purpose, str) or purpose not in PURPOSES:
        return None
    return await COUNTER.ask(operations.Asked(actor, nik, purpose))


async def start() -> None:
    COUNTER.start()


async def stop() -> None:
    await asyncio.to_thread(COUNTER.stop)
