"""The data steward's desk: what waits, checking by the four principles, remarks, publishing, withdrawing."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tepian.kernel.actors import Invalid
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations
from tepian.ui.words import in_language

from .. import operations, policies, queries, states
from ..models import Edition
from .desk import again
from .parts import do, listed, revision_of, seen_edition

RECENT = 30


@staff_page(*policies.CHECKERS, policies.FORUM, "auditor")
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    actor, today = request.actor, timezone.localdate()  # type: ignore[attr-defined]
    rows = Edition.objects.select_related("dataset")

    def shown(*wanted: str) -> list[dict[str, object]]:
        found = rows.filter(state__in=wanted).order_by("sent_at", "id")
        return [listed(row) for row in found if policies.may_see(actor, row.dataset)]

    return render(
        request,
        "statistics/steward.html",
        {
            "may_check": actor.has(policies.STEWARD),
            "may_keep": actor.has(policies.STEWARD, "administrator"),
            "waiting": shown(states.SENT),
            "embargo": shown(states.APPROVED),
            "returned": shown(states.RETURNED),
            "late": [
                {
                    "row": row,
                    "title": in_language(row.dataset, "title"),
                    "agency": organisations.agency_name(row.dataset.agency_code) or row.dataset.agency_code,
                }
                for row in queries.due(until=today)
            ],
            "recent": [listed(row) for row in rows.filter(state=states.PUBLISHED).order_by("-published_at")[:RECENT]],
        },
    )


def _act(
    request: HttpRequest, key: str, done: str, verb: str, form: str, labels: dict[str, str], **given: object
) -> HttpResponse:
    row = seen_edition(request, key)
    return do(
        request,
        lambda: getattr(operations, verb)(actor=request.actor, edition=row, **given),  # type: ignore[attr-defined]
        done,
        reverse("statistics-edition", args=[row.key]),
        again(request, key, form, labels),
    )


@staff_page(*policies.CHECKERS)
@require_POST
def remark(request: HttpRequest, key: str) -> HttpResponse:
    given = {"text": request.POST.get("text", ""), "address": request.POST.get("address", "")}
    labels = {"address": _("Cell"), "text": _("Remark")}
    return _act(request, key, _("Written down."), "add_remark", "remark", labels, **given)


@staff_page(policies.STEWARD)
@require_POST
def give_back(request: HttpRequest, key: str) -> HttpResponse:
    return _act(
        request,
        key,
        _("Returned to the agency."),
        "return_edition",
        "return",
        {"text": _("What should the agency change?")},
        text=request.POST.get("text", ""),
        revision=revision_of(request),
    )


@staff_page(policies.STEWARD)
@require_POST
def approve(request: HttpRequest, key: str) -> HttpResponse:
    row, text = seen_edition(request, key), request.POST.get("embargo", "").strip()

    def act() -> None:
        until = _moment(text)
        operations.approve_edition(
            actor=request.actor,  # type: ignore[attr-defined]
            edition=row,
            checks=request.POST.getlist("checks"),
            embargo_until=until,
            revision=revision_of(request),
        )

    done = _("Approved. It becomes public when the embargo ends.") if text else _("Published.")
    back = reverse("statistics-edition", args=[row.key])
    return do(request, act, done, back, again(request, key, "approve", {"embargo": _("Embargo until")}))


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise Invalid(_("This is no date and time."), code="embargo", field="embargo")
    return timezone.make_aware(found) if timezone.is_naive(found) else found


@staff_page(policies.STEWARD)
@require_POST
def withdraw(request: HttpRequest, key: str) -> HttpResponse:
    return _act(
        request,
        key,
        _("Withdrawn. The edition before is public again, with a notice."),
        "withdraw_edition",
        "withdraw",
        {"reason": _("What is wrong?")},
        reason=request.POST.get("reason", ""),
    )
