"""One event to 500 open streams: deliveries per CPU-second against Django Channels, and the time from commit to browser.

Ours: the whole chain outbox row → commit → reader → 500 SSE streams. Channels: group_send in the in-memory layer to 500
WebSocket consumers under daphne. CPU is that of the server's process tree from /proc.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time

from bench import harness as h

STREAMS = 500
EVENTS = 60
PAUSE = 0.05


async def _open(port: int, path: str, headers: str = "") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n".encode())
    await writer.drain()
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def _listen(reader: asyncio.StreamReader, delays: list[float], marks: set[int]) -> None:
    """Note the age of every event of ours that arrives (its data carries the moment it was written)."""
    rest = b""
    while chunk := await reader.read(65536):
        rest += chunk
        *whole, rest = rest.split(b"}}")
        for part in whole:
            if b'"sent":' in part:
                sent = float(part.rpartition(b'"sent":')[2].split(b",")[0].rstrip(b"}"))
                delays.append(time.time() - sent)


async def _measure(
    port: int, path: str, headers: str, pid: int, emit: list[str], environment: dict[str, str]
) -> tuple[float, list[float]]:
    """Deliveries per CPU-second of the server, and delays."""
    connections = [await _open(port, path, headers) for _ in range(STREAMS)]
    await asyncio.sleep(1)
    delays: list[float] = []
    tasks = [asyncio.create_task(_listen(reader, delays, set())) for reader, _ in connections]
    idle = h.cpu_seconds(pid)
    await asyncio.sleep(1)
    idle = h.cpu_seconds(pid) - idle
    before, started = h.cpu_seconds(pid), time.monotonic()
    sender = await asyncio.create_subprocess_exec(*emit, env={**os.environ, **environment}, cwd=h.ROOT)
    await sender.wait()
    while len(delays) < STREAMS * EVENTS and time.monotonic() - started < 60:
        await asyncio.sleep(0.05)
    used = h.cpu_seconds(pid) - before - idle * (time.monotonic() - started)
    for task in tasks:
        task.cancel()
    for _, writer in connections:
        writer.close()
    assert len(delays) == STREAMS * EVENTS, f"{len(delays)} of {STREAMS * EVENTS} deliveries"
    return len(delays) / max(used, 0.01), delays


def run() -> None:
    python = h.peer_python()
    port = h.free_port()
    with h.system() as ours, h.process(python, "channels_site.py", str(port), cwd=h.PEERS) as channels:
        h.wait_for_port(port)
        environment = {"TEPIAN_HOME": str(ours.home), "TEPIAN_DEMO": "1"}
        emit = [sys.executable, "-m", "bench.peers.emit_events", str(EVENTS), str(PAUSE)]
        gateway = h.find(ours.pid, "gateway")
        delays: list[float] = []

        def our_side() -> float:
            rate, seen = asyncio.run(_measure(ours.port, "/api/v1/stream", "", gateway, emit, environment))
            delays.extend(seen)
            return rate

        def peer_side() -> float:
            upgrade = (
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            )
            command = [
                sys.executable,
                "-m",
                "bench.peers.poke",
                f"http://127.0.0.1:{port}/send",
                str(EVENTS),
                str(PAUSE),
            ]
            return asyncio.run(_measure(port, "/ws", upgrade, channels.pid, command, {}))[0]

        ours_rate, peer_rate = h.interleave(our_side, peer_side, rounds=min(3, h.ROUNDS))
    h.report(
        "live_fanout",
        ours_rate,
        peer_rate,
        "deliveries/CPU-s",
        what="Django Channels",
        aim="12",
        note=f"{STREAMS} streams",
    )
    p95 = statistics.quantiles(delays, n=20)[18]
    h.report(
        "live_delay_p95",
        p95 * 1000,
        300,
        "ms",
        what="limit",
        aim="1",
        lower_is_better=True,
        note=f"commit to browser, median {statistics.median(delays) * 1000:.0f} ms",
    )
