"""The crew's phone: one large button for each step. Works without scripts while online; with them also without a
connection."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.http import require_GET, require_POST

from tepian.kernel.actors import Conflict, Invalid
from tepian.kernel.identity.access import staff_page

from .. import operations, policies, queries, states
from ..models import AgencyTask, Deployment, Shift, Unit

CREWS = ("responder", "supervisor")
BUTTONS = {
    states.ACCEPTED: gettext_lazy("Accept"),
    states.UNDER_WAY: gettext_lazy("Set off"),
    states.ARRIVED: gettext_lazy("Arrived here"),
    states.DONE: gettext_lazy("Finished"),
}
SEVERITY_WORDS = {
    "A": gettext_lazy("can wait"),
    "B": gettext_lazy("soon"),
    "C": gettext_lazy("urgent"),
    "D": gettext_lazy("life may be in danger"),
    "E": gettext_lazy("life is ending now"),
}
# What is looked at before a shift; what is not in order keeps the unit out of the advice.
COMMON_CHECKS = {
    "fuel": gettext_lazy("Fuel"),
    "tyres": gettext_lazy("Tyres and brakes"),
    "lights": gettext_lazy("Lights and siren"),
    "radio": gettext_lazy("Radio"),
}
OTHER_CHECKS = {"tools": gettext_lazy("Equipment is complete")}
KIND_CHECKS: dict[str, dict[str, Any]] = {
    "engine": {
        "water": gettext_lazy("Water tank is full"),
        "hose": gettext_lazy("Pump and hoses"),
        "breathing": gettext_lazy("Breathing apparatus"),
    },
    "ambulance": {
        "oxygen": gettext_lazy("Oxygen"),
        "stretcher": gettext_lazy("Stretcher"),
        "medicine": gettext_lazy("Medicine and defibrillator"),
    },
    "boat": {"engine": gettext_lazy("Outboard engine"), "vests": gettext_lazy("Life vests and ropes")},
    "rescue": {"cutter": gettext_lazy("Cutting and lifting gear"), "ropes": gettext_lazy("Ropes and harnesses")},
}
REASONS = (
    gettext_lazy("The vehicle broke down"),
    gettext_lazy("The crew is not complete"),
    gettext_lazy("The road is blocked"),
    gettext_lazy("We are still busy"),
)
NOTES = 6  # newest texts of the story that are shown
RECENTLY = timedelta(minutes=15)  # for so long a task that was called off is told


def checks_of(unit: Unit) -> dict[str, Any]:
    """What is checked on this kind of vehicle."""
    return COMMON_CHECKS | KIND_CHECKS.get(unit.kind, {}) | OTHER_CHECKS


def own_units(request: HttpRequest) -> list[Unit]:
    """Units that this person may man: those of the own agency; a supervisor's, all."""
    actor = request.actor  # type: ignore[attr-defined]
    rows = Unit.objects.filter(active=True).order_by("call_sign")
    return [unit for unit in rows if actor.has("supervisor") or policies.is_crew_of(actor, unit)]


def manned(request: HttpRequest) -> Unit | None:
    """The unit that this person has on duty now."""
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.id:
        return None
    row = Unit.objects.filter(crew_account=actor.id, active=True).exclude(state="off_duty").first()
    return row if row is not None and (actor.has("supervisor") or policies.is_crew_of(actor, row)) else None


class PlanForm(forms.Form):
    """When a unit shall be manned."""

    unit = forms.ChoiceField(label=gettext_lazy("Crew unit"))
    starts_at = forms.DateTimeField(
        label=gettext_lazy("Starts"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    ends_at = forms.DateTimeField(
        label=gettext_lazy("Until"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    crew = forms.CharField(label=gettext_lazy("Crew (offices, no names)"), max_length=200)
    people = forms.IntegerField(label=gettext_lazy("People"), min_value=1, max_value=50, initial=2)

    def __init__(self, *args: Any, units: list[Unit], **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "id_plan_%s")
        super().__init__(*args, **kwargs)
        self.fields["unit"].choices = [(unit.call_sign, f"{unit.call_sign} {unit.name}") for unit in units]  # type: ignore[attr-defined]


# --- what is shown ----------------------------------------------------------------------------------------------------


def barrier(task: AgencyTask) -> dict[str, Any]:
    """Something that must be done before a crew goes in."""
    text = task.task_en if queries.english() and task.task_en else task.task
    return {"row": task, "text": text}


def task_context(row: Deployment) -> dict[str, Any]:
    """What the crew must know. No caller's number."""
    incident = row.incident
    following = states.step_after(row.state)
    others = incident.deployments.filter(state__in=states.ACTIVE_STEPS).exclude(pk=row.pk).select_related("unit")
    entries = list(incident.entries.exclude(text="").order_by("-at", "-id")[:NOTES])
    return {
        "row": row,
        "incident": incident,
        "name": queries.type_name(incident.type_code, incident.type_from),
        "severity": SEVERITY_WORDS.get(incident.severity, ""),
        "grave": incident.severity in ("D", "E"),
        "where": queries.where(incident),
        "victims": queries.victims_text(incident.victims),
        "notes": entries,
        "barriers": [barrier(task) for task in incident.tasks.filter(before_entry=True, cancelled_at=None)],
        "others": [{"row": each, "label": queries.STEP_LABELS[each.state]} for each in others],
        "asked": row.state == states.ASKED,
        "step": following,
        "button": BUTTONS.get(following or "", ""),
        "steps": [
            {"name": step, "label": queries.STEP_LABELS[step], "button": BUTTONS[step], "at": row.moments[step]}
            for step in states.CREW_STEPS
        ],
        "key": secrets.token_hex(8),
        "reasons": REASONS,
    }


def ended_context(unit: Unit) -> dict[str, Any] | None:
    """A task that ended without the crew: it must be told, or they drive on."""
    row = unit.deployments.select_related("incident").order_by("-asked_at", "-id").first()
    if row is None or row.state not in (states.CANCELLED, states.EXPIRED):
        return None
    if row.ended_at is None or row.ended_at < timezone.now() - RECENTLY:
        return None
    return {"row": row, "label": queries.STEP_LABELS[row.state], "where": queries.where(row.incident)}


def page_context(request: HttpRequest) -> dict[str, Any]:
    unit = manned(request)
    row = queries.active_deployment(unit) if unit else None
    context: dict[str, Any] = {"unit": unit, "task": task_context(row) if row else None, "now": timezone.now()}
    if row is None:
        units = [unit] if unit else own_units(request)
        day = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        planned = Shift.objects.filter(unit__in=units, ends_at__gt=day, starts_at__lt=day + timedelta(days=2))
        context["shifts"] = list(planned.select_related("unit")[:40])
    if unit is None:
        context["units"] = [
            {"row": each, "label": queries.UNIT_LABELS[each.state], "free": each.state == "off_duty" or not each.crew}
            for each in units
        ]
    elif row is None:
        context["ended"] = ended_context(unit)
        context["checks"] = checks_of(unit).items()
        context["state_label"] = queries.UNIT_LABELS[unit.state]
    return context


def _page(request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
    context = page_context(request)
    if context.get("units"):
        context["plan_form"] = PlanForm(units=[each["row"] for each in context["units"]])
    return render(request, "dispatch/unit.html", context | more, status=status)


@staff_page(*CREWS)
@require_GET
def unit(request: HttpRequest) -> HttpResponse:
    return _page(request)


@staff_page(*CREWS)
@require_GET
def content(request: HttpRequest) -> HttpResponse:
    """What changes on the page, without its frame."""
    return render(request, "dispatch/unit_content.html", page_context(request))


@staff_page
@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, from below `/unit`, so that it rules this page and nothing else."""
    found = finders.find("dispatch/unit-sw.js")
    if not isinstance(found, str):
        raise Http404
    response = HttpResponse(Path(found).read_text(encoding="utf-8"), content_type="text/javascript; charset=utf-8")
    response["Service-Worker-Allowed"] = "/unit"
    response["Cache-Control"] = "no-cache"
    return response


# --- what is done -----------------------------------------------------------------------------------------------------


def _do(request: HttpRequest, act: Callable[[], Any], done: str) -> HttpResponse:
    """One POST and back to the page; what was refused is told there in words. Who may not is refused as everywhere."""
    try:
        act()
    except Invalid as refusal:
        messages.warning(request, str(refusal.message))
    else:
        if done:
            messages.success(request, done)
    return HttpResponseRedirect(reverse("dispatch-unit"))


@staff_page(*CREWS)
@require_POST
def sign_on(request: HttpRequest) -> HttpResponse:
    actor, sign = request.actor, request.POST.get("unit", "")  # type: ignore[attr-defined]

    def act() -> None:
        other = manned(request)
        if other is not None and other.call_sign != sign:
            raise Conflict(
                _("You have %(unit)s on duty. Go off duty there first.") % {"unit": other.call_sign}, code="one_unit"
            )
        operations.sign_on(actor=actor, call_sign=sign)

    return _do(request, act, _("On duty."))


@staff_page(*CREWS)
@require_POST
def sign_off(request: HttpRequest) -> HttpResponse:
    actor, sign = request.actor, request.POST.get("unit", "")  # type: ignore[attr-defined]
    return _do(
        request, lambda: operations.sign_off(actor=actor, call_sign=sign), _("Off duty. Its position is forgotten.")
    )


@staff_page(*CREWS)
@require_POST
def readiness(request: HttpRequest) -> HttpResponse:
    """What is not ticked is missing. It is written down in the city's language, for the dispatcher reads it."""
    actor, post = request.actor, request.POST  # type: ignore[attr-defined]
    sign = post.get("unit", "")

    def act() -> None:
        policies.may_crew(actor, call_sign=sign)
        with override(settings.LANGUAGE_CODE):
            missing = [str(label) for key, label in checks_of(queries.unit_by(sign)).items() if not post.get(key)]
        if other := post.get("other", "").strip():
            missing.append(other[:100])
        operations.report_readiness(actor=actor, call_sign=sign, missing=", ".join(missing)[:300])
        if missing:
            messages.warning(request, _("Not ready: this unit is not sent until it is. The dispatcher sees why."))
        else:
            messages.success(request, _("Ready."))

    return _do(request, act, "")


@staff_page(*CREWS)
@require_POST
def plan(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    form = PlanForm(request.POST, units=own_units(request))
    if not form.is_valid():
        return _page(request, 422, plan_form=form)
    told = dict(form.cleaned_data)
    try:
        operations.plan_shift(actor=actor, call_sign=told.pop("unit"), **told)
    except Invalid as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        return _page(request, 422, plan_form=form)
    messages.success(request, _("Planned."))
    return HttpResponseRedirect(reverse("dispatch-unit"))


def _deployment(request: HttpRequest) -> int:
    text = request.POST.get("deployment", "")
    return int(text) if text.isdecimal() and len(text) < 12 else 0


@staff_page(*CREWS)
@require_POST
def step(request: HttpRequest) -> HttpResponse:
    """The large button without scripts."""
    actor, post = request.actor, request.POST  # type: ignore[attr-defined]

    def act() -> None:
        row = operations.report_step(
            actor=actor, deployment=_deployment(request), step=post.get("step", ""), key=post.get("key", "")
        )
        if row.state in queries.ENDED:
            messages.warning(request, str(queries.ENDED[row.state]))

    return _do(request, act, "")


@staff_page(*CREWS)
@require_POST
def decline(request: HttpRequest) -> HttpResponse:
    actor, reason = request.actor, request.POST.get("reason", "")  # type: ignore[attr-defined]
    return _do(
        request,
        lambda: operations.decline(actor=actor, deployment=_deployment(request), reason=reason),
        _("The next unit is asked."),
    )


@staff_page(*CREWS)
@require_POST
def write(request: HttpRequest) -> HttpResponse:
    """A note or a picture from the scene."""
    actor, post = request.actor, request.POST  # type: ignore[attr-defined]
    picture = request.FILES.get("picture")
    number = post.get("number", "")

    def act() -> None:
        if picture is not None:
            operations.add_picture(actor=actor, number=number, content=picture, name=picture.name or "foto.jpg")
        if post.get("text") or picture is None:
            operations.add_note(actor=actor, number=number, text=post.get("text", ""))

    return _do(request, act, _("Sent to the desk."))


@staff_page(*CREWS)
@require_POST
def caller(request: HttpRequest) -> HttpResponse:
    """The caller's number, only for the crew that is on this incident; the view is recorded."""
    actor = request.actor  # type: ignore[attr-defined]
    numbers = operations.view_caller(actor=actor, number=request.POST.get("number", ""))
    return _page(request, numbers=numbers, asked_number=True)
