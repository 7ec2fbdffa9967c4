"""112 in writing, for people who cannot speak or hear: their page, and the desk's side of it."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tepian.kernel.actors import Denied, Invalid, NotFound
from tepian.kernel.identity.access import public_page, staff_page
from tepian.kernel.identity.lockout import address_of

from .. import operations, policies, queries, states
from ..models import Call
from ..operations import chat

COOKIES = {"teks112": "/112", "teks112-en": "/en/112"}  # one secret, for the page and its English twin
KEPT_S = 24 * 3600
SHORTEST_KEY = 16


def _address(name: str = "dispatch-chat") -> str:
    return reverse(f"en:{name}" if queries.english() else name)


def _private(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, private=True, no_store=True)
    return response


def _token(request: HttpRequest) -> str:
    return next((request.COOKIES[name] for name in COOKIES if request.COOKIES.get(name)), "")


def _mine(request: HttpRequest) -> Call | None:
    """The conversation of this browser; None when there is none."""
    try:
        return chat.conversation(_token(request))
    except NotFound:
        return None


def is_over(call: Call) -> bool:
    """The desk ended it as something that needs no help: what is written now would be seen by nobody."""
    return bool(call.kind) and call.kind != states.REAL


def news_of(call: Call) -> str:
    """Where help stands, in words for who waits for it."""
    incident = call.incident
    if incident is not None:
        incident = incident.merged_into or incident
        return {
            states.WAITING: _("112 knows what happened and looks for the nearest help."),
            states.DISPATCHED: _("Help was sent to you. Stay where you are if that is safe."),
            states.ON_SCENE: _("Help has arrived."),
            states.CLOSED: _("This help is finished."),
        }.get(incident.state, "")
    if is_over(call):
        return _("112 ended this conversation. If you need help, begin a new one.")
    return _("112 reads along.") if call.desk else _("Your message has reached 112. Somebody answers in a moment.")


def _lines(call: Call) -> dict[str, Any]:
    return {"call": call, "lines": list(call.lines.all()), "news": news_of(call), "over": is_over(call)}


def _float(text: str, low: float, high: float) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if low <= number <= high else None


def _begin(request: HttpRequest, status: int = 200, errors: str = "") -> HttpResponse:
    """The first page; whatever was typed stays."""
    key = request.POST.get("key", "") if status == 422 else ""
    context = {"key": key or secrets.token_urlsafe(18), "given": request.POST, "errors": errors}
    return _private(render(request, "dispatch/chat.html", context, status=status))


@public_page
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """What to do, and one box to write in; or the conversation that this browser has begun."""
    if request.method == "POST":
        return _open(request)
    call = _mine(request)
    if call is None:
        return _begin(request)
    context = _lines(call) | {"key": secrets.token_urlsafe(18), "errors": ""}
    return _private(render(request, "dispatch/chat_talk.html", context))


def _open(request: HttpRequest) -> HttpResponse:
    post = request.POST
    key = post.get("key", "")[:60]
    key = key if len(key) >= SHORTEST_KEY else ""
    lon, lat = _float(post.get("lon", ""), -180, 180), _float(post.get("lat", ""), -90, 90)
    known = lon is not None and lat is not None
    try:
        _call, token = operations.open_chat(
            actor=request.actor,  # type: ignore[attr-defined]
            text=post.get("text", ""),
            key=key,
            phone=post.get("phone", "")[:40],
            lon=lon if known else None,
            lat=lat if known else None,
            radius_m=_float(post.get("radius_m", ""), 0, 1_000_000) if known else None,
            address=address_of(request),
        )
    except chat.TooMany as error:
        response = _begin(request, 429, str(error.message))
        response["Retry-After"] = str(int(chat.WINDOW.total_seconds()))
        return response
    except Invalid as error:
        return _begin(request, 422, str(error.message))
    response = HttpResponseRedirect(_address())
    response.status_code = 303
    for name, path in COOKIES.items():
        response.set_cookie(
            name, token, max_age=KEPT_S, path=path, httponly=True, samesite="Strict", secure=bool(settings.SESSION_COOKIE_SECURE)
        )  # fmt: skip
    return _private(response)


@public_page
@require_GET
def news(request: HttpRequest) -> HttpResponse:
    """The lines alone, for the page that keeps asking."""
    call = _mine(request)
    if call is None:
        return _private(HttpResponse(status=404))
    return _private(render(request, "dispatch/chat_news.html", _lines(call)))


@public_page
@require_POST
def say(request: HttpRequest) -> HttpResponse:
    """One line of the caller. With JavaScript the answer is the lines, which acknowledges it."""
    call = _mine(request)
    quick = request.headers.get("X-Requested-With") == "fetch"
    if call is None:
        return _private(HttpResponse(status=404)) if quick else HttpResponseRedirect(_address())
    errors = news_of(call) if is_over(call) else ""
    if not errors:
        try:
            operations.say(
                actor=request.actor,  # type: ignore[attr-defined]
                call=call.pk,
                text=request.POST.get("text", ""),
                key=request.POST.get("key", "") or secrets.token_urlsafe(18),
                token=_token(request),
            )
        except (Invalid, Denied) as error:
            errors = str(getattr(error, "message", error))
    status = 422 if errors else 200
    if quick:
        return _private(render(request, "dispatch/chat_news.html", _lines(call) | {"errors": errors}, status=status))
    if errors:
        context = _lines(call) | {"key": secrets.token_urlsafe(18), "errors": errors}
        return _private(render(request, "dispatch/chat_talk.html", context, status=status))
    response = HttpResponseRedirect(_address())
    response.status_code = 303
    return _private(response)


@public_page
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Forget the conversation on this device. At 112 it stays."""
    response = HttpResponseRedirect(_address())
    response.status_code = 303
    for name, path in COOKIES.items():
        response.delete_cookie(name, path=path, samesite="Strict")
    return _private(response)


# --- the desk ---------------------------------------------------------------------------------------------------------


@staff_page(*policies.DESK)
@require_http_methods(["GET", "POST"])
def desk_lines(request: HttpRequest, call: int) -> HttpResponse:
    """A written conversation at the desk: GET shows the lines, POST says one."""
    try:
        row = queries.call_by(call)
    except NotFound as error:
        raise Http404(str(error.message)) from None
    if row.channel != "text":
        raise Http404(_("This call was spoken; it has no lines."))
    problem = ""
    if request.method == "POST":
        try:
            operations.say(
                actor=request.actor,  # type: ignore[attr-defined]
                call=row.pk,
                text=request.POST.get("text", ""),
                key=request.POST.get("key", "") or secrets.token_urlsafe(18),
            )
        except Invalid as error:
            problem = str(error.message)
        if not request.headers.get("HX-Request") and not problem:
            return HttpResponseRedirect(f"{reverse('dispatch-desk')}?panggilan={row.pk}")
    context = _lines(row) | {"problem": problem, "typed": request.POST.get("text", "") if problem else ""}
    context["key"] = secrets.token_urlsafe(18)
    return render(request, "dispatch/chat_lines.html", context, status=422 if problem else 200)
