"""Who may open a page. Every view of the project is marked by one of these two, and a test lists them all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from tepian.kernel.actors import Denied

from . import queries
from .roles import names

PUBLIC, SIGNED_IN = "public", "signed_in"
View = Callable[..., HttpResponse]


def public_page(view: View | None = None, *, mirrored: bool = True) -> Any:
    """For everybody. `mirrored`: the page has an English twin under `/en/`, so its language follows its address;
    pages without one (sign-in) follow the language that the person chose."""

    def decorate(view: View) -> View:
        @wraps(view)
        def open_page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return view(request, *args, **kwargs)

        open_page.access_roles = (PUBLIC,)  # type: ignore[attr-defined]
        open_page.access_mirrored = mirrored  # type: ignore[attr-defined]
        return open_page

    return decorate(view) if view is not None else decorate


def staff_page(*roles: Any) -> Any:
    """For holders of one of `roles` in any scope; without roles, for everybody who is signed in.

    Nobody signed in: to the sign-in page and back. Signed in without the role: `Denied`, which says who can help.
    Finer questions (which region, whose thing) are the operation's policy."""
    if len(roles) == 1 and callable(roles[0]):  # written without parentheses
        return staff_page()(roles[0])

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            actor = request.actor  # type: ignore[attr-defined]
            if actor.kind == "anonymous":
                return to_sign_in(request)
            if roles and not actor.has(*roles):
                raise Denied(
                    _("This page is for: %(roles)s. Your account does not have that role now. Nothing was changed.")
                    % {"roles": names(roles)},
                    queries.who_can_help(roles[0]),
                )
            if actor.kind != "person" and not roles:
                raise Denied(_("This page is for people. Devices use the API."))
            if actor.account_id and request.user.password_is_temporary and not _is_own_account_page(request):  # type: ignore[union-attr]
                return HttpResponseRedirect("/akun/keamanan/kata-sandi")
            response = view(request, *args, **kwargs)
            if not response.has_header("Cache-Control"):
                if hasattr(request, "page_cache"):
                    patch_cache_control(response, private=True, no_cache=True)
                else:
                    patch_cache_control(response, private=True, no_store=True)
            return response

        guarded.access_roles = tuple(roles) or (SIGNED_IN,)  # type: ignore[attr-defined]
        guarded.access_mirrored = False  # type: ignore[attr-defined]
        return guarded

    return decorate


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, coming back to where the person was going."""
    target = request.get_full_path() if request.method in {"GET", "HEAD"} else settings.LOGIN_REDIRECT_URL
    address = f"{settings.LOGIN_URL}?{urlencode({'next': target})}"
    if request.headers.get("HX-Request"):
        current = request.headers.get("HX-Current-URL", "").split(request.get_host(), 1)[-1]
        back = current if current.startswith("/") else settings.LOGIN_REDIRECT_URL
        answer = HttpResponse(status=401)
        answer["HX-Redirect"] = f"{settings.LOGIN_URL}?{urlencode({'next': back})}"
        return answer
    return HttpResponseRedirect(address)


def _is_own_account_page(request: HttpRequest) -> bool:
    return request.path_info.startswith(("/akun/keamanan", "/akun/bahasa", "/keluar"))
