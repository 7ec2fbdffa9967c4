"""An MQTT 3.1.1 and 5 listener that only takes readings.

Written here rather than taken from a broker library, because storing needs what brokers do not do: a PUBACK only after
the commit, one commit for everything that arrived in one read, and tens of thousands of messages a second in Python
(the embeddable broker that was measured reached 1,369 a second). It speaks CONNECT, PUBLISH with QoS 0, 1 and 2,
PUBREL, PINGREQ and DISCONNECT; SUBSCRIBE is refused by its code, for this is not a broker.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from .connection import Connection, Counts, Doors
from .packets import (
    BAD_PAYLOAD,
    BAD_TOPIC,
    BUSY,
    KEEPALIVE_TIMEOUT,
    NOT_AUTHORIZED,
    SHUTTING_DOWN,
    Refused,
    Wait,
    variable,
)

__all__ = [
    "BAD_PAYLOAD",
    "BAD_TOPIC",
    "NOT_AUTHORIZED",
    "Counts",
    "Doors",
    "MqttListener",
    "Refused",
    "Wait",
    "variable",
]
CONNECT_SECONDS = 10
MAX_CONNECTIONS = 5000


class MqttListener:
    """The listening end. `start` and `stop` belong to one event loop."""

    def __init__(self, doors: Doors, host: str, port: int, *, reuse_port: bool = False) -> None:
        self.doors = doors
        self.host, self.port = host, port
        self.reuse_port = reuse_port
        self.counts = Counts()
        self.connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None
        self._sweep: asyncio.Task[None] | None = None

    @staticmethod
    def now_ms() -> int:
        return time.time_ns() // 1_000_000

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), self.host, self.port, reuse_port=self.reuse_port or None
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._sweep = loop.create_task(self._watch())

    async def stop(self) -> None:
        if self._sweep:
            self._sweep.cancel()
        if self._server:
            self._server.close()
        for connection in tuple(self.connections):
            connection.end(SHUTTING_DOWN)
        if self._server:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._server.wait_closed(), 2)

    def state(self) -> tuple[bool, str]:
        counts = self.counts
        if self._server is None or not self._server.is_serving():
            return False, "the MQTT listener is not running"
        text = f"MQTT on {self.host}:{self.port}: {len(self.connections)} connected"
        text += f", {counts.stored} stored, {counts.refused} refused"
        return True, text + (f" (last: {counts.last_refusal})" if counts.last_refusal else "")

    def spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def join(self, connection: Connection) -> None:
        self.counts.connections += 1
        self.connections.add(connection)
        if len(self.connections) > MAX_CONNECTIONS:
            connection.end(BUSY)

    def leave(self, connection: Connection) -> None:
        self.connections.discard(connection)

    async def _watch(self) -> None:
        """End connections that say nothing: ten seconds before CONNECT, one and a half keep-alives after it."""
        while True:
            await asyncio.sleep(1)
            now = time.monotonic()
            for connection in tuple(self.connections):
                silent = now - connection.last_heard
                if connection.sender is None:
                    if silent > CONNECT_SECONDS:
                        connection.end(KEEPALIVE_TIMEOUT)
                elif connection.keepalive and silent > 1.5 * connection.keepalive and not connection.paused:
                    connection.end(KEEPALIVE_TIMEOUT)
