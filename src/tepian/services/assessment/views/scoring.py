"""The assessor's pages: the evidence room, one item a page, scored by the keys of its levels."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tepian.kernel.actors import Denied, Invalid
from tepian.kernel.identity.access import staff_page

from .. import operations, policies, queries, states
from ..models import Answer, Assessment
from .items import item_facts, neighbours
from .parts import choices, do, level_of, listed, seen, seen_answer, text_of, whole

SEERS = (policies.ASSESSOR, *policies.KEEPERS, policies.HEAD, "auditor")


@staff_page(*SEERS)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """What there is to score, and how far this assessor is."""
    actor = request.actor  # type: ignore[attr-defined]
    rows = queries.assessments().annotate(
        item_count=Count("answers", distinct=True),
        mine=Count("answers__scores", filter=Q(answers__scores__assessor_id=actor.id), distinct=True),
    )
    return render(
        request,
        "assessment/scoring_desk.html",
        {
            "waiting": [_progress(row) for row in rows if row.state == states.SUBMITTED],
            "coming": [_progress(row) for row in rows if row.state == states.OPEN],
            "done": [_progress(row) for row in rows if row.state in (states.SCORED, states.CLOSED)],
            "may_score": actor.has(policies.ASSESSOR),
        },
    )


def _progress(row: Any) -> dict[str, Any]:
    return listed(row) | {"items": row.item_count, "mine": row.mine, "left": row.item_count - row.mine}


@staff_page(*SEERS)
@require_GET
def begin(request: HttpRequest, code: str) -> HttpResponse:
    """To the first item that this assessor has not scored."""
    row, actor = seen(code), request.actor  # type: ignore[attr-defined]
    rows = list(row.answers.all())
    scored = set(row.answers.filter(scores__assessor_id=actor.id).values_list("pk", flat=True))
    first = next((each for each in rows if each.pk not in scored), rows[0])
    return HttpResponseRedirect(reverse("assessment-score", args=[row.code, first.item]))


def _own(request: HttpRequest, answer: Answer) -> dict[str, Any]:
    """The part of the page that changes with a score: the levels, what is saved, what the others say."""
    actor, instrument = request.actor, queries.instrument_of(answer.assessment)  # type: ignore[attr-defined]
    scores = list(answer.scores.all())
    own = next((score for score in scores if score.assessor_id == actor.id), None)
    levels = [score.level for score in scores]
    step = instrument.scale.step if instrument.scale else 1
    spread = max(levels) - min(levels) if levels else Decimal(0)
    may_score = actor.has(policies.ASSESSOR) and answer.assessment.state == states.SUBMITTED
    withdrawn = own is not None and any(
        each.withdrawn_at is not None and each.added_at <= own.scored_at < each.withdrawn_at
        for each in answer.evidence.all()
    )
    return {
        "answer": answer,
        "scale": instrument.scale,
        "own": own,
        "choices": choices(instrument, own.level if own else None),
        "own_text": text_of(own.level) if own else "",
        "mean": text_of(states.scoring.mean(levels)),
        "count": len(scores),
        "apart": spread >= states.DISAGREE * step,
        "spread": text_of(spread) if levels else "",
        # Others' opinions come after the own one, so that nobody leans on them.
        "show_others": len(scores) > 1 and (own is not None or not may_score),
        "others": [
            {"level": text_of(score.level), "note": score.note, "mine": own is not None and score.pk == own.pk}
            for score in scores
        ],
        "may_score": may_score,
        "look_again": withdrawn
        or (own is not None and answer.changed_at is not None and answer.changed_at > own.scored_at),
    }


@staff_page(*SEERS)
@require_http_methods(["GET", "POST"])
def item(request: HttpRequest, code: str, item: str) -> HttpResponse:
    """GET: what the city says, the evidence, the score. POST: this assessor's level and note."""
    row = seen(code)
    answer = seen_answer(row, item)
    if request.method == "GET":
        return render(request, "assessment/score.html", _page(request, row, answer))
    post, quick = request.POST, bool(request.headers.get("HX-Request"))
    problem = ""
    try:
        level = level_of(post.get("pick") or post.get("level", ""))
        if level is None:
            raise Invalid(_("Choose a level; the note is kept with it."), code="level", field="level")
        operations.score_item(
            actor=request.actor,  # type: ignore[attr-defined]
            answer=answer,
            level=level,
            note_text=post.get("note", ""),
        )
    except (Invalid, Denied) as error:
        problem = str(getattr(error, "message", None) or error)
    answer = seen_answer(row, item)
    if quick:
        return render(
            request, "assessment/levels.html", _own(request, answer) | {"problem": problem, "at": timezone.now()}
        )
    if problem:
        context = _page(request, row, answer) | {"problem": problem, "note": post.get("note", "")}
        return render(request, "assessment/score.html", context, status=422)
    messages.success(request, _("Saved."))
    return HttpResponseRedirect(reverse("assessment-score", args=[row.code, item]))


def _page(request: HttpRequest, row: Assessment, answer: Answer) -> dict[str, Any]:
    rows = list(row.answers.all())
    before, after, place = neighbours(rows, answer)
    own = _own(request, answer)
    return (
        listed(row)
        | item_facts(answer)
        | own
        | {
            "own_level": text_of(answer.level),
            "own_name": queries.level_name(queries.instrument_of(row), int(answer.level))
            if answer.level is not None
            else "",
            "note": own["own"].note if own["own"] else "",
            "before": before,
            "after": after,
            "place": place,
            "total": len(rows),
            "interviews": row.interviews.filter(agency_code=answer.agency_code, cancelled_at=None),
        }
    )


@staff_page(policies.ASSESSOR)
@require_POST
def finish(request: HttpRequest, code: str) -> HttpResponse:
    """The assessors are done."""
    row, post = seen(code), request.POST
    return do(
        request,
        lambda: operations.finish_scoring(
            actor=request.actor,  # type: ignore[attr-defined]
            assessment=row,
            revision=whole(post.get("revision", "")),
            with_gaps=bool(post.get("with_gaps")),
        ),
        _("Scoring is finished. Bappeda closes the assessment."),
        reverse("assessment-scoring-desk"),
    )
