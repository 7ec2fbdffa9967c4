"""The limits that make a level today, station by station."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from tepian.kernel.catalogue.city import today

from ..models import ThresholdScale
from .latest import english


@dataclass(frozen=True, slots=True)
class Limit:
    """The alerting scale of a datastream: lower bounds (None where a level is not used) in `unit`, and who says so."""

    station: str
    name: str
    label: str
    unit: str
    waspada: float | None
    siaga: float | None
    awas: float | None
    since: date
    source: str


def limits_today() -> list[Limit]:
    """All alerting limits of active stations, by name. One query."""
    day, in_english = today(), english()
    scales = ThresholdScale.objects.select_related("datastream__station").filter(
        Q(valid_to=None) | Q(valid_to__gte=day), alerting=True, valid_from__lte=day, datastream__station__active=True
    )
    found = []
    for scale in scales:
        series = scale.datastream
        station = series.station
        waspada, siaga, awas = (None if math.isinf(bound) else bound for bound in scale.bounds)
        found.append(
            Limit(
                station=station.code,
                name=(station.name_en or station.name) if in_english else station.name,
                label=(series.name_en or series.name) if in_english else series.name,
                unit=series.unit_label,
                waspada=waspada,
                siaga=siaga,
                awas=awas,
                since=scale.valid_from,
                source=scale.source,
            )
        )
    return sorted(found, key=lambda limit: (limit.name, limit.label))
