"""Figures that a program sends, without a workbook. They take the same way: draft, steward, public."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation

from .. import policies, queries, states
from ..models import Dataset, Edition
from ..queries.catalogue import TOPIC
from ..queries.understanding import Figure
from .editions import take
from .reading import Reading, compared

MOST = 100_000  # figures of one push


def checked_figures(dataset: Dataset, given: Sequence[Mapping[str, Any]]) -> list[Figure]:
    """Raises `Invalid` naming the first figure that does not fit: nothing of the push is kept then."""
    if not 0 < len(given) <= MOST:
        raise Invalid(
            _("Send between 1 and %(most)s figures at a time. Nothing was stored.") % {"most": MOST},
            code="count",
            field="figures",
        )
    dimensions = queries.dimensions_of(dataset)
    indicators = {row.code for row in dataset.indicators.all()}
    figures: dict[tuple[str, ...], Figure] = {}
    for number, each in enumerate(given):
        field = f"figures.{number}"
        if each.get("indicator") not in indicators:
            raise Invalid(
                _("There is no such indicator in this table. Nothing was stored."),
                code="indicator_unknown",
                field=field,
            )
        if not states.is_period(str(each.get("period", "")), dataset.frequency):
            raise Invalid(_("This is no period of this table. Nothing was stored."), code="period_unknown", field=field)
        codes = each.get("codes") or {}
        if set(codes) - {one.key for one in dimensions}:
            raise Invalid(
                _("There is no such dimension in this table. Nothing was stored."),
                code="dimension_unknown",
                field=field,
            )
        place = []
        for one in dimensions:
            code = codes.get(one.key, queries.TOTAL if one.role == "category" else "")
            if code not in one.names and code != queries.TOTAL:
                raise Invalid(
                    _("The code “%(code)s” of %(name)s does not exist. Nothing was stored.")
                    % {"code": str(code)[:40], "name": one.name},
                    code="code_unknown",
                    field=field,
                    item=str(code)[:40],
                )
            place.append(code)
        value = each.get("value")
        status = each.get("status", "") if value is not None else states.MISSING
        if (value is not None and not isfinite(value)) or status not in (
            states.NORMAL, states.MISSING, states.PROVISIONAL, states.ESTIMATED,
        ):  # fmt: skip
            raise Invalid(_("This is no figure. Nothing was stored."), code="value", field=field)
        figure = Figure(str(each["indicator"]), str(each["period"]), tuple(place), value, status, str(number))
        if figure.key in figures:
            raise Invalid(_("The same figure stands here twice. Nothing was stored."), code="twice", field=field)
        figures[figure.key] = figure
    return list(figures.values())


def push(*, actor: Actor, dataset: Dataset, figures: Sequence[Mapping[str, Any]], source: str) -> Edition:
    """A draft from a program's figures."""
    if not actor.is_system:
        policies.may_produce(actor, dataset)
    read = checked_figures(dataset, figures)
    return start_pushed(actor=actor, dataset=dataset, reading=compared(dataset, read), source=source)


@operation("statistics.push_figures", policy=policies.may_produce)
def start_pushed(*, actor: Actor, dataset: Dataset, reading: Reading, source: str) -> Edition:
    """Keep the draft. `source` names where the figures come from."""
    edition = Edition(
        key=uuid.uuid4(),
        dataset=dataset,
        file_name=source[:160],
        created_by=actor.label[:200],
        created_at=timezone.now(),
    )
    note("statistics", edition.key, dataset=dataset.code, rows=len(reading.figures), source=source[:160])
    take(actor, edition, reading)
    edition.save()
    touch(TOPIC)
    return edition
