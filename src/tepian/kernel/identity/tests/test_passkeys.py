"""Passkeys in a real browser with a virtual authenticator: registering, signing in, refusing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.models import Authenticator

from tepian.kernel.audit.models import AuditEntry

from .conftest import PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context()
    opened = context.new_page()
    opened.violations = []
    opened.on(
        "console",
        lambda message: opened.violations.append(message.text) if "Content Security" in message.text else None,
    )
    yield opened
    context.close()


def add_authenticator(page: Any) -> tuple[Any, str]:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    added = session.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                     "isUserVerified": True, "automaticPresenceSimulation": True}},
    )  # fmt: skip
    return session, added["authenticatorId"]


def test_a_passkey_is_added_and_opens_the_account(
    live_server: Any, hall: SimpleNamespace, person: Any, page: Any
) -> None:
    account = person("budi", hall.at.duty)
    base = live_server.url.replace("127.0.0.1", "localhost")
    device, authenticator = add_authenticator(page)

    page.goto(f"{base}/masuk?next=/akun")
    page.fill("[name=login]", "budi")
    page.fill("[name=password]", PASSWORD)
    page.click("form:has([name=login]) button[type=submit]")
    page.wait_for_url(f"{base}/akun")

    page.goto(f"{base}/akun/keamanan/kunci-sandi/tambah")
    if "/pastikan" in page.url:
        page.fill("[name=password]", PASSWORD)
        page.click("form:has([name=password]) button[type=submit]")
        page.wait_for_url(f"{base}/akun/keamanan/kunci-sandi/tambah")
    page.fill("[name=name]", "Komputer posko")
    page.check("[name=passwordless]")
    page.click("form[data-passkey=create] button[type=submit]")
    page.wait_for_url(f"{base}/akun/keamanan/kode-pemulihan")
    assert len(re.findall(r"<code>\d{8}</code>", page.content())) == 10
    assert Authenticator.objects.filter(user=account, type="webauthn").count() == 1
    assert len(device.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]) == 1
    page.goto(f"{base}/akun/keamanan/kunci-sandi")
    assert "Komputer posko" in page.content()

    page.context.clear_cookies()
    page.goto(f"{base}/masuk?next=/akun")
    page.click("form[data-passkey=login] button[type=submit]")
    page.wait_for_url(f"{base}/akun")
    assert "Petugas jaga" in page.content()
    last = AuditEntry.objects.filter(operation="identity.sign_in").order_by("-position").first()
    assert last is not None and last.details["method"] == "webauthn"

    # A password alone now stops at the second step, which the passkey also answers.
    page.context.clear_cookies()
    page.goto(f"{base}/masuk")
    page.fill("[name=login]", "budi")
    page.fill("[name=password]", PASSWORD)
    page.click("form:has([name=login]) button[type=submit]")
    page.wait_for_url(f"{base}/masuk/kode*")
    page.click("form[data-passkey=get] button[type=submit]")
    page.wait_for_url(f"{base}/kerja")

    # A device that does not confirm the person opens nothing, and the page says so.
    page.context.clear_cookies()
    device.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    page.goto(f"{base}/masuk?next=/akun")
    page.click("form[data-passkey=login] button[type=submit]")
    page.wait_for_selector("[data-passkey-error]:not([hidden])")
    assert "Tidak ada yang berubah" in page.inner_text("[data-passkey-error]")
    page.goto(f"{base}/akun")
    assert "/masuk" in page.url
    assert page.violations == []
