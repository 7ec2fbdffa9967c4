"""Handing an agency's actions over to another."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tepian.kernel.actors import Invalid
from tepian.kernel.catalogue.city import today
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations
from tepian.ui.words import in_language

from .. import operations, policies
from ..queries import desk as desks
from ..queries import rollup
from ..states import Quarter
from . import typed
from .reporting import the_plan

FIELDS = ("from_agency", "to_agency", "on", "decision", "key", "reason")


@staff_page(policies.PLANNER)
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest) -> HttpResponse:
    """All actions of an agency, or one, from a day on; below it what was handed over before."""
    plan = the_plan(request)
    if request.method == "POST":
        post = {name: request.POST.get(name, "").strip() for name in FIELDS}
        try:
            on = typed.day(post["on"], "on")
            if on is None:
                raise Invalid(_("Choose a day from the calendar."), code="day", field="on")
            operations.hand_over(
                actor=request.actor,  # type: ignore[attr-defined]
                plan=plan,
                from_agency=post["from_agency"],
                to_agency=post["to_agency"],
                on=on,
                decision=post["decision"],
                key=_key(post["key"]),
                reason=post["reason"],
            )
        except Invalid as error:
            more = {"problem": str(error.message), "field": error.field}
            return render(request, "masterplan/handover.html", _context(request, plan, post, **more), status=422)
        messages.success(request, _("Handed over. Reports that were sent before stay where they are."))
        return HttpResponseRedirect(f"{reverse('masterplan-handover')}?rencana={plan.code}")
    start = {"from_agency": request.GET.get("dari", ""), "on": today().isoformat()}
    return render(request, "masterplan/handover.html", _context(request, plan, start))


def _key(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Invalid(_("There is no such action in the plan."), code="no_action", field="key") from None


def _context(request: HttpRequest, plan: Any, typed_in: dict[str, str], **more: Any) -> dict[str, Any]:
    day = today()
    rows = rollup.standings(plan, Quarter.of(day), computed=False)
    givers: dict[str, int] = {}
    for row in rows:
        if row.agency:
            givers[row.agency] = givers.get(row.agency, 0) + 1
    return {
        "plan": plan,
        "typed": typed_in,
        "givers": [
            (code, organisations.agency_name(code), count, desks.is_gone(code, day))
            for code, count in sorted(givers.items())
        ],
        "takers": [(each.code, each.label) for each in organisations.agencies(day)],
        "actions": [(str(row.key), f"{row.code} {row.label}", row.agency) for row in rows],
        "known": [
            {
                "row": each,
                "given": organisations.agency_name(each.from_agency),
                "taken": organisations.agency_name(each.to_agency),
                "action": next((f"{row.code} {row.label}" for row in rows if row.key == each.key), ""),
            }
            for each in plan.handovers.order_by("-on", "-id")
        ],
        "back": f"{reverse('masterplan-desk')}?rencana={plan.code}",
        "title": in_language(plan, "title"),
    } | more
