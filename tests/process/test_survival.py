"""The real processes: killed, stopped, cut off, filled up. What was acknowledged stays, once."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import harness, kill

pytestmark = [pytest.mark.process, pytest.mark.slow]


@pytest.fixture(scope="module")
def city() -> Iterator[harness.System]:
    """A running demonstration of the fictional city, without the storm."""
    with harness.system() as running:
        yield running


def post(
    running: harness.System, value: object, at: str, stream: object | None = None
) -> tuple[int, dict[str, object]]:
    stream = stream if stream is not None else running.datastreams[0]["@iot.id"]
    status, body = harness.post(
        f"{running.url}/sensorthings/v1.1/Observations",
        {"result": value, "phenomenonTime": at, "Datastream": {"@iot.id": stream}},
        headers=running.auth,
        timeout=20,
    )
    return status, json.loads(body) if body.strip().startswith(b"{") else {}


def test_killed_at_random_moments_it_loses_nothing_that_was_acknowledged() -> None:
    with harness.system() as running:
        acknowledged, lost, done, broken = kill.kill_under_load(running, kills=5, seed=20260101)
    assert done == 5
    assert acknowledged > 50
    assert (lost, broken) == (0, 0)


def test_a_body_over_the_limit_is_refused_with_words_and_the_server_goes_on(city: harness.System) -> None:
    with socket.create_connection(("127.0.0.1", city.port)) as connection:
        connection.sendall(
            b"POST /sensorthings/v1.1/Observations HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/json\r\nContent-Length: 52428800\r\n\r\n"
        )
        with contextlib.suppress(OSError):
            connection.sendall(b"x" * 65536)
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 413")
    assert "body_too_large" in answer
    assert harness.get(f"{city.url}/healthz")[0] == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"result": NaN}', b"\xff\xfe", b'{"result": 1}' * 3])
def test_malformed_bodies_get_a_readable_error(city: harness.System, body: bytes) -> None:
    status, text = harness.post(f"{city.url}/sensorthings/v1.1/Observations", body, headers=city.auth)
    assert status in {400, 422}
    error = json.loads(text)
    assert error["code"]
    assert error["message_id"] and error["message_en"]


def test_a_stream_over_http_resumes_where_it_was_cut(city: harness.System) -> None:
    def events(last: str, count: int) -> list[str]:
        with socket.create_connection(("127.0.0.1", city.port), 20) as connection:
            extra = f"Last-Event-ID: {last}\r\n" if last else ""
            connection.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n{extra}\r\n".encode())
            data, deadline = b"", time.monotonic() + 20
            while len(found := re.findall(rb"^id: (\d+)", data, re.M)) < count:
                assert time.monotonic() < deadline, f"{len(found)} of {count} events came"
                data += connection.recv(65536)
            return [one.decode() for one in found]

    river = next(
        one["@iot.id"]
        for one in city.datastreams
        if one["properties"]["mqtt_topic"] == "tepian/v1/jembatan-lama/muka-air"  # type: ignore[index]
    )
    base = time.time() - 800
    got: list[str] = []
    listener = threading.Thread(target=lambda: got.extend(events("", 1)))
    listener.start()
    time.sleep(1)
    for number in range(8):  # up and down over the lowest threshold (2.0 m): each crossing is an event
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(base + number * 100))
        assert post(city, 2.3 if number % 2 else 1.7, at, river)[0] == 201
    listener.join(20)
    assert got
    everything = events("0", 3)
    assert everything == sorted(set(everything), key=int)
    later = events(everything[0], 2)
    assert later[:2] == everything[1:3]


def test_it_stops_in_order_with_open_streams() -> None:
    with harness.system() as running:
        connections = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(20)]
        for connection in connections:
            connection.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            connection.recv(100)
        pids = harness.tree(running.pid)
        os.kill(running.pid, signal.SIGTERM)
        deadline = time.monotonic() + 12
        while time.monotonic() < deadline and any(_alive(pid) for pid in pids):
            time.sleep(0.1)
        assert not [pid for pid in pids if _alive(pid)]
        for connection in connections:
            connection.close()


def _alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_full_disk_is_said_plainly_and_writing_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"this test needs the right to mount a small disk: {mounted.stderr.strip()}")
    try:
        environment = harness.prepared_home(disk)
        port, mqtt = harness.free_port(), harness.free_port()
        environment |= {"TEPIAN_PORT": str(port), "TEPIAN_MQTT_PORT": str(mqtt)}
        import sys

        with harness.process(sys.executable, "-m", "tepian", "run", log=tmp_path / "log", **environment) as child:
            running = harness.System(disk, port, mqtt, child.pid, (disk / "demo-device-key").read_text().strip())
            harness.wait_for(f"{running.url}/readyz")
            running.datastreams = json.loads(harness.get(f"{running.url}/sensorthings/v1.1/Datastreams")[1])["value"]
            at = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 4000 + n * 10)) for n in range(300)]
            assert post(running, 1.0, at[0])[0] == 201
            filler = disk / "filler"
            with filler.open("wb") as file, contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * 65536)
                    file.flush()
            answers: list[tuple[int, dict[str, object]]] = []
            while sum(status != 201 for status, _ in answers) < 4 and len(answers) < 200:
                answers.append(post(running, 1.0 + len(answers) / 1000, at[len(answers) + 1]))
            accepted = [n for n, (status, _) in enumerate(answers, 1) if status == 201]
            refused = [body for status, body in answers if status != 201]
            assert refused, "the disk never filled"
            assert {status for status, _ in answers} <= {201, 507, 503}
            assert all(body.get("message_id") and body.get("message_en") for body in refused)
            filler.unlink()
            deadline = time.monotonic() + 30
            while post(running, 2.0, at[250])[0] != 201:
                assert time.monotonic() < deadline, "it did not recover"
                time.sleep(0.5)
            for n in (0, *accepted, 250):
                query = f"phenomenonTime%20eq%20{at[n]}"
                stream = running.datastreams[0]["@iot.id"]
                _, body = harness.get(
                    f"{running.url}/sensorthings/v1.1/Datastreams({stream})/Observations?$filter={query}&$count=true"
                )
                assert json.loads(body)["@iot.count"] == 1, f"observation {n} was acknowledged and is not there once"
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A PostgreSQL cluster of this test's own; gives (database URL, data folder)."""
    candidates = [shutil.which("initdb"), *map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb"))]
    initdb = next((one for one in candidates if one), None)
    if not initdb:
        pytest.skip("no PostgreSQL server on this machine (Debian package postgresql)")
    data, port = Path(f"/tmp/tepian-pg-{os.getpid()}"), harness.free_port()
    data.mkdir(mode=0o755)
    if os.getuid() == 0:
        shutil.chown(data, "postgres")
    _as_postgres(f"{initdb} -D {data}/data -A trust -U postgres --no-sync")
    _as_postgres(f"{Path(initdb).with_name('pg_ctl')} -D {data}/data -o '-p {port} -k {data}' -l {data}/log -w start")
    yield f"postgres://postgres@127.0.0.1:{port}/postgres", data / "data"
    _as_postgres(f"{Path(initdb).with_name('pg_ctl')} -D {data}/data -m immediate stop", check=False)
    shutil.rmtree(data, ignore_errors=True)


def _as_postgres(command: str, *, check: bool = True) -> None:
    whole = ["su", "postgres", "-s", "/bin/sh", "-c", command] if os.getuid() == 0 else ["sh", "-c", command]
    subprocess.run(whole, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


def test_postgresql_stopped_at_once_under_load_loses_nothing_and_clients_resume(postgres: tuple[str, Path]) -> None:
    url, data = postgres
    initdb = shutil.which("initdb") or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")))
    pg_ctl = Path(initdb).with_name("pg_ctl")
    with harness.system(database_url=url) as running:
        acknowledged: list[tuple[object, str, float]] = []
        stop = threading.Event()
        ids = [one["@iot.id"] for one in running.datastreams]
        threads = [threading.Thread(target=kill._client, args=(running, ids, n, acknowledged, stop)) for n in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(2)
        before = len(acknowledged)
        _as_postgres(f"{pg_ctl} -D {data} -m immediate stop")
        time.sleep(1)
        port = url.rpartition(":")[2].partition("/")[0]
        _as_postgres(f"{pg_ctl} -D {data} -o '-p {port} -k {data.parent}' -l {data.parent}/log -w start")
        deadline = time.monotonic() + 20
        resumed = len(acknowledged)
        while len(acknowledged) < resumed + 50:
            assert time.monotonic() < deadline, "clients did not resume"
            time.sleep(0.1)
        stop.set()
        for thread in threads:
            thread.join()
        assert before > 10
        lost, broken = kill.read_back(running, acknowledged, TEPIAN_DATABASE_URL=url)
    assert (lost, broken) == (0, 0)
