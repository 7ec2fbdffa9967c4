"""What everybody reads, and the one page on which somebody answers."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tepian.kernel.actors import ANONYMOUS, Conflict, Invalid, NotFound
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.identity.access import public_page
from tepian.kernel.identity.lockout import address_of
from tepian.toolkit import csvfile
from tepian.ui import words
from tepian.ui.templatetags.ui import public_url
from tepian.ui.words import in_language

from .. import operations, queries, states
from ..models import Invitation

TOPICS = ("feedback", "city")
PER_HOUR = (
    60  # unknown codes from one network address; a mobile network has one for thousands, so good ones do not count
)
SALT = secrets.token_hex(16)


def year_from(request: HttpRequest) -> int:
    text = request.GET.get("tahun", "")
    year = int(text) if text.isascii() and text.isdecimal() and len(text) == 4 else 0
    return year if queries.FIRST_YEAR <= year <= today().year else today().year


def listed(line: queries.Line) -> dict[str, Any]:
    found = line.index
    return {
        "key": line.key,
        "title": line.title,
        "n": found.n if found.shown else None,
        "value": words.number(float(found.value), 2) if found.shown and found.value is not None else "",
        "band": found.band if found.shown else "",
        "meaning": states.BAND_LABELS.get(found.band, "") if found.shown else "",
    }


def elements(found: states.Index) -> list[dict[str, Any]]:
    """The nine elements, as pages show them; nothing where too few answered."""
    if not found.shown:
        return []
    return [
        {
            "label": states.LABELS[element],
            "mean": words.number(float(mean), 2),
            "band": states.element_band(mean),
            "meaning": states.BAND_LABELS[states.element_band(mean)],
        }
        for element, mean in zip(states.ELEMENTS, found.means, strict=True)
    ]


def _frame(year: int) -> dict[str, Any]:
    return {
        "year": year,
        "years": queries.years(),
        "until": words.day(queries.published_until()),
        "few": states.SMALL,
        "bands": [(name, words.number(float(least), 2), states.BAND_LABELS[name]) for name, least in states.BANDS],
        "simulated": queries.simulated(),
    }


@public_page
@require_GET
@cached_page(*TOPICS, seconds=600)
def results(request: HttpRequest) -> HttpResponse:
    year = year_from(request)
    lines = queries.by_service(year)
    whole = queries.together(year, lines)
    context = {
        "lines": [listed(line) for line in lines],
        "whole": listed(queries.Line("", "", whole)),
        "elements": elements(whole),
        "hidden": any(line.hidden and line.index.n for line in lines),
    }
    return render(request, "feedback/results.html", context | _frame(year))


@public_page
@require_GET
@cached_page(*TOPICS, seconds=600)
def service(request: HttpRequest, key: str) -> HttpResponse:
    try:
        row = queries.service_by(key)
    except NotFound as error:
        raise Http404(str(error.message)) from None
    year = year_from(request)
    found = queries.index_of(queries.answers(year, published=True).filter(service=row))
    title = in_language(row, "title")
    context = {"line": listed(queries.Line(row.key, title, found)), "title": title, "elements": elements(found)}
    return render(request, "feedback/service.html", context | _frame(year))


@public_page(mirrored=False)
@require_GET
def results_csv(request: HttpRequest) -> HttpResponse:
    """A line a service; cells are empty where too few answered."""
    lines = queries.by_service(year_from(request))
    heading = ("service", "title", "year", "answers", *states.ELEMENTS, "ikm", "band")
    rows = [
        (
            line.key,
            line.title,
            year_from(request),
            line.index.n if line.index.shown else None,
            *([round(float(mean), 4) for mean in line.index.means] if line.index.shown else [None] * 9),
            line.index.value if line.index.shown else None,
            line.index.band if line.index.shown else None,
        )
        for line in lines
    ]
    content = csvfile.MARK + "".join(csvfile.lines([heading, *rows]))
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="kepuasan-{year_from(request)}.csv"'
    return response


# --- answering --------------------------------------------------------------------------------------------------------


@public_page
@require_GET
def by_hand(request: HttpRequest) -> HttpResponse:
    """Whoever has a code on paper types it here."""
    code = request.GET.get("kode", "")[:40]
    problem = ""
    if code:
        if _guesses(request) > PER_HOUR:
            return _later(request)
        try:
            found = operations.invitation_by(code)
        except Invalid as error:
            _guesses(request, one_more=isinstance(error, NotFound))
            problem = str(error.message)
        else:
            return HttpResponseRedirect(public_url("feedback-survey", found.code))
    return _private(
        render(request, "feedback/by_hand.html", {"code": code, "problem": problem}, status=422 if problem else 200)
    )


@public_page
@require_http_methods(["GET", "POST"])
def survey(request: HttpRequest, code: str) -> HttpResponse:
    """Nine questions and a comment; no account, no name. With ?terima-kasih after answering."""
    if "terima-kasih" in request.GET:
        return _private(render(request, "feedback/thanks.html"))
    if _guesses(request) > PER_HOUR:
        return _later(request)
    try:
        row = operations.invitation_by(code)
    except NotFound as error:
        _guesses(request, one_more=True)
        raise Http404(str(error.message)) from None
    except Conflict as error:
        return _private(render(request, "feedback/thanks.html", {"problem": str(error.message)}, status=409))
    if request.method == "GET":
        return _private(_form(request, row))
    values = {
        element: int(text)
        for element in states.ELEMENTS
        if (text := request.POST.get(element, ""))
        in {str(number) for number in range(states.LOWEST, states.HIGHEST + 1)}
    }
    try:
        operations.answer(actor=ANONYMOUS, code=row.code, values=values, comment=request.POST.get("comment", ""))
    except Conflict as error:
        return _private(render(request, "feedback/thanks.html", {"problem": str(error.message)}, status=409))
    except Invalid as error:
        return _private(_form(request, row, error))
    response = HttpResponseRedirect(public_url("feedback-survey", row.code) + "?terima-kasih")
    response.status_code = 303
    return _private(response)


def _form(request: HttpRequest, row: Invitation, error: Invalid | None = None) -> HttpResponse:
    given = request.POST if error else {}
    return render(
        request,
        "feedback/survey.html",
        {
            "service": in_language(row.service, "title"),
            "questions": [
                {
                    "key": element,
                    "text": states.QUESTIONS[element],
                    "choices": [
                        (number, label, given.get(element) == str(number))
                        for number, label in enumerate(states.CHOICES[element], start=states.LOWEST)
                    ],
                    "problem": str(error.message) if error and error.field == element else "",
                }
                for element in states.ELEMENTS
            ],
            "comment": given.get("comment", ""),
            "longest": states.LONGEST_COMMENT,
            "error": error,
            "problem": str(error.message) if error else "",
        },
        status=422 if error else 200,
    )


def _guesses(request: HttpRequest, *, one_more: bool = False) -> int:
    """How many unknown codes came from this network address within the hour, counted by a hash that is made anew with
    each start of the process and is stored nowhere."""
    mark = hashlib.blake2b(f"{SALT}{address_of(request)}".encode(), digest_size=12).hexdigest()
    key = f"feedback-codes:{mark}"
    cache.add(key, 0, 3600)
    return int(cache.incr(key, int(one_more)))


def _later(request: HttpRequest) -> HttpResponse:
    problem = _("Many codes came from your network within an hour. Nothing was stored. Try again later.")
    response = render(request, "feedback/thanks.html", {"problem": problem}, status=429)
    response["Retry-After"] = "3600"
    return _private(response)


def _private(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, private=True, no_store=True)
    return response
