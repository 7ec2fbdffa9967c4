"""Pages of the hall for everybody: home, services, tracking, search, and the pages about this site."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.contributions import Freshness, Search, SearchHit, offered
from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.identity.access import public_page

from .context import menu, public_address
from .errors import bad_request, csrf_failed, not_found, permission_denied, server_error

__all__ = ["bad_request", "csrf_failed", "not_found", "permission_denied", "server_error"]
log = structlog.get_logger("portal")
TOP_TASKS = 6
LONGEST_QUERY = 100
MOST_HITS = 50


@public_page
@cached_page()
def home(request: HttpRequest) -> HttpResponse:
    """The six tasks that people come for, the search, and what everybody should know now."""
    tasks = menu("public")
    return render(request, "portal/public_home.html", {"tasks": tasks[:TOP_TASKS], "more": len(tasks) > TOP_TASKS})


@public_page
@cached_page()
def services(request: HttpRequest) -> HttpResponse:
    """Every public service, one line each."""
    return render(request, "portal/public_services.html", {"tasks": menu("public")})


@public_page
@cached_page()
def about(request: HttpRequest, page: str) -> HttpResponse:
    return render(request, f"portal/public_{page}.html")


@public_page
def status(request: HttpRequest) -> HttpResponse:
    """How old each kind of data is, as it is now."""
    return render(request, "portal/public_status.html", {"freshness": freshness(), "now": timezone.now()})


def freshness() -> list[dict[str, Any]]:
    """Every kind of data: label, newest time or None, ok|late|silent, sentence. One that cannot be asked is silent."""
    found = []
    for source in offered(Freshness):
        try:
            at, state, sentence = source.state()
        except Exception:
            log.exception("freshness_failed", key=source.key)
            at, state, sentence = None, "silent", _("This source cannot be read now.")
        found.append({"key": source.key, "label": source.label, "at": at, "state": state, "text": sentence})
    return found


# --- search ----------------------------------------------------------------------------------------------------------


def find(query: str, actor: Actor) -> list[SearchHit]:
    """Hits of all rooms, best first. One room that fails does not take the others' hits away."""
    hits: dict[str, SearchHit] = {}
    for source in offered(Search):
        try:
            found: Iterable[SearchHit] = islice(source.find(query, actor), MOST_HITS)
            for hit in found:
                known = hits.get(hit.url)
                if known is None or known.score < hit.score:
                    hits[hit.url] = hit
        except Exception:
            log.exception("search_failed", key=source.key)
    words = query.casefold().split()
    entries = [
        *menu("public"),
        *(entry for entry in menu("staff") if actor.kind == "person" and (not entry.roles or actor.has(*entry.roles))),
    ]
    for entry in entries:
        text = f"{entry.label} {entry.hint}".casefold()
        if words and all(word in text for word in words) and entry.url not in hits:
            hits[entry.url] = SearchHit(str(entry.label), entry.url, _("Service"), str(entry.hint), 90.0)
    return sorted(hits.values(), key=lambda hit: (-hit.score, hit.title))[:MOST_HITS]


def _asked(request: HttpRequest, name: str) -> tuple[str, bool]:
    """What was asked, without control characters; whether it had to be cut."""
    return _line(request.GET.get(name, ""))


def _line(given: str) -> tuple[str, bool]:
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in given).split())
    return text[:LONGEST_QUERY], len(text) > LONGEST_QUERY


@public_page
def search(request: HttpRequest) -> HttpResponse:
    """Search in everything that this reader may see."""
    query, was_cut = _asked(request, "q")
    hits = find(query, request.actor) if query else []  # type: ignore[attr-defined]
    staff = request.actor.kind == "person"  # type: ignore[attr-defined]
    return render(
        request,
        "portal/public_search.html",
        {
            "query": query,
            "was_cut": was_cut,
            "hits": [(hit, public_address(hit.url)) for hit in hits],
            "staff": staff,
            "layout": "ui/desk.html" if staff and not request.path_info.startswith("/en/") else "ui/public.html",
        },
    )


@public_page
def track(request: HttpRequest, code: str = "") -> HttpResponse:
    """A number of a report or an application leads to its page: typed, or as the address on a receipt."""
    code = _line(code)[0] or _asked(request, "kode")[0]
    if code:
        hits = [hit for hit in find(code, request.actor) if hit.score >= 100]  # type: ignore[attr-defined]
        if len(hits) == 1:
            return HttpResponseRedirect(public_address(hits[0].url))
    return render(
        request,
        "portal/public_track.html",
        {"code": code, "unknown": bool(code), "errors": bool(code)},
        status=404 if code else 200,
    )
