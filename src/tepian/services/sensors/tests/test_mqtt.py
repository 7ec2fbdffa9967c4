"""MQTT: real senders (mosquitto_pub), broken packets, a real broker behind the bridge."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import socket
import struct
import subprocess
import time

import pytest
from django.conf import settings
from django.test import override_settings

from tepian.kernel.identity import operations as identity
from tepian.services.sensors import live
from tepian.services.sensors.adapters import mqtt_listener
from tepian.services.sensors.adapters.mqtt_bridge import MqttBridge
from tepian.services.sensors.adapters.mqtt_listener import Doors, MqttListener
from tepian.services.sensors.models import Observation

from .conftest import SYSTEM

PUB = shutil.which("mosquitto_pub")
BROKER = shutil.which("mosquitto") or ("/usr/sbin/mosquitto" if shutil.os.path.exists("/usr/sbin/mosquitto") else None)
needs_pub = pytest.mark.skipif(PUB is None, reason="mosquitto_pub is not installed")


class Running:
    """The listener in a loop of its own thread, as in the gateway."""

    def __init__(self):
        import threading

        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        ingest = live.Ingest()
        self.listener = MqttListener(Doors(ingest.sign_in, ingest.read, ingest.commit), "127.0.0.1", 0)
        self.run(self.listener.start())

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def stop(self):
        self.run(self.listener.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)


@pytest.fixture
def served(writer, live_town):
    key = identity.issue_device_key(actor=SYSTEM, name="pos-uji")[1]
    live._load_registry()
    running = Running()
    running.key, running.port, running.counts = key, running.listener.port, running.listener.counts
    yield running
    running.stop()


def pub(running, *args, key=None, user="pos-uji"):
    command = [PUB, "-h", "127.0.0.1", "-p", str(running.port), "-u", user, "-P", key or running.key, *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def until(condition, seconds=5):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


@needs_pub
@pytest.mark.parametrize("version", ["mqttv31", "mqttv311", "mqttv5"])
@pytest.mark.parametrize("qos", ["0", "1", "2"])
def test_mosquitto_pub_in_every_version_and_quality(served, version, qos):
    message = json.dumps({"result": 1.25, "phenomenonTime": "2026-11-01T00:00:00Z", "unit": "m"})
    done = pub(served, "-V", version, "-q", qos, "-t", "tepian/v1/hilir/muka-air", "-m", message)
    assert done.returncode == 0, done.stderr
    until(lambda: Observation.objects.count() == 1)
    assert Observation.objects.get().result == 1.25


@needs_pub
def test_many_lines_with_plain_numbers_each_get_their_own_moment(served):
    lines = "".join(f"{1 + i / 1000}\n" for i in range(500))
    command = [
        PUB,
        "-h",
        "127.0.0.1",
        "-p",
        str(served.port),
        "-u",
        "pos-uji",
        "-P",
        served.key,
        "-q",
        "1",
        "-t",
        "tepian/v1/hulu/muka-air",
        "-l",
    ]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    until(lambda: Observation.objects.count() == 500)
    values = list(Observation.objects.order_by("pk").values_list("result", flat=True))
    assert values == sorted(values)


@needs_pub
def test_wrong_keys_and_names_are_turned_away(served):
    for key, user in (("tpn_salah", "pos-uji"), (served.key, "orang-lain"), ("x", "")):
        done = pub(served, "-q", "1", "-t", "tepian/v1/hilir/muka-air", "-m", "1", key=key, user=user)
        assert done.returncode != 0
    command = [PUB, "-h", "127.0.0.1", "-p", str(served.port), "-t", "tepian/v1/hilir/muka-air", "-m", "1"]
    assert subprocess.run(command, capture_output=True, timeout=20, check=False).returncode != 0
    with override_settings(KNOBS=settings.KNOBS.model_copy(update={"mqtt_anonymous": True})):
        assert subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
    until(lambda: Observation.objects.count() == 1)


@needs_pub
def test_wrong_topics_and_payloads_are_counted_and_named(served):
    for topic, message in (
        ("tepian/v1/hilr/muka-air", "1"),
        ("lain/topik", "1"),
        ("tepian/v1/hilir/muka-air", "abc"),
        ("tepian/v1/hilir/muka-air", "nan"),
        ("tepian/v1/hilir/muka-air", '{"result":1,"unit":"ft"}'),
        ("tepian/v1/hilir/muka-air", "{"),
        ("tepian/v1/hilir/muka-air", ""),
        ("tepian/v1/hilir/muka-air", '{"result":1,"phenomenonTime":"2999-01-01T00:00:00Z"}'),
        ("tepian/v1/hilir/muka-air", "1_0"),
    ):
        assert (
            pub(served, "-V", "mqttv311", "-q", "1", "-t", topic, "-m", message).returncode == 0
        )  # acknowledged: resending would not help
    assert served.counts.refused == 9 and Observation.objects.count() == 0
    pub(served, "-V", "mqttv5", "-q", "1", "-t", "tepian/v1/hilr/muka-air", "-m", "1")
    assert "hilir/muka-air" in served.counts.last_refusal


# --- by hand ---------------------------------------------------------------------------------------------------------


def text(value):
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(raw)) + raw


def packet(first, body):
    return bytes((first,)) + mqtt_listener.variable(len(body)) + body


def connect(key, level=5, flags=0xC2, client="uji", keepalive=60):
    head = text("MQTT") + bytes((level, flags)) + struct.pack(">H", keepalive) + (b"\x00" if level == 5 else b"")
    return packet(0x10, head + text(client) + text("pos-uji") + text(key))


def publish(number, payload, topic="tepian/v1/hilir/muka-air", qos=1, level=5):
    head = text(topic) + (struct.pack(">H", number) if qos else b"") + (b"\x00" if level == 5 else b"")
    return packet(0x30 | qos << 1, head + payload)


def dial(running):
    return socket.create_connection(("127.0.0.1", running.port), timeout=5)


def signed_in(running, level=5):
    wire = dial(running)
    wire.sendall(connect(running.key, level))
    answer = wire.recv(100)
    assert answer[0] == 0x20 and answer[3] == 0
    return wire


def test_acknowledgements_come_in_order_with_reasons_and_after_the_commit(served):
    wire = signed_in(served)
    wire.sendall(
        publish(1, b"1.0") + publish(2, b"x") + publish(3, b"1.1") + publish(4, b"1", topic="tepian/v1/tak/ada")
    )
    answer = b""
    while len(answer) < 4 + 5 + 4 + 5:
        answer += wire.recv(100)
    assert Observation.objects.count() == 2
    assert answer == b"\x40\x02\x00\x01" + b"\x40\x03\x00\x02\x99" + b"\x40\x02\x00\x03" + b"\x40\x03\x00\x04\x90"
    wire.sendall(packet(0xC0, b""))
    assert wire.recv(10) == b"\xd0\x00"
    wire.sendall(packet(0x82, b"\x00\x09\x00" + text("tepian/v1/#") + b"\x01"))
    assert wire.recv(10) == b"\x90\x04\x00\x09\x00\x87"
    wire.sendall(packet(0xE0, b""))
    assert wire.recv(10) == b""


def test_quality_two_takes_a_repeated_message_once(served):
    wire = signed_in(served, level=4)
    wire.sendall(publish(7, b"1.5", qos=2, level=4))
    assert wire.recv(10) == b"\x50\x02\x00\x07"
    wire.sendall(publish(7, b"1.5", qos=2, level=4))
    assert wire.recv(10) == b"\x50\x02\x00\x07"
    wire.sendall(packet(0x62, b"\x00\x07"))
    assert wire.recv(10) == b"\x70\x02\x00\x07"
    assert Observation.objects.count() == 1
    wire.sendall(packet(0x82, b"\x00\x09" + text("tepian/v1/#") + b"\x01"))
    assert wire.recv(10) == b"\x90\x03\x00\x09\x80"


@pytest.mark.parametrize(
    "junk",
    [
        b"\x10\xff\xff\xff\xff\x01",
        b"GET / HTTP/1.1\r\n\r\n",
        packet(0x10, text("MQTT") + b"\x09\x02\x00\x3c" + text("x")),
        packet(0x10, b"\x00"),
        packet(0x30, text("tepian/v1/hilir/muka-air") + b"1"),
        packet(0x20, b"\x00\x00"),
        packet(0xF0, b""),
        packet(0x12, b""),
        packet(0x10, text("MQTT") + b"\x04\x03\x00\x3c" + text("x")),
        packet(0x10, text("MQTT") + b"\x05\xc2\x00\x3c\x05\x99\x99\x99\x99\x99" + text("x")),
        b"\x30\xff\xff\xff\x7f",
        b"\x00\x00",
        packet(0x10, text("MQTT") + b"\x04\x02\x00\x3c" + b"\x00\x04\xff\xfe\xfd\xfc"),
    ],
)
def test_broken_packets_before_sign_in_end_the_connection_only(served, junk):
    wire = dial(served)
    wire.sendall(junk)
    while wire.recv(100):
        pass
    good = signed_in(served)
    good.sendall(publish(1, b"1"))
    assert good.recv(10)[:1] == b"\x40"


@pytest.mark.parametrize(
    "junk",
    [
        packet(0x36, text("a") + b"\x00\x01\x00x"),
        packet(0x32, b"\x00"),
        packet(0x32, text("tepian/v1/+/x") + b"\x00\x01\x00" + b"1"),
        packet(0x32, text("t") + b"\x00\x00\x00" + b"1"),
        packet(0x32, text("tepian/v1/hilir/muka-air") + b"\x00\x01\x03\x23\x00\x01" + b"1"),
        packet(0x32, text("") + b"\x00\x01\x00" + b"1"),
        packet(0x82, b"\x00\x01\x00"),
        packet(0x80, b"\x00\x01\x00" + text("a") + b"\x00"),
        connect("x"),
        packet(0xC1, b""),
        packet(0x90, b"\x00\x01"),
        packet(0x60, b"\x00\x01"),
        packet(0x62, b""),
        packet(0x32, text("t") + b"\x00\x01\x0b\x26\x00"),
    ],
)
def test_broken_packets_after_sign_in(served, junk):
    wire = signed_in(served)
    wire.sendall(publish(5, b"1.5") + junk)
    answer = b""
    while part := wire.recv(100):
        answer += part
    assert answer[-4:-2] == b"\xe0\x02"  # told why
    until(lambda: Observation.objects.count() == 1)  # what came before was kept
    assert served.counts.broken == 1


def test_random_bytes_never_break_the_listener(served):
    rng = random.Random(7)
    for round_ in range(120):
        wire = dial(served) if round_ % 2 else signed_in(served)
        data = bytearray(publish(round_ + 1, b"1.5") * 3 if round_ % 3 else connect(served.key))
        for _flip in range(rng.randrange(1, 12)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            wire.sendall(bytes(data) + rng.randbytes(rng.randrange(40)))
            wire.close()
        except OSError:
            pass
    good = signed_in(served)
    good.sendall(publish(1, b"1"))
    assert good.recv(10)[:1] == b"\x40"


def test_packets_in_single_bytes_and_in_one_lump(served):
    wire = dial(served)
    for byte in connect(served.key) + publish(1, b"1.25"):
        wire.sendall(bytes((byte,)))
    answer = b""
    while b"\x40\x02\x00\x01" not in answer:
        answer += wire.recv(100)
    lump = dial(served)
    lump.sendall(connect(served.key) + b"".join(publish(n, b"2") for n in range(1, 200)) + packet(0xE0, b""))
    until(lambda: Observation.objects.count() == 200)


def test_silent_senders_are_sent_away(served, monkeypatch):
    monkeypatch.setattr(mqtt_listener, "CONNECT_SECONDS", 0.1)
    quiet = dial(served)
    wire = dial(served)
    wire.sendall(connect(served.key, keepalive=1))
    wire.recv(100)
    quiet.settimeout(5)
    assert quiet.recv(10) == b""
    assert wire.recv(10)[:1] == b"\xe0"


def test_a_store_that_fails_acknowledges_nothing(served, writer, monkeypatch):
    from tepian.services.sensors.operations import writer as writer_module

    def fail(*args, **kwargs):
        raise writer_module.OperationalError("database or disk is full")

    wire, real = signed_in(served), writer_module.commit
    monkeypatch.setattr(writer_module, "commit", fail)
    wire.sendall(publish(1, b"1"))
    assert wire.recv(10) == b"\xe0\x02\x89\x00"  # disconnected as busy, not acknowledged
    monkeypatch.setattr(writer_module, "commit", real)
    again = signed_in(served)
    again.sendall(publish(1, b"1"))
    assert again.recv(10) == b"\x40\x02\x00\x01"


@pytest.fixture
def broker(tmp_path):
    if BROKER is None:
        pytest.skip("mosquitto is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = tmp_path / "m.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")

    def start():
        process = subprocess.Popen([BROKER, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _try in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return process
            except OSError:
                time.sleep(0.05)
        raise AssertionError("mosquitto did not start")

    process = start()
    holder = {"port": port, "process": process, "start": start}
    yield holder
    holder["process"].terminate()
    holder["process"].wait(5)


@needs_pub
def test_the_bridge_reads_a_real_broker_and_survives_its_restart(writer, live_town, broker):
    live._load_registry()
    ingest = live.Ingest()
    refuse = {"times": 2}

    def commit(rows):
        if refuse["times"]:
            refuse["times"] -= 1
            raise RuntimeError("the store is away")
        return writer.submit_and_wait(rows)

    bridge = MqttBridge(
        f"mqtt://127.0.0.1:{broker['port']}",
        lambda t, p: ingest.read(t, p, live.INGEST, time.time_ns() // 10**6),
        commit,
    )
    bridge.start()
    try:
        until(lambda: bridge.connected)
        time.sleep(0.3)
        send = [PUB, "-h", "127.0.0.1", "-p", str(broker["port"]), "-q", "1"]
        subprocess.run([*send, "-t", "tepian/v1/hilir/muka-air", "-m", "1.5"], check=True, timeout=10)
        subprocess.run([*send, "-t", "tepian/v1/hilr/muka-air", "-m", "1.5"], check=True, timeout=10)
        until(lambda: Observation.objects.count() == 1)
        until(lambda: bridge.counts.refused == 1)
        broker["process"].terminate()
        broker["process"].wait(5)
        until(lambda: not bridge.connected)
        broker["process"] = broker["start"]()
        until(lambda: bridge.connected, 15)
        time.sleep(0.5)
        subprocess.run([*send, "-t", "tepian/v1/hilir/muka-air", "-m", "1.6"], check=True, timeout=10)
        until(lambda: Observation.objects.count() == 2)
    finally:
        bridge.stop()
