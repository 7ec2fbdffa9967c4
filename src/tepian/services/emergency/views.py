"""HTML: one query or operation each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import orjson
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tepian.kernel.actors import Conflict, Invalid, NotFound
from tepian.kernel.identity.access import staff_page

from . import forms, operations, policies, queries, states
from .models import Incident

CHARTS = 4  # signs with a picture; the others stand in a list


def _wanted(number: str) -> Incident:
    try:
        return queries.incident_by(number)
    except NotFound as error:
        raise Http404(str(error.message)) from None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def line(incident: Incident) -> dict[str, Any]:
    """An incident as lists show it."""
    return {
        "row": incident,
        "number": incident.number,
        "title": incident.title_en if queries.english() else incident.title,
        "level": incident.level,
        "level_label": queries.LEVEL_LABELS.get(incident.level, ""),
        "state": incident.state,
        "state_label": queries.STATE_LABELS[incident.state],
        "hazard": queries.hazard_label(incident.hazard),
    }


@staff_page(*policies.READERS)
@require_GET
def incidents(request: HttpRequest) -> HttpResponse:
    """The list. Filters stand in the address: state, hazard, level, q, from, to."""
    wanted = {key: request.GET.get(key, "").strip()[:100] for key in ("state", "hazard", "level", "q", "from", "to")}
    rows = queries.incidents(
        state=wanted["state"],
        hazard=wanted["hazard"],
        level=wanted["level"],
        text=wanted["q"],
        since=_date(wanted["from"]),
        until=_date(wanted["to"]),
    )
    page = Paginator(rows, 30).get_page(request.GET.get("hal"))
    kept = request.GET.copy()
    kept.pop("hal", None)
    return render(
        request,
        "emergency/incidents.html",
        {
            "page": page,
            "rows": [line(row) for row in page],
            "wanted": wanted,
            "counts": queries.counts(),
            "states": queries.STATE_LABELS.items(),
            "levels": [(code, queries.LEVEL_LABELS[code]) for code in states.LEVELS[1:]],
            "drafts": [line(row) for row in queries.drafts()],
            "query": kept.urlencode(),
        },
    )


def _page(request: HttpRequest, incident: Incident, status: int = 200, **bound: Any) -> HttpResponse:
    """The incident with all its forms; `bound` replaces a form by the one with the person's answers and errors."""
    actor = request.actor  # type: ignore[attr-defined]
    signs = queries.strongest_first(incident.signs.all())
    confirmed = incident.state in states.CONFIRMED
    may_decide = actor.has("duty_officer") and all(actor.has("duty_officer", region=code) for code in incident.areas)
    context: dict[str, Any] = {
        "incident": incident,
        "line": line(incident),
        "now": timezone.now(),
        "may_decide": may_decide,
        "may_note": actor.has("duty_officer", "responder", "head"),
        "confirmed": confirmed,
        "signs": [
            {
                "row": sign,
                "kind": queries.KIND_LABELS[sign.source_kind],
                "chart": mark_safe(queries.evidence_html(sign)) if place < CHARTS else "",
                "label": sign.label_en if queries.english() and sign.label_en else sign.label,
                "level_label": queries.LEVEL_LABELS[sign.level],
                "value": queries.measured(sign.summary()),
            }
            for place, sign in enumerate(signs)
        ],
        "shown": CHARTS,
        "rest": f"{CHARTS}:",
        "sources": len({sign.source_key for sign in signs}),
        "areas": queries.area_names(incident.areas),
        "focus": f"incident/{incident.number}",
        "reason_label": queries.REASON_LABELS.get(incident.reason_code)
        or queries.OUTCOME_LABELS.get(incident.reason_code),
        "suggested_label": queries.LEVEL_LABELS.get(incident.suggested_level, ""),
        "assignments": [
            {"row": row, "may_answer": actor.has("duty_officer") or actor.has("responder", agency=row.agency_code)}
            for row in incident.assignments.all()
        ],
        "entries": _entries(incident),
    }
    if may_decide and incident.state == states.DRAFT:
        context["confirm_form"] = forms.PublicForm(initial=forms.first_words(incident))
        context["dismiss_form"] = forms.DismissForm()
    if may_decide and confirmed:
        context["change_form"] = forms.PublicForm(initial=forms.first_words(incident))
        context["close_form"] = forms.CloseForm()
        context["assign_form"] = forms.AssignForm()
    if may_decide and incident.state == states.CLOSED:
        context["reopen_form"] = forms.ReopenForm()
    if context["may_note"]:
        context["note_form"] = forms.NoteForm()
    context |= bound
    context["failed"] = next((form for form in bound.values() if getattr(form, "errors", None)), None)
    return render(request, "emergency/incident.html", context, status=status)


def _entries(incident: Incident) -> list[dict[str, Any]]:
    return [
        {
            "at": entry.at,
            "who": queries.actor_label(entry.actor_kind, entry.actor_label),
            "sentence": queries.sentence(entry),
            "text": entry.text,
            "kind": entry.kind,
        }
        for entry in reversed(list(incident.timeline.all()))
    ]


@staff_page(*policies.READERS)
@require_GET
def incident(request: HttpRequest, number: str) -> HttpResponse:
    row = _wanted(number)
    if row.number != number:
        return HttpResponseRedirect(reverse("emergency-incident", args=[row.number]))
    return _page(request, row)


@staff_page(*policies.READERS)
@require_GET
def timeline(request: HttpRequest, number: str) -> HttpResponse:
    """The time line alone, for the live page."""
    row = _wanted(number)
    return render(request, "emergency/timeline.html", {"incident": row, "entries": _entries(row)})


def _do(
    request: HttpRequest, number: str, name: str, form: Any, act: Callable[[Incident, dict[str, Any]], Any], done: str
) -> HttpResponse:
    """One POST: check the form, do it, and go back to the incident. Bad input shows the page again with every answer
    kept; somebody faster is told, with who and when."""
    row = _wanted(number)
    answers: dict[str, Any] = {}
    if form is not None:
        if not form.is_valid():
            return _page(request, row, 422, **{name: form})
        answers = form.told() if hasattr(form, "told") else form.cleaned_data
    try:
        act(row, answers)
    except Conflict as error:
        messages.warning(request, str(error.message))
        return HttpResponseRedirect(reverse("emergency-incident", args=[row.number]))
    except Invalid as error:
        if form is None:
            raise
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        return _page(request, row, 422, **{name: form})
    messages.success(request, done)
    return HttpResponseRedirect(reverse("emergency-incident", args=[row.number]))


@staff_page("duty_officer")
@require_POST
def confirm(request: HttpRequest, number: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    return _do(
        request,
        number,
        "confirm_form",
        forms.PublicForm(request.POST),
        lambda row, told: operations.confirm_draft(actor=actor, number=row.number, **told),
        _("Confirmed. The public is being told."),
    )


@staff_page("duty_officer")
@require_POST
def dismiss(request: HttpRequest, number: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    return _do(
        request,
        number,
        "dismiss_form",
        forms.DismissForm(request.POST),
        lambda row, told: operations.dismiss_draft(actor=actor, number=row.number, **told),
        _("Dismissed. Nothing was told to the public. Worse or new signs open a new draft."),
    )


@staff_page("duty_officer")
@require_POST
def change(request: HttpRequest, number: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    seen = request.POST.get("version", "")
    version = int(seen) if seen.isdecimal() and len(seen) < 9 else 0
    return _do(
        request,
        number,
        "change_form",
        forms.PublicForm(request.POST),
        lambda row, told: operations.request_warning_update(actor=actor, number=row.number, version=version, **told),
        _("Changed. The public is being told."),
    )


@staff_page("duty_officer")
@require_POST
def control(request: HttpRequest, number: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    return _do(
        request,
        number,
        "",
        None,
        lambda row, _told: operations.mark_under_control(actor=actor, number=row.number),
        _("Marked as under control. The warning stays until you close the incident."),
    )


@staff_page("duty_officer")
@require_POST
def close(request: HttpRequest, number: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    return _do(
        request,
        number,
        "close_form",
        forms.CloseForm(request.POST),
        lambda row, told: operations.close_incident(actor=actor, number=row.number, **told),
        _("Closed. The warning ends and the public is told."),
    )


@staff_page("duty_officer")
@require_POST
def reopen(request: HttpRequest, number: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]

    def act(row: Incident, told: dict[str, Any]) -> None:
        until = timezone.now() + timedelta(hours=told["hours"])
        operations.reopen_incident(actor=actor, number=row.number, reason=told["reason"], valid_until=until)

    return _do(
        request,
        number,
        "reopen_form",
        forms.ReopenForm(request.POST),
        act,
        _("Opened again. The public is being told."),
    )


@staff_page("duty_officer")
@require_POST
def assign(request: HttpRequest, number: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    return _do(
        request,
        number,
        "assign_form",
        forms.AssignForm(request.POST),
        lambda row, told: operations.assign(actor=actor, number=row.number, **told),
        _("Asked."),
    )


@staff_page("duty_officer", "responder")
@require_POST
def answer(request: HttpRequest, number: str, assignment: int, step: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    verb = {"terima": operations.accept, "selesai": operations.finish}.get(step)
    if verb is None:
        raise Http404
    return _do(
        request, number, "", None, lambda row, _told: verb(actor=actor, assignment=assignment), _("Written down.")
    )


@staff_page("duty_officer", "responder", "head")
@require_POST
def write(request: HttpRequest, number: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    return _do(
        request,
        number,
        "note_form",
        forms.NoteForm(request.POST),
        lambda row, told: operations.add_note(actor=actor, number=row.number, **told),
        _("Written down."),
    )


# --- the record -------------------------------------------------------------------------------------------------------


@staff_page(*policies.READERS)
@require_GET
def record(request: HttpRequest, number: str) -> HttpResponse:
    """The whole record on paper."""
    row = _wanted(number)
    signs = list(row.signs.all())
    return render(
        request,
        "emergency/record.html",
        {
            "incident": row,
            "line": line(row),
            "record": queries.record(row),
            "clocks": queries.clocks(row, signs),
            "entries": list(reversed(_entries(row))),
            "areas": queries.area_names(row.areas),
            "now": timezone.now(),
            "sections": [
                {"title": section.title, "html": mark_safe(section.html)}
                for section in queries.record_sections(row.number)
            ],
            "signs": [
                {
                    "row": sign,
                    "kind": queries.KIND_LABELS[sign.source_kind],
                    "level_label": queries.LEVEL_LABELS[sign.level],
                    "chart": mark_safe(queries.evidence_html(sign, row.closed_at)),
                    "value": queries.measured(sign.summary()),
                }
                for sign in signs
            ],
            "assignments": list(row.assignments.all()),
            "reason_label": queries.REASON_LABELS.get(row.reason_code) or queries.OUTCOME_LABELS.get(row.reason_code),
        },
    )


@staff_page(*policies.READERS)
@require_GET
def record_json(request: HttpRequest, number: str) -> HttpResponse:
    row = _wanted(number)
    body = orjson.dumps(queries.record(row), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    response = HttpResponse(body, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{row.number}.json"'
    return response
