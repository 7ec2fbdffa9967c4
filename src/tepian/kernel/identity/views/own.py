"""Signing in, and one's own account."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlsplit

from allauth.account.views import LoginView
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tepian.kernel.actors import NotFound

from .. import operations, queries
from ..demo import demo_accounts
from ..models import Account
from ..roles import role_name


class SignInView(LoginView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        context["demo_accounts"] = demo_accounts()
        return context


sign_in = SignInView.as_view()


@require_GET
def sign_in_help(request: HttpRequest) -> HttpResponse:
    """For people who cannot sign in: who can help."""
    return render(request, "identity/sign_in_help.html", {"helper": queries.holders_text("administrator")})


def not_offered(request: HttpRequest) -> HttpResponse:
    return redirect("account_login")


def back_to(request: HttpRequest, default: str) -> str:
    """The page named in `next`, if it is one of ours."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return target
    return default


@require_http_methods(["GET", "POST"])
def language(request: HttpRequest) -> HttpResponse:
    """Choose the language of staff and sign-in pages; kept with the account, or in a cookie before sign-in."""
    if request.method == "GET":
        came_from = urlsplit(request.headers.get("Referer", ""))
        back = came_from.path if came_from.netloc == request.get_host() else ""
        return render(request, "identity/language.html", {"choices": settings.LANGUAGES, "back": back})
    chosen = request.POST.get("language", "")
    actor = request.actor  # type: ignore[attr-defined]
    response = HttpResponseRedirect(back_to(request, "/akun" if actor.account_id else "/masuk"))
    if chosen in dict(settings.LANGUAGES):
        if actor.account_id:
            operations.change_language(actor=actor, language=chosen)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response


@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """Positions held and until when, sessions, security, language."""
    person: Any = request.user
    held = [
        (posting, ", ".join(dict.fromkeys(role_name(grant.role) for grant in posting.grants)))
        for posting in getattr(person, "held_now", None) or queries.postings(person)
    ]
    return render(
        request,
        "identity/account.html",
        {
            "held": held,
            "sessions": [
                (
                    row,
                    queries.browser_of(row.agent),
                    queries.session_mark(row.session_key),
                    row.session_key == request.session.session_key,
                )
                for row in queries.sessions_of(person.pk)
            ],
            "choices": settings.LANGUAGES,
            "helper": queries.who_can_help(),
        },
    )


@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """End one of one's own sessions, or all others."""
    actor, person = request.actor, cast(Account, request.user)  # type: ignore[attr-defined]
    keep = request.session.session_key or ""
    number = request.POST.get("session", "")
    key = ""
    if number:
        rows = {queries.session_mark(row.session_key): row.session_key for row in queries.sessions_of(person.pk)}
        if number not in rows:
            raise NotFound(_("This session has ended already. Nothing needs to be done."), code="already_done")
        key = rows[number]
    ended = operations.end_sessions(actor=actor, account=person, session=key, keep=keep)
    messages.success(request, _("Sessions ended: %(count)d.") % {"count": ended})
    return redirect("identity-account")


@require_GET
def who_viewed(request: HttpRequest) -> HttpResponse:
    """Who looked at the data of this account, when and why."""
    page = Paginator(queries.views_of(request.user.pk), 50).get_page(request.GET.get("halaman"))  # type: ignore[arg-type]
    return render(request, "identity/who_viewed.html", {"page": page})
