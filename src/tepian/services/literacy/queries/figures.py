"""The room's figures for statistics and the plan, computed from its own records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from ..models import Attendance, Programme, YearResult
from . import catalogue, learning, reaching

YEAR = timedelta(days=364)


def indicators(since: datetime, until: datetime) -> Iterable[Mapping[str, Any]]:
    """For held sessions that began, and tests after that were sent, in these moments. The aim stands beside a whole year
    only. None where nothing was held, and where the answers of that time were dropped already."""
    found = reaching.in_period(since, until)
    wards = len(catalogue.wards())
    rows = list(catalogue.programmes())
    aim = sum(row.aim_people or 0 for row in rows) if until - since >= YEAR else 0
    people, ward_count, held = found or (None, None, None)
    yield {
        "key": "literacy.people_reached",
        "name": _("People reached by literacy sessions"),
        "unit": _("people"),
        "value": people,
        "target": aim or None,
        "direction": "up",
    }
    yield {
        "key": "literacy.wards_reached",
        "name": _("Wards reached by literacy sessions"),
        "unit": "%",
        "value": round(100 * ward_count / wards, 1) if ward_count is not None and wards else None,
        "target": None,
        "direction": "up",
    }
    yield {
        "key": "literacy.sessions_held",
        "name": _("Literacy sessions held"),
        "unit": _("sessions"),
        "value": held,
        "target": None,
        "direction": "up",
    }
    learnt = _effect(since, until)
    yield {
        "key": "literacy.effect",
        "name": _("More right answers after literacy sessions"),
        "unit": _("points"),
        "value": None if learnt is None else round(100 * learnt, 1),
        "target": None,
        "direction": "up",
    }


def _effect(since: datetime, until: datetime) -> float | None:
    """The mean change over all programmes, of the year in which the moments begin."""
    year = catalogue.year_of(since)
    if YearResult.objects.filter(year=year).exists() and not Attendance.objects.filter(session__year=year).exists():
        return None
    found = learning.pooled(Programme.objects.all(), year, since, until)
    return found.change if found else None
