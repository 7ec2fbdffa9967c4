"""What everybody reads: sessions to come, materials, whom it reaches, what people learnt."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tepian.kernel.catalogue.city import current_city
from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.identity.access import public_page
from tepian.kernel.organisations import queries as organisations
from tepian.ui import words
from tepian.ui.templatetags.ui import public_url
from tepian.ui.words import in_language

from .. import queries
from .parts import (
    effect_parts,
    effect_sentence,
    few,
    listed,
    questions_by_key,
    reach_parts,
    seen_programme,
    seen_session,
    year_from,
)

SHOWN = 40
TOPICS = ("literacy", "city", "regions")


@public_page
@require_GET
@cached_page(*TOPICS, seconds=60)
def home(request: HttpRequest) -> HttpResponse:
    year = year_from(request)
    rows = list(queries.programmes())
    numbers, effects = queries.by_programme(year), queries.effects(rows, year)
    return render(
        request,
        "literacy/home.html",
        reach_parts(queries.reach(None, year), year)
        | {
            "sessions": [listed(row) for row in queries.upcoming()[:SHOWN]],
            "programmes": [
                {
                    "row": row,
                    "title": in_language(row, "title"),
                    "summary": in_language(row, "summary"),
                    "url": public_url("literacy-programme", row.code),
                    "people": few() if (n := numbers.get(row.pk, (0, 0, 0))[0]) is None else words.number(n),
                    "sentence": effect_sentence(effects[row.pk]),
                    "whole": effects[row.pk].whole,
                }
                for row in rows
            ],
            "years": queries.years(),
            "city": current_city(),
            "simulated": any(row.simulated for row in rows),
        },
    )


@public_page
@require_GET
@cached_page(*TOPICS, seconds=60)
def programme(request: HttpRequest, code: str) -> HttpResponse:
    row, year = seen_programme(code), year_from(request)
    return render(
        request,
        "literacy/programme.html",
        reach_parts(queries.reach(row, year), year)
        | effect_parts(queries.effect(row, year), questions_by_key(row), queries.group_names())
        | {
            "programme": row,
            "title": in_language(row, "title"),
            "summary": in_language(row, "summary"),
            "agency": organisations.agency_name(row.agency_code) or row.agency_code,
            "for_whom": [name for _code, name in queries.groups_of(row)],
            "dimension": queries.DIMENSION_LABELS.get(row.dimension, ""),
            "sessions": [listed(each) for each in queries.upcoming().filter(programme=row)[:SHOWN]],
            "materials": list(queries.materials_of(row, public=True)),
            "material_languages": queries.LANGUAGE_LABELS,
            "years": queries.years(),
        },
    )


@public_page
@require_GET
@cached_page(*TOPICS, seconds=60)
def session(request: HttpRequest, number: str) -> HttpResponse:
    """One session: when, where, whether it is held, and what to take home."""
    row = seen_session(number)
    if row.number != number:
        return HttpResponseRedirect(public_url("literacy-session", row.number))
    return render(
        request,
        "literacy/session.html",
        listed(row)
        | {
            "session": row,
            "for_whom": [name for _code, name in queries.groups_of(row.programme)],
            "programme_url": public_url("literacy-programme", row.programme.code),
            "materials": list(queries.materials_of(row.programme, public=True)),
            "material_languages": queries.LANGUAGE_LABELS,
        },
    )
