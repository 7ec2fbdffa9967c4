"""The citizen survey: the public form, and its keeping by the office."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tepian.kernel.actors import ANONYMOUS, Conflict, Invalid, NotFound
from tepian.kernel.catalogue.city import today
from tepian.kernel.identity.access import public_page, staff_page
from tepian.kernel.identity.lockout import address_of
from tepian.ui.templatetags.ui import public_url

from .. import operations, policies, queries, states
from ..models import Survey
from .parts import day_of, do, listed, name_of, seen

SHORTEST_KEY, LONGEST_KEY = 20, 60
PER_HOUR = 40  # answers from one network address; a school's or a ward office's whole network has one
KEPT_S = 200 * 24 * 3600


def _cookie(survey: Survey) -> str:
    return f"survei-{survey.code}"


def _too_many(request: HttpRequest, survey: Survey) -> bool:
    """Counts by a hash that is made anew with each start of the process and is stored nowhere."""
    mark = hashlib.blake2b(f"{SALT}{address_of(request)}".encode(), digest_size=12).hexdigest()
    key = f"assessment-survey:{survey.code}:{mark}"
    cache.add(key, 0, 3600)
    return int(cache.incr(key)) > PER_HOUR


SALT = secrets.token_hex(16)


@public_page
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, code: str) -> HttpResponse:
    """Six sentences, one number each; no account, nothing about the person. With ?terima-kasih after answering."""
    try:
        survey = queries.survey_by(code)
    except NotFound as error:
        raise Http404(str(error.message)) from None
    name = _cookie(survey)
    if request.method == "GET":
        return _private(_show(request, survey, answered=name in request.COOKIES))
    post = request.POST
    key = request.COOKIES.get(name) or post.get("key", "")
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        key = secrets.token_urlsafe(24)
    if _too_many(request, survey):
        message = _("Many answers came from your network within an hour. Yours was not stored. Try again later.")
        response = _show(request, survey, post, message, status=429)
        response["Retry-After"] = "3600"
        return _private(response)
    answers = {
        question["key"]: int(post[f"q-{question['key']}"])
        for question in survey.questions
        if post.get(f"q-{question['key']}", "").isdecimal() and len(post[f"q-{question['key']}"]) < 4
    }
    try:
        operations.answer_survey(actor=ANONYMOUS, survey=survey, answers=answers, browser=key)
    except Conflict as error:
        return _private(_show(request, survey, post, str(error.message), status=409, answered=error.code == "answered"))
    except Invalid as error:
        return _private(_show(request, survey, post, str(error.message), status=422))
    response = HttpResponseRedirect(public_url("assessment-survey", survey.code) + "?terima-kasih")
    response.status_code = 303
    response.set_cookie(
        name, key, max_age=KEPT_S, httponly=True, samesite="Strict", secure=bool(settings.SESSION_COOKIE_SECURE)
    )
    return _private(response)


def _private(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, private=True, no_store=True)
    return response


def _show(
    request: HttpRequest,
    survey: Survey,
    given: Any = None,
    problem: str = "",
    *,
    status: int = 200,
    answered: bool = False,
) -> HttpResponse:
    numbers = range(survey.lowest, survey.highest + 1)
    return render(
        request,
        "assessment/public/survey.html",
        {
            "survey": survey,
            "name": name_of(survey.assessment),
            "open": queries.is_open(survey),
            "over": survey.closes_on < today() or survey.assessment.state == states.CLOSED,
            "answered": answered,
            "thanks": "terima-kasih" in request.GET,
            "problem": problem,
            "key": secrets.token_urlsafe(24),
            "questions": [
                {
                    "key": each["key"],
                    "text": queries.question_text(each),
                    "numbers": [(n, (given or {}).get(f"q-{each['key']}") == str(n)) for n in numbers],
                }
                for each in survey.questions
            ],
            "result": queries.survey_result(survey),
            "few": states.FEW,
        },
        status=status,
    )


@staff_page(*policies.READERS)
@require_http_methods(["GET", "POST"])
def keep(request: HttpRequest, code: str) -> HttpResponse:
    """GET: the survey and its figures. POST: open it, or another last day."""
    row, post = seen(code), request.POST
    survey = Survey.objects.select_related("assessment").filter(assessment=row).first()
    back = reverse("assessment-survey-keep", args=[row.code])
    if request.method == "POST":
        actor = request.actor  # type: ignore[attr-defined]
        if survey is None:
            return do(
                request,
                lambda: operations.open_survey(
                    actor=actor,
                    assessment=row,
                    opens_on=day_of(post.get("opens_on", ""), "opens_on"),
                    closes_on=day_of(post.get("closes_on", ""), "closes_on"),
                ),
                _("The survey is open from that day."),
                back,
            )
        found = survey
        return do(
            request,
            lambda: operations.end_survey(
                actor=actor, survey=found, closes_on=day_of(post.get("closes_on", ""), "closes_on")
            ),
            _("The last day was changed."),
            back,
        )
    return render(
        request,
        "assessment/survey_keep.html",
        listed(row)
        | {
            "survey": survey,
            "open": survey is not None and queries.is_open(survey),
            "result": queries.survey_result(survey) if survey else None,
            "address": request.build_absolute_uri(reverse("assessment-survey", args=[survey.code])) if survey else "",
            "questions": [
                queries.question_text(dict(each))
                for each in (survey.questions if survey else queries.survey_questions())
            ],
            "few": states.FEW,
            "may_keep": request.actor.has(*policies.KEEPERS) and row.state in states.UNFINISHED,  # type: ignore[attr-defined]
            "today": today(),
            "later": today() + timedelta(days=30),
        },
    )
