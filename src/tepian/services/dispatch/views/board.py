"""For those who lead the desk: the live board, reviews, blocked numbers, the report; and follow-up cases of agencies."""

from __future__ import annotations

from datetime import date
from itertools import chain, islice
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tepian.kernel.actors import Invalid, NotFound
from tepian.kernel.catalogue.contributions import MapFeature
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations
from tepian.kernel.regions import queries as regions
from tepian.toolkit import csvfile

from .. import operations, queries, states
from ..models import Call, FollowUp
from ..operations import MARKS
from ..queries import board
from .shared import Fragment

CASE_ROLES = ("responder", "head")
CASES = 200  # cases on one page
WATCHERS = ("supervisor", "dispatcher", "call_taker", "duty_officer", "head")
MARK_LABELS = {
    "greeting": gettext_lazy("Greeting and calm words"),
    "place": gettext_lazy("Place found"),
    "type": gettext_lazy("Right type and severity"),
    "calm": gettext_lazy("Stayed with the caller"),
}


NUMBERS = Fragment("dispatch/board_content.html", "dispatch", seconds=board.REST)


def numbers_context() -> dict[str, Any]:
    figures = board.live()
    return {
        "figures": figures,
        "desks": [{"row": row, "label": queries.DESK_LABELS[row.state]} for row in figures["desks"]],
        "open_rows": [(queries.STATE_LABELS[state], figures["open"].get(state, 0)) for state in states.OPEN_STATES],
        "unit_rows": [(label, figures["units"].get(state, 0)) for state, label in queries.UNIT_LABELS.items()],
        "kinds": [(label, figures["kinds"].get(kind, 0)) for kind, label in queries.KIND_LABELS.items()],
        "stages": queries.stages_text(figures["stages"]),
        "now": timezone.now(),
    }


def spots_context() -> dict[str, Any]:
    names = regions.names()
    spots = [spot | {"name": names.get(spot["region"], spot["region"] or "–")} for spot in board.live()["spots"]]
    return {
        "spots": spots,
        "points": [
            MapFeature(
                key=f"spot/{place}",
                label=f"{spot['name']}: {spot['count']}",
                lon=spot["lon"],
                lat=spot["lat"],
                value=str(spot["count"]),
                level="siaga" if place < 3 else "waspada",
            )
            for place, spot in enumerate(spots)
        ],
    }


@staff_page(*WATCHERS)
@require_GET
def live(request: HttpRequest) -> HttpResponse:
    may_lead = request.actor.has("supervisor")  # type: ignore[attr-defined]
    context = spots_context() | {"content": NUMBERS(request, numbers_context), "may_lead": may_lead}
    return render(request, "dispatch/board.html", context)


@staff_page(*WATCHERS)
@require_GET
def live_content(request: HttpRequest) -> HttpResponse:
    """The numbers alone, for the live page."""
    return HttpResponse(NUMBERS(request, numbers_context))


# --- review -----------------------------------------------------------------------------------------------------------


def _call(key: int) -> Call:
    try:
        return queries.call_by(key)
    except NotFound as error:
        raise Http404(str(error.message)) from None


@staff_page("supervisor")
@require_GET
def reviews(request: HttpRequest) -> HttpResponse:
    """Closed calls, those without marks first in time; filters in the address: kind, done."""
    kind, done = request.GET.get("kind", ""), request.GET.get("done", "")
    rows = (
        Call.objects.exclude(closed_at=None).exclude(kind="").select_related("incident", "review").order_by("-first_at")
    )
    if kind in states.CALL_KINDS:
        rows = rows.filter(kind=kind)
    rows = rows.exclude(review=None) if done else rows.filter(review=None)
    page = Paginator(rows, 30).get_page(request.GET.get("hal"))
    return render(
        request,
        "dispatch/reviews.html",
        {
            "page": page,
            "rows": [{"call": call, "kind": queries.KIND_LABELS.get(call.kind, "")} for call in page],
            "kinds": queries.KIND_LABELS.items(),
            "kind": kind,
            "done": done,
            "blocks": queries.blocks_now(),
        },
    )


@staff_page("supervisor")
@require_GET
def review(request: HttpRequest, call: int) -> HttpResponse:
    row = _call(call)
    given = getattr(row, "review", None)
    return render(
        request,
        "dispatch/review.html",
        {
            "call": row,
            "kind": queries.KIND_LABELS.get(row.kind, ""),
            "state": queries.CALL_LABELS[row.state],
            "marks": [(key, MARK_LABELS[key], given.marks.get(key) if given else None) for key in MARKS],
            "scale": (1, 2, 3, 4),
            "review": given,
            "may_block": row.kind == states.PRANK and bool(row.number_key),
            "blocked": queries.block_of(row.number_key),
            "entries": [{"row": entry, "sentence": queries.sentence(entry)} for entry in row.incident.entries.all()]
            if row.incident
            else [],
        },
    )


@staff_page("supervisor")
@require_POST
def mark(request: HttpRequest, call: int) -> HttpResponse:
    row, post = _call(call), request.POST
    marks = {key: int(post[key]) for key in MARKS if post.get(key, "") in {"1", "2", "3", "4"}}
    try:
        operations.review_call(actor=request.actor, call=row.pk, marks=marks, text=post.get("text", ""))  # type: ignore[attr-defined]
    except Invalid as refusal:
        messages.warning(request, str(refusal.message))
        return HttpResponseRedirect(reverse("dispatch-review", args=[row.pk]))
    messages.success(request, _("Reviewed."))
    return HttpResponseRedirect(reverse("dispatch-reviews"))


@staff_page("supervisor")
@require_POST
def block(request: HttpRequest, call: int) -> HttpResponse:
    row = _call(call)
    try:
        operations.block_number(actor=request.actor, call=row.pk, reason=request.POST.get("reason", ""))  # type: ignore[attr-defined]
        messages.success(
            request, _("For 24 hours calls from this number wait behind all others. They are still answered.")
        )
    except Invalid as refusal:
        messages.warning(request, str(refusal.message))
    return HttpResponseRedirect(reverse("dispatch-review", args=[row.pk]))


@staff_page("supervisor")
@require_POST
def lift(request: HttpRequest, block: int) -> HttpResponse:
    try:
        operations.lift_block(actor=request.actor, block=block)  # type: ignore[attr-defined]
    except NotFound as error:
        raise Http404(str(error.message)) from None
    messages.success(request, _("The block has ended."))
    return HttpResponseRedirect(reverse("dispatch-reviews"))


# --- the report -------------------------------------------------------------------------------------------------------


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@staff_page("supervisor", "auditor")
@require_GET
def report(request: HttpRequest) -> StreamingHttpResponse:
    """CSV, one row a call."""
    since, until = board.span(_date(request.GET.get("dari", "")), _date(request.GET.get("sampai", "")))

    rows = ([row.get(name) for name in board.COLUMNS] for row in board.report_rows(since, until))
    content = csvfile.lines(chain([board.COLUMNS], rows))
    response = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="112.csv"'
    return response


# --- follow-up cases --------------------------------------------------------------------------------------------------


@staff_page("responder", "head", "supervisor")
@require_GET
def follow_ups(request: HttpRequest) -> HttpResponse:
    """Cases of the person's own agency; the supervisor sees all."""
    return _follow_ups(request)


def _follow_ups(request: HttpRequest, typed: int | None = None, problem: str = "", status: int = 200) -> HttpResponse:
    """`typed`: the case whose numbers stand in the fields as somebody typed them, and `problem` what is wrong with them."""
    actor, post = request.actor, request.POST  # type: ignore[attr-defined]
    rows = FollowUp.objects.select_related("incident").order_by("-opened_at")
    mine = (
        row for row in rows.iterator(200) if actor.has("supervisor") or actor.has(*CASE_ROLES, agency=row.agency_code)
    )
    seen = sorted(islice(mine, CASES), key=lambda row: row.closed_at is not None)  # open cases first, newest first
    return render(
        request,
        "dispatch/follow_ups.html",
        {
            "rows": [
                {
                    "row": row,
                    "name": queries.type_name(row.incident.type_code, row.incident.type_from),
                    "agency": organisations.agency_name(row.agency_code),
                    "contacts": post.get("contacts", "") if row.pk == typed else row.contacts,
                    "reached": post.get("reached", "") if row.pk == typed else row.reached,
                    "problem": problem if row.pk == typed else "",
                }
                for row in seen
            ]
        },
        status=status,
    )


@staff_page("responder", "head", "supervisor")
@require_POST
def count(request: HttpRequest, case: int) -> HttpResponse:
    actor, post = request.actor, request.POST  # type: ignore[attr-defined]
    written = {key: post.get(key, "").strip() for key in ("contacts", "reached")}
    agency = post.get("agency", "")
    try:
        if not all(text.isdecimal() and len(text) < 7 for text in written.values()):
            raise Invalid(_("Write the number of people as digits, 0 to 9999."), code="counts", field="contacts")
        numbers = {key: int(text) for key, text in written.items()}
        if post.get("close"):
            operations.close_follow_up(actor=actor, case=case, agency=agency, **numbers)
        else:
            operations.count_contacts(actor=actor, case=case, agency=agency, text=post.get("text", ""), **numbers)
        messages.success(request, _("Written down."))
    except NotFound as error:
        raise Http404(str(error.message)) from None
    except Invalid as refusal:
        return _follow_ups(request, case, str(refusal.message), 422)
    return HttpResponseRedirect(reverse("dispatch-follow-ups"))
