"""Published figures of the whole city, for whoever follows them: a plan's action beside its claim."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from tepian.kernel.catalogue.contributions import Figure
from tepian.ui.words import in_language

from .. import states
from ..models import Indicator
from . import data
from .catalogue import find_indicators, published_edition

MONTHS = {states.YEAR: 12, states.SEMESTER: 6, states.QUARTER: 3, states.MONTH: 1}


def find(text: str, limit: int) -> Iterable[Figure]:
    """Public indicators whose name fits, best first."""
    return [_figure(row) for row, _score in find_indicators(text, limit)]


def _figure(row: Indicator) -> Figure:
    title, unit = in_language(row, "title"), in_language(row, "unit")
    return Figure(row.code, title, unit, row.direction, url=f"/data/{row.code}")


def read(key: str, since: date, until: date) -> Figure | None:
    """The newest published value of a period that ended in these days, as everybody sees it on `/data/<code>`. Without a
    value where none ended then, where it may not be shown, or where the parts make no whole. None for an unknown code."""
    row = Indicator.objects.select_related("dataset").filter(code=key, dataset__retired_at=None).first()
    if row is None:
        return None
    empty = _figure(row)
    edition = published_edition(row.dataset)
    if edition is None:
        return empty
    whole = data.slice_of(edition, row)
    ended = {
        period: day
        for period in data.codes_in(edition.data_file, row.code, "time")
        for day in [last_day(period)]
        if since <= day <= until
    }
    if not ended or whole.forced:
        return empty
    points = data.series(edition, whole, times=sorted(ended)).get("", [])
    known = [(ended[period], period, value) for period, value, _status in points if value is not None]
    if not known:
        return empty
    day, period, value = max(known)
    return Figure(
        empty.key, empty.title, empty.unit, empty.direction, value=value, period=period, day=day, url=empty.url
    )


def last_day(period: str) -> date:
    """The last day of a period of any frequency."""
    first = states.period_start(period)
    months = MONTHS.get(states.frequency_of(period), 0)
    if not months:
        return first
    after = first.month - 1 + months
    return date(first.year + after // 12, after % 12 + 1, 1) - timedelta(days=1)
