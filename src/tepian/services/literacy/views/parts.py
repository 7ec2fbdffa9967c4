"""What the pages of this room share."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import segno
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import formats
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from tepian.kernel.actors import Conflict, Invalid, NotFound
from tepian.kernel.catalogue.city import today
from tepian.kernel.maps import queries as maps
from tepian.toolkit.paired import Paired
from tepian.ui import charts, words
from tepian.ui.templatetags.ui import public_url
from tepian.ui.words import in_language

from .. import queries, states
from ..models import Programme, Question, Session

STATE_TAGS = {states.OPEN: "ok", states.CANCELLED: "danger", states.PLANNED: "info"}
COOKIES = {"literasi": "/literasi", "literasi-en": "/en/literasi"}  # one number, for the pages and their English twins
NARROW = "\N{NO-BREAK SPACE}"  # a number and its sign stay in one line
FIRST_YEAR, LAST_YEAR = 2000, 2100


def seen_programme(code: str) -> Programme:
    try:
        return queries.programme_by(code)
    except NotFound as error:
        raise Http404(str(error.message)) from None


def seen_session(number: str) -> Session:
    try:
        return queries.session_by(number)
    except NotFound as error:
        raise Http404(str(error.message)) from None


def year_from(request: HttpRequest) -> int:
    """The year that the address asks for; this one where it asks for none or nonsense."""
    text = request.GET.get("tahun", "")
    year = int(text) if text.isascii() and text.isdecimal() and len(text) == 4 else 0
    return year if FIRST_YEAR <= year <= LAST_YEAR else today().year


def listed(session: Session) -> dict[str, Any]:
    """A session as lists show it."""
    return {
        "row": session,
        "title": in_language(session, "title"),
        "programme": in_language(session.programme, "title"),
        "place": queries.place_of(session),
        "state": queries.STATE_LABELS[session.state],
        "tag": STATE_TAGS.get(session.state, ""),
        "url": public_url("literacy-session", session.number),
        "day": words.day(session.starts_at, weekday=True),
        "hours": f"{words.clock(session.starts_at, label=False)} – {words.clock(session.ends_at)}",
    }


def qr(text: str, title: str) -> str:
    """A QR code as SVG without size or styles."""
    buffer = io.BytesIO()
    code = segno.make(text, error="m", micro=False)
    look = {"svgclass": "qr", "lineclass": None, "border": 4, "light": "#fff", "title": title}
    code.save(buffer, kind="svg", xmldecl=False, svgns=True, omitsize=True, **look)
    return buffer.getvalue().decode()


# --- figures in words -------------------------------------------------------------------------------------------------


def percent(share: float) -> str:
    return f"{words.number(100 * share, 0)}{NARROW}%"


def points(change: float) -> str:
    """+12,3 or −4,0: percentage points."""
    text = words.number(100 * change, 1)
    return f"+{text}" if change > 0 else text


def interval(found: Paired) -> str:
    return _("%(low)s to %(high)s") % {"low": points(found.low), "high": points(found.high)}


def told(found: Paired | None) -> dict[str, Any] | None:
    """An effect as pages show it; None where there are too few people to show."""
    if found is None:
        return None
    return {
        "n": found.n,
        "before": percent(found.before),
        "after": percent(found.after),
        "change": points(found.change),
        "interval": interval(found),
        "shown": found.shown,
    }


def effect_sentence(found: queries.Effect) -> str:
    """The finding, with what it rests on."""
    whole = found.whole
    if whole is None:
        return (
            _("Too few people took both tests to show what they learnt (fewer than %(n)s).") % {"n": states.SMALL_GROUP}
            if found.before or found.after
            else _("Nothing was tested yet.")
        )
    facts = {
        "n": words.number(whole.n),
        "before": percent(whole.before),
        "after": percent(whole.after),
        "points": points(whole.change),
        "interval": interval(whole),
    }
    if whole.low > 0:
        return (
            _(
                "%(n)s people took both tests: right answers rose from %(before)s to %(after)s, %(points)s points "
                "(95%% interval %(interval)s)."
            )
            % facts
        )
    if whole.high < 0:
        return (
            _(
                "%(n)s people took both tests: right answers fell from %(before)s to %(after)s, %(points)s points "
                "(95%% interval %(interval)s)."
            )
            % facts
        )
    return (
        _(
            "%(n)s people took both tests: no change is shown, %(before)s right before and %(after)s after "
            "(%(points)s points, 95%% interval %(interval)s)."
        )
        % facts
    )


def effect_parts(found: queries.Effect, questions: Mapping[str, Question], groups: Mapping[str, str]) -> dict[str, Any]:
    """The tables of an effect: by group and by question."""
    return {
        "effect": found,
        "sentence": effect_sentence(found),
        "whole": told(found.whole),
        "by_group": [{"name": groups.get(each.key, each.key), "found": told(each.found)} for each in found.groups],
        "by_question": [
            {
                "name": in_language(questions[each.key], "text"),
                "retired": questions[each.key].retired,
                "found": told(each.found),
                "learnt": each.learnt,
            }
            for each in found.questions
            if each.key in questions
        ],
        "small_group": states.SMALL_GROUP,
    }


def questions_by_key(programme: Programme) -> dict[str, Question]:
    return {str(row.pk): row for row in programme.questions.all()}


def few() -> str:
    return _("fewer than %(n)s") % {"n": states.SMALL_CELL}


def reach_parts(found: queries.Reach, year: int) -> dict[str, Any]:
    """Numbers, map, table and months of a reach."""
    names = queries.group_names()
    whole = queries.WHOLE
    wards = sorted(
        {ward for ward, _group in found.cells if ward != whole}, key=lambda code: (code == "", queries.ward_name(code))
    )
    return {
        "reach": found,
        "year": year,
        "people": few() if found.people is None else words.number(found.people),
        "people_share": percent(found.people / found.aim_people) if found.aim_people and found.people else "",
        "aim_people": words.number(found.aim_people) if found.aim_people else "",
        "ward_count": words.number(len(found.wards)),
        "ward_share": percent(found.ward_share / 100) if found.ward_share is not None else "",
        "group_names": [names.get(code, code) for code in found.groups],
        "table": [
            {
                "name": queries.ward_name(ward),
                "cells": [found.cells.get((ward, group), 0) for group in found.groups],
                "sum": found.of_ward(ward),
            }
            for ward in wards
        ],
        "sums": [found.cells.get((whole, group), 0) for group in found.groups],
        "months": _months(found, year),
        "map": _map(found, year),
        "said": [
            (_("Age"), [(queries.AGE_LABELS[key], n) for key, n in found.ages.items()]),
            (_("Woman or man"), [(queries.GENDER_LABELS[key], n) for key, n in found.genders.items()]),
        ]
        if found.ages or found.genders
        else [],
        "small_cell": states.SMALL_CELL,
    }


def _months(found: queries.Reach, year: int) -> Any:
    if not found.months:
        return ""
    labels = {
        month: formats.date_format(date(int(month[:4]), int(month[5:]), 1), "YEAR_MONTH_FORMAT")
        for month, _n in found.months
    }
    bars = [(labels[month], None if n is None else float(n)) for month, n in found.months]
    missing = {labels[month]: _("not shown") for month, n in found.months if n is None}
    return charts.bar_chart(
        bars, missing=missing, decimals=0, title=_("People reached by month, %(year)s") % {"year": year}, bar=22
    )


SHADES = 5


def _map(found: queries.Reach, year: int) -> dict[str, Any] | None:
    """The city's wards by people reached; what is hidden is hatched, a ward without anybody stays as it is."""
    base = maps.base_map()
    if base.empty or not found.wards:
        return None
    shown = sorted({n for ward in found.wards if (n := found.of_ward(ward))})
    classes = min(SHADES, len(shown))
    cuts = [shown[len(shown) * number // classes] for number in range(classes)] if classes else []
    areas, used = [], set()
    for ward in found.wards:
        n = found.of_ward(ward)
        shade = "x" if n is None else str(sum(n >= cut for cut in cuts) - 1 + SHADES - classes)
        used.add(shade)
        value = _("fewer than %(n)s, or hidden with them") % {"n": states.SMALL_CELL} if n is None else words.number(n)
        areas.append(
            {
                "shade": shade,
                "text": f"{queries.ward_name(ward)}: {value}",
                "ids": [maps.ward_id(code) for code in maps.wards_of([ward], base.wards)],
            }
        )
    tops = [*(cut - 1 for cut in cuts[1:]), shown[-1] if shown else 0]
    return {
        "label": _("Map: people reached by ward, %(year)s") % {"year": year},
        "width": round(base.projection.width),
        "height": round(base.projection.height),
        "base": base.svg,
        "names": base.names,
        "schematic": base.schematic,
        "sources": list(dict.fromkeys(base.sources)),
        "areas": areas,
        "legend": [
            (
                str(number + SHADES - classes),
                words.number(low) if low >= top else f"{words.number(low)} – {words.number(top)}",
            )
            for number, (low, top) in enumerate(zip(cuts, tops, strict=True))
        ],
        "holes": "x" in used,
    }


# --- acts -------------------------------------------------------------------------------------------------------------


def do(request: HttpRequest, act: Callable[[], Any], done: str, back: str) -> HttpResponseRedirect:
    """One POST and back to where the person was, with what happened in a sentence."""
    try:
        act()
    except (Conflict, Invalid) as error:
        messages.warning(request, str(error.message))
    else:
        messages.success(request, done)
    return HttpResponseRedirect(back)


def refused(form: forms.Form, error: Invalid, fields: Mapping[str, str] | None = None) -> None:
    """What the operation refused, beside the field at fault."""
    name = (fields or {}).get(error.field, error.field)
    form.add_error(name if name in form.fields else None, str(error.message))


def revision_of(request: HttpRequest) -> int:
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def private(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, private=True, no_store=True)
    return response
