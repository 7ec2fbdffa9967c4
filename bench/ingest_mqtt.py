"""MQTT QoS 1, stored before PUBACK: our listener, against mosquitto with a paho subscriber and the same storage.

The same generator publishes to both: several connections, a window of unacknowledged messages each. Ours is timed
until the last PUBACK, which comes after the commit; the peer until its subscriber has committed the last message.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from bench import harness as h

CONNECTIONS = 4
WINDOW = 2000
MESSAGES = 40_000


def connect_packet(name: str, user: str = "", password: str = "") -> bytes:
    flags, payload = 0x02, _text(name)
    if user:
        flags |= 0xC0
        payload += _text(user) + _text(password)
    return _packet(0x10, b"\x00\x04MQTT\x04" + bytes([flags]) + struct.pack(">H", 60) + payload)


def publish_packet(topic: bytes, payload: bytes, number: int) -> bytes:
    return _packet(0x32, struct.pack(">H", len(topic)) + topic + struct.pack(">H", number) + payload)


def _text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack(">H", len(raw)) + raw


def _packet(kind: int, body: bytes) -> bytes:
    size, length = b"", len(body)
    while True:
        length, low = length >> 7, length & 0x7F
        size += bytes([low | (0x80 if length else 0)])
        if not length:
            return bytes([kind]) + size + body


async def _publish(
    port: int, topics: list[bytes], offset: int, count: int, name: str, user: str, password: str
) -> None:
    """Publish `count` messages with at most WINDOW unacknowledged."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(connect_packet(name, user, password))
    answer = await reader.readexactly(4)
    assert answer[3] == 0, f"refused with {answer[3]}"
    sent = acknowledged = 0
    start = 662_688_000 + offset  # seconds; every message has an instant of its own
    rest = b""
    while acknowledged < count:
        if sent < count and sent - acknowledged < WINDOW // 2:
            block = []
            while sent < count and sent - acknowledged < WINDOW:
                at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start + sent))
                body = b'{"result":%.2f,"phenomenonTime":"%s"}' % (1 + sent % 100 / 100, at.encode())
                block.append(publish_packet(topics[sent % len(topics)], body, 1 + sent % 65535))
                sent += 1
            writer.write(b"".join(block))
            await writer.drain()
        chunk = rest + await reader.read(65536)
        assert chunk, "connection lost"
        whole = len(chunk) // 4
        rest = chunk[whole * 4 :]
        acknowledged += whole
    writer.write(b"\xe0\x00")
    writer.close()


async def _all(port: int, topics: list[bytes], run: int, user: str = "", password: str = "") -> None:
    share = MESSAGES // CONNECTIONS
    await asyncio.gather(
        *(
            _publish(port, topics, (run * CONNECTIONS + number) * share, share, f"bench-{number}", user, password)
            for number in range(CONNECTIONS)
        )
    )


def run() -> None:
    if not (broker := shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")):
        raise h.Skipped("mosquitto is not installed (Debian package mosquitto)")
    python = h.peer_python()
    with tempfile.TemporaryDirectory() as home, h.system() as ours:
        port = h.free_port()
        conf = Path(home) / "mosquitto.conf"
        conf.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\n"
            "max_queued_messages 0\npersistence false\nuser root\n"
        )
        topics = [str(one["properties"]["mqtt_topic"]).encode() for one in ours.datastreams]  # type: ignore[index]
        rounds = iter(range(1000))

        def our_side() -> float:
            started = time.monotonic()
            asyncio.run(_all(ours.mqtt_port, topics, next(rounds), "demo-storm", ours.key))
            return MESSAGES / (time.monotonic() - started)

        def peer_side() -> float:
            database = Path(home) / f"peer-{next(rounds)}.sqlite3"
            peer = subprocess.Popen(
                [str(python), "paho_store.py", str(port), str(database), str(MESSAGES)],
                cwd=h.PEERS,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert peer.stdout and peer.stdout.readline().strip() == "ready"
            started = time.monotonic()
            asyncio.run(_all(port, topics, next(rounds)))
            peer.wait(120)
            assert peer.returncode == 0
            return MESSAGES / (time.monotonic() - started)

        with h.process(broker, "-c", conf):
            h.wait_for_port(port)
            ours_rate, peer_rate = h.interleave(our_side, peer_side)
        stored = json.loads(h.get(f"{ours.url}/sensorthings/v1.1/Observations?$count=true&$top=0", timeout=60)[1])[
            "@iot.count"
        ]
        assert stored >= MESSAGES, f"only {stored} observations are stored"
    h.report("ingest_mqtt", ours_rate, peer_rate, "msg/s", what="mosquitto + paho + same storage", aim="2")
