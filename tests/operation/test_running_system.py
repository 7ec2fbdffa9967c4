"""What an operator sees of the running system: ready, measured, logged without personal data."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from typing import Any

import pytest

pytestmark = [pytest.mark.process, pytest.mark.slow]


def named(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def ask(url: str, **headers: str) -> tuple[int, dict[str, str], str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
            return answer.status, named(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, named(error.headers), error.read().decode()


def test_the_system_says_that_it_is_ready(server: Any):
    status, _headers, body = ask(f"{server.url}/readyz")
    found = json.loads(body)
    assert status == 200 and found["ready"], found
    assert {"database", "migrations", "worker", "disk"} <= {check["name"] for check in found["checks"]}
    assert ask(f"{server.url}/healthz")[0] == 200


def test_metrics_for_this_machine_only(server: Any):
    status, _headers, text = ask(f"{server.url}/metrics")
    assert status == 200
    for name in (
        "tepian_http_seconds_bucket",
        "tepian_outbox_backlog",
        "tepian_database_bytes",
        "process_resident_memory_bytes",
        'tepian_ingest_total{what="rows_committed"}',
        'tepian_ingest_total{what="mqtt_received"}',
        'tepian_service_well{service="mqtt"} 1.0',
    ):
        assert name in text, name
    assert ask(f"{server.url}/metrics", **{"X-Forwarded-For": "203.0.113.5"})[0] == 403


def test_the_log_keeps_no_personal_data(server: Any):
    canaries = ("6472054107850003", "081255512345", "siti.aminah@kota.example", "tpn_canary0123456789")
    for canary in canaries:
        ask(f"{server.url}/api/v1/{canary}?q={canary}", Authorization=f"Bearer {canary}")
        ask(f"{server.url}/lacak?q={canary}")
    ask(f"{server.url}/api/v1/incidents", Authorization="Bearer tpn_canary0123456789")
    text = server.log.read_text()
    assert not [canary for canary in canaries if canary in text]


def test_an_unknown_address_of_the_api_is_readable(server: Any):
    status, headers, body = ask(f"{server.url}/api/v1/nothing", **{"X-Request-ID": "operator-0001"})
    assert status == 404
    assert headers["x-request-id"] == json.loads(body)["request_id"] == "operator-0001"


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /%ff%fe HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
)
def test_strange_requests_do_not_break_it(server: Any, raw: bytes):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(raw)
        answer = connection.recv(4096)
    assert b" 500 " not in answer.split(b"\r\n")[0], answer[:200]
    assert ask(f"{server.url}/healthz")[0] == 200
