"""For trying out and training: a draft from two simulated signs, made with the same verbs as a real one."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from tepian.kernel.actors import Actor
from tepian.kernel.regions import queries as regions

from . import operations
from .models import Incident


def open_draft(*, actor: Actor, ward: str = "") -> Incident | None:
    """Two simulated sources in a ward (the city's first, when none is given) agree. None in a city without wards."""
    wards = [region for region in regions.of_level("ward") if region.lon is not None]
    place = next((region for region in wards if region.code == ward), wards[0] if wards else None)
    if place is None:
        return None
    now, incident = timezone.now(), None
    for key, kind, label, label_en, level, value, minutes in (
        ("latihan-hujan", "rain", "Pos hujan latihan", "Training rain gauge", "waspada", "32 mm/jam", 20),
        ("latihan-sungai", "station", "Pos sungai latihan", "Training river gauge", "siaga", "3,4 m", 2),
    ):
        sign = operations.report_sign(
            actor=actor,
            hazard="flood",
            source_kind=kind,
            source_key=key,
            label=label,
            label_en=label_en,
            level=level,
            value=value,
            observed_at=now - timedelta(minutes=minutes),
            region_code=place.code,
            lon=place.lon,
            lat=place.lat,
            simulated=True,
        )
        incident = sign.incidents.order_by("-id").first()
    return incident
