"""Signing in with password, code and recovery code; lock-out; sessions; languages."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from axes.models import AccessAttempt
from django.test import Client
from django.utils import timezone

from tepian.kernel.actors import Denied
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.identity import operations, queries
from tepian.kernel.identity.models import SignInSession

from .conftest import PASSWORD, SYSTEM, sign_in

pytestmark = pytest.mark.django_db


def code(secret: str, offset: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + offset))


def enrol(client: Client) -> tuple[str, list[str]]:
    """Switch on the authenticator app as a person would; returns the secret and the recovery codes."""
    page = client.get("/akun/keamanan/aplikasi", follow=True)
    if page.request["PATH_INFO"] == "/akun/keamanan/pastikan":
        client.post("/akun/keamanan/pastikan", {"password": PASSWORD})
        page = client.get("/akun/keamanan/aplikasi")
    secret = re.search(r"<code>([A-Z2-7]{16,})</code>", page.content.decode()).group(1)  # type: ignore[union-attr]
    answer = client.post("/akun/keamanan/aplikasi", {"code": code(secret)}, follow=True)
    shown = re.findall(r"<li><code>(\d{8})</code></li>", answer.content.decode())
    assert len(shown) == 10
    return secret, shown


def test_password_sign_in_and_out(hall: SimpleNamespace, person: Any) -> None:
    person("budi", hall.at.duty)
    client = Client()
    assert client.get("/akun").headers["Location"] == "/masuk?next=%2Fakun"
    answer = client.post(
        "/masuk", {"login": " Budi ", "password": PASSWORD, "next": "/akun"}, HTTP_USER_AGENT="Peramban Uji"
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/akun")
    page = client.get("/akun")
    assert page.status_code == 200 and b"Petugas jaga" in page.content and b"Peramban Uji" in page.content
    assert "no-store" in page.headers["Cache-Control"]
    entry = AuditEntry.objects.get(operation="identity.sign_in")
    assert entry.actor_label == "Petugas jaga" and entry.details["method"] == "password"
    assert client.get("/keluar").status_code == 200  # asks first
    assert client.post("/keluar").headers["Location"] == "/"
    assert client.get("/akun").status_code == 302
    assert AuditEntry.objects.filter(operation="identity.sign_out").count() == 1


def test_after_sign_in_nobody_is_led_astray(hall: SimpleNamespace, person: Any) -> None:
    person("budi", hall.at.duty)
    answer = Client().post("/masuk", {"login": "budi", "password": PASSWORD, "next": "https://jahat.example/x"})
    assert answer.headers["Location"] == "/kerja"


def test_unknown_names_and_wrong_passwords_look_the_same(hall: SimpleNamespace, person: Any) -> None:
    person("budi", hall.at.duty)
    pages = []
    for name in ("budi", "tidakada"):
        answer = sign_in(Client(), name, "salah-sekali-99")
        text = answer.content.decode().replace(name, "NAMA")
        pages.append((answer.status_code, re.sub(r'value="[\w-]{20,}"', "", text)))
    assert pages[0] == pages[1]
    assert "tidak cocok" in pages[0][1]


@pytest.mark.parametrize("name", ["budi", "tidakada"])
def test_lock_out_explains_itself(hall: SimpleNamespace, person: Any, name: str) -> None:
    person("budi", hall.at.duty)
    person("admin", hall.at.admin)
    client = Client(HTTP_USER_AGENT="A")
    for number in range(9):
        assert (
            sign_in(
                client, name.upper() if number % 2 else name, f"salah-{number}", HTTP_USER_AGENT=f"B{number}"
            ).status_code
            == 200
        )
    locked = sign_in(client, name, "salah-lagi")
    assert locked.status_code == 429 and int(locked.headers["Retry-After"]) <= 15 * 60
    text = locked.content.decode()
    for words in ("10", "Tidak ada yang hilang", "15 menit", "Administrator sistem (Diskominfo)"):
        assert words in text, words
    refused = sign_in(client, name)  # now with the right password
    assert refused.status_code == 429
    assert AuditEntry.objects.filter(operation="identity.sign_in").count() == 0
    elsewhere = sign_in(Client(REMOTE_ADDR="10.9.8.7"), name)
    assert elsewhere.status_code == (302 if name == "budi" else 200)  # another connection is not locked
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert sign_in(Client(), name).status_code == (302 if name == "budi" else 200)
    expected = 2 if name == "budi" else 0
    assert AuditEntry.objects.filter(operation="identity.lock_sign_in").count() == expected


def test_totp_enrol_sign_in_and_recovery(hall: SimpleNamespace, signed_in: Any) -> None:
    client, account = signed_in("budi", hall.at.duty)
    secret, recovery = enrol(client)
    stored = Authenticator.objects.get(user=account, type="totp").data["secret"]
    assert secret not in stored  # encrypted at rest
    assert b"****" not in client.get("/akun/keamanan/kode-pemulihan").content
    assert recovery[0].encode() not in client.get("/akun/keamanan/kode-pemulihan").content  # shown once

    fresh = Client()
    answer = sign_in(fresh, "budi")
    assert answer.headers["Location"].startswith("/masuk/kode")
    assert fresh.get("/akun").status_code == 302  # the password alone opens nothing
    wrong = fresh.post("/masuk/kode", {"code": "000000"})
    assert wrong.status_code == 200 and "tidak diterima" in wrong.content.decode()
    used = code(secret, 1)
    assert fresh.post("/masuk/kode", {"code": used}).headers["Location"] == "/kerja"
    assert fresh.get("/akun").status_code == 200
    assert AuditEntry.objects.filter(operation="identity.sign_in").last().details["method"] == "password+totp"  # type: ignore[union-attr]

    replay = Client()
    sign_in(replay, "budi")
    assert replay.post("/masuk/kode", {"code": used}).status_code == 200  # a code works once
    assert replay.post("/masuk/kode", {"code": recovery[0]}).status_code == 302
    again = Client()
    sign_in(again, "budi")
    assert again.post("/masuk/kode", {"code": recovery[0]}).status_code == 200


def test_codes_cannot_be_guessed(hall: SimpleNamespace, signed_in: Any) -> None:
    client, _account = signed_in("budi", hall.at.duty)
    secret, _recovery = enrol(client)
    guesser = Client()
    sign_in(guesser, "budi")
    statuses = [guesser.post("/masuk/kode", {"code": f"{number:06}"}).status_code for number in range(10)]
    assert statuses[:9] == [200] * 9 and statuses[9] == 429
    assert guesser.post("/masuk/kode", {"code": code(secret, 1)}).status_code == 429
    assert sign_in(Client(), "budi").status_code == 429


@pytest.mark.django_db(transaction=True)  # the library reports after commit
def test_totp_can_be_switched_off_only_after_confirming(hall: SimpleNamespace, signed_in: Any) -> None:
    client, account = signed_in("budi", hall.at.duty)
    enrol(client)
    session = client.session
    session["account_authentication_methods"] = []
    session.save()
    assert client.get("/akun/keamanan/aplikasi/matikan").headers["Location"].startswith("/akun/keamanan/pastikan")
    client.post("/akun/keamanan/pastikan", {"password": PASSWORD})
    assert client.post("/akun/keamanan/aplikasi/matikan").status_code == 302
    assert not Authenticator.objects.filter(user=account).exists()
    changes = AuditEntry.objects.filter(operation="identity.change_second_factor").values_list(
        "details__change", flat=True
    )
    assert set(changes) >= {"added", "removed"}


def test_a_temporary_password_must_be_replaced_first(hall: SimpleNamespace) -> None:
    _account, password = operations.create_account(
        actor=SYSTEM, username="baru", display_name="Baru", position=hall.at.duty
    )
    client = Client()
    assert sign_in(client, "baru", password).headers["Location"] == "/akun/keamanan/kata-sandi"
    assert client.get("/akun").headers["Location"] == "/akun/keamanan/kata-sandi"
    weak = client.post(
        "/akun/keamanan/kata-sandi", {"oldpassword": password, "password1": "pendek", "password2": "pendek"}
    )
    assert weak.status_code == 200 and "errsum" in weak.content.decode()
    differ = client.post(
        "/akun/keamanan/kata-sandi", {"oldpassword": password, "password1": PASSWORD, "password2": PASSWORD + "x"}
    )
    assert "berbeda" in differ.content.decode()
    done = client.post(
        "/akun/keamanan/kata-sandi", {"oldpassword": password, "password1": PASSWORD, "password2": PASSWORD}
    )
    assert done.headers["Location"] == "/akun"
    assert client.get("/akun").status_code == 200


def test_sessions_are_listed_and_can_be_ended(hall: SimpleNamespace, person: Any) -> None:
    person("budi", hall.at.duty)
    first, second = Client(HTTP_USER_AGENT="Komputer kantor"), Client(HTTP_USER_AGENT="Telepon")
    sign_in(first, "budi")
    sign_in(second, "budi")
    page = first.get("/akun").content.decode()
    assert "Komputer kantor" in page and "Telepon" in page
    for session in SignInSession.objects.all():
        assert session.session_key not in page  # a key in a page could be stolen from it
    mark = re.search(r'name="session" value="(\w+)"', page).group(1)  # type: ignore[union-attr]
    assert first.post("/akun/sesi/akhiri", {"session": mark}).status_code == 302
    assert second.get("/akun").status_code == 302
    assert first.get("/akun").status_code == 200
    assert first.post("/akun/sesi/akhiri", {"session": mark}).status_code == 404


def test_nobody_ends_the_sessions_of_others(hall: SimpleNamespace, person: Any, signed_in: Any) -> None:
    client, account = signed_in("budi", hall.at.duty)
    other = Client()
    other.force_login(person("sari"))
    stranger = queries.session_mark(other.session.session_key or "")
    assert client.post("/akun/sesi/akhiri", {"session": stranger}).status_code == 404
    with pytest.raises(Denied):
        operations.end_sessions(actor=queries.actor_for(account), account=person("tono"))


def test_a_session_ends_after_its_longest_life(hall: SimpleNamespace, signed_in: Any) -> None:
    client, _account = signed_in("budi", hall.at.duty)
    assert client.get("/akun").status_code == 200
    session = client.session
    session["started"] = time.time() - 25 * 3600
    session.save()
    assert client.get("/akun").status_code == 302


def test_a_deactivated_account_is_out_at_once(hall: SimpleNamespace, person: Any, signed_in: Any) -> None:
    person("admin", hall.at.admin)
    client, account = signed_in("budi", hall.at.duty)
    operations.deactivate_account(actor=SYSTEM, account=account)
    assert client.get("/akun").status_code == 302
    answer = sign_in(Client(), "budi")
    assert answer.headers["Location"] == "/masuk/nonaktif"
    assert Client().get("/masuk/nonaktif").status_code == 200


def test_language_follows_the_person_on_staff_pages(hall: SimpleNamespace, signed_in: Any) -> None:
    client, account = signed_in("budi", hall.at.duty)
    assert "Akun saya" in client.get("/akun", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    client.post("/akun/bahasa", {"language": "en", "next": "/akun"})
    assert "My account" in client.get("/akun", HTTP_ACCEPT_LANGUAGE="id").content.decode()
    account.refresh_from_db()
    assert account.language == "en"
    stranger = Client()
    assert "Masuk untuk petugas" in stranger.get("/masuk", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    stranger.post("/akun/bahasa", {"language": "en", "next": "//jahat.example"})
    assert "Sign in for staff" in stranger.get("/masuk").content.decode()
    assert stranger.post("/akun/bahasa", {"language": "xx"}).status_code == 302


def test_pages_that_are_not_offered_lead_to_sign_in() -> None:
    client = Client()
    assert client.get("/masuk/tidak-tersedia").headers["Location"] == "/masuk"
    assert client.post("/masuk/tidak-tersedia", {"username": "x", "password1": PASSWORD}).status_code == 302
    assert client.get("/masuk/bantuan").status_code == 200


def test_a_sweep_over_many_accounts_is_stopped(hall: SimpleNamespace) -> None:
    statuses = [sign_in(Client(), f"orang{number}", "tebakan-umum-1").status_code for number in range(70)]
    assert statuses[0] == 200 and 429 in statuses[:61] and statuses[-1] == 429
    page = sign_in(Client(), "orang99", "tebakan-umum-1").content.decode()
    assert "Tidak ada yang berubah" in page and "<h1>" in page
    assert sign_in(Client(REMOTE_ADDR="10.1.2.3"), "orang1", "x").status_code == 200


def test_browsers_are_named_as_people_know_them() -> None:
    chrome = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
    assert queries.browser_of(chrome) == "Chrome, Android"
    assert queries.browser_of("curl/8") == "curl/8"
