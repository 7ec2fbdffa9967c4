"""The organisers' desk: today, what is to do, what comes, and how each programme stands against its aim."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from tepian.kernel.catalogue.city import today
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations
from tepian.ui.words import in_language

from .. import policies, queries, states
from ..models import Programme, Session
from .parts import effect_sentence, listed, percent, year_from

SHOWN = 30


def controlled(session: Session) -> dict[str, object]:
    """A session as staff lists show it."""
    return listed(session) | {"control": reverse("literacy-control", args=[session.number])}


@staff_page(*policies.READERS)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    year, now = year_from(request), timezone.now()
    actor = request.actor  # type: ignore[attr-defined]
    rows = list(Programme.objects.order_by("-active", "title"))
    numbers, effects = queries.by_programme(year, public=False), queries.effects(rows, year, public=False)
    to_come = list(queries.with_counts(queries.upcoming(now))[: 4 * SHOWN])
    todo = list(queries.waiting(now)[: 2 * SHOWN])
    tonight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return render(
        request,
        "literacy/desk.html",
        {
            "today": [controlled(row) for row in to_come if row.starts_at < tonight and row.state != states.CANCELLED],
            "to_come": [controlled(row) for row in to_come if row.starts_at >= tonight][:SHOWN],
            "forgotten": [controlled(row) for row in todo if queries.needs(row, now) == "forgotten"],
            "uncounted": [controlled(row) for row in todo if queries.needs(row, now) == "uncounted"],
            "held": [
                controlled(row)
                for row in queries.with_counts(queries.sessions().filter(state=states.HELD)).order_by("-starts_at")[
                    :SHOWN
                ]
            ],
            "programmes": [
                _programme(row, numbers.get(row.pk, (0, 0, 0)), effect_sentence(effects[row.pk])) for row in rows
            ],
            "year": year,
            "years": sorted({*queries.years(), today().year}, reverse=True),
            "may_organise": actor.has(policies.ORGANISER),
        },
    )


def _programme(row: Programme, numbers: tuple[int | None, int, int], sentence: str) -> dict[str, object]:
    people, wards, held = numbers
    return {
        "row": row,
        "title": in_language(row, "title"),
        "agency": organisations.agency_name(row.agency_code) or row.agency_code,
        "url": reverse("literacy-run", args=[row.code]),
        "people": people,
        "people_share": percent(people / row.aim_people) if row.aim_people and people else "",
        "wards": wards,
        "held": held,
        "sentence": sentence,
    }
