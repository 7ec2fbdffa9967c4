"""The judge's desk: what people wrote, the oldest first; show, do not show for a ready reason, answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tepian.kernel.actors import Denied, Invalid, NotFound
from tepian.kernel.identity.access import staff_page
from tepian.ui.words import in_language

from .. import forms, operations, policies, states
from ..models import Comment
from ..queries import comments
from .projects import attempt, status_of
from .projects_public import comment_view, picture
from .typed import revision

JUDGES = (policies.PLANNER, policies.VERIFIER)
WAITING_SHOWN = 50


def _may_judge(request: HttpRequest, comment: Comment) -> bool:
    try:
        policies.may_judge(request.actor, comment)  # type: ignore[attr-defined]
    except Denied:
        return False
    return True


def _view(request: HttpRequest, comment: Comment) -> dict[str, Any]:
    return comment_view(comment) | {
        "title": in_language(comment.project, "title"),
        "may_judge": _may_judge(request, comment),
        "reasons": [
            {"key": str(number), "code": code, "label": label}
            for number, (code, label) in enumerate(forms.HIDE_CHOICES, 1)
        ],
    }


@staff_page(*JUDGES)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """/kerja/rencana/komentar: the oldest that this person may judge, ready to be judged by keys, and the others."""
    rows = [each for each in comments.to_judge()[:500] if _may_judge(request, each)]
    return render(
        request,
        "masterplan/comments/desk.html",
        {
            "count": len(rows),
            "first": _view(request, rows[0]) if rows else None,
            "others": [_view(request, each) for each in rows[1:WAITING_SHOWN]],
            "unanswered": [_view(request, each) for each in comments.to_answer()[:30]],
            "recent": [
                _view(request, each)
                for each in Comment.objects.exclude(judged_at=None)
                .select_related("project")
                .order_by("-judged_at")[:20]
            ],
        },
    )


@staff_page(*policies.STAFF)
@require_GET
def comment(request: HttpRequest, key: UUID) -> HttpResponse:
    return _show(request, comments.comment_by(key))


def _show(request: HttpRequest, found: Comment, form: Any = None) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    may_answer = found.state == states.SHOWN and (
        policies.reports_for(actor, found.project.agency_code) or actor.has(policies.VERIFIER)
    )
    form = form or forms.AnswerForm(initial={"answer": found.answer})
    view = _view(request, found)
    return render(
        request,
        "masterplan/comments/comment.html",
        view | {"view": view, "form": form if may_answer else None, "project": found.project},
        status=status_of(form),
    )


@staff_page(*JUDGES)
@require_POST
def judge(request: HttpRequest, key: UUID) -> HttpResponse:
    found, reason = comments.comment_by(key), request.POST.get("reason", "")
    try:
        operations.judge_comment(
            actor=request.actor,  # type: ignore[attr-defined]
            comment=found,
            revision=revision(request.POST),
            shown=request.POST.get("shown") == "1",
            reason=reason,
        )
    except Invalid as refusal:
        messages.warning(request, str(refusal.message))
    else:
        messages.success(
            request, _("Shown to everybody.") if not reason else _("Not shown. The reason is counted in public.")
        )
    return HttpResponseRedirect(reverse("masterplan-comments"))


@staff_page(*policies.STAFF)
@require_http_methods(["POST"])
def answer(request: HttpRequest, key: UUID) -> HttpResponse:
    found = comments.comment_by(key)
    form = forms.AnswerForm(request.POST)

    def act() -> None:
        operations.answer_comment(
            actor=request.actor,  # type: ignore[attr-defined]
            comment=found,
            revision=revision(request.POST),
            text=form.cleaned_data["answer"],
        )

    if attempt(form, act):
        messages.success(request, _("Everybody reads your answer now."))
        return HttpResponseRedirect(reverse("masterplan-comment", args=[key]))
    return _show(request, comments.comment_by(key), form)


@staff_page(*policies.STAFF)
@require_GET
def photo(request: HttpRequest, key: UUID) -> FileResponse:
    """A photo that waits, for those who judge and answer."""
    found = comments.comment_by(key)
    if found.photo is None:
        raise NotFound(_("There is no such photo."), code="no_photo", item=str(key))
    return picture(found.photo, private=True)
