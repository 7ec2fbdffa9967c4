"""The public pages: the catalogue of figures, and a page for each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tepian.kernel.catalogue.city import current_city
from tepian.kernel.catalogue.kept import one_look
from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.identity.access import public_page
from tepian.kernel.organisations import queries as organisations
from tepian.toolkit.text import plain
from tepian.ui import charts, words
from tepian.ui.words import in_language

from .. import queries, states
from ..models import Edition, Indicator
from ..queries import public
from ..queries.catalogue import TOPIC
from .figures import figures, page_of

TOPICS = (TOPIC, "regions", "organisations")
PER_PAGE = 24
SPARK = 24  # periods of a sparkline
NEXT_RELEASES = 12
WITHDRAWN_FOR = timedelta(days=365)
LICENCES = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
TREND = {"up": "↑", "down": "↓", "same": "→"}
TREND_WORDS = {"up": gettext_lazy("up"), "down": gettext_lazy("down"), "same": gettext_lazy("unchanged")}


# --- the catalogue ----------------------------------------------------------------------------------------------------


@public_page
@cached_page(*TOPICS)
def catalogue(request: HttpRequest) -> HttpResponse:
    """/data?q=&tema=&instansi=&hal="""
    given = request.GET
    query, theme, agency = (plain(given.get(name, ""), 100) for name in ("q", "tema", "instansi"))
    editions = {row.dataset_id: row for row in queries.published()}
    everything = [row.dataset for row in editions.values()]
    found = [row for row, _score in queries.find_indicators(query, 1000) if row.dataset_id in editions]
    found = [
        row
        for row in found
        if (not theme or row.dataset.theme == theme) and (not agency or row.dataset.agency_code == agency)
    ]
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(int(given["hal"]) if given.get("hal", "").isdecimal() and len(given["hal"]) < 6 else 1, pages)
    shown = found[PER_PAGE * (max(1, page) - 1) :][:PER_PAGE]
    with one_look():
        cards = [card(row, editions[row.dataset_id]) for row in shown]
    return render(
        request,
        "statistics/public/catalogue.html",
        {
            "query": query,
            "theme": theme,
            "agency": agency,
            "themes": sorted({row.theme for row in everything if row.theme}),
            "agencies": sorted(
                ((code, agency_of(code)) for code in {row.agency_code for row in everything}), key=lambda one: one[1]
            ),
            "cards": cards,
            "count": len(found),
            "any": bool(editions),
            "page": max(1, page),
            "pages": pages,
            "calendar": _calendar(),
            "withdrawn": _withdrawn(),
        },
    )


def agency_of(code: str) -> str:
    return str(organisations.agency_name(code) or code)


def card(indicator: Indicator, edition: Edition) -> dict[str, Any]:
    """A figure as the catalogue shows it."""
    points, parts = public.whole_series(edition, indicator)
    time, value, status = points[-1] if points else ("", None, states.MISSING)
    earlier = next((point for point in reversed(points[:-1]) if point[1] is not None), None)
    way, how_much = ("", "")
    if value is not None and earlier is not None and earlier[1] is not None:
        way, how_much = public.change(earlier[1], value, indicator)
    good = indicator.direction and way in ("up", "down")
    return {
        "row": indicator,
        "title": ", ".join([in_language(indicator, "title"), *parts]),
        "set": in_language(indicator.dataset, "title"),
        "url": page_of(indicator),
        "agency": agency_of(indicator.dataset.agency_code),
        "value": public.amount(value, indicator, status),
        "there": value is not None,
        "period": public.period_name(time) if time else "",
        "status": queries.STATUS_LABELS.get(status, "") if value is not None else "",
        "sign": TREND.get(way, ""),
        "way": TREND_WORDS.get(way, ""),
        "change": how_much,
        "before": public.period_name(earlier[0]) if earlier else "",
        "tone": ("ok" if way == indicator.direction else "warn") if good else "",
        "spark": charts.sparkline([point[1] for point in points[-SPARK:]]) if len(points) > 1 else "",
    }


def _calendar() -> list[dict[str, Any]]:
    today = timezone.localdate()
    rows = queries.due().prefetch_related("dataset__indicators")[:NEXT_RELEASES]
    return [
        {
            "title": in_language(row.dataset, "title"),
            "url": next((page_of(each) for each in row.dataset.indicators.all()), ""),
            "agency": agency_of(row.dataset.agency_code),
            "period": public.period_name(row.period),
            "due": row.due,
            "late": row.due < today,
        }
        for row in rows
    ]


def _withdrawn() -> list[dict[str, Any]]:
    rows = Edition.objects.filter(state=states.WITHDRAWN, ended_at__gte=timezone.now() - WITHDRAWN_FOR)
    rows = rows.select_related("dataset").prefetch_related("dataset__indicators").order_by("-ended_at")
    return [
        {
            "row": row,
            "title": in_language(row.dataset, "title"),
            "url": next((f"{page_of(each)}?edisi={row.number}" for each in row.dataset.indicators.all()), ""),
        }
        for row in rows[:NEXT_RELEASES]
    ]


# --- one figure -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """An indicator and what an address asks of it. `asked` is None where there are no figures to show: nothing is public,
    or the edition named was withdrawn."""

    indicator: Indicator
    editions: Sequence[Edition]
    edition: Edition | None
    asked: public.Asked | None


def find(request: HttpRequest, code: str) -> Found:
    """Raises `NotFound` for an unknown figure or edition, `Invalid` for a parameter that names nothing."""
    indicator = queries.indicator_by(code)
    editions = public.public_editions(indicator)
    edition = public.edition_asked(editions, request.GET.get("edisi", ""))
    if edition is not None:
        edition.dataset = indicator.dataset
    shown = edition is not None and edition.state in public.SHOWN_STATES
    asked = public.read_question(indicator, edition, request.GET) if shown and edition is not None else None
    return Found(indicator, editions, edition, asked)


@public_page
@cached_page(*TOPICS)
def indicator(request: HttpRequest, code: str) -> HttpResponse:
    """/data/<indicator>?dari=&sampai=&wilayah=&per=&edisi="""
    with one_look():
        found = find(request, code)
        context = _about(request, found)
        if found.asked is not None:
            context |= figures(found.asked)
        gone = found.edition is not None and found.asked is None
        return render(request, "statistics/public/indicator.html", context, status=410 if gone else 200)


def _about(request: HttpRequest, found: Found) -> dict[str, Any]:
    """Everything around the figures."""
    row, dataset = found.indicator, found.indicator.dataset
    today = timezone.localdate()
    current = next((each for each in found.editions if each.state == states.PUBLISHED), None)
    newest = found.editions[0] if found.editions else None
    release = dataset.releases.filter(met_at=None).order_by("due").first()
    activity = dataset.activity
    path = page_of(row)
    return {
        "row": row,
        "dataset": dataset,
        "title": in_language(row, "title"),
        "unit": in_language(row, "unit"),
        "summary": in_language(dataset, "summary"),
        "agency": agency_of(dataset.agency_code),
        "edition": found.edition,
        "current": current,
        "old": found.asked is not None and found.edition is not None and found.edition.state == states.REPLACED,
        "gone": found.edition is not None and found.asked is None,
        "fell_back": newest if newest and newest.state == states.WITHDRAWN and found.edition == current else None,
        "url": path,
        "permalink": request.build_absolute_uri(f"{path}?edisi={found.edition.number}") if found.edition else "",
        "citation": citation(request, found.indicator, found.edition) if found.asked is not None else "",
        "facts": _facts(row, dataset, activity, release, today),
        "activity": activity,
        "activity_facts": _answers("ms-keg", activity.form, today) if activity else [],
        "variables": [
            (each.title, _answers("ms-var", each.form, today))
            for each in (activity.variables.all() if activity else ())
        ],
        "history": [
            {
                "row": each,
                "state": queries.STATE_LABELS[each.state],
                "withdrawn": each.state == states.WITHDRAWN,
                "shown": found.edition is not None and each.pk == found.edition.pk and found.asked is not None,
                "periods": _span(each.periods),
                "url": f"{path}?edisi={each.number}",
            }
            for each in found.editions
        ],
    }


def _span(periods: Sequence[str]) -> str:
    ends = dict.fromkeys((*periods[:1], *periods[-1:]))
    names = [public.period_name(period, short=True) for period in ends]
    return " – ".join(names)


def _facts(row: Indicator, dataset: Any, activity: Any, release: Any, today: Any) -> list[tuple[str, Any, str]]:
    """(question, answer, address) of what a reader asks about a figure; empty answers are left out."""
    known = {
        "definition": in_language(row, "definition"),
        "unit": in_language(row, "unit"),
        "formula": row.formula,
    }
    found: list[tuple[str, Any, str]] = []
    for question in queries.questionnaire("ms-ind", today):
        answer = known.get(question["key"]) or row.form.get(question["key"], "")
        found.append((question["text_en"] if words.english() else question["text"], answer, ""))
    direction = queries.DIRECTION_LABELS.get(row.direction, "")
    found += [
        (_("Direction"), direction, ""),
        (_("Agency"), agency_of(dataset.agency_code), ""),
        (_("Frequency"), queries.FREQUENCY_LABELS[dataset.frequency], ""),
        (
            _("Next release"),
            f"{words.day(release.due)} ({public.period_name(release.period)})" if release else "",
            "",
        ),
        (_("Licence"), dataset.licence, LICENCES.get(dataset.licence, "")),
        (_("Contact"), dataset.contact, ""),
    ]
    return [one for one in found if str(one[1]).strip()]


def _answers(form: str, given: Mapping[str, Any], today: Any) -> list[tuple[str, str]]:
    questions = queries.questionnaire(form, today)
    return [
        (each["text_en"] if words.english() else each["text"], str(given[each["key"]]))
        for each in questions
        if given.get(each["key"])
    ]


def citation(request: HttpRequest, indicator: Indicator, edition: Edition | None) -> str:
    """How to name the source of a figure, with the edition that was read."""
    if edition is None or edition.published_at is None:
        return ""
    return _(
        "%(agency)s (%(year)s). %(title)s. Edition %(number)s, published %(day)s. One Data, %(city)s. "
        "%(address)s. Accessed %(today)s."
    ) % {
        "agency": agency_of(indicator.dataset.agency_code),
        "year": timezone.localtime(edition.published_at).year,
        "title": in_language(indicator, "title"),
        "number": edition.number,
        "day": words.day(edition.published_at),
        "city": current_city().display_name,
        "address": request.build_absolute_uri(f"{page_of(indicator)}?edisi={edition.number}"),
        "today": words.day(timezone.localdate()),
    }
