from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.utils import OperationalError

from tepian.kernel.catalogue.contributions import GatewayService
from tepian.kernel.catalogue.models import JobRun
from tepian.kernel.events.models import OutboxEvent
from tepian.portal import health


def beat(seconds_ago: float) -> None:
    JobRun.objects.update_or_create(
        name="worker", defaults={"started_at": datetime.now(UTC) - timedelta(seconds=seconds_ago)}
    )


@pytest.fixture(autouse=True)
def no_listeners(monkeypatch):
    """Listeners live in the gateway; these tests are not one."""
    monkeypatch.setattr(health, "offered", lambda kind: [])


def test_alive_asks_no_database(client):
    """Without the `db` fixture, any query would fail this test."""
    assert client.get("/healthz").json() == {"alive": True}


@pytest.mark.django_db
def test_ready_when_all_is_well(client):
    beat(2)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["ready"] and not answer.json()["degraded"], answer.json()


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [None, 120])
def test_a_silent_worker_is_shown_but_takes_no_pages_away(client, seconds):
    if seconds:
        beat(seconds)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["degraded"]
    assert [check["name"] for check in answer.json()["checks"] if not check["ok"]] == ["worker"]


@pytest.mark.django_db
def test_not_ready_when_a_listener_is_down(client, monkeypatch):
    async def nothing() -> None: ...

    service = GatewayService("mqtt", nothing, nothing, lambda: (False, "port 1883 is taken"))
    monkeypatch.setattr(health, "offered", lambda kind: [service])
    beat(1)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert {"name": "mqtt", "ok": False, "detail": "port 1883 is taken", "vital": True} in answer.json()["checks"]


@pytest.mark.django_db
def test_a_nearly_full_disk_is_shown_but_takes_no_pages_away(client, monkeypatch):
    monkeypatch.setattr(health, "DISK_LEAST", 1 << 60)
    beat(1)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert [check["name"] for check in answer.json()["checks"] if not check["ok"]] == ["disk"]


@pytest.mark.django_db
def test_not_ready_without_a_database_and_tells_no_secret(client, monkeypatch):
    def refuse():
        raise OperationalError("connection to postgres://kota:rahasia@db failed")

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "rahasia" not in answer.content.decode()


@pytest.mark.django_db
def test_metrics_count_what_waits(client):
    OutboxEvent.objects.create(
        id="8a3c2f0e-9d1b-4a53-8a3e-0b1c2d3e4f50",
        type="tests.thing_happened.v1",
        subject="thing/1",
        time=datetime.now(UTC),
    )
    client.get("/healthz")
    text = client.get("/metrics").content.decode()
    assert "tepian_database_up 1.0" in text
    assert "tepian_database_bytes" in text
    position = OutboxEvent.objects.get().position
    assert f"tepian_outbox_position {float(position)}" in text
    assert 'tepian_http_answers_total{method="GET",route="healthz",status="200"}' in text


@pytest.mark.django_db
def test_metrics_are_not_for_everybody(client, as_role):
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403
    assert as_role("viewer").get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403
    assert as_role("administrator").get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 200


@pytest.mark.django_db
def test_request_ids_are_kept_or_made(client):
    assert client.get("/api/v1/nowhere", headers={"X-Request-ID": "proxy-0001"})["X-Request-ID"] == "proxy-0001"
    made = client.get("/api/v1/nowhere", headers={"X-Request-ID": "two words\r\n"})["X-Request-ID"]
    assert len(made) == 32
