"""The desk of those who keep an assessment, and the overview that everybody in the office sees."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tepian.kernel.actors import Invalid
from tepian.kernel.catalogue.city import today
from tepian.kernel.identity.access import staff_page
from tepian.ui.words import in_language

from .. import operations, policies, queries, states
from .parts import (
    agencies,
    comparison,
    day_of,
    do,
    elsewhere,
    gain_rows,
    listed,
    rows_of,
    seen,
    ways,
    whole,
)  # fmt: skip


def _desk(request: HttpRequest, given: Any = None, problem: Invalid | None = None) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    may_keep = actor.has(*policies.KEEPERS)
    year = today().year
    blank = Q(answers__level=None) & Q(answers__explanation="")
    rows = queries.assessments().annotate(item_count=Count("answers"), blank_count=Count("answers", filter=blank))
    return render(
        request,
        "assessment/desk.html",
        {
            "rows": [listed(row) | {"items": row.item_count, "done": row.item_count - row.blank_count} for row in rows],
            "may_keep": may_keep,
            "may_configure": actor.has(policies.PLANNER),
            "instruments": [
                {
                    "value": f"{each.code} {each.version}",
                    "title": queries.titled(each),
                    "instrument": each,
                    "note": in_language(each, "note"),
                    "source": in_language(each, "source"),
                    "items": len(each.items),
                    "weights": [queries.titled(weights) for weights in each.weight_sets.values()],
                }
                for each in queries.instruments()
            ],
            "agencies": agencies(),
            "year": year,
            "given": given or {"year": year, "agency": "bappeda"},
            "problem": problem,
            "elsewhere": elsewhere(),
        },
        status=422 if problem else 200,
    )


@staff_page(*policies.READERS)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    return _desk(request)


@staff_page(*policies.KEEPERS)
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Open an assessment."""
    post = request.POST
    code, _space, version = post.get("instrument", "").partition(" ")
    try:
        row = operations.open_assessment(
            actor=request.actor,  # type: ignore[attr-defined]
            instrument=code,
            version=version,
            year=whole(post.get("year", "")),
            agency=post.get("agency", ""),
            due_on=day_of(post["due_on"], "due_on") if post.get("due_on") else None,
        )
    except Invalid as error:
        return _desk(request, post, error)
    return HttpResponseRedirect(reverse("assessment-overview", args=[row.code]))


@staff_page(policies.PLANNER)
@require_POST
def publish(request: HttpRequest) -> HttpResponse:
    """Write down what another city has published."""
    post = request.POST
    code, _space, version = post.get("instrument", "").partition(" ")
    return do(
        request,
        lambda: operations.record_published(
            actor=request.actor,  # type: ignore[attr-defined]
            city=post.get("city", ""),
            instrument=code,
            version=version,
            year=whole(post.get("year", "")),
            score=post.get("score", ""),
            source=post.get("source", ""),
        ),
        _("Written down."),
        reverse("assessment-desk") + "#kota-lain",
    )


@staff_page(policies.PLANNER)
@require_POST
def unpublish(request: HttpRequest, number: int) -> HttpResponse:
    return do(
        request,
        lambda: operations.remove_published(actor=request.actor, result=number),  # type: ignore[attr-defined]
        _("Taken out of the list."),
        reverse("assessment-desk") + "#kota-lain",
    )


@staff_page(*policies.READERS)
@require_GET
def overview(request: HttpRequest, code: str) -> HttpResponse:
    """Everything about one assessment."""
    row, actor = seen(code), request.actor  # type: ignore[attr-defined]
    result = queries.result_of(row)
    rows = rows_of(result)
    mine = [each for each in rows if policies.answers_for(actor, each["line"].answer.agency_code)]
    scaled = result.instrument.scale is not None
    done = sum(queries.is_answered(each["line"].answer, scaled=scaled) for each in rows)
    by_agency: dict[str, list[int]] = {}
    for each in rows:
        counts = by_agency.setdefault(each["line"].agency, [0, 0])
        counts[0] += queries.is_answered(each["line"].answer, scaled=scaled)
        counts[1] += 1
    keeper = actor.has(*policies.KEEPERS)
    decider = actor.has(policies.PLANNER, policies.HEAD)
    return render(
        request,
        "assessment/overview.html",
        listed(row)
        | {
            "instrument": result.instrument,
            "note": in_language(result.instrument, "note"),
            "source": in_language(result.instrument, "source"),
            "rows": rows,
            "mine": [] if keeper else mine,
            "done": done,
            "scored": sum(bool(each["line"].scores) for each in rows),
            "progress": sorted(by_agency.items()),
            "ways": ways(result, result.basis),
            "own_ways": ways(result, queries.SELF) if result.basis == queries.SCORES else [],
            "by_assessors": result.basis == queries.SCORES,
            "gains": gain_rows(result),
            "doubtful": [each for each in rows if each["line"].doubtful],
            "before": comparison(result),
            "elsewhere": elsewhere(row.instrument_code),
            "decisions": [
                (decision, _weights_title(result, decision.weights)) for decision in reversed(list(result.decisions))
            ],
            "other_weights": [
                (weights.code, queries.titled(weights))
                for weights in result.instrument.weight_sets.values()
                if result.weights is not None and weights.code != result.weights.code and weights.valid_in(row.year)
            ],
            "agencies": agencies(),
            "completed": queries.completed(row) is not None,
            "may_keep": keeper,
            "may_decide": decider and row.state in states.UNFINISHED,
            "may_assign": keeper and row.state == states.OPEN,
            "may_score": actor.has(policies.ASSESSOR) and row.state == states.SUBMITTED,
            "survey": getattr(row, "survey", None),
            "interviews": row.interviews.filter(cancelled_at=None).count(),
            "read_only": not actor.has(*policies.ANSWERERS),
        },
    )


def _weights_title(result: queries.Result, code: str) -> str:
    found = result.instrument.weight_sets.get(code)
    return queries.titled(found) if found else code


@staff_page(*policies.KEEPERS)
@require_POST
def assign(request: HttpRequest, code: str) -> HttpResponse:
    """Who answers which item."""
    row, post = seen(code), request.POST
    wanted = {
        name.removeprefix("item-"): str(value) for name, value in post.items() if name.startswith("item-") and value
    }
    return do(
        request,
        lambda: operations.assign(
            actor=request.actor,  # type: ignore[attr-defined]
            assessment=row,
            agencies=wanted,
            revision=whole(post.get("revision", "")),
        ),
        _("Assigned."),
        reverse("assessment-overview", args=[row.code]) + "#butir",
    )


@staff_page(*policies.KEEPERS, policies.HEAD)
@require_POST
def step(request: HttpRequest, code: str, step: str) -> HttpResponse:
    """Onwards or one step back."""
    row, post, actor = seen(code), request.POST, request.actor  # type: ignore[attr-defined]
    revision, back = whole(post.get("revision", "")), reverse("assessment-overview", args=[row.code])
    gaps = bool(post.get("with_gaps"))
    match step:
        case "submit":
            return do(
                request,
                lambda: operations.submit(actor=actor, assessment=row, revision=revision, with_gaps=gaps),
                _("Sent to the assessors."),
                back,
            )
        case "back":
            return do(
                request,
                lambda: operations.give_back(
                    actor=actor, assessment=row, revision=revision, reason=post.get("reason", "")
                ),
                _("Given back, with your reason."),
                back,
            )
        case "close":
            return do(
                request,
                lambda: operations.close(actor=actor, assessment=row, revision=revision),
                _("Final, and public now."),
                back,
            )
        case "complete":
            return do(
                request,
                lambda: operations.complete_instrument(actor=actor, assessment=row, revision=revision),
                _("The complete instrument is used now."),
                back,
            )
        case "discard":
            return do(
                request,
                lambda: operations.discard_assessment(actor=actor, assessment=row),
                _("Discarded."),
                reverse("assessment-desk"),
            )
        case _:
            return HttpResponseRedirect(back)


@staff_page(policies.PLANNER, policies.HEAD)
@require_POST
def weights(request: HttpRequest, code: str) -> HttpResponse:
    """Another weight set counts."""
    row, post = seen(code), request.POST
    return do(
        request,
        lambda: operations.change_weights(
            actor=request.actor,  # type: ignore[attr-defined]
            assessment=row,
            revision=whole(post.get("revision", "")),
            weights=post.get("weights", ""),
            reason=post.get("reason", ""),
        ),
        _("The other weights count now. The result under the old ones stays readable."),
        reverse("assessment-overview", args=[row.code]) + "#bobot",
    )
