"""Rules that a city pack brings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation

from .. import policies
from ..models import HazardRule


@operation("emergency.load_rules", policy=policies.may_configure)
def load_rules(*, actor: Actor, rules: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Rules from a city pack. Loading again changes nothing."""
    counts = {"created": 0, "changed": 0, "unchanged": 0}
    for given in rules:
        values = {
            "name": given["name"],
            "name_en": given["name_en"],
            "min_sources": max(2, int(given.get("min_sources", 2))),
            "window_minutes": int(given.get("window_minutes", 60)),
            "max_distance_m": int(given.get("max_distance_m", 5000)),
            "same_district": bool(given.get("same_district", True)),
            "anchor_kinds": list(given.get("anchor_kinds", ["station"])),
            "anchor_level": given.get("anchor_level", "siaga"),
            "support_level": given.get("support_level", "waspada"),
            "basis": given.get("basis", ""),
            "valid_to": given.get("valid_to"),
        }
        row, created = HazardRule.objects.get_or_create(
            hazard=given["hazard"], valid_from=given["valid_from"], defaults=values
        )
        changed = not created and any(getattr(row, name) != value for name, value in values.items())
        if changed:
            HazardRule.objects.filter(pk=row.pk).update(**values)
        counts["created" if created else "changed" if changed else "unchanged"] += 1
    note("hazard_rules", counts=counts)
    if counts["created"] or counts["changed"]:
        touch("emergency")
    return counts
