"""For those who lead the desk: the live board, reviews, blocked numbers, the report; and follow-up cases of agencies."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tepian.kernel.actors import Invalid, NotFound
from tepian.kernel.catalogue.city import city_timezone
from tepian.kernel.catalogue.contributions import MapFeature
from tepian.kernel.identity.access import staff_page
from tepian.kernel.regions import queries as regions
from tepian.ui import charts, words

from .. import operations, queries, states
from ..models import Block, Call, Desk, FollowUp
from ..operations import MARKS
from ..queries import board

WATCHERS = ("supervisor", "dispatcher", "call_taker", "duty_officer", "head")
MARK_LABELS = {
    "greeting": gettext_lazy("Greeting and calm words"),
    "place": gettext_lazy("Place found"),
    "type": gettext_lazy("Right type and severity"),
    "calm": gettext_lazy("Stayed with the caller"),
}


DIRECTIONS = {"up": gettext_lazy("higher is better"), "down": gettext_lazy("lower is better")}
ORDERS = {"banyak": gettext_lazy("Most first"), "nama": gettext_lazy("By name")}
MARK_DAYS = 90  # how far back the desks' average marks reach


def _seconds(value: float | None) -> str:
    return words.DASH if value is None else f"{words.number(value, 0)} s"


def _percent(value: float | None) -> str:
    return words.DASH if value is None else f"{words.number(value)} %"


def _target(clock: dict[str, Any]) -> str:
    if clock["target"] is None:
        return ""
    return _("target: %(w)s %% within %(s)s s") % {
        "w": words.number(clock["wanted"]),
        "s": words.number(clock["target"]),
    }


def _kept(clock: dict[str, Any]) -> bool | None:
    if clock["share"] is None or clock["wanted"] is None:
        return None
    return bool(clock["share"] >= clock["wanted"])


def _dials(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """The large numbers, each with its target, whether it is kept, its direction, and what it rests on."""
    answer, dispatch, arrival = figures["answer"], figures["dispatch"], figures["arrival"]
    kinds = [
        f"{label} {words.number(figures['kinds'][kind])}"
        for kind, label in queries.KIND_LABELS.items()
        if figures["kinds"].get(kind)
    ]

    def dial(label: str, value: str, direction: str, details: list[str], clock: Any = None) -> dict[str, Any]:
        return {
            "label": label,
            "value": value,
            "direction": direction,
            "better": DIRECTIONS[direction],
            "target": _target(clock) if clock else "",
            "kept": _kept(clock) if clock else None,
            "details": [text for text in details if text],
        }

    def middle(clock: dict[str, Any]) -> str:
        if clock["median"] is None:
            return ""
        return _("median %(m)s, 90 %% within %(p)s") % {"m": _seconds(clock["median"]), "p": _seconds(clock["p90"])}

    def in_time(clock: dict[str, Any]) -> str:
        return "" if clock["share"] is None else _("%(n)s %% in time") % {"n": words.number(clock["share"])}

    lost = f"{words.number(figures['lost'])} / {words.number(figures['calls'])}" if figures["calls"] else ""
    return [
        dial(_("Answered in time"), _percent(answer["share"]), "up", [middle(answer)], answer),
        dial(_("Unit asked"), _seconds(dispatch["p90"]), "down", [middle(dispatch), in_time(dispatch)], dispatch),
        dial(_("On scene"), _seconds(arrival["p90"]), "down", [middle(arrival), in_time(arrival)], arrival),
        dial(_("Lost calls"), _percent(figures["lost_share"]), "down", [lost, queries.stages_text(figures["stages"])]),
        dial(_("Pranks"), _percent(figures["prank_share"]), "down", [", ".join(kinds)]),
    ]


def _by_severity(figures: dict[str, Any]) -> list[dict[str, Any]]:
    clocks = (
        (_("Unit asked"), figures["dispatch_by_severity"]),
        (_("On scene"), figures["arrival_by_severity"]),
    )
    return [
        {
            "clock": label,
            "severity": severity or words.DASH,
            "count": each["count"],
            "median": _seconds(each["median"]),
            "p90": _seconds(each["p90"]),
            "target": _target(each) or words.DASH,
            "share": _percent(each["share"]),
            "kept": _kept(each),
        }
        for label, rows in clocks
        for severity, each in rows.items()
    ]


def _chart(hours: list[tuple[datetime, int]]) -> Any:
    """The day's calls by the hour, with its finding as title; nothing where nobody called."""
    busiest, most = max(hours, key=lambda hour: hour[1], default=(None, 0))
    if busiest is None or len(hours) < 2 or not most:
        return ""
    title = _("Most calls in one hour today: %(n)s, from %(time)s") % {
        "n": words.number(most),
        "time": words.clock(busiest),
    }
    return charts.line_chart([(_("Calls"), hours)], title=title, height=220, width=640, start=hours[0][0])


def board_context() -> dict[str, Any]:
    """What every desk sees alike: nothing here depends on who looks."""
    figures = board.live()
    return {
        "figures": figures,
        "dials": _dials(figures),
        "severities": _by_severity(figures),
        "chart": _chart(figures["hours"]),
        "desks": [{"row": row, "label": queries.DESK_LABELS[row.state]} for row in figures["desks"]],
        "call_rows": [(label, figures["by_state"].get(state, 0)) for state, label in queries.CALL_LABELS.items()],
        "open_rows": [(queries.STATE_LABELS[state], figures["open"].get(state, 0)) for state in states.OPEN_STATES],
        "unit_rows": [(label, figures["units"].get(state, 0)) for state, label in queries.UNIT_LABELS.items()],
    }


def spots_context(order: str) -> dict[str, Any]:
    """Where it happens most: cells for the map, wards for the list beside it."""
    figures = board.live()
    names = regions.names()
    wards = [row | {"name": names.get(row["region"], row["region"] or words.DASH)} for row in figures["wards"]]
    if order == "nama":
        wards.sort(key=lambda row: str(row["name"]).lower())
    return {
        "wards": wards,
        "order": order if order in ORDERS else "banyak",
        "orders": ORDERS.items(),
        "points": [
            MapFeature(
                key=f"spot/{place}",
                label=f"{names.get(spot['region'], spot['region'] or words.DASH)}: {spot['count']}",
                lon=spot["lon"],
                lat=spot["lat"],
                value=str(spot["count"]),
                level="siaga" if place < 3 else "waspada",
            )
            for place, spot in enumerate(figures["spots"])
        ],
    }


@staff_page(*WATCHERS)
@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """The whole board; `?urut=` is the order of the wards."""
    leads = request.actor.has("supervisor")  # type: ignore[attr-defined]
    return render(
        request,
        "dispatch/board.html",
        board_context() | spots_context(request.GET.get("urut", "")) | {"leads": leads},
    )


@staff_page(*WATCHERS)
@require_GET
def live_content(request: HttpRequest) -> HttpResponse:
    """The numbers alone, for the live page."""
    return render(request, "dispatch/board_content.html", board_context())


# --- review -----------------------------------------------------------------------------------------------------------


def _call(key: int) -> Call:
    try:
        return queries.call_by(key)
    except NotFound as error:
        raise Http404(str(error.message)) from None


@staff_page("supervisor")
@require_GET
def reviews(request: HttpRequest) -> HttpResponse:
    """Closed calls without marks, newest first; filters in the address: kind, done, meja (a desk), hari (a day)."""
    kind, done = request.GET.get("kind", ""), request.GET.get("done", "")
    meja, hari = request.GET.get("meja", ""), _date(request.GET.get("hari", ""))
    rows = (
        Call.objects.exclude(closed_at=None).exclude(kind="").select_related("incident", "review").order_by("-first_at")
    )
    if kind in states.CALL_KINDS:
        rows = rows.filter(kind=kind)
    desks = list(Desk.objects.order_by("label"))
    chosen = next((desk for desk in desks if str(desk.pk) == meja), None)
    if chosen is not None:
        rows = rows.filter(desk=chosen.actor_id)
    if hari is not None:
        begin = datetime.combine(hari, clock(), city_timezone())
        rows = rows.filter(first_at__gte=begin, first_at__lt=begin + timedelta(days=1))
    rows = rows.exclude(review=None) if done else rows.filter(review=None)
    page = Paginator(rows, 30).get_page(request.GET.get("hal"))
    kept = request.GET.copy()
    kept.pop("hal", None)
    return render(
        request,
        "dispatch/reviews.html",
        {
            "page": page,
            "rows": [{"call": call, "kind": queries.KIND_LABELS.get(call.kind, "")} for call in page],
            "kinds": queries.KIND_LABELS.items(),
            "kind": kind,
            "done": done,
            "desks": desks,
            "chosen": chosen,
            "hari": hari.isoformat() if hari else "",
            "query": kept.urlencode(),
            "mark_labels": [MARK_LABELS[key] for key in MARKS],
            "averages": [
                {
                    "label": each["label"] or words.DASH,
                    "reviews": each["reviews"],
                    "marks": [words.number(each["marks"].get(key), 1) for key in MARKS],
                }
                for each in board.marks_by_desk(timezone.now() - timedelta(days=MARK_DAYS))
            ],
        },
    )


def _call_clocks(row: Call) -> list[dict[str, Any]]:
    """The call's own moments, in seconds from the first ring."""
    target = queries.targets_on(timezone.localdate(row.first_at)).get(("answer", ""))
    found = []
    for label, at in (
        (_("First ring"), row.first_at),
        (_("Answered"), row.answered_at),
        (_("Hung up"), row.ended_at),
        (_("Closed"), row.closed_at),
    ):
        if at is None:
            continue
        seconds = int((at - row.first_at).total_seconds())
        judged = target if at is row.answered_at and target else None
        found.append(
            {
                "label": label,
                "at": at,
                "seconds": seconds,
                "target": judged.seconds if judged else None,
                "kept": seconds <= judged.seconds if judged else None,
            }
        )
    return found


def _review_page(request: HttpRequest, row: Call, number: str | None = None) -> HttpResponse:
    """One call with all that is known of it; `number` is the caller's in clear, after its view was recorded."""
    given = getattr(row, "review", None)
    draft, incident = row.draft, row.incident
    kind = str(draft.get("type") or "")
    return render(
        request,
        "dispatch/review.html",
        {
            "call": row,
            "kind": queries.KIND_LABELS.get(row.kind, ""),
            "state": queries.CALL_LABELS[row.state],
            "number": row.masked if number is None else number,
            "may_view": number is None and bool(row.number_sealed),
            "clocks": _call_clocks(row),
            "draft": {
                "place": draft.get("place", ""),
                "type": queries.type_name(kind.upper(), timezone.localdate(row.first_at)) if kind else "",
                "severity": draft.get("severity", ""),
                "note": draft.get("note", ""),
            },
            "incident_clocks": queries.clocks(incident) if incident else [],
            "marks": [(key, MARK_LABELS[key], given.marks.get(key) if given else None) for key in MARKS],
            "scale": (1, 2, 3, 4),
            "review": given,
            "may_block": row.kind == states.PRANK and bool(row.number_key),
            "block": queries.block_of(row.number_key),
            "entries": [{"row": entry, "sentence": queries.sentence(entry)} for entry in incident.entries.all()]
            if incident
            else [],
        },
    )


@staff_page("supervisor")
@require_GET
def review(request: HttpRequest, call: int) -> HttpResponse:
    return _review_page(request, _call(call))


@staff_page("supervisor")
@require_POST
def number(request: HttpRequest, call: int) -> HttpResponse:
    """The page once more, with the number in clear; that it was seen is recorded first."""
    row = _call(call)
    shown = operations.view_call(actor=request.actor, call=row, purpose=f"112 review {row.pk}")  # type: ignore[attr-defined]
    return _review_page(request, row, number=shown)


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
    return HttpResponseRedirect(reverse("dispatch-numbers"))


@staff_page("supervisor")
@require_GET
def numbers(request: HttpRequest) -> HttpResponse:
    """Numbers that wait last now, and those whose block ended in the last 30 days. Never more than three digits."""
    now = timezone.now()
    rows = Block.objects.filter(until__gt=now - timedelta(days=30)).order_by("-made_at")[:200]
    blocks = [{"row": row, "active": row.lifted_at is None and row.until > now} for row in rows]
    return render(
        request,
        "dispatch/numbers.html",
        {
            "active": [each["row"] for each in blocks if each["active"]],
            "ended": [each["row"] for each in blocks if not each["active"]],
        },
    )


# --- the report -------------------------------------------------------------------------------------------------------


class _Echo:
    def write(self, text: str) -> str:
        return text


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: words that begin like one get an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else value


@staff_page("supervisor", "auditor")
@require_GET
def report(request: HttpRequest) -> StreamingHttpResponse:
    """CSV, one row a real call of the days `dari` to `sampai` (both counted; the last 30 days when left out), sent while
    it is read. Columns: `queries.board.report_rows`."""
    since, until = board.span(_date(request.GET.get("dari", "")), _date(request.GET.get("sampai", "")))

    def lines() -> Iterator[str]:
        writer = csv.DictWriter(_Echo(), board.COLUMNS)
        yield writer.writeheader()
        for row in board.report_rows(since, until):
            yield writer.writerow({column: _cell(value) for column, value in row.items()})

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="112.csv"'
    return response


# --- follow-up cases --------------------------------------------------------------------------------------------------


@staff_page("responder", "head", "supervisor")
@require_GET
def follow_ups(request: HttpRequest) -> HttpResponse:
    """Cases of the person's own agencies, open ones first; the supervisor sees all, as does who serves the whole city."""
    actor = request.actor  # type: ignore[attr-defined]
    rows = FollowUp.objects.select_related("incident").order_by(F("closed_at").desc(nulls_first=True), "-opened_at")
    grants = [grant for grant in actor.grants if grant.role in {"responder", "head"}]
    if not actor.has("supervisor") and not any(grant.scope == "city" for grant in grants):
        rows = rows.filter(agency_code__in=[grant.code for grant in grants if grant.scope == "agency"])
    return render(
        request,
        "dispatch/follow_ups.html",
        {
            "rows": [
                {"row": row, "name": queries.type_name(row.incident.type_code, row.incident.type_from)}
                for row in rows[:200]
            ]
        },
    )


@staff_page("responder", "head", "supervisor")
@require_POST
def count(request: HttpRequest, case: int) -> HttpResponse:
    actor, post = request.actor, request.POST  # type: ignore[attr-defined]
    numbers = {key: post.get(key, "0") for key in ("contacts", "reached")}
    agency = post.get("agency", "")
    try:
        if not all(text.isdecimal() and len(text) < 7 for text in numbers.values()):
            raise Invalid(_("Write the number of people as digits."), code="counts", field="contacts")
        operations.count_contacts(
            actor=actor,
            case=case,
            agency=agency,
            contacts=int(numbers["contacts"]),
            reached=int(numbers["reached"]),
            text=post.get("text", ""),
        )
        if post.get("close"):
            operations.close_follow_up(actor=actor, case=case, agency=agency)
        messages.success(request, _("Written down."))
    except NotFound as error:
        raise Http404(str(error.message)) from None
    except Invalid as refusal:
        messages.warning(request, str(refusal.message))
    return HttpResponseRedirect(reverse("dispatch-follow-ups"))
