"""Refusals, bad input and breakdowns become pages that say what happened, what is safe and what to do.

Programs below `/api` get the one error body of the API instead (`portal.api.problem`), htmx gets a fragment.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import ANONYMOUS, Conflict, Denied, Invalid, NotFound
from tepian.toolkit.storage import trouble

log = structlog.get_logger("pages")


@dataclass(frozen=True, slots=True)
class Words:
    """The parts of an error page. `code` is the API's name for the same thing."""

    code: str
    title: Any
    happened: Any
    safe: Any
    todo: Any


UNCHANGED = _("Nothing was changed. What was stored before is still there.")
WORDS: dict[int, Words] = {
    400: Words(
        "malformed",
        _("This request could not be read"),
        _("Something in the address or the form did not arrive whole."),
        UNCHANGED,
        _("Go back, load the page again and repeat."),
    ),
    403: Words(
        "denied",
        _("This page is not open to you"),
        _("Your role does not reach this page or this act."),
        UNCHANGED,
        _("Go back, or ask the person who looks after accounts in your office."),
    ),
    404: Words(
        "not_found",
        _("Page not found"),
        _("There is nothing at this address. It may be mistyped, or the page has moved."),
        _("Your reports and data are not affected."),
        _("Check the address, search, or start from the home page."),
    ),
    405: Words(
        "method_not_allowed",
        _("This page cannot be used that way"),
        _("The address exists, but does not take this kind of request."),
        UNCHANGED,
        _("Go back, load the page again and repeat."),
    ),
    409: Words(
        "conflict",
        _("Somebody was faster"),
        _("This was changed by somebody else while you had it open."),
        _("The other change is stored; yours was not."),
        _("Load the page again, look at what is new, then decide again."),
    ),
    413: Words(
        "body_too_large",
        _("The file is too large"),
        _("What you sent is larger than this page accepts."),
        UNCHANGED,
        _("Make the photo or file smaller, or send it in parts."),
    ),
    422: Words(
        "invalid",
        _("Something needs to be corrected"),
        _("Part of what you wrote cannot be accepted."),
        UNCHANGED,
        _("Go back; your answers are still in the form. Correct the part that is named here."),
    ),
    429: Words(
        "too_many",
        _("Too many requests"),
        _("Many requests came from your connection in a short time."),
        UNCHANGED,
        _("Wait one minute, then try again."),
    ),
    500: Words(
        "internal",
        _("Something broke on our side"),
        _("The server could not finish this page. It is not your fault."),
        _("Nothing of this request was stored by half: all of it or nothing. What was confirmed before is safe."),
        _("Try again in a few minutes. If it happens again, tell us the number below."),
    ),
    503: Words(
        "busy",
        _("The service is busy"),
        _("The server cannot answer at the moment."),
        _("What was confirmed before is safe. What you have just sent was not stored."),
        _("Wait a moment, then send it again."),
    ),
    507: Words(
        "storage_full",
        _("The server's storage is full"),
        _("There is no room to store anything new just now."),
        _("What was confirmed before is safe. What you have just sent was not stored."),
        _("Keep your text or photo and send it again later. The operator has been told."),
    ),
}
BARE = frozenset({500, 503, 507})  # drawn without the database, for it may be what broke


def error_page(
    request: HttpRequest,
    status: int,
    happened: Any = "",
    *,
    helper: Any = "",
    code: str = "",
    field: str = "",
    retry_after: int | None = None,
) -> HttpResponse:
    """The readable answer for a status: JSON below /api, a fragment for htmx, a page otherwise. `happened` replaces the
    general sentence."""
    words = WORDS.get(status) or WORDS[500 if status >= 500 else 400]
    if request.path_info.startswith("/api"):
        from .api import problem

        return problem(
            request, status, code or words.code, happened or words.happened, field=field, retry_after=retry_after
        )
    actor = getattr(request, "actor", ANONYMOUS)
    context = {
        "title": words.title,
        "happened": happened or words.happened,
        "safe": words.safe,
        "todo": words.todo,
        "helper": helper,
        "status": status,
        "request_id": actor.request_id,
        "back": _back(request),
        "layout": "ui/desk.html"
        if actor.kind == "person" and request.path_info.startswith("/kerja")
        else "ui/public.html",
        "home": "/kerja" if actor.kind == "person" else "/en/" if request.path_info.startswith("/en/") else "/",
    }
    is_fragment = bool(request.headers.get("HX-Request"))
    body = render_to_string("ui/errors/fragment.html", context) if is_fragment else _page(request, status, context)
    response = HttpResponse(body, status=status)
    response["Cache-Control"] = "no-store"
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def _page(request: HttpRequest, status: int, context: dict[str, Any]) -> SafeString:
    if status not in BARE:
        try:
            return render_to_string("ui/errors/error.html", context, request)
        except Exception:
            log.exception("error_page_failed")
    return render_to_string("ui/errors/bare.html", context)


def _back(request: HttpRequest) -> str:
    """The page that the person came from, when it is one of ours and not this one."""
    came_from = request.META.get("HTTP_REFERER", "")
    if not came_from or not url_has_allowed_host_and_scheme(came_from, {request.get_host()}):
        return ""
    parts = urlsplit(came_from)
    if parts.path == request.path and request.method == "GET":
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def explain(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """The readable answer to an exception, or None for one that nobody foresaw."""
    match error:
        case Denied():
            return error_page(request, 403, error.reason, helper=error.helper)
        case NotFound():
            return error_page(request, 404, error.message, code=error.code if error.code != "invalid" else "")
        case Conflict():
            return error_page(request, 409, error.message, code=error.code if error.code != "invalid" else "")
        case Invalid():
            return error_page(request, 422, error.message, code=error.code, field=error.field)
        case Http404():
            return error_page(request, 404)
        case PermissionDenied():
            return error_page(request, 403)
        case RequestDataTooBig():
            return error_page(request, 413)
        case SuspiciousOperation() | BadRequest():
            return error_page(request, 400)
    if named := trouble(error):
        log.warning("storage_trouble", code=named.code, error=repr(error))
        if named.code == "database_away" and not connection.in_atomic_block:
            connection.close()
        return error_page(request, named.status, code=named.code, retry_after=named.retry_after)
    return None


def _has_nul(request: HttpRequest) -> bool:
    """PostgreSQL takes no NUL in text, and no code of the city holds one: refused once for every call. Pages find nothing
    by it, or leave it out, each in its own words."""
    return "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")


class ReadableErrorsMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/api") and _has_nul(request):
            return error_page(request, 400)
        response = self.get_response(request)
        if response.status_code in {405, 429} and not response.content and not request.path_info.startswith("/api"):
            readable = error_page(request, response.status_code)
            if response.has_header("Allow"):
                readable["Allow"] = response["Allow"]
            return readable
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return explain(request, error)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """For `CSRF_FAILURE_VIEW`: the form was too old, or cookies are switched off."""
    return error_page(
        request,
        403,
        _("The form's safety mark is missing: the page was open for long, or cookies are switched off."),
        helper=_("Load the page again and repeat. Allow cookies for this site."),
        code="csrf",
    )


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return explain(request, exception) or error_page(request, 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """What broke outside a view (the session, a middleware) is still known here as the running exception."""
    error = sys.exc_info()[1]
    answer = explain(request, error)
    if answer is None:
        log.error("page_failed", path=request.path, exc_info=error)
        answer = error_page(request, 500)
    return answer
