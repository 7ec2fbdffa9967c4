"""The call-taker's desk: the line, the card, and what is near."""

from __future__ import annotations

from typing import Any

import orjson
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tepian.kernel.actors import Conflict, Denied, Invalid, NotFound
from tepian.kernel.identity.access import staff_page
from tepian.kernel.regions.gazetteer import search_places
from tepian.toolkit.text import plain

from .. import operations, policies, queries, states
from ..models import Call, Desk
from ..queries import advice
from .shared import Fragment

PLACES = 6
SHOWN = 40  # calls of the line
LINE = Fragment("dispatch/line.html", "dispatch", seconds=5)
TYPES = Fragment("dispatch/types.html", "dispatch-types", seconds=600)
ANSWERS = ("place", "lon", "lat", "type", "severity", "note")


def _call(key: int) -> Call:
    try:
        return queries.call_by(key)
    except NotFound as error:
        raise Http404(str(error.message)) from None


def line_of(request: HttpRequest) -> SafeString:
    """The line: who waits, what this desk has in hand, how many were lost today. Desks with empty hands share one."""
    actor = request.actor  # type: ignore[attr-defined]
    has_calls = Call.objects.filter(desk=actor.id, closed_at=None).exists()
    return LINE(request, lambda: line_context(actor.id), actor.id if has_calls else "")


def line_context(desk: str) -> dict[str, Any]:
    waiting: list[Call] = []
    mine: list[Call] = []
    others: list[Call] = []
    for call in queries.open_calls()[: SHOWN * 2]:
        (mine if call.desk == desk else others if call.desk else waiting).append(call)
    lost = queries.lost_today()
    return {
        "waiting": waiting[:SHOWN],
        "more": max(0, len(waiting) - SHOWN),
        "mine": mine,
        "others": others,
        "lost": sum(lost.values()),
        "lost_text": queries.stages_text(lost),
        "labels": queries.CALL_LABELS,
    }


def card_context(request: HttpRequest, call: Call, *, view: bool) -> dict[str, Any]:
    """The card of one call. `view`: the number is shown in clear, and that is recorded."""
    actor = request.actor  # type: ignore[attr-defined]
    number = operations.view_call(actor=actor, call=call, purpose=f"112 call {call.pk}") if view else call.masked
    draft = dict(call.draft)
    incident = call.incident
    if incident is not None:
        incident = incident.merged_into or incident
        draft = {
            "place": incident.place,
            "lon": incident.lon,
            "lat": incident.lat,
            "type": incident.type_code,
            "severity": incident.severity,
            "victims": incident.victims,
            "note": draft.get("note", ""),
        }
    kind = queries.types_on().get(str(draft.get("type", "")).upper())
    return {
        "call": call,
        "number": number,
        "history": [{"call": old, "kind": queries.KIND_LABELS.get(old.kind, "")} for old in queries.history(call)],
        "draft": draft,
        "victims": [
            {"key": key, "label": queries.VICTIM_LABELS[key], "value": (draft.get("victims") or {}).get(key, "")}
            for key in states.VICTIMS
        ],
        "types": TYPES(request, types_context, timezone.localdate()),
        "severities": states.SEVERITIES,
        "type_name": queries.type_name(kind.code) if kind else "",
        "script": _script(kind),
        "incident": incident,
        "incident_state": queries.STATE_LABELS[incident.state] if incident else "",
        "block": queries.block_of(call.number_key),
        "now": timezone.now(),
        "nearby": nearby(request, call, draft),
    }


def types_context() -> dict[str, Any]:
    return {
        "types": [
            {
                "code": row.code,
                "name": row.name_en if queries.english() else row.name,
                "words": f"{row.name} {row.name_en} {row.words}",
                "severity": row.severity,
            }
            for row in queries.types_on().values()
        ]
    }


def _script(kind: Any) -> list[str]:
    if kind is None:
        return []
    return [line.get("say_en" if queries.english() else "say", line.get("say", "")) for line in kind.script]


def nearby(request: HttpRequest, call: Call, draft: dict[str, Any]) -> dict[str, Any]:
    """Open incidents that may be the same, round the place that is typed, or the telephone's circle."""
    lon, lat = draft.get("lon"), draft.get("lat")
    if lat is None:
        lon, lat = call.lon, call.lat
    if lat is None or lon is None:
        return {"twins": [], "placed": False}
    own = call.incident_id
    found = advice.twins(
        lon=lon, lat=lat, type_code=str(draft.get("type", "")).upper(), other_than=own, simulated=call.simulated
    )
    return {
        "placed": True,
        "twins": [
            {
                "incident": twin.incident,
                "name": queries.type_name(twin.incident.type_code, twin.incident.type_from),
                "where": queries.where(twin.incident),
                "state": queries.STATE_LABELS[twin.incident.state],
                "metres": round(twin.likeness.metres),
                "minutes": round(twin.likeness.minutes),
                "likely": twin.likeness.score >= states.LIKELY,
            }
            for twin in found
        ],
    }


def current_call(request: HttpRequest) -> Call | None:
    """The call that the address names, else the one this desk has in hand."""
    wanted = request.GET.get("panggilan", "")
    if wanted.isdecimal() and len(wanted) < 12:
        return _call(int(wanted))
    actor = request.actor  # type: ignore[attr-defined]
    return Call.objects.filter(desk=actor.id, closed_at=None).select_related("incident").order_by("first_at").first()


@staff_page(*policies.DESK)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    call = current_call(request)
    return _desk(request, card_context(request, call, view=True) if call else None)


def _desk(request: HttpRequest, card: dict[str, Any] | None, *, problem: str = "", status: int = 200) -> HttpResponse:
    context = {
        "line": line_of(request),
        "desk": Desk.objects.filter(actor_id=request.actor.id).first(),  # type: ignore[attr-defined]
        "desk_states": [(key, queries.DESK_LABELS[key]) for key in ("available", "pause", "away")],
        "card": card,
        "problem": problem,
    }
    return render(request, "dispatch/desk.html", context, status=status)


@staff_page(*policies.DESK)
@require_GET
def line(request: HttpRequest) -> HttpResponse:
    """The line alone, for the live page."""
    return HttpResponse(line_of(request))


@staff_page(*policies.DESK)
@require_GET
def card(request: HttpRequest, call: int) -> HttpResponse:
    """The card alone; opened without htmx, the whole desk."""
    row = _call(call)
    if not request.headers.get("HX-Request"):
        return HttpResponseRedirect(f"{reverse('dispatch-desk')}?panggilan={row.pk}")
    return render(request, "dispatch/card.html", {"card": card_context(request, row, view=True)})


@staff_page(*policies.DESK)
@require_GET
def near(request: HttpRequest, call: int) -> HttpResponse:
    """What is near the place that is being typed."""
    row = _call(call)
    draft = {
        "lon": _float(request.GET.get("lon")),
        "lat": _float(request.GET.get("lat")),
        "type": request.GET.get("type", ""),
    }
    return render(request, "dispatch/near.html", {"nearby": nearby(request, row, draft), "call": row})


@staff_page(*policies.DESK)
@require_GET
def places(request: HttpRequest) -> JsonResponse:
    """Places for the words that were typed, best first."""
    hits = search_places(request.GET.get("q", "")[:100], PLACES)
    return JsonResponse(
        {
            "items": [
                {"name": hit.name, "label": hit.label, "lon": hit.lon, "lat": hit.lat, "region": hit.code}
                for hit in hits
                if hit.lat is not None
            ]
        }
    )


@staff_page(*policies.DESK)
@require_POST
def set_desk(request: HttpRequest) -> HttpResponse:
    operations.set_desk(
        actor=request.actor,  # type: ignore[attr-defined]
        state=request.POST.get("state", ""),
        extension=request.POST.get("extension"),
    )
    return HttpResponseRedirect(reverse("dispatch-desk"))


def _back(call: Call | None = None) -> HttpResponseRedirect:
    address = reverse("dispatch-desk")
    return HttpResponseRedirect(f"{address}?panggilan={call.pk}" if call else address)


def _answer(request: HttpRequest, call: Call, status: int = 200, problem: str = "", done: str = "") -> HttpResponse:
    """To a program of the desk the card; to a form without scripts the page again."""
    if request.headers.get("HX-Request"):
        context = {"card": card_context(request, call, view=True), "problem": problem, "done": done}
        return render(request, "dispatch/card.html", context, status=status)
    if problem:
        messages.warning(request, problem)
    if done:
        messages.success(request, done)
    return _back(call)


@staff_page(*policies.DESK)
@require_POST
def claim(request: HttpRequest, call: int) -> HttpResponse:
    row = _call(call)
    try:
        row = operations.claim_call(actor=request.actor, call=row.pk)  # type: ignore[attr-defined]
    except Conflict as error:
        messages.warning(request, str(error.message))
        return _back()
    return _answer(request, row)


@staff_page(*policies.DESK)
@require_POST
def draft(request: HttpRequest, call: int) -> JsonResponse:
    """Keep what was typed. Answers when it was kept, so that the desk can say so."""
    row = _call(call)
    try:
        body = orjson.loads(request.body or b"{}")
        version = int(body.pop("version", 0))
        saved = operations.save_draft(actor=request.actor, call=row.pk, draft=dict(body), version=version)  # type: ignore[attr-defined]
    except (ValueError, TypeError):
        return JsonResponse({"message": _("The draft could not be read.")}, status=400)
    except Conflict as error:
        return JsonResponse({"message": str(error.message)}, status=409)
    except Invalid as error:
        return JsonResponse({"message": str(error.message)}, status=422)
    return JsonResponse({"version": saved.draft_version, "at": saved.draft_at})


def _float(text: str | None) -> float | None:
    try:
        return float(text) if text not in (None, "") else None
    except ValueError:
        return None


def told(post: Any) -> dict[str, Any]:
    """The card's fields as the operation wants them. A type may be written as code or as the first letters of a word;
    what fits nothing is refused, never dropped."""
    words = plain(post.get("type", ""), 60)
    found = list(queries.find_types(words)) if words else []
    if words and not found:
        raise Invalid(
            _("There is no type “%(words)s”. Write its code or first letters, or leave it empty.") % {"words": words},
            code="type_unknown",
            field="type",
        )
    new = touched(post)
    point, hurt = bool(new & {"lon", "lat"}), bool(new & set(states.VICTIMS))
    return {
        "place": post.get("place", "") if "place" in new else "",
        "lon": _float(post.get("lon")) if point else None,
        "lat": _float(post.get("lat")) if point else None,
        "radius_m": _float(post.get("radius_m")),
        "type_code": found[0].code if found and "type" in new else "",
        "severity": post.get("severity", "") if new & {"severity", "type"} else "",
        "victims": {key: post.get(key) or 0 for key in states.VICTIMS} if hurt else None,
        "text": post.get("note", ""),
        "version": int(post["version"]) if post.get("version", "").isdecimal() and len(post["version"]) < 10 else None,
    }


def touched(post: Any) -> set[str]:
    """The fields that this person filled or changed since the card was drawn; only those are sent, so that what
    somebody else changed meanwhile is not set back unseen."""
    same = {name for name in ANSWERS if post.get(name, "") == post.get(f"was_{name}", "")}
    same |= {key for key in states.VICTIMS if (post.get(key) or "0") == (post.get(f"was_{key}") or "0")}
    return {*ANSWERS, *states.VICTIMS} - same


def _overtaken(request: HttpRequest, call: Call, problem: str) -> HttpResponse:
    """Somebody else was faster: the card as it is now, with what this person changed still standing in it. Sent again,
    that counts."""
    card, post = card_context(request, call, view=True), request.POST
    new = touched(post)
    card["draft"] |= {name: post.get(name, "") for name in ANSWERS if name in new}
    for each in card["victims"]:
        each["was"] = str(each["value"] or 0)
        if each["key"] in new:
            each["value"] = post.get(each["key"], "")
    if request.headers.get("HX-Request"):
        return render(request, "dispatch/card.html", {"card": card, "problem": problem}, status=409)
    return _desk(request, card, problem=problem, status=409)


@staff_page(*policies.DESK)
@require_POST
def send(request: HttpRequest, call: int) -> HttpResponse:
    """Ctrl+Enter: a place is enough. Sent again it brings the incident up to date."""
    row, actor = _call(call), request.actor  # type: ignore[attr-defined]
    try:
        answers = told(request.POST)
        if answers["lat"] is None and answers["place"]:
            hits = [hit for hit in search_places(answers["place"], 1) if hit.lat is not None and hit.score >= 80]
            if hits:
                answers |= {"lon": hits[0].lon, "lat": hits[0].lat}
        incident = operations.send_call(actor=actor, call=row.pk, key=request.POST.get("key", "")[:60], **answers)
    except Conflict as error:
        if error.code == "too_late":
            return _overtaken(request, _call(call), str(error.message))
        return _answer(request, _call(call), 409, problem=str(error.message))
    except (Invalid, Denied) as error:
        return _answer(request, _call(call), 422, problem=str(getattr(error, "message", error)))
    done = _("Sent: %(number)s. Go on asking; what you add is sent too.") % {"number": incident.number}
    if incident.radius_m:
        done += " " + _("Units are sent to the telephone's circle of %(metres)s m: ask where exactly.") % {
            "metres": round(incident.radius_m)
        }
    row.incident = incident
    return _answer(request, row, done=done)


@staff_page(*policies.DESK)
@require_POST
def close(request: HttpRequest, call: int) -> HttpResponse:
    row = _call(call)
    kind = request.POST.get("kind", "")
    try:
        operations.close_call(actor=request.actor, call=row.pk, kind=kind)  # type: ignore[attr-defined]
    except (Conflict, Invalid) as error:
        return _answer(request, _call(call), 409, problem=str(error.message))
    if kind:
        messages.success(
            request, _("Closed as “%(kind)s”. A wrong key? Open the call again.") % {"kind": queries.KIND_LABELS[kind]}
        )
    return HttpResponseRedirect(reverse("dispatch-desk") + ("" if kind else f"?panggilan={row.pk}"))


@staff_page(*policies.DESK)
@require_POST
def attach(request: HttpRequest, call: int) -> HttpResponse:
    row = _call(call)
    try:
        incident = operations.attach_call(
            actor=request.actor,  # type: ignore[attr-defined]
            call=row.pk,
            number=request.POST.get("number", ""),
            text=request.POST.get("note", ""),
        )
    except (Conflict, Invalid) as error:
        return _answer(request, _call(call), 409, problem=str(error.message))
    return _answer(request, _call(call), done=_("This call now belongs to %(number)s.") % {"number": incident.number})
