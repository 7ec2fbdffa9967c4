"""Every refusal and breakdown says what happened, what is safe and what to do, in both languages."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.test import Client
from django.urls import include, path

from tepian import urls as real
from tepian.kernel.actors import Conflict, Denied, Invalid, NotFound
from tepian.kernel.identity.access import public_page, staff_page
from tepian.portal import errors

FULL = OperationalError("database or disk is full")
AWAY = OperationalError("could not connect to server")
LOCKED = OperationalError("database is locked")
RAISED: dict[str, tuple[BaseException, int]] = {
    "denied": (Denied("Halaman ini untuk auditor.", "Tanya Diskominfo."), 403),
    "forbidden": (PermissionDenied(), 403), "lost": (Http404(), 404), "gone": (NotFound("Tidak ada laporan itu."), 404),
    "conflict": (Conflict("Dikonfirmasi pukul 14.30 oleh Petugas Jaga."), 409),
    "invalid": (Invalid("NIK harus 16 angka."), 422),
    "suspicious": (SuspiciousOperation(), 400), "large": (RequestDataTooBig(), 413), "full": (FULL, 507),
    "away": (AWAY, 503),
    "locked": (LOCKED, 503), "broken": (RuntimeError("rahasia dalam"), 500),
}  # fmt: skip


@public_page
def fall(request: HttpRequest, what: str) -> HttpResponse:
    error = RAISED[what][0]
    if what == "full":
        raise error from sqlite3.OperationalError("database or disk is full")
    raise error


@public_page
def only_post(request: HttpRequest) -> HttpResponse:
    return HttpResponseNotAllowed(["POST"])


@staff_page()
def at_work(request: HttpRequest) -> HttpResponse:
    raise Denied("Hanya auditor.", "Tanya Diskominfo.")


falls = [path("jatuh/<str:what>", fall, name="test-fall"), path("hanya-kirim", only_post, name="test-post")]
urlpatterns = [
    *falls,
    path("en/", include(falls)),
    path("api/jatuh/<str:what>", fall),
    path("kerja/jatuh", at_work),
    *real.urlpatterns,
]
handler400, handler403 = errors.bad_request, errors.permission_denied
handler404, handler500 = real.handler404, real.handler500


@pytest.fixture
def visitor(settings: Any, db: None) -> Client:
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("what", RAISED)
@pytest.mark.parametrize("language", ["id", "en"])
def test_a_page_says_what_happened_what_is_safe_and_what_to_do(visitor: Client, what: str, language: str) -> None:
    error, status = RAISED[what]
    response = visitor.get(f"/{'en/' if language == 'en' else ''}jatuh/{what}", headers={"X-Request-ID": "nomor-77"})
    body = response.content.decode()
    assert response.status_code == status
    assert ("Yang aman" if language == "id" else "What is safe") in body
    assert ("Yang dapat Anda lakukan" if language == "id" else "What you can do") in body
    assert "nomor-77" in body, "the number that helps the operator"
    assert body.count("<h1") == 1 and "Traceback" not in body and "rahasia dalam" not in body
    if isinstance(error, Denied | Invalid):
        assert str(error) in body
    if status in {503, 507}:
        assert int(response["Retry-After"]) > 0
    assert response["Cache-Control"] == "no-store"


def test_who_can_help_is_named(visitor: Client) -> None:
    assert "Tanya Diskominfo." in visitor.get("/jatuh/denied").content.decode()


def test_unknown_addresses_and_methods(visitor: Client) -> None:
    response = visitor.get("/tidak/ada")
    assert response.status_code == 404 and "Halaman tidak ditemukan" in response.content.decode()
    assert "Page not found" in visitor.get("/en/tidak/ada").content.decode()
    response = visitor.get("/hanya-kirim")
    assert response.status_code == 405 and response["Allow"] == "POST" and b"<h1" in response.content


@pytest.mark.parametrize("address", ["/api/v1/search?q=%00", "/api/v1/incidents/%00"])
def test_a_call_with_a_nul_is_refused_before_a_database_sees_it(visitor: Client, address: str) -> None:
    assert visitor.get(address).status_code == 400


def test_programs_get_the_one_error_body(visitor: Client) -> None:
    response = visitor.get("/api/jatuh/conflict")
    assert response.status_code == 409
    assert set(response.json()) == {"code", "message_id", "message_en", "field", "request_id", "docs"}
    assert visitor.get("/api/jatuh/full").status_code == 507


def test_htmx_gets_a_fragment(visitor: Client) -> None:
    response = visitor.get("/jatuh/conflict", headers={"HX-Request": "true"})
    body = response.content.decode()
    assert response.status_code == 409 and "<html" not in body and 'role="alert"' in body and "14.30" in body


def test_the_way_back_leads_only_to_our_own_pages(visitor: Client) -> None:
    assert (
        'href="/kota?lapis=a"'
        in visitor.get("/jatuh/denied", headers={"Referer": "http://testserver/kota?lapis=a"}).content.decode()
    )
    assert "evil" not in visitor.get("/jatuh/denied", headers={"Referer": "https://evil.example/x"}).content.decode()
    assert "evil" not in visitor.get("/jatuh/denied", headers={"Referer": "//evil.example"}).content.decode()


def test_staff_stay_at_their_desk(settings: Any, as_role: Any) -> None:
    settings.ROOT_URLCONF = __name__
    response = as_role("viewer").get("/kerja/jatuh")
    body = response.content.decode()
    assert response.status_code == 403 and "Hanya auditor." in body and 'action="/keluar"' in body


def test_an_old_form_is_explained(settings: Any, db: None) -> None:
    settings.CSRF_FAILURE_VIEW = "tepian.portal.errors.csrf_failed"
    response = Client(enforce_csrf_checks=True).post("/akun/bahasa", {"language": "en"})
    assert response.status_code == 403 and "kuki" in response.content.decode()


def test_an_error_page_stands_without_the_database(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: Any, **_kwargs: Any) -> None:
        raise AWAY

    monkeypatch.setattr("tepian.kernel.catalogue.versions.current", away)
    monkeypatch.setattr("tepian.portal.context.current_city", away)
    for what in ("conflict", "away", "broken"):
        response = visitor.get(f"/jatuh/{what}")
        assert response.status_code in {RAISED[what][1], 503} and b"<h1" in response.content
