"""For trying out: a simulated warning, marked as an exercise everywhere."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from tepian.kernel.actors import Actor
from tepian.kernel.regions import queries as regions

from . import operations, queries
from .models import PublicWarning


def publish(*, actor: Actor, hazard: str = "flood", level: str = "waspada", ward: str = "") -> PublicWarning | None:
    """Publish the city's own words for a ward (its first, when none is given). None without wards or words."""
    wards = regions.of_level("ward")
    place = next((region for region in wards if region.code == ward), wards[0] if wards else None)
    words = queries.words(hazard, level, place.name()) if place else {}
    if place is None or not words.get("headline"):
        return None
    return operations.publish_warning(
        actor=actor,
        hazard=hazard,
        level=level,
        areas=[place.code],
        simulated=True,
        confirmed_by="Latihan",
        expires_at=timezone.now() + timedelta(hours=words.pop("hours")),
        lon=place.lon,
        lat=place.lat,
        **words,
    )
