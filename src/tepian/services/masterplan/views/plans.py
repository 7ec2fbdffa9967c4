"""The planner's desk: plans, their revisions, and blueprints that come and go."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tepian.kernel.actors import Denied, Invalid
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.identity.access import public_page, staff_page
from tepian.ui.words import in_language

from .. import operations, policies, queries, states
from ..models import Framework, Plan, Revision
from ..queries import blueprint as blueprints
from . import typed
from .acting import act, seen_plan, seen_revision

TAGS = {states.IN_FORCE: "tag-ok", states.PROPOSED: "tag-warn", states.DROPPED: ""}
WORDS = ("title", "title_en", "vision", "vision_en", "basis")


def revision_line(revision: Revision) -> dict[str, Any]:
    return {
        "row": revision,
        "state": queries.REVISION_LABELS[revision.state],
        "tag": TAGS.get(revision.state, ""),
        "open": revision.state in (states.DRAFT, states.PROPOSED),
    }


@staff_page(*policies.READERS)
@require_GET
def plans(request: HttpRequest) -> HttpResponse:
    return render(request, "masterplan/plans/list.html", _list_context(request))


def _list_context(request: HttpRequest, **more: Any) -> dict[str, Any]:
    rows = list(queries.plans().prefetch_related("revisions"))
    return {
        "plans": [
            {
                "row": row,
                "title": in_language(row, "title"),
                "revisions": [revision_line(each) for each in row.revisions.all()],
            }
            for row in rows
        ],
        "may_keep": request.actor.has(policies.PLANNER),  # type: ignore[attr-defined]
        "frameworks": [(each.code, in_language(each, "title")) for each in Framework.objects.order_by("-valid_from")],
        "typed": {"first_year": today().year + 1, "last_year": today().year + 5},
    } | more


@staff_page(policies.PLANNER)
@require_POST
def new(request: HttpRequest) -> HttpResponse:
    """A plan and its first, empty draft."""
    actor, post = request.actor, request.POST  # type: ignore[attr-defined]

    def call() -> Revision:
        plan = operations.create_plan(
            actor=actor,
            code=post.get("code", "").strip(),
            title=post.get("title", ""),
            first_year=_year(post.get("first_year", ""), "first_year"),
            last_year=_year(post.get("last_year", ""), "last_year"),
            framework=post.get("framework", ""),
            vision=post.get("vision", ""),
            basis=post.get("basis", ""),
        )
        return operations.start_revision(actor=actor, plan=plan)

    def again(refusal: Invalid) -> HttpResponse:
        context = _list_context(request, typed=post, problem=refusal.message, field=refusal.field)
        return render(request, "masterplan/plans/list.html", context, status=422)

    return act(request, call, _("The plan is begun. Write it, or import a workbook."), draft_address, again)


def _year(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) == 4):
        raise Invalid(_("Write a year with four digits."), code="year", field=name)
    return int(text)


def draft_address(revision: Revision) -> str:
    return reverse("masterplan-draft", args=[revision.plan.code, revision.number])


@staff_page(*policies.READERS)
@require_GET
def plan(request: HttpRequest, code: str) -> HttpResponse:
    return render(request, "masterplan/plans/plan.html", _plan_context(request, seen_plan(code)))


def _plan_context(request: HttpRequest, row: Plan, **more: Any) -> dict[str, Any]:
    revisions = list(row.revisions.all())
    in_force = next((each for each in revisions if each.state == states.IN_FORCE), None)
    opened = next((each for each in revisions if each.state in (states.DRAFT, states.PROPOSED)), None)
    return {
        "plan": row,
        "title": in_language(row, "title"),
        "vision": in_language(row, "vision"),
        "revisions": [revision_line(each) for each in revisions],
        "in_force": in_force,
        "opened": opened,
        "shown": in_force or opened,
        "may_keep": request.actor.has(policies.PLANNER),  # type: ignore[attr-defined]
        "words": [
            (name, label, getattr(row, name), name.startswith("vision"))
            for name, label in zip(
                WORDS,
                (_("Title"), _("Title in English"), _("Vision"), _("Vision in English"), _("Legal basis")),
                strict=True,
            )
        ],
    } | more


@staff_page(policies.PLANNER)
@require_POST
def change(request: HttpRequest, code: str) -> HttpResponse:
    row, post = seen_plan(code), request.POST
    values = {name: post[name] for name in WORDS if name in post}

    def again(refusal: Invalid) -> HttpResponse:
        context = _plan_context(request, row, problem=refusal.message, field=refusal.field)
        context["words"] = [(name, label, values.get(name, ""), long) for name, label, _old, long in context["words"]]
        return render(request, "masterplan/plans/plan.html", context, status=422)

    return act(
        request,
        lambda: operations.change_plan(actor=request.actor, plan=row, values=values),  # type: ignore[attr-defined]
        _("Saved."),
        reverse("masterplan-plan-desk", args=[code]),
        again,
    )


@staff_page(policies.PLANNER)
@require_POST
def publish(request: HttpRequest, code: str) -> HttpResponse:
    row, post = seen_plan(code), request.POST
    back = reverse("masterplan-plan-desk", args=[code])

    def call() -> Plan:
        since = None if post.get("do") == "hide" else typed.day(post.get("since", ""), "since") or today()
        return operations.publish_plan(actor=request.actor, plan=row, since=since, reason=post.get("reason", ""))  # type: ignore[attr-defined]

    done = (
        _("Taken off the public pages.")
        if post.get("do") == "hide"
        else _("Everybody can read the plan from that day.")
    )
    return act(request, call, done, back)


@staff_page(policies.PLANNER)
@require_POST
def start(request: HttpRequest, code: str) -> HttpResponse:
    row, post = seen_plan(code), request.POST

    def again(refusal: Invalid) -> HttpResponse:
        context = _plan_context(
            request, row, problem=refusal.message, field=refusal.field, reason=post.get("reason", "")
        )
        return render(request, "masterplan/plans/plan.html", context, status=422)

    return act(
        request,
        lambda: operations.start_revision(
            actor=request.actor,  # type: ignore[attr-defined]
            plan=row,
            title=post.get("title", ""),
            reason=post.get("reason", ""),
        ),
        _("The draft has everything that is in force. Change what is to change."),
        draft_address,
        again,
    )


# --- blueprints -------------------------------------------------------------------------------------------------------


def _file(revision: Revision) -> HttpResponse:
    text = json.dumps(blueprints.blueprint(revision), ensure_ascii=False, indent=1)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="cetak-biru-{revision.plan.code}.json"'
    return response


@staff_page(*policies.READERS)
@require_GET
def blueprint_file(request: HttpRequest, code: str, number: int) -> HttpResponse:
    return _file(seen_revision(code, number))


@public_page
@cached_page(queries.TOPIC, seconds=600)
def public_blueprint(request: HttpRequest) -> HttpResponse:
    """The structure of the city's plan, for other cities."""
    found = queries.shown()
    revision = queries.revision_on(found) if found else None
    if revision is None:
        return HttpResponse(json.dumps({"error": "no_plan"}), status=404, content_type="application/json")
    return _file(revision)


@staff_page(policies.PLANNER)
@require_http_methods(["GET", "POST"])
def take_blueprint(request: HttpRequest) -> HttpResponse:
    """Another city's structure as the first draft of a new plan."""
    actor, post = request.actor, request.POST  # type: ignore[attr-defined]
    context: dict[str, Any] = {"typed": {"first_year": today().year + 1}}
    if request.method == "POST":
        file = request.FILES.get("file")
        try:
            if file is None:
                raise Invalid(_("Choose the blueprint's file."), code="file", field="file")
            year = _year(post.get("first_year", ""), "first_year")
            fitted = operations.fit(operations.read_blueprint(file.read()), year)
            if post.get("look"):
                context |= {"fitted": fitted, "last_year": year + fitted.blueprint.years - 1, "typed": post}
                return render(request, "masterplan/plans/blueprint.html", context)
            revision = operations.import_blueprint(
                actor=actor,
                fitted=fitted,
                code=post.get("code", "").strip(),
                title=post.get("title", ""),
                first_year=year,
            )
        except (Invalid, Denied) as refusal:
            context |= {
                "problem": getattr(refusal, "message", None) or refusal,
                "field": getattr(refusal, "field", ""),
                "typed": post,
            }
            return render(request, "masterplan/plans/blueprint.html", context, status=422)
        messages.success(request, _("The structure is in the draft. Write targets, money and where things start from."))
        if fitted.unmatched:
            messages.warning(
                request,
                ngettext(
                    "%(n)s agency has no counterpart here: %(names)s. Choose one in its actions.",
                    "%(n)s agencies have no counterpart here: %(names)s. Choose them in their actions.",
                    len(fitted.unmatched),
                )
                % {"n": len(fitted.unmatched), "names": ", ".join(fitted.unmatched[:8])},
            )
        return HttpResponseRedirect(draft_address(revision))
    return render(request, "masterplan/plans/blueprint.html", context)
