"""Figures that the city's own rooms compute from their records."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time, timedelta

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.city import city_timezone
from tepian.kernel.catalogue.contributions import Indicators, offered
from tepian.kernel.regions import queries as regions

from .. import queries, states
from ..models import Dataset
from .editions import publish_computed


def compute_all(*, actor: Actor, now: datetime | None = None) -> int:
    """Publish what is new in every computed dataset; returns how many editions that made. A figure of a period that has
    not ended is provisional."""
    now = now or datetime.now(city_timezone())
    made = 0
    for dataset in queries.datasets().filter(computed=True):
        figures = _figures(dataset, now)
        if figures and publish_computed(actor=actor, dataset=dataset, figures=figures) is not None:
            made += 1
    return made


def _figures(dataset: Dataset, now: datetime) -> dict[tuple[str, ...], tuple[float | None, str]]:
    wanted = {row.source_key: row.code for row in dataset.indicators.all() if row.source_key}
    running = states.period_of(now.date(), dataset.frequency)
    place = tuple(_whole(each) for each in queries.dimensions_of(dataset))
    found: dict[tuple[str, ...], tuple[float | None, str]] = {}
    for period in (states.period_before(running), running):
        since, until = _bounds(period)
        values: dict[str, float | None] = defaultdict(lambda: None)
        for source in offered(Indicators):
            for figure in source.read(since, min(until, now)):
                if figure["key"] in wanted and figure["value"] is not None:
                    values[wanted[figure["key"]]] = float(figure["value"])
        for code, value in values.items():
            found[(code, period, *place)] = (value, states.PROVISIONAL if period == running else states.NORMAL)
    return found


def _whole(dimension: queries.Dimension) -> str:
    city = regions.of_level("city")
    return city[0].code if dimension.role == "region" and city else queries.TOTAL


def _bounds(period: str) -> tuple[datetime, datetime]:
    """The period's first moment, and the one after its last, in the city's time."""
    zone, first = city_timezone(), states.period_start(period)
    after = first
    while states.period_of(after, states.frequency_of(period)) == period:
        after += timedelta(days=1)
    return datetime.combine(first, time(), zone), datetime.combine(after, time(), zone)
