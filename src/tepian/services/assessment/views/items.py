"""One item: the agency's answer, saved while it is written, and its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tepian.kernel.actors import ANONYMOUS, Actor, Conflict, Denied, Invalid, NotFound
from tepian.kernel.catalogue.contributions import Search, SearchHit, offered
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations
from tepian.toolkit import links
from tepian.toolkit.text import plain
from tepian.ui.words import in_language

from .. import operations, policies, queries, states
from ..models import Answer, Evidence
from .parts import choices, do, level_of, listed, seen, seen_answer, text_of, whole

HITS = 8


def evidence_rows(answer: Answer) -> list[dict[str, Any]]:
    """The evidence of an item, also what was withdrawn."""
    return [
        {
            "row": row,
            "url": reverse("documents-download", args=[row.file]) if row.kind == states.FILE else row.url,
            "kind": queries.KIND_LABELS[row.kind],
            "finding": queries.FINDING_LABELS.get(row.finding, ""),
            "open": row.finding in ("", links.OPEN),
        }
        for row in answer.evidence.all()
    ]


def neighbours(answers: Sequence[Answer], here: Answer) -> tuple[Answer | None, Answer | None, int]:
    """Before, after, and the place (from 1) of an item among those that a person goes through."""
    place = next((number for number, each in enumerate(answers) if each.pk == here.pk), 0)
    before = answers[place - 1] if place else None
    after = answers[place + 1] if place + 1 < len(answers) else None
    return before, after, place + 1


def item_facts(answer: Answer) -> dict[str, Any]:
    """What both the agency and the assessor read about an item."""
    instrument = queries.instrument_of(answer.assessment)
    node = instrument.nodes[answer.item]
    return {
        "answer": answer,
        "instrument": instrument,
        "scale": instrument.scale,
        "title": queries.titled(node),
        "part": queries.path_of(instrument, node),
        "dimension": queries.dimension_name(node.dimension),
        "asked": in_language(node, "evidence"),
        "agency_name": organisations.agency_name(answer.agency_code),
        "evidence": evidence_rows(answer),
    }


def _last_year(answer: Answer) -> dict[str, Any] | None:
    row = (
        Answer.objects.filter(
            assessment__instrument_code=answer.assessment.instrument_code,
            assessment__year__lt=answer.assessment.year,
            assessment__state=states.CLOSED,
            item=answer.item,
        )
        .select_related("assessment")
        .order_by("-assessment__year")
        .first()
    )
    if row is None:
        return None
    return {
        "row": row,
        "level": text_of(row.level),
        "mean": text_of(states.scoring.mean([s.level for s in row.scores.all()])),
    }


def _context(request: HttpRequest, answer: Answer, given: Any = None, problem: Invalid | None = None) -> dict[str, Any]:
    row, actor = answer.assessment, request.actor  # type: ignore[attr-defined]
    facts = item_facts(answer)
    own = queries.own_answers(row, actor) or list(row.answers.all())
    before, after, place = neighbours(own, answer)
    level = answer.level if given is None else _typed_level(given.get("level", ""))
    answers_for = policies.answers_for(actor, answer.agency_code)
    return (
        listed(row)
        | facts
        | {
            "choices": choices(facts["instrument"], level),
            "level_text": (given.get("level", "") if given is not None else "" if level is None else text_of(level)),
            "explanation": answer.explanation if given is None else given.get("explanation", ""),
            "revision": answer.revision,
            "problem": problem,
            "theirs": answer if isinstance(problem, Conflict) else None,
            "theirs_level": text_of(answer.level),
            "before": before,
            "after": after,
            "place": place,
            "total": len(own),
            "may_answer": answers_for and row.state == states.OPEN,
            "may_add": answers_for and row.state in (states.OPEN, states.SUBMITTED),
            "may_withdraw": answers_for and (row.state in states.UNFINISHED or actor.has(*policies.KEEPERS)),
            "may_see": policies.may_see_evidence(actor, answer),
            "last": _last_year(answer),
            "scores": _scores(actor, answer),
            "found": _pages(request.GET.get("cari", "")),
            "query": plain(request.GET.get("cari", ""), 100),
        }
    )


def _typed_level(text: str) -> Any:
    try:
        return level_of(text)
    except Invalid:
        return None


def _scores(actor: Actor, answer: Answer) -> list[dict[str, Any]]:
    """What assessors said: inside the office once they are done; earlier, and with their names, only for those who may know
    them."""
    named = policies.may_see_names(actor)
    if not named and answer.assessment.state not in (states.SCORED, states.CLOSED):
        return []
    return [
        {
            "level": text_of(score.level),
            "note": score.note,
            "who": score.assessor if named else _("Assessor %(n)s") % {"n": n},
        }
        for n, score in enumerate(answer.scores.all(), 1)
    ]


def _pages(text: str) -> list[SearchHit]:
    """Public pages of the platform that fit: asked as a stranger, so that nothing closed is offered as evidence."""
    text = plain(text, 100)
    if len(text) < 3:
        return []
    hits: dict[str, SearchHit] = {}
    for source in offered(Search):
        for hit in islice(source.find(text, ANONYMOUS), HITS):
            if hit.url.startswith("/") and not hit.url.startswith(("/kerja", "/akun")):
                hits.setdefault(hit.url, hit)
    return sorted(hits.values(), key=lambda hit: -hit.score)[:HITS]


@staff_page(*policies.READERS)
@require_http_methods(["GET", "POST"])
def item(request: HttpRequest, code: str, item: str) -> HttpResponse:
    """GET shows the item; POST keeps the answer: by a script as soon as something changes, by the button without one."""
    row = seen(code)
    answer = seen_answer(row, item)
    if request.method == "GET":
        return render(request, "assessment/item.html", _context(request, answer))
    post, quick = request.POST, bool(request.headers.get("HX-Request"))
    try:
        answer = operations.answer_item(
            actor=request.actor,  # type: ignore[attr-defined]
            answer=answer,
            revision=whole(post.get("revision", "")),
            level=level_of(post.get("level", "")),
            explanation=post.get("explanation", ""),
        )
    except Invalid as error:
        answer = seen_answer(row, item)
        if quick:
            return render(request, "assessment/saved.html", {"problem": error, "keep": isinstance(error, Conflict)})
        status = 409 if isinstance(error, Conflict) else 422
        return render(request, "assessment/item.html", _context(request, answer, post, error), status=status)
    after = neighbours(queries.own_answers(row, request.actor), answer)[1]  # type: ignore[attr-defined]
    onward = (
        reverse("assessment-item", args=[row.code, after.item])
        if after
        else reverse("assessment-overview", args=[row.code])
    )
    if not quick:
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(onward)
    if post.get("onward"):
        response = HttpResponse()
        response["HX-Redirect"] = onward
        return response
    return render(request, "assessment/saved.html", {"at": timezone.now(), "revision": answer.revision})


@staff_page(*policies.ANSWERERS)
@require_POST
def add(request: HttpRequest, code: str, item: str) -> HttpResponse:
    """A file, a link or a page of the platform."""
    answer, post, actor = seen_answer(seen(code), item), request.POST, request.actor  # type: ignore[attr-defined]
    back, file = reverse("assessment-item", args=[code, item]) + "#bukti", request.FILES.get("file")
    title, url = post.get("title", ""), post.get("url", "").strip()

    def act() -> None:
        if file is not None:
            operations.add_evidence(
                actor=actor, answer=answer, kind=states.FILE, title=title, content=file, name=file.name or ""
            )
        elif post.get("page"):
            operations.add_evidence(actor=actor, answer=answer, kind=states.PAGE, title=title, url=post["page"])
        else:
            operations.add_link(actor=actor, answer=answer, url=url, title=title)

    try:
        act()
    except (Invalid, Denied) as error:
        message = getattr(error, "message", None) or error
        context = _context(request, answer) | {"evidence_problem": str(message), "typed_url": url, "typed_title": title}
        return render(request, "assessment/item.html", context, status=422 if isinstance(error, Invalid) else 403)
    messages.success(request, _("Evidence added."))
    return HttpResponseRedirect(back)


@staff_page(*policies.ANSWERERS)
@require_POST
def change_evidence(request: HttpRequest, key: str) -> HttpResponse:
    """Withdraw it with a reason, or open its link again."""
    try:
        evidence: Evidence = queries.evidence_by(key)
    except NotFound as error:
        raise Http404(str(error.message)) from None
    answer, post, actor = evidence.answer, request.POST, request.actor  # type: ignore[attr-defined]
    back = reverse("assessment-item", args=[answer.assessment.code, answer.item]) + "#bukti"
    if post.get("again") and evidence.kind == states.LINK:
        return do(
            request,
            lambda: operations.check_again(actor=actor, evidence=evidence),
            _("The link was opened again."),
            back,
        )
    return do(
        request,
        lambda: operations.withdraw_evidence(actor=actor, evidence=evidence, reason=post.get("reason", "")),
        _("Withdrawn. It stays in the list with your reason."),
        back,
    )
