"""Looking people up: why, whom, and the card."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tepian.kernel.actors import Invalid, NotFound

from .. import forms, operations, policies, queries, words
from ..pace import TooMany
from .parts import (
    HOME,
    actor_of,
    facts_of,
    frame,
    keep_purpose,
    listed,
    page,
    place_name,
    posted,
    purpose_of,
    refused,
    with_purpose,
)

_SEARCH = "residents.search"
_NUMBER = re.compile(r"[\d\s.\-]{8,}")


@page
@require_http_methods(["GET", "POST"])
def purpose(request: HttpRequest) -> HttpResponse:
    """Why somebody looks people up, once a working day and whenever it changes."""
    back = request.POST.get("lanjut", "") or request.GET.get("lanjut", "")
    ours = back == HOME or back.startswith(f"{HOME}/")
    if not ours or not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = HOME
    form = forms.PurposeForm(posted(request), initial={"purpose": purpose_of(request)})
    if request.method == "POST" and form.is_valid():
        keep_purpose(request, form.cleaned_data["purpose"])
        return HttpResponseRedirect(back)
    context = frame(request) | {"form": form, "back": back}
    return render(request, "residents/purpose.html", context, status=422 if form.errors else 200)


@page
@require_http_methods(["GET", "POST"])
@with_purpose
def search(request: HttpRequest) -> HttpResponse:
    """A search is posted and kept with the session, so that no name and no number stands in an address."""
    if "baru" in request.POST:
        request.session.pop(_SEARCH, None)
        return HttpResponseRedirect(HOME)
    typed: Any = request.POST if request.method == "POST" else request.session.get(_SEARCH)
    by_address = bool(typed) and "address" in typed
    who = forms.WhoForm(typed if typed and not by_address else None)
    address = forms.AddressForm(typed if by_address else None, whole_city=policies.whole_city(actor_of(request)))
    form = address if by_address else who
    found: dict[str, Any] = {}
    status = 200
    if form.is_bound and not form.is_valid():
        status = 422
    elif request.method == "POST":
        request.session[_SEARCH] = {name: request.POST.get(name, "") for name in form.fields}
        return HttpResponseRedirect(HOME)
    elif form.is_bound:
        try:
            found = _find(request, form.cleaned_data)
        except NotFound as nobody:
            found = {"people": [], "none": str(nobody.message)}
        except TooMany as many:
            refused(form, many)
            status = 429
        except Invalid as error:
            refused(form, error, {"nik": "who", "kk": "who", "name": "who", "region": "ward"})
            status = 422
        if "go" in found:
            request.session.pop(_SEARCH, None)
            return HttpResponseRedirect(found["go"])
    context = frame(request) | {"form": form, "who": who, "address": address, "searched": bool(found), **found}
    return render(request, "residents/search.html", context, status=status)


def _find(request: HttpRequest, typed: dict[str, Any]) -> dict[str, Any]:
    actor, why = actor_of(request), purpose_of(request)
    who, born_on = typed.get("who", "").strip(), typed.get("born_on")
    if who and _NUMBER.fullmatch(who):
        return _by_number(request, who)
    if who:
        found = operations.search_register(actor=actor, name=who, born_on=born_on, purpose=why)
        people = [
            listed(card) | {"likeness": round(100 * match.score), "fit": words.BIRTH_FIT.get(match.day, "")}
            for match, card in found
        ]
    else:
        cards = operations.search_address(
            actor=actor, address=typed["address"], region=typed.get("ward", ""), purpose=why
        )
        people = [listed(card) for card in cards]
    none = "" if people else _("Nobody like this is registered where you may look.")
    return {"people": people, "none": none, "more": len(people) == operations.MOST_FOUND}


def _by_number(request: HttpRequest, number: str) -> dict[str, Any]:
    """A NIK leads to its person; otherwise it may be a family card's."""
    actor, why = actor_of(request), purpose_of(request)
    try:
        known = next(iter(queries.by_niks({re.sub(r"\D", "", number)}).values()), None)
        if known is not None and policies.knows(actor, ward=known.ward_code, region=known.region):
            return {"go": reverse("residents-person", args=[known.pk])}
        cards = operations.family(actor=actor, kk=number, purpose=why)
    except NotFound:
        raise
    except Invalid:
        # It is no family card's number: say what is wrong with it as a NIK, which is what most people bring.
        operations.look_up(actor=actor, nik=number, purpose=why)
        raise
    return {"people": [listed(card) for card in cards], "family": True}


@page
@require_GET
@with_purpose
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: family, addresses, what happened, who looked."""
    actor = actor_of(request)
    try:
        shown = operations.open_card(actor=actor, resident=pk, purpose=purpose_of(request))
    except TooMany as many:
        return render(request, "residents/wait.html", frame(request) | {"problem": str(many.message)}, status=429)
    resident = shown.resident
    context = frame(request) | {
        "card": shown.card,
        "resident": resident,
        "facts": facts_of(shown.card),
        "status": queries.STATUS_LABELS[resident.status],
        "family": [listed(card) for card in shown.family],
        "residences": [
            {
                "place": row.elsewhere or " · ".join(part for part in (row.street, place_name(_code(row))) if part),
                "since": row.since,
                "until": row.until,
                "basis": row.basis,
            }
            for row in shown.residences
        ],
        "events": [{"row": row, "word": words.EVENTS.get(row.kind, row.kind)} for row in shown.events],
        "corrections": [
            {"row": row, "field": words.FIELDS[row.field], "wanted": words.said(row.field, row.wanted)}
            for row in shown.corrections
        ],
        "viewers": shown.viewers,
        "merged": reverse("residents-person", args=[resident.merged_into_id]) if resident.merged_into_id else "",
        "today": date.today(),
    }
    return render(request, "residents/person.html", context)


def _code(row: Any) -> str:
    return row.region.code if row.region else ""
