"""Puts the actor on the request, and speaks the reader's language."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from tepian.kernel.actors import Actor

from . import queries
from .keys import verify_device_key
from .sessions import AGENT, SEEN, STARTED

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
SEEN_EVERY = 300  # seconds; how exactly "last seen" is kept


def device_key_of(request: HttpRequest) -> str:
    """The device key that a request carries in `Authorization: Bearer` or `X-Tepian-Key`, or nothing."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    return request.headers.get("X-Tepian-Key", "")


class ActorMiddleware:
    """Sets `request.actor`. What a person may do is read anew at every request, so a position that ended cuts access
    at once; a request with a device key acts as that device, whatever cookies it carries."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        request.actor = self._actor(request, request_id)  # type: ignore[attr-defined]
        return self.get_response(request)

    def _actor(self, request: HttpRequest, request_id: str) -> Actor:
        nobody = Actor(request_id=request_id)
        if key := device_key_of(request):
            device = verify_device_key(key)
            if device is None:
                return nobody
            return Actor(
                kind=device.kind, id=device.id, label=device.label, grants=device.grants, request_id=request_id
            )
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
            return nobody
        if not self._session_holds(request):
            return nobody
        held: Any = getattr(request.user, "held_now", None)
        if held is None:
            held = queries.postings(request.user)  # type: ignore[arg-type]
        return queries.actor_of(request.user, held, request_id)  # type: ignore[arg-type]

    @staticmethod
    def _session_holds(request: HttpRequest) -> bool:
        """End a session that is older than its longest life; note from time to time that it is in use."""
        now = time.time()
        session = request.session
        if now - session.get(STARTED, now) > settings.SESSION_LONGEST_LIFE:
            logout(request)
            return False
        if now - session.get(SEEN, 0) > SEEN_EVERY:
            session.setdefault(STARTED, now)
            session.setdefault(AGENT, request.headers.get("User-Agent", "")[:200])
            session[SEEN] = int(now)
        return True


class LanguageMiddleware:
    """Public pages speak the language of their address (`/en/…` is English, all others Indonesian), so that a shared
    link shows the same to everybody. Staff pages and sign-in pages speak the language that the person chose."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self._speak(request, "en" if self._is_english(request) else settings.LANGUAGE_CODE)
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE))
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        if not getattr(view, "access_mirrored", False) and not self._is_english(request):
            self._speak(request, self._chosen(request))

    @staticmethod
    def _is_english(request: HttpRequest) -> bool:
        return request.path_info == "/en" or request.path_info.startswith("/en/")

    @staticmethod
    def _chosen(request: HttpRequest) -> str:
        known = dict(settings.LANGUAGES)
        if getattr(request.actor, "account_id", None):  # type: ignore[attr-defined]
            language = request.user.language  # type: ignore[union-attr]
        else:
            language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        return language if language in known else settings.LANGUAGE_CODE

    @staticmethod
    def _speak(request: HttpRequest, language: str) -> None:
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()  # type: ignore[attr-defined]
