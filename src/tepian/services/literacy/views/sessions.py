"""Staff: planning a session, running it, its code on the screen and on paper, counting by hand."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tepian.kernel.actors import Conflict, Invalid
from tepian.kernel.identity.access import staff_page
from tepian.ui.words import in_language

from .. import forms, operations, policies, queries, states
from ..models import AttendanceCount, Session
from ..queries import door
from .parts import do, listed, qr, refused, revision_of, seen_programme, seen_session

STEPS = {
    "buka": (operations.open_session, gettext_lazy("The session is open. Show the code on the screen.")),
    "akhiri-materi": (operations.end_lesson, gettext_lazy("The test after is open.")),
    "selesai": (operations.hold_session, gettext_lazy("The session is over. Its people count now.")),
    "kode-baru": (operations.renew_code, gettext_lazy("The codes were made anew. Print the poster again.")),
}


def _back(row: Session, place: str = "") -> str:
    return reverse("literacy-control", args=[row.number]) + (f"#{place}" if place else "")


# --- planning ---------------------------------------------------------------------------------------------------------


@staff_page(policies.ORGANISER)
@require_http_methods(["GET", "POST"])
def plan(request: HttpRequest, code: str) -> HttpResponse:
    row = seen_programme(code)
    form = forms.SessionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = operations.plan_session(actor=request.actor, programme=row, **form.values())  # type: ignore[attr-defined]
        except Invalid as error:
            refused(form, error, forms.FIELDS_OF_TIMES)
        else:
            messages.success(request, _("The session is planned, and citizens see it."))
            return HttpResponseRedirect(_back(made))
    back, name = reverse("literacy-run", args=[row.code]), in_language(row, "title")
    return _form(request, form, _("Plan a session"), back, name)


@staff_page(policies.ORGANISER)
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, number: str) -> HttpResponse:
    row = seen_session(number)
    form = forms.SessionForm(request.POST or None, initial=forms.SessionForm.initial_of(row))
    if request.method == "POST" and form.is_valid():
        try:
            operations.change_session(
                actor=request.actor,  # type: ignore[attr-defined]
                session=row,
                revision=revision_of(request),
                **form.values(),
            )
        except (Conflict, Invalid) as error:
            refused(form, error, forms.FIELDS_OF_TIMES)
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(_back(row))
    return _form(request, form, _("Change the session"), _back(row), in_language(row, "title"), revision=row.revision)


def _form(
    request: HttpRequest, form: Any, heading: str, back: str, back_name: str, *, revision: int = 0
) -> HttpResponse:
    context = {"form": form, "heading": heading, "back": back, "back_name": back_name, "revision": revision}
    return render(request, "literacy/form.html", context, status=422 if form.errors else 200)


# --- running ----------------------------------------------------------------------------------------------------------


def _live(row: Session) -> dict[str, Any]:
    """The numbers that grow while people come in."""
    by_qr, by_hand = queries.attendances_of(row)
    return {
        "session": row,
        "by_qr": by_qr,
        "by_hand": by_hand,
        "sum": by_qr + by_hand,
        "sat": [(queries.PHASE_LABELS[phase], n) for phase, n in queries.sittings_of(row).items()],
    }


@staff_page(*policies.READERS)
@require_GET
def session(request: HttpRequest, number: str) -> HttpResponse:
    return _session(request, seen_session(number))


def _session(request: HttpRequest, row: Session, form: forms.CountForm | None = None) -> HttpResponse:
    now = timezone.now()
    counts = row.counts.filter(source=AttendanceCount.PAPER)
    names = queries.group_names()
    may = request.actor.has(policies.ORGANISER, agency=row.programme.agency_code)  # type: ignore[attr-defined]
    context = (
        listed(row)
        | _live(row)
        | {
            "may": may,
            "has_test": queries.has_test(row.programme),
            "may_open": states.may_follow(row.state, states.OPEN),
            "may_hold": states.may_follow(row.state, states.HELD) and row.starts_at <= now,
            "may_end_lesson": row.state == states.OPEN and row.lesson_ended_at is None,
            "may_cancel": states.may_follow(row.state, states.CANCELLED),
            "to_come": row.state in states.TO_COME,
            "counts": [
                (queries.ward_name(each.region_code), names.get(each.group, each.group), each.people, each.by, each.at)
                for each in counts
            ],
            "form": form
            or (forms.CountForm(programme=row.programme) if row.state in (states.OPEN, states.HELD) else None),
            "programme_url": reverse("literacy-run", args=[row.programme.code]),
            "public_url": f"{settings.BASE_URL}{reverse('literacy-session', args=[row.number])}",
        }
    )
    return render(request, "literacy/control.html", context, status=422 if form is not None and form.errors else 200)


@staff_page(*policies.READERS)
@require_GET
def content(request: HttpRequest, number: str) -> HttpResponse:
    """The numbers alone, for the page that keeps asking."""
    return render(request, "literacy/control_numbers.html", _live(seen_session(number)))


@staff_page(policies.ORGANISER)
@require_POST
def step(request: HttpRequest, number: str) -> HttpResponse:
    """One step of a session's way."""
    row, actor, wanted = seen_session(number), request.actor, request.POST.get("step", "")  # type: ignore[attr-defined]
    revision = revision_of(request)
    if wanted == "batal":
        return do(
            request,
            lambda: operations.cancel_session(
                actor=actor, session=row, revision=revision, reason=request.POST.get("reason", "")
            ),
            _("The session is cancelled. Citizens read why, also at its code."),
            _back(row),
        )
    if wanted not in STEPS:
        messages.warning(request, _("Choose what to do."))
        return HttpResponseRedirect(_back(row))
    act, done = STEPS[wanted]
    return do(request, lambda: act(actor=actor, session=row, revision=revision), str(done), _back(row))


@staff_page(policies.ORGANISER)
@require_POST
def count(request: HttpRequest, number: str) -> HttpResponse:
    """People from a paper list, one ward at a time. A slower second organiser keeps what was typed."""
    row = seen_session(number)
    form = forms.CountForm(request.POST, programme=row.programme)
    if form.is_valid():
        try:
            operations.write_counts(
                actor=request.actor,  # type: ignore[attr-defined]
                session=row,
                revision=revision_of(request),
                rows=form.rows(),
            )
        except (Conflict, Invalid) as error:
            refused(form, error)
        else:
            messages.success(request, _("Counted."))
            return HttpResponseRedirect(_back(row, "daftar"))
    return _session(request, row, form)


# --- the code ---------------------------------------------------------------------------------------------------------


def _screen(row: Session) -> dict[str, Any]:
    context = listed(row) | _live(row)
    if row.state == states.OPEN:
        code = door.screen_code(row)
        context |= {
            "code": code,
            "qr": mark_safe(qr(door.address_of_code(code), code)),
            "address": door.address_to_type(),
        }
    return context


@staff_page(*policies.READERS)
@require_GET
def screen(request: HttpRequest, number: str) -> HttpResponse:
    """The code, large, for the projector. It changes each minute; without a script the page loads itself again."""
    return render(request, "literacy/screen.html", _screen(seen_session(number)))


@staff_page(*policies.READERS)
@require_GET
def screen_content(request: HttpRequest, number: str) -> HttpResponse:
    return render(request, "literacy/screen_content.html", _screen(seen_session(number)))


@staff_page(*policies.READERS)
@require_GET
def poster(request: HttpRequest, number: str) -> HttpResponse:
    """One sheet of A4 for the door and the wall. Only organisers and readers get it: its code stays the same."""
    row = seen_session(number)
    code = door.poster_code(row)
    context = listed(row) | {
        "session": row,
        "code": code,
        "qr": mark_safe(qr(door.address_of_code(code), code)),
        "address": door.address_to_type(),
        "back": _back(row),
    }
    return render(request, "literacy/poster.html", context)
