"""What a station measured around a moment, for whoever has to judge it (an incident's page and record)."""

from __future__ import annotations

import math
from datetime import datetime

from django.utils.html import format_html

from tepian.ui import charts, levels

from .. import queries
from ..models import Datastream
from ..queries.series import choose_step


def panel(station: str, since: datetime, until: datetime) -> str:
    """A chart of each of the station's datastreams with its thresholds, and a link to the station's page. Empty for a
    station that nobody knows."""
    readings = queries.of_station(station)
    rows = {row.slug: row for row in Datastream.objects.filter(station__code=station)}
    drawn = []
    for reading in readings:
        row = rows.get(reading.slug)
        if row is None:
            continue
        found = queries.series(row.pk, since, until, choose_step(since, until, row.expected_interval_s))
        points = [(p.at, p.value) for p in found.points if not p.flags & 1] or [(b.at, b.mean) for b in found.buckets]
        limits = [
            (levels.label(level), bound, level)
            for level, bound in zip(("waspada", "siaga", "awas"), reading.bounds, strict=True)
            if not math.isinf(bound) and not reading.summed
        ]
        drawn.append(
            charts.line_chart(
                [("", points)],
                thresholds=limits,
                unit=reading.unit,
                title=f"{reading.name}: {reading.label}",
                start=since,
                end=until,
                height=200,
                width=480,
            )
        )
    if not drawn:
        return ""
    link = format_html('<p><a href="{}">{}</a></p>', readings[0].url, readings[0].name)
    return "".join([*drawn, link])
