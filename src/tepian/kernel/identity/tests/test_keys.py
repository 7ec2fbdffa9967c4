"""Device keys: shown once, scoped, expiring, revocable; and the API's doors."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path
from ninja import NinjaAPI

from tepian.kernel.actors import Conflict, Denied, Invalid
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.catalogue import versions
from tepian.kernel.identity import keys, operations, queries
from tepian.kernel.identity.api import ninja_auth
from tepian.kernel.identity.middleware import ActorMiddleware
from tepian.kernel.identity.models import DeviceKey

from .conftest import SYSTEM

pytestmark = pytest.mark.django_db


def issue(hall: SimpleNamespace, name: str = "penakar", **options: Any) -> tuple[DeviceKey, str]:
    return operations.issue_device_key(actor=SYSTEM, name=name, **options)


def test_a_key_is_shown_once_and_kept_as_a_fingerprint(hall: SimpleNamespace) -> None:
    row, secret = issue(hall)
    assert secret.startswith("tpn_") and len(secret) >= 47 and row.prefix == secret[:12]
    stored = DeviceKey.objects.values().get()
    assert secret not in str(stored) and stored["digest"] == keys.digest_of(secret)
    assert secret not in str(list(AuditEntry.objects.values()))
    with pytest.raises(Conflict):
        issue(hall)


def test_scope_of_a_key(hall: SimpleNamespace) -> None:
    _row, anywhere = issue(hall, "a")
    _row, agency = issue(hall, "b", agency=hall.bpbd)
    _row, region = issue(hall, "c", grants=[{"role": "device", "scope": "region", "code": "64.72.05"}])
    city, local, ward = (keys.verify_device_key(key) for key in (anywhere, agency, region))
    assert city and local and ward
    assert (city.kind, city.id, city.account_id) == ("device", "a", None)
    assert city.has("device", region="64.72.09") and not city.has("administrator")
    assert local.has("device", agency="bpbd") and not local.has("device", agency="kominfo")
    assert ward.has("device", region="64.72.05.1003") and not ward.has("device", region="64.72.06.1003")


@pytest.mark.parametrize(
    "grants,code",
    [
        ([{"role": "administrator"}], "unknown_role"),
        ([{"role": "tamu"}], "unknown_role"),
        ([{"role": "device", "scope": "galaxy"}], "unknown_scope"),
        ([{"role": "device", "scope": "region"}], "code_missing"),
    ],
)
def test_keys_cannot_be_given_what_keys_must_not_have(
    hall: SimpleNamespace, grants: list[dict[str, str]], code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        issue(hall, grants=grants)
    assert refused.value.code == code


def test_known_keys_cost_one_small_read_and_a_revoked_one_fails_at_once(hall: SimpleNamespace) -> None:
    row, secret = issue(hall)
    assert keys.verify_device_key(secret)
    with CaptureQueriesContext(connection) as captured:
        assert keys.verify_device_key(secret)
    assert len(captured) == 1 and "topicversion" in captured[0]["sql"]
    assert keys.remembered(secret) is not None
    with CaptureQueriesContext(connection) as captured:
        assert asyncio.run(keys.averify_device_key(secret)) is not None
    assert len(captured) == 0  # the event loop does not touch the database
    operations.revoke_device_key(actor=SYSTEM, key=row)
    assert keys.verify_device_key(secret) is None
    with pytest.raises(Conflict):
        operations.revoke_device_key(actor=SYSTEM, key=row)


@pytest.mark.django_db(transaction=True)
def test_the_gateway_forgets_a_revoked_key_within_a_second(
    hall: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, secret = issue(hall)
    assert keys.verify_device_key(secret)
    DeviceKey.objects.filter(pk=row.pk).update(revoked_at=datetime.now(UTC))  # as another process would
    versions.touch("identity")
    clock = keys.time.monotonic
    monkeypatch.setattr(keys.time, "monotonic", lambda: clock() + 1.5)
    assert asyncio.run(keys.averify_device_key(secret)) is None


def test_expiry_and_nonsense(hall: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    _row, secret = issue(hall, expires_at=datetime.now(UTC) + timedelta(seconds=60))
    assert keys.verify_device_key(secret)
    DeviceKey.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    keys.forget()
    assert keys.verify_device_key(secret) is None
    for nonsense in ("", "tpn_", "tpn_" + "x" * 200, "Bearer x", secret[:-1], "tpn_\ud800"):
        assert keys.verify_device_key(nonsense) is None


def test_last_use_is_noted_at_most_once_a_minute(hall: SimpleNamespace) -> None:
    row, secret = issue(hall)
    keys.verify_device_key(secret)
    row.refresh_from_db()
    first = row.last_used_at
    assert first is not None
    keys.forget()
    keys.verify_device_key(secret)
    row.refresh_from_db()
    assert row.last_used_at == first


def test_only_administrators_in_reach_issue_keys(hall: SimpleNamespace, person: Any) -> None:
    local = queries.actor_for(person("lokal", hall.at.local_admin))
    operations.issue_device_key(actor=local, name="bpbd 1", agency=hall.pusdalops)
    for agency in (None, hall.kominfo):
        with pytest.raises(Denied):
            operations.issue_device_key(actor=local, name="x", agency=agency)
    with pytest.raises(Denied):
        operations.issue_device_key(actor=queries.actor_for(person("budi", hall.at.duty)), name="x", agency=hall.bpbd)


def test_keys_in_headers_and_sessions_make_the_actor(hall: SimpleNamespace, signed_in: Any) -> None:
    _row, secret = issue(hall)
    seen: list[Any] = []
    middleware = ActorMiddleware(lambda request: seen.append(request.actor))  # type: ignore[arg-type,func-returns-value]
    make = RequestFactory()
    for headers in ({"Authorization": f"Bearer {secret}"}, {"X-Tepian-Key": secret}):
        middleware(make.get("/", headers=headers))
        assert seen[-1].kind == "device" and seen[-1].request_id
    for headers in ({"Authorization": "Bearer tpn_wrong"}, {"X-Tepian-Key": "x"}, {}, {"Authorization": "Basic x"}):
        middleware(make.get("/", headers=headers))
        assert seen[-1].kind == "anonymous"
    middleware(make.get("/", headers={"X-Request-ID": "abc-1"}))
    assert seen[-1].request_id == "abc-1"
    middleware(make.get("/", headers={"X-Request-ID": "x y\n"}))
    assert seen[-1].request_id not in {"", "x y\n"}


def test_a_device_does_not_open_pages_for_people(hall: SimpleNamespace) -> None:
    _row, secret = issue(hall)
    client = Client(headers={"X-Tepian-Key": secret})
    assert client.get("/akun").status_code == 403
    assert client.get("/kerja/kelola/audit").status_code == 403


def test_api_auth_knows_keys_and_sessions_and_asks_for_csrf(hall: SimpleNamespace, signed_in: Any) -> None:
    api = NinjaAPI(urls_namespace="test-identity")

    @api.post("/write", auth=ninja_auth)
    def write(request: Any) -> dict[str, str]:
        return {"id": request.auth.id}

    urls = ModuleType("test_identity_urls")
    urls.urlpatterns = [path("t/", api.urls)]  # type: ignore[attr-defined]
    _row, secret = issue(hall)
    _client, account = signed_in("budi", hall.at.duty)
    with override_settings(ROOT_URLCONF=urls):
        assert Client(headers={"X-Tepian-Key": secret}).post("/t/write").json() == {"id": "penakar"}
        assert Client(headers={"Authorization": f"Bearer {secret}"}).post("/t/write").status_code == 200
        assert Client().post("/t/write").status_code == 401
        assert Client(headers={"X-Tepian-Key": "tpn_wrong"}).post("/t/write").status_code == 401
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(account)
        assert strict.post("/t/write").status_code == 403
        strict.cookies["csrftoken"] = "a" * 32
        assert strict.post("/t/write", headers={"X-CSRFToken": "a" * 32}).json() == {"id": "budi"}
