"""A cache of whole pages that is always right.

A view marked `@cached_page("warnings", "sensors")` is kept in the process together with the versions of its topics.
A later request is answered from memory only while all versions are unchanged, which one indexed read tells; whoever
changes the data calls `versions.touch(topic)` in the same transaction. Pages of signed-in people are kept per session
and also depend on the topic `identity`, so that a role that ended is felt at the next request.
"""

from __future__ import annotations

import gzip
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from threading import Lock
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from . import versions
from .contributions import PublicNotice, offered

LIMIT = 2000


@dataclass(slots=True)
class _Page:
    """An answer and what it depends on. `packed` is its gzip form, for pages without anything of one person in them
    (a compressed secret beside a stranger's input could be guessed by its length)."""

    topics: tuple[str, ...]
    seen: Any
    until: float
    content: bytes
    packed: bytes
    headers: dict[str, str]


_pages: OrderedDict[tuple[Any, ...], _Page] = OrderedDict()
_lock = Lock()


def cached_page(*topics: str, seconds: float = 60, per_session: bool = False) -> Callable[..., Any]:
    """Keep this view's answer while its topics and those of the page's frame are unchanged, at most `seconds` (ages
    are written in the page)."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def caching(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            # The versions are read before the view reads its data: a change in between makes the entry stale at once.
            wanted = (*sorted({*topics, *_frame(), *(["identity", "notifications"] if per_session else [])}),)
            request.page_cache = (wanted, versions.current(wanted), time.monotonic() + seconds, per_session)  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)

        return caching

    return decorate


@cache
def _frame() -> frozenset[str]:
    """The topics of what every page's frame shows: the city, and the notices."""
    return frozenset({"city", *(notice.key for notice in offered(PublicNotice))})


def forget_all() -> None:
    with _lock:
        _pages.clear()


def _key(request: HttpRequest) -> tuple[Any, ...]:
    return (
        request.get_host(),
        request.get_full_path(),
        request.headers.get("HX-Request", ""),
        request.headers.get("Accept-Language", "")[:40],
        request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""),
        request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""),
    )


class PageCacheMiddleware:
    """Outermost: a hit costs one read and no session, language or template work."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            return self.get_response(request)
        key = _key(request)
        page = _pages.get(key)
        if page is not None and time.monotonic() < page.until and versions.current(page.topics) == page.seen:
            return self._answer(request, page)
        response = self.get_response(request)
        plan = getattr(request, "page_cache", None)
        if plan and self._may_keep(request, response, per_session=plan[3]):
            content = response.content
            packed = b"" if plan[3] or len(content) < 500 else gzip.compress(content, 6, mtime=0)
            headers = {name: value for name, value in response.items() if name.lower() != "content-length"}
            headers["ETag"] = f'W/"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
            if packed:
                headers["Vary"] = ", ".join(filter(None, (headers.get("Vary", ""), "Accept-Encoding")))
            page = _Page(plan[0], plan[1], plan[2], content, packed, headers)
            with _lock:
                _pages[key] = page
                _pages.move_to_end(key)
                while len(_pages) > LIMIT:
                    _pages.popitem(last=False)
            return self._answer(request, page)
        return response

    @staticmethod
    def _may_keep(request: HttpRequest, response: HttpResponse, *, per_session: bool) -> bool:
        if response.status_code != 200 or response.streaming:
            return False
        csrf = settings.CSRF_COOKIE_NAME
        if any(name != csrf or request.COOKIES.get(csrf) != one.value for name, one in response.cookies.items()):
            return False  # sets something new; the browser's own CSRF cookie is only sent again to live longer
        if getattr(getattr(request, "_messages", None), "used", False):
            return False  # a message to one person, shown once
        signed_in = settings.SESSION_COOKIE_NAME in request.COOKIES
        return per_session or not signed_in

    @staticmethod
    def _answer(request: HttpRequest, page: _Page) -> HttpResponse:
        if request.headers.get("If-None-Match") == page.headers["ETag"]:
            return HttpResponse(status=304, headers={"ETag": page.headers["ETag"]})
        if page.packed and "gzip" in request.headers.get("Accept-Encoding", ""):
            return HttpResponse(page.packed, headers=page.headers | {"Content-Encoding": "gzip"})
        return HttpResponse(page.content, headers=page.headers)
