"""A revision at the planner's desk: its tree, what is missing, what differs, its decision."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tepian.kernel.actors import Actor, Invalid
from tepian.kernel.catalogue.city import today
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations
from tepian.ui.words import in_language

from .. import operations, policies, queries, states
from ..models import Part, Revision
from ..queries import differences
from ..queries.missing import Problem, problems
from . import typed
from .acting import act, counter, seen_revision
from .plans import draft_address, revision_line

PER_PAGE = 40  # changes on one page of a difference
ADD = {states.GOAL: states.PROGRAMME, states.PROGRAMME: states.ACTION}


def base_of(revision: Revision) -> Revision | None:
    """What a revision is compared with: the one in force while it is open, later the one that it followed."""
    rows = revision.plan.revisions.filter(state__in=(states.IN_FORCE, states.SUPERSEDED)).exclude(pk=revision.pk)
    if revision.in_force_from:
        rows = rows.filter(in_force_from__lt=revision.in_force_from)
    return rows.order_by("-in_force_from").first()


def head(request: HttpRequest, revision: Revision) -> dict[str, Any]:
    """What every page of a revision shows."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return {
        "plan": revision.plan,
        "revision": revision,
        "plan_title": in_language(revision.plan, "title"),
        "line": revision_line(revision),
        "args": [revision.plan.code, revision.number],
        "may_edit": revision.state == states.DRAFT and actor.has(policies.PLANNER),
    }


@staff_page(*policies.READERS)
@require_GET
def draft(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """The tree, by goals, programmes and actions, with what is missing at each."""
    revision = seen_revision(code, number)
    rows = list(queries.parts(revision))
    is_open = revision.state in (states.DRAFT, states.PROPOSED)
    found = problems(revision, rows) if is_open else []
    shown, filters = _filtered(request, revision, rows, found)
    obstacles = [each for each in found if not each.hint]
    return render(
        request,
        "masterplan/plans/draft.html",
        head(request, revision)
        | filters
        | {
            "groups": _tree(revision, shown, found),
            "counts": Counter(row.kind for row in rows),
            "shown": sum(row.kind == states.ACTION for row in shown),
            "obstacles": len(obstacles),
            "whole": [each for each in obstacles if each.key is None],
            "workbooks": revision.workbooks.filter(applied_at=None)[:5] if is_open else [],
            "base": base_of(revision),
        },
    )


def _filtered(
    request: HttpRequest, revision: Revision, rows: list[Part], found: list[Problem]
) -> tuple[list[Part], dict[str, Any]]:
    dimension, agency, text = (request.GET.get(name, "") for name in ("dimensi", "dinas", "cari"))
    only = request.GET.get("lihat", "") == "kurang"
    troubled = {each.key for each in found if not each.hint}
    words = text.casefold().split()
    agencies = sorted({row.agency_code for row in rows if row.agency_code})

    def wanted(row: Part) -> bool:
        name = f"{row.code} {row.title} {row.title_en}".casefold()
        return (
            (not dimension or row.dimension == dimension)
            and (not agency or row.agency_code == agency)
            and (not only or row.key in troubled)
            and all(word in name for word in words)
        )

    filtering = bool(dimension or agency or words or only)
    if filtering:
        kept = {row.pk for row in rows if (row.kind == states.ACTION or only or words) and wanted(row)}
        above = {row.pk: row.parent_id for row in rows}
        for pk in list(kept):
            while (parent := above.get(pk)) is not None:
                kept.add(parent)
                pk = parent
        rows = [row for row in rows if row.pk in kept]
    return rows, {
        "filtering": filtering,
        "dimension": dimension,
        "agency": agency,
        "text": text,
        "only": only,
        "dimensions": [(each.code, each.name) for each in queries.dimensions(revision.plan.framework)],
        "agencies": [(each, organisations.agency_name(each)) for each in agencies],
    }


def _tree(revision: Revision, rows: list[Part], found: list[Problem]) -> list[dict[str, Any]]:
    """Goals with their programmes with their actions, as lines."""
    names = {each.code: each.name for each in queries.dimensions(revision.plan.framework)}
    first: dict[Any, list[Problem]] = {}
    for problem in found:
        if problem.key is not None and not problem.hint:
            first.setdefault(problem.key, []).append(problem)
    made: dict[int, dict[str, Any]] = {}
    top: list[dict[str, Any]] = []
    for row in rows:
        made[row.pk] = {
            "row": row,
            "title": in_language(row, "title"),
            "agency": organisations.agency_name(row.agency_code),
            "dimension": names.get(row.dimension, ""),
            "problems": first.get(row.key, []),
            "add": ADD.get(row.kind, ""),
            "below": [],
        }
        above = made.get(row.parent_id or 0)
        (above["below"] if above else top).append(made[row.pk])
    return top


# --- the difference ---------------------------------------------------------------------------------------------------


def _difference(request: HttpRequest, revision: Revision) -> tuple[Revision | None, differences.Difference]:
    asked = request.GET.get("dari", "")
    base = base_of(revision)
    if asked.isascii() and asked.isdecimal() and len(asked) < 6:
        base = seen_revision(revision.plan.code, int(asked))
    return base, differences.difference(differences.tree_of(base), differences.tree_of(revision))


@staff_page(*policies.READERS)
@require_GET
def difference(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """What differs from the revision before, in sentences and in money."""
    revision = seen_revision(code, number)
    base, found = _difference(request, revision)
    return render(
        request,
        "masterplan/plans/difference.html",
        head(request, revision) | {"base": base} | difference_context(request, revision, found),
    )


def difference_context(request: HttpRequest, revision: Revision, found: differences.Difference) -> dict[str, Any]:
    sentences = differences.Sentences(revision.plan)
    how = request.GET.get("jenis", "")
    how = how if how in differences.HOWS else ""
    chosen = [each for each in found.changes if not how or each.how == how]
    page = request.GET.get("halaman", "")
    at = min(
        int(page) if page.isascii() and page.isdecimal() and len(page) < 5 else 1, max(1, -(-len(chosen) // PER_PAGE))
    )
    at = max(at, 1)
    labels = {
        differences.ADDED: (_("new"), "tag-ok"),
        differences.REMOVED: (_("taken out"), "tag-danger"),
        differences.MOVED: (_("moved"), "tag-warn"),
        differences.CHANGED: (_("changed"), ""),
    }
    counts = found.how_many()
    return {
        "total": len(found.changes),
        "hows": [(each, labels[each][0], counts[each]) for each in differences.HOWS if counts[each]],
        "how": how,
        "changes": [
            {
                "label": each.part.label,
                "kind": queries.KIND_LABELS[each.part.kind],
                "how": labels[each.how][0],
                "tag": labels[each.how][1],
                "sentences": sentences.all(each),
            }
            for each in chosen[(at - 1) * PER_PAGE : at * PER_PAGE]
        ],
        "page": at,
        "pages": max(1, -(-len(chosen) // PER_PAGE)),
        "kinds": [(queries.KIND_LABELS[kind], *pair) for kind, pair in found.counts.items()],
        "money": [
            {
                "year": each.year,
                "source": queries.SOURCE_LABELS[each.source],
                "before": each.before,
                "after": each.after,
                "more": each.after - each.before,
            }
            for each in found.money
        ],
        "money_before": sum(each.before for each in found.money),
        "money_after": sum(each.after for each in found.money),
        "money_more": sum(each.after - each.before for each in found.money),
    }


@staff_page(*policies.READERS)
@require_GET
def difference_json(request: HttpRequest, code: str, number: int) -> HttpResponse:
    revision = seen_revision(code, number)
    base, found = _difference(request, revision)
    told = {"plan": code, "before": base.number if base else None, "after": number}
    return JsonResponse(told | differences.as_json(found, revision.plan), json_dumps_params={"ensure_ascii": False})


# --- the way ----------------------------------------------------------------------------------------------------------


def _decide_context(request: HttpRequest, revision: Revision, **more: Any) -> dict[str, Any]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    base, found = _difference(request, revision)
    is_draft = revision.state == states.DRAFT
    mine = bool(revision.proposed_by_id) and revision.proposed_by_id == actor.id
    decides = actor.has(policies.PLANNER, "head") and revision.state == states.PROPOSED
    missing = problems(revision) if is_draft else []
    return (
        head(request, revision)
        | difference_context(request, revision, found)
        | {
            "base": base,
            "obstacles": [each for each in missing if not each.hint],
            "hints": sum(each.hint for each in missing),
            "may_propose": is_draft and actor.has(policies.PLANNER),
            "may_decide": decides and not mine,
            "mine": mine and decides,
            "may_return": decides,
            "may_drop": actor.has(policies.PLANNER, "head") and revision.state in (states.DRAFT, states.PROPOSED),
            "typed": {"decided_on": today().isoformat()},
        }
        | more
    )


@staff_page(*policies.READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def decision(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Propose, decide, send back, drop; with the difference that the decision is about."""
    revision = seen_revision(code, number)
    if request.method != "POST":
        return render(request, "masterplan/plans/decision.html", _decide_context(request, revision))
    actor, post = request.actor, request.POST  # type: ignore[attr-defined]
    here = reverse("masterplan-decision", args=[code, number])
    do = post.get("do", "")

    def again(refusal: Invalid) -> HttpResponse:
        fresh = seen_revision(code, number)
        context = _decide_context(request, fresh, typed=post, problem=refusal.message, field=refusal.field)
        return render(request, "masterplan/plans/decision.html", context, status=422)

    def in_force() -> Any:
        decided_on = typed.day(post.get("decided_on", ""), "decided_on")
        if decided_on is None:
            raise Invalid(_("Write the day of the decision."), code="day", field="decided_on")
        return operations.put_in_force(
            actor=actor,
            revision=revision,
            decision=post.get("decision", ""),
            decided_on=decided_on,
            in_force_from=typed.day(post.get("in_force_from", ""), "in_force_from"),
        )

    calls: dict[str, tuple[Any, str, Any]] = {
        "propose": (
            lambda: operations.propose_revision(actor=actor, revision=revision, edits=counter(post)),
            _("Proposed. Somebody else decides now."),
            here,
        ),
        "decide": (in_force, _("In force. What was in force before stays readable."), draft_address),
        "return": (
            lambda: operations.return_revision(actor=actor, revision=revision, reason=post.get("reason", "")),
            _("Back with the planners."),
            here,
        ),
        "drop": (
            lambda: operations.drop_revision(actor=actor, revision=revision, reason=post.get("reason", "")),
            _("Dropped. What is in force did not change."),
            reverse("masterplan-plan-desk", args=[code]),
        ),
    }
    if do not in calls:
        return again(Invalid(_("Choose what is to happen."), code="do"))
    call, done, back = calls[do]
    return act(request, call, done, back, again)


@staff_page(policies.PLANNER)
@require_POST
def move(request: HttpRequest, code: str, number: int, key: str) -> HttpResponse:
    """Another place in the tree."""
    revision, post = seen_revision(code, number), request.POST
    back = reverse("masterplan-part", args=[code, number, key])

    def call() -> Part:
        return operations.move_part(
            actor=request.actor,  # type: ignore[attr-defined]
            part=queries.part_by(revision, key),
            edits=counter(post),
            parent=post.get("parent") or None,
            before=post.get("before") or None,
        )

    return act(request, call, _("Moved."), back)


@staff_page(policies.PLANNER)
@require_POST
def remove(request: HttpRequest, code: str, number: int, key: str) -> HttpResponse:
    revision, post = seen_revision(code, number), request.POST

    def call() -> int:
        return operations.remove_part(
            actor=request.actor,  # type: ignore[attr-defined]
            part=queries.part_by(revision, key),
            edits=counter(post),
            with_parts=counter(post, "with_parts"),
        )

    return act(request, call, _("Taken out of the draft."), lambda _count: draft_address(revision))
