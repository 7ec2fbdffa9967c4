"""The dispatcher's desk, and the page, story and record of one incident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tepian.kernel.actors import Conflict, Invalid, NotFound
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations

from .. import operations, policies, queries, states
from ..models import Incident, Unit
from ..queries import advice, record
from .shared import Fragment

LISTED = 100
AGENCIES = Fragment("dispatch/agencies.html", "organisations", seconds=600)


def _incident(number: str) -> Incident:
    try:
        return queries.incident_by(number)
    except NotFound as error:
        raise Http404(str(error.message)) from None


def row_of(incident: Incident) -> dict[str, Any]:
    """An incident as lists show it."""
    return {
        "row": incident,
        "number": incident.number,
        "name": queries.type_name(incident.type_code, incident.type_from),
        "where": queries.where(incident),
        "severity": incident.severity or "–",
        "state": queries.STATE_LABELS[incident.state],
        "victims": queries.victims_text(incident.victims),
    }


def list_context(chosen: str = "") -> dict[str, Any]:
    rows = queries.open_incidents()
    return {
        "rows": [row_of(row) for row in rows[:LISTED]],
        "more": max(0, rows.count() - LISTED),
        "chosen": chosen,
        "free": Unit.objects.filter(active=True, state="available").count(),
    }


def pane_context(request: HttpRequest, incident: Incident) -> dict[str, Any]:
    """Everything about one incident that the desks need."""
    actor = request.actor  # type: ignore[attr-defined]
    prefetch_related_objects([incident], "calls", "entries", "deployments__unit")
    is_open = incident.state in states.OPEN_STATES
    may_dispatch = actor.has("dispatcher", "supervisor")
    offered = advice.advise(incident) if is_open else []
    kind = queries.type_of(incident)
    return row_of(incident) | {
        "incident": incident,
        "is_open": is_open,
        "may_dispatch": may_dispatch,
        "may_write": actor.has(*policies.DESK, "duty_officer"),
        "advice": [
            each.as_json() | {"minutes": max(1, round(each.seconds / 60)), "unit": each.unit} for each in offered
        ],
        "skills": advice.skills_needed(incident) if is_open else [],
        "deployments": [
            {"row": row, "label": queries.STEP_LABELS[row.state], "active": row.state in states.ACTIVE_STEPS}
            for row in incident.deployments.all()
        ],
        "tasks": list(incident.tasks.filter(cancelled_at=None)),
        "entries": [
            {"row": entry, "sentence": queries.sentence(entry)} for entry in reversed(list(incident.entries.all()))
        ],
        "calls": list(incident.calls.all()),
        "twins": _twins(incident) if is_open else [],
        "clocks": queries.clocks(incident),
        "outcomes": queries.OUTCOME_LABELS.items(),
        "outcome_label": queries.OUTCOME_LABELS.get(incident.outcome, ""),
        "neighbours": queries.neighbours() if is_open and may_dispatch else [],
        "agencies": AGENCIES(request, agencies_context, timezone.localdate()) if is_open and may_dispatch else "",
        "may_warn": is_open and bool(kind and kind.hazard) and actor.has(*policies.DESK),
        "focus": f"dispatch/{incident.number}",
        "now": timezone.now(),
    }


def agencies_context() -> dict[str, Any]:
    return {"agencies": organisations.agencies()}


def _twins(incident: Incident) -> list[dict[str, Any]]:
    """Those that are probably the same."""
    if incident.lat is None or incident.lon is None:
        return []
    found = advice.twins(
        lon=incident.lon,
        lat=incident.lat,
        type_code=incident.type_code,
        at=incident.opened_at,
        other_than=incident.pk,
        simulated=incident.simulated,
        least=states.LIKELY,
    )
    return [row_of(twin.incident) | {"metres": round(twin.likeness.metres)} for twin in found]


@staff_page("dispatcher", "supervisor")
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    number = request.GET.get("kejadian", "")
    chosen = _incident(number) if number else queries.open_incidents().first()
    context = list_context(chosen.number if chosen else "")
    context["pane"] = pane_context(request, chosen) if chosen else None
    return render(request, "dispatch/dispatch.html", context)


@staff_page("dispatcher", "supervisor")
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """The list alone, for the live page."""
    return render(request, "dispatch/incident_list.html", list_context(request.GET.get("kejadian", "")))


@staff_page(*policies.READERS)
@require_GET
def pane(request: HttpRequest, number: str) -> HttpResponse:
    """One incident alone, for the live page."""
    context = {"pane": pane_context(request, _incident(number)), "back": request.GET.get("back", "")}
    return render(request, "dispatch/pane.html", context)


@staff_page(*policies.READERS)
@require_GET
def incident(request: HttpRequest, number: str) -> HttpResponse:
    row = _incident(number)
    if row.number != number:
        return HttpResponseRedirect(reverse("dispatch-incident", args=[row.number]))
    return render(request, "dispatch/incident.html", {"pane": pane_context(request, row), "title": row.number})


def _do(request: HttpRequest, number: str, act: Callable[[Incident], Any], done: str) -> HttpResponse:
    """One POST and back to where the person was; who was slower is told who was faster."""
    row = _incident(number)
    try:
        act(row)
    except (Conflict, Invalid) as error:
        messages.warning(request, str(error.message))
    else:
        messages.success(request, done)
    if request.POST.get("back") == "dispatch":
        return HttpResponseRedirect(f"{reverse('dispatch-dispatch')}?kejadian={row.number}")
    return HttpResponseRedirect(reverse("dispatch-incident", args=[row.number]))


@staff_page("dispatcher", "supervisor")
@require_POST
def ask_unit(request: HttpRequest, number: str) -> HttpResponse:
    actor, sign = request.actor, request.POST.get("unit", "")  # type: ignore[attr-defined]
    return _do(
        request,
        number,
        lambda row: operations.ask_unit(actor=actor, number=row.number, call_sign=sign),
        _("Unit asked."),
    )


@staff_page("dispatcher", "supervisor")
@require_POST
def call_off(request: HttpRequest, number: str, deployment: int) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    return _do(request, number, lambda row: operations.call_off(actor=actor, deployment=deployment), _("Called off."))


@staff_page("dispatcher", "supervisor")
@require_POST
def step(request: HttpRequest, number: str, deployment: int) -> HttpResponse:
    """What a crew says by radio."""
    actor, post = request.actor, request.POST  # type: ignore[attr-defined]
    return _do(
        request,
        number,
        lambda row: operations.report_step(
            actor=actor,
            deployment=deployment,
            step=post.get("step", ""),
            key=f"radio-{deployment}-{post.get('step', '')}"[:60],
        ),
        _("Written down."),
    )


@staff_page("dispatcher", "supervisor")
@require_POST
def ask_agency(request: HttpRequest, number: str) -> HttpResponse:
    actor, post = request.actor, request.POST  # type: ignore[attr-defined]
    return _do(
        request,
        number,
        lambda row: operations.ask_agency(
            actor=actor,
            number=row.number,
            agency=post.get("agency", ""),
            task=post.get("task", ""),
            before_entry=bool(post.get("before_entry")),
        ),
        _("Agency asked."),
    )


@staff_page("dispatcher", "supervisor", "responder", "head")
@require_POST
def answer_task(request: HttpRequest, number: str, task: int) -> HttpResponse:
    actor, done = request.actor, request.POST.get("step") == "2"  # type: ignore[attr-defined]
    return _do(
        request, number, lambda row: operations.answer_task(actor=actor, task=task, done=done), _("Written down.")
    )


@staff_page(*policies.DESK)
@require_POST
def merge(request: HttpRequest, number: str) -> HttpResponse:
    actor, into = request.actor, request.POST.get("into", "")  # type: ignore[attr-defined]
    return _do(
        request,
        number,
        lambda row: operations.merge_incident(actor=actor, number=row.number, into=into),
        _("Merged. It can be taken apart again."),
    )


@staff_page(*policies.DESK)
@require_POST
def split(request: HttpRequest, number: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    return _do(
        request, number, lambda row: operations.split_incident(actor=actor, number=row.number), _("Taken apart again.")
    )


@staff_page("dispatcher", "supervisor")
@require_POST
def hand_over(request: HttpRequest, number: str) -> HttpResponse:
    actor, post = request.actor, request.POST  # type: ignore[attr-defined]
    return _do(
        request,
        number,
        lambda row: operations.hand_over(
            actor=actor, number=row.number, neighbour=post.get("neighbour", ""), text=post.get("text", "")
        ),
        _("Handed over."),
    )


@staff_page("dispatcher", "supervisor")
@require_POST
def close(request: HttpRequest, number: str) -> HttpResponse:
    actor, post = request.actor, request.POST  # type: ignore[attr-defined]
    return _do(
        request,
        number,
        lambda row: operations.close_incident(
            actor=actor, number=row.number, outcome=post.get("outcome", ""), text=post.get("text", "")
        ),
        _("Closed."),
    )


@staff_page(*policies.DESK)
@require_POST
def warn(request: HttpRequest, number: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    return _do(
        request,
        number,
        lambda row: operations.propose_warning(actor=actor, number=row.number),
        _("Proposed. The duty officer decides whether the public is warned."),
    )


@staff_page(*policies.DESK, "duty_officer")
@require_POST
def write(request: HttpRequest, number: str) -> HttpResponse:
    actor, post = request.actor, request.POST  # type: ignore[attr-defined]
    verb = operations.add_lesson if post.get("lesson") else operations.add_note
    return _do(
        request, number, lambda row: verb(actor=actor, number=row.number, text=post.get("text", "")), _("Written down.")
    )


@staff_page(*policies.READERS)
@require_GET
def paper(request: HttpRequest, number: str) -> HttpResponse:
    """The whole record on paper. No caller's number stands in it."""
    row = _incident(number)
    return render(
        request,
        "dispatch/record.html",
        {"pane": pane_context(request, row), "record": record.record(row), "now": timezone.now()},
    )


@staff_page(*policies.READERS)
@require_GET
def paper_json(request: HttpRequest, number: str) -> HttpResponse:
    row = _incident(number)
    body = orjson.dumps(record.record(row), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    response = HttpResponse(body, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{row.number}.json"'
    return response
