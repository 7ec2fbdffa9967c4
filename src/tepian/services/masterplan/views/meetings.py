"""Meetings of the council and the team: planned, held, what they decided, and what is late of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tepian.kernel.actors import Invalid
from tepian.kernel.catalogue.city import current_city
from tepian.kernel.identity.access import staff_page
from tepian.toolkit import ical, typeset
from tepian.ui import words
from tepian.ui.words import in_language

from .. import forms, operations, policies, states
from ..models import Meeting, Resolution
from ..queries import meetings
from ..queries.plan import current
from .projects import attempt, status_of
from .typed import revision

KEEPERS = (policies.PLANNER, policies.VERIFIER)
RECENT = 20


def _address(meeting: Meeting, part: str = "") -> str:
    return reverse("masterplan-meeting", args=[meeting.key]) + part


def _line(row: Meeting) -> dict[str, Any]:
    return {"row": row, "body": in_language(row.body, "title"), "state": meetings.MEETING_LABELS[row.state]}


def _actor(request: HttpRequest) -> Any:
    return request.actor  # type: ignore[attr-defined]


@staff_page(*policies.READERS)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """/kerja/rencana/rapat: what is late of what was decided, meetings to come and those held."""
    rows = meetings.meetings()
    follow = meetings.follow_ups(meetings.open_resolutions()[:200])
    return render(
        request,
        "masterplan/meetings/desk.html",
        {
            "late": [each for each in follow if each.days_late],
            "open": [each for each in follow if not each.days_late],
            "coming": [_line(row) for row in rows.filter(state=states.PLANNED).order_by("starts_at")],
            "past": [_line(row) for row in rows.exclude(state=states.PLANNED)[:RECENT]],
            "bodies": [
                {
                    "row": body,
                    "title": in_language(body, "title"),
                    "kind": meetings.BODY_KIND_LABELS[body.kind],
                    "seats": meetings.seats(body),
                }
                for body in meetings.bodies()
            ],
            "may_keep": _actor(request).has(*KEEPERS),
        },
    )


@staff_page(*KEEPERS)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = forms.MeetingForm(request.POST or None, initial={"begins": "09:00", "ends": "11:00"})
    made: list[Meeting] = []

    def act() -> None:
        data, (begins, ends) = form.cleaned_data, form.times()
        made.append(
            operations.plan_meeting(
                actor=_actor(request),
                body=meetings.body_by(data["body"]),
                title=data["title"],
                starts_at=begins,
                ends_at=ends,
                place=data["place"],
                agenda=data["agenda"],
                plan=current(),
            )
        )

    if request.method == "POST" and attempt(form, act):
        messages.success(request, _("The meeting is planned."))
        return HttpResponseRedirect(_address(made[0]))
    return render(
        request,
        "masterplan/meetings/form.html",
        {"form": form, "heading": _("Plan a meeting"), "back": reverse("masterplan-meetings")},
        status=status_of(form),
    )


@staff_page(*policies.READERS)
@require_GET
def meeting(request: HttpRequest, key: UUID) -> HttpResponse:
    return _show(request, meetings.meeting_by(key))


def _seats(found: Meeting) -> list[tuple[str, str]]:
    """(name, what is shown) of the seats on that day, and of who was written down before."""
    rows = [
        (seat.name, f"{seat.name} ({seat.role})")
        for seat in meetings.seats(found.body, timezone.localdate(found.starts_at))
    ]
    known = {name for name, _shown in rows}
    return rows + [(name, name) for name in found.present if name not in known]


def _show(request: HttpRequest, found: Meeting, status: int = 200, **bound: Any) -> HttpResponse:
    actor = _actor(request)
    keeps, begun = actor.has(*KEEPERS), found.starts_at <= timezone.now()
    resolutions = meetings.follow_ups(
        found.resolutions.select_related("meeting", "meeting__plan", "meeting__body").order_by("number")
    )
    may_hold = keeps and begun and found.state != states.CANCELLED
    context = _line(found) | {
        "meeting": found,
        "resolutions": [
            {
                "each": each,
                "state": meetings.RESOLUTION_LABELS[each.row.state],
                "may_end": keeps or actor.has(policies.REPORTER, agency=each.row.agency_code),
                "may_drop": keeps,
            }
            for each in resolutions
        ],
        "seats": _seats(found),
        "hold_form": forms.HoldForm(
            names=_seats(found),
            initial={"present": found.present, "guests": found.guests, "minutes": found.minutes or found.agenda},
        )
        if may_hold
        else None,
        "resolution_form": forms.ResolutionForm(plan=found.plan) if keeps and found.state == states.HELD else None,
        "may_change": keeps and found.state == states.PLANNED,
        "begun": begun,
    }
    return render(request, "masterplan/meetings/meeting.html", context | bound, status=status)


@staff_page(*KEEPERS)
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, key: UUID) -> HttpResponse:
    found = meetings.meeting_by(key)
    begins, ends = timezone.localtime(found.starts_at), timezone.localtime(found.ends_at)
    form = forms.MeetingForm(
        request.POST or None,
        fixed=True,
        initial={
            "title": found.title,
            "day": begins.date(),
            "begins": begins.time(),
            "ends": ends.time(),
            "place": found.place,
            "agenda": found.agenda,
        },
    )

    def act() -> None:
        data, (starts_at, ends_at) = form.cleaned_data, form.times()
        operations.change_meeting(
            actor=_actor(request),
            meeting=found,
            revision=revision(request.POST),
            title=data["title"],
            starts_at=starts_at,
            ends_at=ends_at,
            place=data["place"],
            agenda=data["agenda"],
        )

    if request.method == "POST" and attempt(form, act):
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(_address(found))
    found.refresh_from_db()
    return render(
        request,
        "masterplan/meetings/form.html",
        {"form": form, "heading": found.title, "revision": found.revision, "back": _address(found)},
        status=status_of(form),
    )


@staff_page(*KEEPERS)
@require_POST
def hold(request: HttpRequest, key: UUID) -> HttpResponse:
    found = meetings.meeting_by(key)
    form = forms.HoldForm(request.POST, names=_seats(found))

    def act() -> None:
        data = form.cleaned_data
        operations.hold_meeting(
            actor=_actor(request),
            meeting=found,
            revision=revision(request.POST),
            minutes=data["minutes"],
            present=data["present"],
            guests=data["guests"],
        )

    if attempt(form, act):
        messages.success(request, _("The minutes are kept. Now what was decided."))
        return HttpResponseRedirect(_address(found, "#keputusan"))
    return _show(request, meetings.meeting_by(key), 422, hold_form=form)


@staff_page(*KEEPERS)
@require_POST
def cancel(request: HttpRequest, key: UUID) -> HttpResponse:
    found = meetings.meeting_by(key)
    try:
        operations.cancel_meeting(
            actor=_actor(request),
            meeting=found,
            revision=revision(request.POST),
            reason=request.POST.get("reason", ""),
        )
    except Invalid as refusal:
        messages.warning(request, str(refusal.message))
    else:
        messages.success(request, _("The meeting is cancelled."))
    return HttpResponseRedirect(_address(found))


@staff_page(*KEEPERS)
@require_POST
def decide(request: HttpRequest, key: UUID) -> HttpResponse:
    found = meetings.meeting_by(key)
    form = forms.ResolutionForm(request.POST, plan=found.plan)

    def act() -> None:
        data = form.cleaned_data
        operations.add_resolution(
            actor=_actor(request),
            meeting=found,
            text=data["text"],
            agency=data["agency"],
            due_on=data["due_on"],
            part_key=UUID(data["part_key"]) if data["part_key"] else None,
        )

    if attempt(form, act):
        messages.success(request, _("Written down. The agency finds it on its desk."))
        return HttpResponseRedirect(_address(found, "#keputusan"))
    return _show(request, found, 422, resolution_form=form)


@staff_page(*policies.STAFF)
@require_POST
def end(request: HttpRequest, key: UUID) -> HttpResponse:
    """Done, dropped or open again: the button that was pressed says which."""
    found: Resolution = meetings.resolution_by(key)
    try:
        operations.end_resolution(
            actor=_actor(request),
            resolution=found,
            revision=revision(request.POST),
            to=next((state for state in states.RESOLUTION_NEXT if state in request.POST), ""),
            outcome=request.POST.get("outcome", ""),
        )
    except Invalid as refusal:
        messages.warning(request, str(refusal.message))
    else:
        messages.success(request, _("Written down."))
    return HttpResponseRedirect(_address(found.meeting, f"#k-{found.number}"))


@staff_page(*policies.READERS)
@require_GET
def minutes(request: HttpRequest, key: UUID) -> HttpResponse:
    """The minutes to print and sign."""
    found = meetings.meeting_by(key)
    resolutions = _decided(found)
    return render(
        request,
        "masterplan/meetings/minutes.html",
        _line(found) | {"meeting": found, "resolutions": resolutions, "now": timezone.now()},
    )


def _decided(found: Meeting) -> list[tuple[Any, Any]]:
    rows = found.resolutions.select_related("meeting", "meeting__plan", "meeting__body").order_by("number")
    return [(each, meetings.RESOLUTION_LABELS[each.row.state]) for each in meetings.follow_ups(rows)]


@staff_page(*policies.READERS)
@require_GET
def minutes_pdf(request: HttpRequest, key: UUID) -> HttpResponse:
    """The minutes as PDF/A, for the archive and for whoever was invited."""
    found = meetings.meeting_by(key)
    guests = ngettext("%(n)s guest", "%(n)s guests", found.guests) % {"n": found.guests}
    facts = [
        (_("Who meets"), in_language(found.body, "title")),
        (
            _("When"),
            f"{words.day(found.starts_at)}, {words.clock(found.starts_at, label=False)} – {words.clock(found.ends_at)}",
        ),
        (_("Place"), found.place),
        (_("Present"), ", ".join([*found.present, *([guests] if found.guests else [])])),
    ]
    blocks: list[typeset.Block] = [typeset.Facts([fact for fact in facts if fact[1]])]
    for title, text in ((_("Agenda"), found.agenda), (_("What was said"), found.minutes)):
        if text.strip():
            blocks += [typeset.Heading(title), *map(typeset.Paragraph, filter(str.strip, text.splitlines()))]
    blocks.append(typeset.Heading(_("What was decided")))
    rows = [
        (
            str(each.row.number),
            each.row.text,
            str(each.agency),
            words.day(each.row.due_on),
            f"{state}: {each.row.outcome}".rstrip(": "),
        )
        for each, state in _decided(found)
    ]
    titles = (
        (_("No."), 0.07),
        (_("What is to be done"), 0.4),
        (_("Agency"), 0.2),
        (_("due"), 0.15),
        (_("State"), 0.18),
    )
    columns = [typeset.Column(title, width=width) for title, width in titles]
    blocks.append(typeset.Table(columns, rows) if rows else typeset.Paragraph(_("Nothing is written down.")))
    document = typeset.Document(
        title=f"{_('Minutes')}: {found.title}",
        organisation=current_city().display_name,
        language="en" if (get_language() or "id").startswith("en") else "id",
        blocks=blocks,
        date_text=words.day(found.starts_at),
    )
    response = HttpResponse(typeset.pdf(document, created=found.changed_at), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{found.key}.pdf"'
    return response


@staff_page(*policies.READERS)
@require_GET
def as_ics(request: HttpRequest, key: UUID) -> HttpResponse:
    """The meeting for a calendar on a telephone."""
    found = meetings.meeting_by(key)
    entry = ical.Entry(
        uid=f"{found.key}@{current_city().domain or 'tepian'}",
        title=f"{in_language(found.body, 'title')}: {found.title}",
        starts_at=found.starts_at,
        ends_at=max(found.ends_at, found.starts_at + timedelta(minutes=1)),
        changed_at=found.changed_at,
        sequence=found.revision,
        place=found.place,
        text=found.agenda,
        url=request.build_absolute_uri(_address(found)),
        cancelled=found.state == states.CANCELLED,
    )
    response = HttpResponse(
        ical.calendar([entry], maker="-//Tepian//masterplan//ID"), content_type="text/calendar; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{found.key}.ics"'
    return response
