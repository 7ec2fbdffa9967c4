"""The door: a phone that scanned the code says where its owner comes from, sits the tests and reads the materials."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tepian.kernel.actors import Conflict, Invalid
from tepian.kernel.identity.access import public_page
from tepian.kernel.identity.lockout import address_of
from tepian.ui.templatetags.ui import public_url
from tepian.ui.words import in_language

from .. import forms, operations, queries, states
from ..models import Attendance, Session, Sitting
from ..operations import TooMany
from ..queries import door
from .parts import COOKIES, listed, private, refused, seen_session

KEPT_S = 366 * 24 * 3600
WRONG = {"code_wrong", "code_old"}
AGAIN = WRONG | {"form_old", "poster_closed", "session_not_open"}  # another code, or the same one later, may do
WAIT_S = 600


def person_of(request: HttpRequest) -> str:
    """This phone's random number; "" where it has none yet."""
    return next((found for name in COOKIES if (found := door.person_from(request.COOKIES.get(name, "")))), "")


def _remember(response: HttpResponse, person: str) -> HttpResponse:
    for name, path in COOKIES.items():
        response.set_cookie(
            name, person, max_age=KEPT_S, path=path, httponly=True, samesite="Lax", secure=bool(settings.SESSION_COOKIE_SECURE)
        )  # fmt: skip
    return private(response)


def _see_other(address: str) -> HttpResponse:
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return private(response)


def _closed(request: HttpRequest, error: Invalid) -> HttpResponse:
    """The door stays closed, and why. A network that keeps guessing waits."""
    if error.code in WRONG:
        try:
            operations.count_wrong_code(actor=request.actor, address=address_of(request))  # type: ignore[attr-defined]
        except TooMany as too_many:
            error = too_many
    many = isinstance(error, TooMany)
    status = 429 if many else 404 if error.code in WRONG else 409
    response = render(
        request,
        "literacy/closed.html",
        {"problem": str(error.message), "again": not many and error.code in AGAIN},
        status=status,
    )
    if many:
        response["Retry-After"] = str(WAIT_S)
    return private(response)


@public_page
@require_http_methods(["GET", "POST"])
def by_hand(request: HttpRequest) -> HttpResponse:
    """For phones that cannot scan: the letters under the code."""
    given, problem = request.POST.get("code", ""), ""
    if request.method == "POST":
        code = door.typed(given[:60])
        if code:
            return _see_other(public_url("literacy-come-in", code))
        problem = _(
            "A code has 13 letters and numbers. Look at the poster or the screen again, for example 7K4M2-AB3D-EFGH."
        )
    response = render(
        request, "literacy/by_hand.html", {"given": given[:60], "errors": problem}, status=422 if problem else 200
    )
    return private(response)


@public_page
@require_http_methods(["GET", "POST"])
def come_in(request: HttpRequest, code: str) -> HttpResponse:
    """Behind the code: one short form. Sending it twice counts once."""
    if request.method == "POST":
        return _attend(request)
    try:
        session = door.enter(code[:60])
    except door.Refused as error:
        return _closed(request, error)
    person = person_of(request)
    if door.attended(session, person):
        return _see_other(public_url("literacy-mine", session.number))
    person = person or door.new_person()
    form = forms.AttendForm(initial={"ticket": door.new_ticket(session, person)}, programme=session.programme)
    return _remember(render(request, "literacy/come_in.html", listed(session) | {"form": form}), person)


def _attend(request: HttpRequest) -> HttpResponse:
    try:
        ticket = door.read_ticket(request.POST.get("ticket", "")[:400])
    except door.Refused as error:
        return _closed(request, error)
    session = ticket.session
    form = forms.AttendForm(request.POST, programme=session.programme)
    if form.is_valid():
        try:
            operations.attend(actor=request.actor, address=address_of(request), **form.cleaned_data)  # type: ignore[attr-defined]
        except (door.Refused, TooMany) as error:
            return _closed(request, error)
        except Invalid as error:
            if error.code == "session_full":
                return _closed(request, error)
            refused(form, error)
        else:
            return _remember(_see_other(public_url("literacy-mine", session.number)), ticket.person)
    return private(render(request, "literacy/come_in.html", listed(session) | {"form": form}, status=422))


# --- what an attendee does ------------------------------------------------------------------------------------------


def _mine(request: HttpRequest, number: str) -> tuple[Session, Attendance, str]:
    session, person = seen_session(number), person_of(request)
    here = door.attended(session, person)
    if here is None:
        raise Http404(
            str(
                _(
                    "This phone is not counted at this session. Scan the code in the room first; it works while it is open."
                )
            )
        )
    return session, here, person


@public_page
@require_GET
def mine(request: HttpRequest, number: str) -> HttpResponse:
    """You are counted; the tests; the materials."""
    session, here, _person = _mine(request, number)
    questions = queries.questions_of(session.programme)
    asked = len(questions) >= states.FEWEST_QUESTIONS
    sat = queries.sittings_by(session, here.token)
    now = timezone.now()
    tests = []
    for word, phase in forms.PHASES.items() if asked else ():
        done = queries.is_done(session, sat.get(phase))
        tests.append(
            {
                "name": queries.PHASE_LABELS[phase],
                "url": public_url("literacy-test", session.number, word),
                "done": done,
                "open": not done and session.takes_test(phase, now),
                "waits": phase == states.AFTER and session.lesson_ended_at is None and session.state == states.OPEN,
            }
        )
    context = listed(session) | {
        "session": session,
        "here": here,
        "tests": tests,
        "materials": list(queries.materials_of(session.programme)),
        "material_languages": queries.LANGUAGE_LABELS,
    }
    if states.AFTER in sat:
        context |= _scores(session, sat)
    return private(render(request, "literacy/mine.html", context))


def _scores(session: Session, sat: dict[str, Sitting]) -> dict[str, Any]:
    """What this person had right, and the right answers: only when both tests are over for them."""
    right = queries.right_answers([session.programme])[session.programme_id]
    last = sat[states.AFTER]
    rows = [row for row in session.programme.questions.all() if str(row.pk) in last.answers]
    return {
        "after": queries.score(last, right),
        "before": queries.score(sat[states.BEFORE], right) if states.BEFORE in sat else None,
        "answers": [
            {
                "text": in_language(row, "text"),
                "right": queries.choice_text(row.choices[row.right]),
                "knew": last.answers[str(row.pk)] == row.right,
            }
            for row in rows
        ],
    }


@public_page
@require_http_methods(["GET", "POST"])
def test(request: HttpRequest, number: str, phase: str) -> HttpResponse:
    """All questions on one page: on a bad network one answer is sent, not ten."""
    if phase not in forms.PHASES:
        raise Http404(str(_("There is no such test.")))
    session, here, person = _mine(request, number)
    which, back = forms.PHASES[phase], public_url("literacy-mine", number)
    questions = queries.questions_of(session.programme)
    problem, status = "", 200
    if request.method == "POST":
        answers = {
            name.removeprefix("q-"): _place(str(value)) for name, value in request.POST.items() if name.startswith("q-")
        }
        try:
            operations.sit_test(actor=request.actor, session=session, person=person, phase=which, answers=answers)  # type: ignore[attr-defined]
        except (Conflict, Invalid) as error:
            problem, status = str(error.message), 409 if isinstance(error, Conflict) else 422
        else:
            return _see_other(back)
    elif (
        not session.takes_test(which, timezone.now())
        or len(questions) < states.FEWEST_QUESTIONS
        or queries.sat_already(session, here.token, which)
    ):
        return _see_other(back)
    context = listed(session) | {
        "name": queries.PHASE_LABELS[which],
        "after": which == states.AFTER,
        "back": back,
        "errors": problem,
        "questions": [
            {
                "key": f"q-{row.pk}",
                "text": in_language(row, "text"),
                "chosen": request.POST.get(f"q-{row.pk}", "-"),
                "choices": [(str(place), queries.choice_text(each)) for place, each in enumerate(row.choices)],
            }
            for row in questions
        ],
    }
    return private(render(request, "literacy/test.html", context, status=status))


def _place(text: str) -> int | None:
    """The place of a chosen answer; None for “I do not know”."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else None
