"""django-allauth as this city uses it: no sign-up, our words, failures counted in the database, secrets encrypted."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tepian.kernel.catalogue.city import current_city

WORDS = {
    "username_password_mismatch": _(
        "The username and the password do not match. Nothing was changed. "
        "Check capital letters and spaces, then try again."
    ),
    "incorrect_password": _("The password is not right. Nothing was changed. Try again."),
    "enter_current_password": _("The present password is not right. Nothing was changed. Try again."),
    "incorrect_code": _(
        "The code or key was not accepted. Nothing was changed. Codes are valid for half a minute and work once: "
        "wait for the next one and try again."
    ),
    "too_many_login_attempts": _("Too many wrong codes. Nothing was changed. Try again in 15 minutes."),
    "rate_limited": _("That was too fast. Nothing was changed. Wait a minute, then try again."),
    "cannot_delete_authenticator": _("This second factor cannot be removed now. Nothing was changed."),
    "cannot_generate_recovery_codes": _("Switch on an authenticator app or a passkey first. Nothing was changed."),
}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | WORDS

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Passwords are counted by axes, per account and address, in the database."""

    def _rollback_login_failed_rl_usage(self) -> None:
        pass

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        if getattr(request.user, "password_is_temporary", False):
            return reverse("account_change_password")
        return str(settings.LOGIN_REDIRECT_URL)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("identity-account")

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Our own pages say what happened; allauth's canned sentences stay out."""
        if message:
            super().add_message(request, level, extra_tags=extra_tags, message=message)


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | WORDS

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return ""  # the signing key was replaced: no code will match, and an administrator resets the factor

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Changes of a second factor stand in the record; mail is the notifications' business."""

    def _get_site_name(self) -> str:
        return current_city().name

    def _get_user_identifier(self, user: Any) -> str:
        return str(user.username)


def _cipher() -> Fernet:
    key = hashlib.sha256(b"second factors:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
