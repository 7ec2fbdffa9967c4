"""Puts the actor on the request."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from tepian.kernel.actors import Actor


class ActorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = Actor(request_id=request.headers.get("X-Request-ID", "")[:64] or uuid.uuid4().hex)  # type: ignore[attr-defined]
        return self.get_response(request)
