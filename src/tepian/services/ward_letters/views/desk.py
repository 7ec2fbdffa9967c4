"""The desk: what waits for this person by deadline, and what else they may know of."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from tepian.kernel.actors import Actor
from tepian.kernel.identity.access import staff_page
from tepian.kernel.regions import queries as regions

from .. import policies, queries, states
from ..models import Request
from .parts import TAGS, title_of

SHOWN = 60
LISTS = {
    "siap": (states.ISSUED, gettext_lazy("To hand over")),
    "kembali": (states.RETURNED, gettext_lazy("With the applicant")),
    "semua": ("", gettext_lazy("All")),
}
SIGN = "/kerja/tanda-tangan"


def listed(row: Request, now: Any) -> dict[str, Any]:
    """A request as the desk's rows show it: no NIK."""
    return {
        "row": row,
        "title": title_of(row.kind),
        "name": row.resident.name,
        "place": regions.name_of(row.region_code),
        "state": queries.STATE_NAMES[row.state],
        "tag": TAGS.get(row.state, ""),
        "late": bool(row.state == states.WAITING and row.due_at and row.due_at < now),
        "url": reverse("ward-letters-case", args=[row.code]),
        "sign": row.signs_next,
    }


def is_clerk(actor: Actor) -> bool:
    return actor.has(policies.CLERK)


@staff_page(*policies.STAFF)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """Today's work, the soonest due first; a chair of an RT or RW sees the same with less on it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    now, chosen = timezone.now(), request.GET.get("daftar", "")
    waiting = list(queries.waiting(actor)[: SHOWN + 1])
    rows = [listed(row, now) for row in waiting[:SHOWN]]
    office = actor.has(policies.CLERK, policies.HEAD)
    others: list[dict[str, Any]] = []
    if office and chosen in LISTS:
        others = [listed(row, now) for row in queries.desk(actor, LISTS[chosen][0])[:SHOWN]]
    return render(
        request,
        "ward_letters/desk.html",
        {
            "rows": rows,
            "more": len(waiting) > SHOWN,
            "late": sum(1 for row in rows if row["late"]),
            "to_sign": sum(1 for row in rows if row["sign"]),
            "sign_url": SIGN,
            "office": office,
            "clerk": is_clerk(actor),
            "lists": [(key, name) for key, (_state, name) in LISTS.items()],
            "chosen": chosen if chosen in LISTS else "",
            "others": others,
            "title": _("Letters of the ward") if office else _("Requests of my residents"),
        },
    )
