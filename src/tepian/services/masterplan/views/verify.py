"""What Bappeda and Diskominfo say on a report, one after the other, by keys."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tepian.kernel.actors import Actor, Conflict, Invalid
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations

from .. import operations, policies, states
from ..models import Report
from ..queries import desk as desks
from ..queries import reporting as reports
from . import typed
from .reporting import address, context_of

SHOWN = 40
OFFICES = (policies.PLANNER, policies.VERIFIER)


@staff_page(*OFFICES)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """The oldest report first, or the one that ?laporan= names; beside it all that wait."""
    return _show(request)


def _show(request: HttpRequest, report: Report | None = None, status: int = 200, **more: Any) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    waiting = desks.to_verify(actor)
    asked = request.GET.get("laporan", "")
    chosen = report or next((row for row in waiting if str(row.pk) == asked), waiting[0] if waiting else None)
    context: dict[str, Any] = {"waiting": len(waiting), "rows": _listed(waiting, chosen)}
    if chosen is not None:
        quarter = reports.quarter_of(chosen)
        part = reports.action_of(chosen.plan, chosen.key, quarter)
        context |= context_of(request, chosen.plan, part, quarter, from_desk=True)
        context["full"] = address(chosen.plan, chosen.key, quarter)
        context["following"] = _following(waiting, chosen)
    return render(request, "masterplan/verify.html", context | more, status=status)


def _following(waiting: list[Report], chosen: Report) -> str:
    """The next one in line, from the first again after the last."""
    place = next((number for number, row in enumerate(waiting) if row.pk == chosen.pk), -1)
    others = waiting[place + 1 :] + waiting[: max(place, 0)]
    return f"{reverse('masterplan-verify')}?laporan={others[0].pk}" if others else ""


def _listed(waiting: list[Report], chosen: Report | None) -> list[dict[str, Any]]:
    shown = waiting[:SHOWN]
    titles = reports.titles_of(shown)
    return [
        {
            "row": row,
            "title": titles.get((row.plan_id, row.key), str(row.key)),
            "agency": organisations.agency_name(row.agency_code),
            "quarter": reports.quarter_label(reports.quarter_of(row)),
            "here": chosen is not None and row.pk == chosen.pk,
            "said": [reports.OFFICE_LABELS[office] for office in reports.standing_verifications(row)],
        }
        for row in shown
    ]


def _report(number: int) -> Report:
    row = Report.objects.select_related("plan").filter(pk=number).first()
    if row is None:
        raise Http404(_("There is no such report."))
    return row


@staff_page(*OFFICES)
@require_POST
def verdict(request: HttpRequest, report: int) -> HttpResponse:
    row, post = _report(report), request.POST
    actor: Actor = request.actor  # type: ignore[attr-defined]
    from_desk, word = bool(post.get("desk")), states.SENT_BACK if post.get("return") else states.ACCEPTED
    following = _following(desks.to_verify(actor), row) if from_desk else ""
    try:
        operations.verify(
            actor=actor,
            report=row,
            revision=typed.revision(post),
            office=post.get("office", ""),
            verdict=word if post.get("return") or post.get("accept") else "",
            text=post.get("text", ""),
        )
    except Conflict as error:
        messages.warning(request, str(error.message))
    except Invalid as error:
        messages.warning(request, str(error.message))
        if from_desk:
            return _show(request, row, 422, field=error.field, typed_text=post.get("text", ""))
    else:
        done = _("Accepted.") if word == states.ACCEPTED else _("Sent back to the agency.")
        messages.success(request, done)
    if from_desk:
        return HttpResponseRedirect(following or reverse("masterplan-verify"))
    return HttpResponseRedirect(address(row.plan, row.key, reports.quarter_of(row)))


@staff_page(*OFFICES)
@require_POST
def reopen(request: HttpRequest, report: int) -> HttpResponse:
    row = _report(report)
    try:
        operations.reopen_report(
            actor=request.actor,  # type: ignore[attr-defined]
            report=row,
            text=request.POST.get("text", ""),
        )
    except Invalid as error:
        messages.warning(request, str(error.message))
    else:
        messages.success(request, _("Sent back to the agency."))
    return HttpResponseRedirect(address(row.plan, row.key, reports.quarter_of(row)))
