"""Parts of pages that are the same for many desks, made once."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from tepian.kernel.catalogue.kept import Kept

TOKEN = "csrf-token-of-the-reader"  # noqa: S105 - stands in the kept text until somebody reads it


class Fragment:
    """A template that is drawn once per language, `key` and version of its topic: after each call fifty desks ask for
    the same thing at the same moment. What is kept is at most `seconds` old, for it may say how long ago something was.

    The forms in it get the reader's own CSRF token. What depends on the reader belongs into `key`."""

    def __init__(self, template: str, topic: str, *, seconds: float) -> None:
        self.template, self.seconds = template, seconds
        self._kept = Kept(dict[Any, tuple[float, str]], topic)
        self._lock = Lock()

    def __call__(self, request: HttpRequest, context: Callable[[], dict[str, Any]], key: object = None) -> SafeString:
        place = (get_language(), key)
        html = self._fresh(place)
        if html is None:
            with self._lock:  # who comes second waits for the first instead of doing the same work beside it
                html = self._fresh(place)
                if html is None:
                    kept = self._kept()
                    html = render_to_string(self.template, context() | {"csrf_token": TOKEN})
                    kept[place] = time.monotonic(), html
        return mark_safe(html.replace(TOKEN, get_token(request)))

    def _fresh(self, place: object) -> str | None:
        made, html = self._kept().get(place, (0.0, ""))
        return html if html and time.monotonic() - made < self.seconds else None
