"""The live stream: outbox events and fast-changing state, to any number of browsers.

One thread reads the database; each frame is encoded once and shared by all streams. A browser that comes back names
the last position it saw (`Last-Event-ID`) and gets what it missed from the outbox, each event once. State frames carry
no position: the newest value wins, and a page that reconnects asks for the present state.
"""

from __future__ import annotations

import asyncio
import threading
from bisect import bisect_right
from collections.abc import AsyncIterator

import orjson
import structlog
from django.db import close_old_connections, connection

from tepian.kernel.catalogue import contributions
from tepian.kernel.catalogue.contributions import LiveState
from tepian.kernel.events import Envelope
from tepian.kernel.events.queries import after, last_position
from tepian.kernel.events.wake import on_wake

log = structlog.get_logger("live")
POLL = 0.1  # seconds between looks at the database when nobody rings
HEARTBEAT = 15.0
KEPT = 4096  # frames kept in memory for streams that lag


def encode(envelope: Envelope, source: str) -> bytes:
    body = orjson.dumps(envelope.to_cloudevent(source))
    return b"id: %d\nevent: event\ndata: %s\n\n" % (envelope.position, body)


class Channel:
    """The frames of one audience, numbered from the start of the process."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.first = 0
        self.positions: list[tuple[int, int]] = []  # (outbox position, frame number)
        self._joined: tuple[int, int, bytes] = (0, 0, b"")

    @property
    def end(self) -> int:
        return self.first + len(self.frames)

    def push(self, frame: bytes, position: int = 0) -> None:
        if position:
            self.positions.append((position, self.end))
        self.frames.append(frame)
        if len(self.frames) > 2 * KEPT:
            self.first += KEPT
            del self.frames[:KEPT]
            self.positions = [pair for pair in self.positions if pair[1] >= self.first]

    def since(self, number: int) -> bytes:
        """All frames from `number` on, joined once for all streams that stand at the same place."""
        start, end, joined = self._joined
        if start != number or end != self.end:
            joined = b"".join(self.frames[max(0, number - self.first) :])
            self._joined = (number, self.end, joined)
        return joined


class Hub:
    """Reads events and state, and tells the streams. `start` and `stop` belong to one event loop."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.channels = {"public": Channel(), "staff": Channel()}
        self.position = 0
        self.streams = 0
        self._states: list[tuple[LiveState, object]] = []
        self._bell = threading.Event()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed: asyncio.Future[None] | None = None
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = self._loop.create_future()
        self._forget = on_wake(self._bell.set)
        self.position = await asyncio.to_thread(last_position)
        self._thread = threading.Thread(target=self._read, name="live-reader", daemon=True)
        self._thread.start()
        self._beat = self._loop.create_task(self._heartbeat())

    async def stop(self) -> None:
        self._stopping = True
        self._bell.set()
        self._forget()
        self._beat.cancel()
        self._announce()
        if self._thread:
            await asyncio.to_thread(self._thread.join, 2)

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            for channel in self.channels.values():
                channel.push(b": \n\n")
            self._announce()

    def _announce(self) -> None:
        if self._changed and not self._changed.done():
            done, self._changed = self._changed, self._loop.create_future()  # type: ignore[union-attr]
            done.set_result(None)

    def _publish(self, envelopes: list[Envelope], states: list[tuple[str, bytes]]) -> None:
        """In the loop: number the frames and wake the streams once."""
        for envelope in envelopes:
            if envelope.position <= self.position:
                continue
            self.position = envelope.position
            if envelope.audience == "none":
                continue
            frame = encode(envelope, self.source)
            self.channels["staff"].push(frame, envelope.position)
            if envelope.audience == "public":
                self.channels["public"].push(frame, envelope.position)
        for audience, frame in states:
            self.channels["staff"].push(frame)
            if audience == "public":
                self.channels["public"].push(frame)
        self._announce()

    def _read(self) -> None:
        """The reading thread: outbox and state, whenever the bell rings or the poll is due."""
        self._states = [(state, None) for state in contributions.offered(LiveState)]
        position, failures = self.position, 0
        while not self._stopping:
            self._bell.wait(POLL if not failures else min(5.0, 0.2 * 2**failures))
            self._bell.clear()
            try:
                envelopes = after(position)
                states = self._read_states()
            except Exception as error:
                failures += 1
                log.warning("live_read_failed", error=repr(error))
                close_old_connections()
                connection.close()
                continue
            failures = 0
            if envelopes:
                position = envelopes[-1].position
                if len(envelopes) == 500:
                    self._bell.set()
            if (envelopes or states) and self._loop and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._publish, envelopes, states)
        connection.close()

    def _read_states(self) -> list[tuple[str, bytes]]:
        frames = []
        for index, (state, cursor) in enumerate(self._states):
            cursor, items = state.changes(cursor)
            self._states[index] = (state, cursor)
            if items:
                body = orjson.dumps({"name": state.name, "items": items})
                frames.append((state.audience, b"event: state\ndata: %s\n\n" % body))
        return frames

    async def frames(self, audience: str, last_seen: int | None) -> AsyncIterator[bytes]:
        """Frames for one stream, for ever. `last_seen` is the outbox position named by a returning browser."""
        channel = self.channels[audience]
        number = channel.end
        yield b"retry: 2000\n: Tepian\n\n"
        if last_seen is not None and last_seen < self.position:
            missed, number = await self._missed(audience, last_seen)
            if missed:
                yield missed
        self.streams += 1
        try:
            while not self._stopping:
                if number == channel.end:
                    assert self._changed is not None
                    await asyncio.shield(self._changed)
                    continue
                data, number = channel.since(number), channel.end
                yield data
        finally:
            self.streams -= 1

    async def _missed(self, audience: str, last_seen: int) -> tuple[bytes, int]:
        """Events behind `last_seen` from the outbox, and the frame number at which the live part goes on."""
        channel = self.channels[audience]
        audiences = {"public"} if audience == "public" else {"public", "staff"}
        parts: list[bytes] = []
        seen = last_seen
        while seen < self.position:
            batch = await asyncio.to_thread(after, seen)
            batch = [envelope for envelope in batch if envelope.position <= self.position]
            if not batch:
                break
            seen = batch[-1].position
            parts += [encode(envelope, self.source) for envelope in batch if envelope.audience in audiences]
        # No await between here and the return: frames of positions behind `seen` are exactly those still to come.
        index = bisect_right(channel.positions, (max(seen, last_seen), 1 << 62))
        number = channel.positions[index][1] if index < len(channel.positions) else channel.end
        return b"".join(parts), number
