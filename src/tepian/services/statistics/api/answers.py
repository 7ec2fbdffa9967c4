"""What all these answers share: open to every origin, told apart by ETag and edition, packed, and refusing in one way."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from threading import Lock
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import http_date
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.gzip import gzip_page

from tepian.kernel.catalogue import versions
from tepian.toolkit.cube import EngineFailed, QueryRefused

from ..queries import standards
from ..queries.standards import Flow, Words, both

View = Callable[..., HttpResponse]
KNOWN = 4096
TOO_LARGE = _("The answer is too large. Ask for fewer codes or periods, or take the whole table as CSV.")
LONGEST_ADDRESS = 8000


class Refused(Exception):
    """An answer that is an error; how it is written depends on the standard."""

    def __init__(self, status: int, message: Any, **values: object) -> None:
        super().__init__(status)
        self.status = status
        words = both(message)
        self.words = Words(words.id % values, words.en % values) if values else words


@dataclass(frozen=True, slots=True)
class Body:
    """What is answered. `made` is when the newest edition in it was published."""

    content: bytes
    media_type: str
    made: datetime | None = None
    name: str = ""
    seconds: int = 300


_tags: OrderedDict[tuple[Any, ...], str] = OrderedDict()
_lock = Lock()


def answer(request: HttpRequest, kind: str, build: Callable[[], Body]) -> HttpResponse:
    """Builds only what the asker does not have yet. `kind` is what was chosen by the headers of the request; with the
    address and the state of the catalogue it names the content."""
    key = (versions.current(standards.TOPICS), get_language(), kind, request.get_full_path())
    tag = _tags.get(key)
    if tag is not None and request.headers.get("If-None-Match"):
        unchanged = get_conditional_response(request, etag=tag)
        if unchanged is not None:
            return unchanged
    body = build()
    tag = f'"{hashlib.blake2b(body.content + kind.encode(), digest_size=16).hexdigest()}"'
    with _lock:
        _tags[key] = tag
        while len(_tags) > KNOWN:
            _tags.popitem(last=False)
    response = HttpResponse(body.content, content_type=body.media_type)
    response["ETag"] = tag
    response["Cache-Control"] = f"public, max-age={body.seconds}"
    if body.made is not None:
        response["Last-Modified"] = http_date(body.made.timestamp())
    if body.name:
        response["Content-Disposition"] = f'attachment; filename="{body.name}"'
    made = int(body.made.timestamp()) if body.made else None
    return get_conditional_response(request, etag=tag, last_modified=made, response=response) or response


def open_data(
    refuse: Callable[[HttpRequest, int, Words], HttpResponse], methods: Sequence[str] = ("GET", "HEAD")
) -> Any:
    """For every origin, without cookies; refusals are written by `refuse`, also those of the engine."""

    def decorate(view: View) -> View:
        @gzip_page
        @wraps(view)
        def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method == "OPTIONS":
                response = HttpResponse(status=204)
                response["Allow"] = ", ".join([*methods, "OPTIONS"])
            else:
                response = _tried(request, *args, **kwargs)
            response["Access-Control-Allow-Origin"] = "*"
            response["Access-Control-Allow-Methods"] = ", ".join([*methods, "OPTIONS"])
            response["Access-Control-Allow-Headers"] = "Accept, Accept-Language, Content-Type, If-None-Match"
            response["Access-Control-Expose-Headers"] = "ETag, Last-Modified, Link, Content-Disposition"
            patch_vary_headers(response, ["Accept", "Accept-Language"])
            return response

        def _tried(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                if request.method not in methods:
                    raise Refused(405, _("This address is only read: use GET."))
                if len(request.get_full_path()) > LONGEST_ADDRESS:
                    raise Refused(414, _("The address is too long. Ask with fewer codes."))
                if "\0" in request.get_full_path() or "%00" in request.get_full_path():
                    raise Refused(400, _("The address holds a character that no code has."))
                return view(request, *args, **kwargs)
            except Refused as refused:
                return refuse(request, refused.status, refused.words)
            except QueryRefused:
                return refuse(request, 400, both(_("The question could not be understood.")))
            except EngineFailed as failed:
                if failed.code == "too_many_rows":
                    return refuse(request, 413, both(TOO_LARGE))
                return refuse(request, 503, both(_("The figures cannot be read just now. Ask again in a moment.")))

        return opened

    return decorate


def newest(flows: Sequence[Flow]) -> datetime | None:
    return max((flow.edition.published_at for flow in flows if flow.edition.published_at), default=None)


def language_of(request: HttpRequest) -> str:
    """Indonesian unless the asker prefers English (`Accept-Language`)."""
    first = request.headers.get("Accept-Language", "").split(",")[0].strip().lower()
    return "en" if first.startswith("en") else "id"


def now() -> datetime:
    return timezone.now().replace(microsecond=0)
