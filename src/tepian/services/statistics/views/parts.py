"""What the pages of this room share."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from tepian.kernel.actors import Conflict, Invalid, NotFound
from tepian.kernel.organisations import queries as organisations
from tepian.ui.words import english, in_language

from .. import policies, queries, states
from ..models import Dataset, Edition

LEVELS = {states.SENT: "warn", states.RETURNED: "danger", states.PUBLISHED: "ok", states.APPROVED: "info"}


def seen_dataset(request: HttpRequest, code: str) -> Dataset:
    try:
        row = queries.dataset_by(code)
    except NotFound as error:
        raise Http404(str(error.message)) from None
    return row


def seen_edition(request: HttpRequest, key: str) -> Edition:
    """The edition, for those who may know of it; for others it does not exist."""
    try:
        row = queries.edition_by(key)
    except NotFound as error:
        raise Http404(str(error.message)) from None
    if not policies.may_see(request.actor, row.dataset):  # type: ignore[attr-defined]
        raise Http404(str(_("There is no such edition.")))
    return row


def listed(edition: Edition) -> dict[str, Any]:
    """An edition as lists show it."""
    return {
        "row": edition,
        "title": in_language(edition.dataset, "title"),
        "agency": organisations.agency_name(edition.dataset.agency_code) or edition.dataset.agency_code,
        "state": queries.STATE_LABELS[edition.state],
        "level": LEVELS.get(edition.state, ""),
        "periods": _span(edition.periods),
        "url": reverse("statistics-edition", args=[edition.key]),
    }


def _span(periods: list[str]) -> str:
    return periods[0] if len(periods) == 1 else f"{periods[0]} – {periods[-1]}" if periods else "–"


def do(
    request: HttpRequest,
    act: Callable[[], Any],
    done: str,
    back: str,
    again: Callable[[Conflict | Invalid], HttpResponse] | None = None,
) -> HttpResponse:
    """One POST and back to where the person was, with what happened in a sentence. Where something was typed, `again` draws
    the page with it when it is refused."""
    try:
        act()
    except (Conflict, Invalid) as error:
        if again is not None:
            return again(error)
        messages.warning(request, str(error.message))
    else:
        messages.success(request, done)
    return HttpResponseRedirect(back)


def revision_of(request: HttpRequest) -> int:
    text = request.POST.get("revision", "")
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def figure_name(edition: Edition, key: list[str]) -> str:
    """“Population, 2024, Riverside, Male” of a figure's key."""
    names = {row.code: in_language(row, "title") for row in edition.dataset.indicators.all()}
    dimensions = queries.dimensions_of(edition.dataset)
    places = [
        each.names.get(code, "") for each, code in zip(dimensions, key[2:], strict=False) if code != queries.TOTAL
    ]
    return ", ".join(filter(None, [names.get(key[0], key[0]), key[1], *places]))


def role_choices(edition: Edition) -> list[tuple[str, str]]:
    """(value, label) of what a column may be."""
    dataset = edition.dataset
    rows = [(json.dumps({"role": "ignore"}), _("not used")), (json.dumps({"role": "time"}), _("Period"))]
    rows += [(json.dumps({"role": "dimension", "key": each.key}), each.name) for each in queries.dimensions_of(dataset)]
    rows += [(value_role(row.code), f"{_('Figure')}: {in_language(row, 'title')}") for row in dataset.indicators.all()]
    return rows


def value_role(indicator: str, time: str = "", place: dict[str, str] | None = None) -> str:
    return json.dumps({"role": "value", "indicator": indicator, "time": time, "place": place or {}})


def sentence(found: dict[str, Any]) -> str:
    """The reader's remark in the reader's language."""
    return str(found.get("sentence", {}).get("en" if english() else "id", ""))
