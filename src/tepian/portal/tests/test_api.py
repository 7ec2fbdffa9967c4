from __future__ import annotations

import errno
import json
import sqlite3
from types import ModuleType

import pytest
from django.core.cache import cache
from django.db.utils import OperationalError
from django.http import Http404
from django.test import Client
from django.urls import path
from django.utils.translation import gettext_lazy as _
from ninja import Router, Schema

from tepian.kernel.actors import Conflict, Denied, Invalid, NotFound
from tepian.portal import api as core
from tepian.portal.urls import urlpatterns as real

BODY = {"code", "message_id", "message_en", "field", "request_id", "docs"}


class Thing(Schema):
    count: int


def raiser(error):
    def operation(request):
        raise error

    return operation


def full(request):
    raise OperationalError("x") from sqlite3.OperationalError("database or disk is full")


def no_space(request):
    raise OSError(errno.ENOSPC, "No space left on device")


ERRORS = {
    "denied": Denied(_("You may not do this. Nothing was changed."), "BPBD"),
    "invalid": Invalid(
        _("The input does not have the expected form. Nothing was changed."), code="depth", field="depth"
    ),
    "conflict": Conflict("late"),
    "not-found": NotFound("none"),
    "http404": Http404("x"),
    "locked": OperationalError("database is locked"),
    "away": OperationalError("server closed the connection unexpectedly"),
    "bug": ZeroDivisionError("x"),
}


@pytest.fixture
def troubled(settings):
    """The real error handling over a router that only makes trouble."""
    router = Router(tags=["trouble"])
    for name, error in ERRORS.items():
        router.get(f"/{name}", url_name=name, operation_id=name)(raiser(error))
    router.get("/full", url_name="full")(full)
    router.get("/no-space", url_name="no-space")(no_space)

    @router.post("/things")
    def make(request, thing: Thing):
        return {"count": thing.count}

    built = core.build("trouble", [("trouble", router)])
    urlconf = ModuleType("troubled_urls")
    urlconf.urlpatterns = [path("api/v1/", (core.mount(built), "ninja", "trouble")), *real]
    urlconf.handler404, urlconf.handler500 = "tepian.portal.views.not_found", "tepian.portal.views.server_error"
    settings.ROOT_URLCONF = urlconf
    return built


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("denied", 401, "not_signed_in"), ("invalid", 422, "depth"), ("conflict", 409, "conflict"),
        ("not-found", 404, "not_found"), ("http404", 404, "not_found"), ("locked", 503, "busy"),
        ("away", 503, "database_away"), ("full", 507, "storage_full"), ("no-space", 507, "storage_full"),
        ("bug", 500, "internal"), ("things", 405, "method_not_allowed"), ("nowhere", 404, "not_found"),
    ],
)  # fmt: skip
def test_every_refusal_speaks_the_same_language(client, troubled, name, status, code):
    answer = client.get(f"/api/v1/{name}", headers={"X-Request-ID": "abc-12345"})
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code)
    assert set(body) == BODY
    assert body["message_id"] and body["message_en"]
    assert body["request_id"] == "abc-12345"
    assert body["docs"].startswith("/api/v1/docs")
    if status in {503, 507}:
        assert int(answer["Retry-After"]) > 0
    if status == 401:
        assert answer["WWW-Authenticate"].startswith("Bearer")
    assert "Traceback" not in answer.content.decode()


@pytest.mark.django_db
def test_signed_in_without_the_role_is_403_and_says_who_helps(troubled, as_role):
    answer = as_role("viewer").get("/api/v1/denied")
    assert answer.status_code == 403
    assert answer.json()["message_en"].endswith("BPBD")


@pytest.mark.django_db
def test_malformed_and_wrong_input_name_the_field(client, troubled):
    answer = client.post("/api/v1/things", b"{", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    answer = client.post("/api/v1/things", {"count": "many"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["field"] == "thing.count"
    assert client.post("/api/v1/things", {"count": 3}, content_type="application/json").json() == {"count": 3}


@pytest.mark.django_db
def test_a_bad_key_is_refused_even_where_nobody_needs_one(client, troubled):
    for header in (
        {"Authorization": "Bearer tpn_wrong"},
        {"X-Tepian-Key": "tpn_wrong"},
        {"Authorization": "Basic eDp5"},
    ):
        answer = client.post("/api/v1/things", {"count": 3}, content_type="application/json", headers=header)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


@pytest.mark.django_db
def test_a_session_alone_cannot_change_anything_from_a_foreign_page(troubled, account_with):
    client = Client(enforce_csrf_checks=True)
    client.force_login(account_with("duty_officer"), backend="tepian.kernel.identity.backends.AccountBackend")
    answer = client.post("/api/v1/things", {"count": 3}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert client.get("/api/v1/things").status_code == 405


@pytest.mark.django_db
def test_anonymous_changes_are_limited_and_reading_is_not(client, troubled, monkeypatch):
    monkeypatch.setattr(core, "ANONYMOUS_WRITES", 3)
    cache.clear()
    statuses = [
        client.post("/api/v1/things", {"count": 3}, content_type="application/json").status_code for _n in range(5)
    ]
    assert statuses == [200, 200, 200, 429, 429]
    answer = client.post("/api/v1/things", {"count": 3}, content_type="application/json")
    assert answer.json()["code"] == "too_many" and int(answer["Retry-After"]) > 0
    assert {client.get("/api/v1/conflict").status_code for _n in range(5)} == {409}


@pytest.mark.django_db
def test_the_schema_is_complete(client):
    schema = client.get("/api/v1/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    for address, methods in schema["paths"].items():
        assert address.startswith("/api/v1/")
        for method, operation in methods.items():
            assert operation["tags"], (address, method)
            assert {"400", "401", "403", "404", "422", "500"} <= set(operation["responses"]), (address, method)
    assert json.dumps(schema).count('"Problem"') >= 1


@pytest.mark.django_db
def test_the_reference_page_needs_nothing_from_elsewhere(client):
    answer = client.get("/api/v1/docs")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "cdn" not in text and "<script>" not in text
    for address in client.get("/api/v1/openapi.json").json()["paths"]:
        assert address in text
