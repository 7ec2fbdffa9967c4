"""The exercise's control panel, on demonstration systems only."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tepian.kernel.actors import Invalid
from tepian.kernel.identity.access import staff_page

from .. import queries
from ..operations import simulation as verbs

ROLES = ("duty_officer", "administrator")
SPEEDS = (1, 2, 4, 10)


@staff_page(*ROLES)
def panel(request: HttpRequest) -> HttpResponse:
    """/kerja/simulasi"""
    if not settings.DEMO:
        raise Http404
    context = {
        "state": queries.simulation_state(),
        "speeds": SPEEDS,
        "readings": [r for r in queries.latest() if r.simulated],
    }
    return render(request, "sensors/simulation.html", context)


@staff_page(*ROLES)
@require_POST
def control(request: HttpRequest, verb: str) -> HttpResponse:
    """Restart, speed, pause and go on; then back to the panel."""
    if not settings.DEMO:
        raise Http404
    actor: Any = request.actor  # type: ignore[attr-defined]
    try:
        if verb == "ulang":
            verbs.start_simulation(actor=actor)
            messages.success(request, _("The exercise begins anew."))
        elif verb == "laju":
            verbs.set_speed(actor=actor, speed=_speed(request.POST.get("speed", "")))
        elif verb in {"jeda", "lanjut"}:
            verbs.pause(actor=actor, paused=verb == "jeda")
        else:
            raise Http404
    except Invalid as error:
        messages.error(request, str(error.message))
    return HttpResponseRedirect(reverse("sensors-simulation"))


def _speed(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
