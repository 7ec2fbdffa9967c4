"""The agenda of interviews: who is asked what, when and where, and what was answered."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tepian.kernel.actors import Conflict, Invalid, NotFound
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations

from .. import operations, policies, queries, states
from ..models import Assessment
from .parts import agencies, do, listed, moment_of, seen, whole


def _page(
    request: HttpRequest, row: Assessment, given: Any = None, problem: Invalid | None = None, number: int = 0
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    may_plan = row.state in states.UNFINISHED and actor.has(*policies.KEEPERS, policies.ASSESSOR)
    status = 200 if problem is None else 409 if isinstance(problem, Conflict) else 422
    return render(
        request,
        "assessment/agenda.html",
        listed(row)
        | {
            "interviews": [
                {
                    "row": each,
                    "agency": organisations.agency_name(each.agency_code),
                    "typed": given if number == each.pk else None,
                    "problem": problem if number == each.pk else None,
                }
                for each in row.interviews.all()
            ],
            "agencies": agencies(),
            "may_plan": may_plan,
            "given": given if number == 0 and given else {},
            "problem": problem if number == 0 else None,
        },
        status=status,
    )


@staff_page(*policies.READERS)
@require_http_methods(["GET", "POST"])
def agenda(request: HttpRequest, code: str) -> HttpResponse:
    """GET: the agenda. POST: one more interview."""
    row, post = seen(code), request.POST
    if request.method == "GET":
        return _page(request, row)
    try:
        operations.plan_interview(
            actor=request.actor,  # type: ignore[attr-defined]
            assessment=row,
            starts_at=moment_of(post.get("starts_at", ""), "starts_at"),
            place=post.get("place", ""),
            agency=post.get("agency", ""),
            questions=post.get("questions", ""),
        )
    except Invalid as error:
        return _page(request, row, post, error)
    return HttpResponseRedirect(reverse("assessment-agenda", args=[row.code]))


@staff_page(*policies.KEEPERS, policies.ASSESSOR)
@require_POST
def change(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """What was answered, or why it does not take place."""
    row, post, actor = seen(code), request.POST, request.actor  # type: ignore[attr-defined]
    try:
        interview = queries.interview_by(row, number)
    except NotFound as error:
        raise Http404(str(error.message)) from None
    revision, back = whole(post.get("revision", "")), reverse("assessment-agenda", args=[row.code])
    if post.get("cancel"):
        return do(
            request,
            lambda: operations.cancel_interview(
                actor=actor, interview=interview, revision=revision, reason=post.get("reason", "")
            ),
            _("Cancelled, with your reason."),
            back,
        )
    try:
        operations.note_interview(
            actor=actor,
            interview=interview,
            revision=revision,
            answers=post.get("answers", ""),
            questions=post.get("questions", interview.questions),
        )
    except Invalid as error:
        return _page(request, row, post, error, number)
    return HttpResponseRedirect(f"{back}#w-{number}")
