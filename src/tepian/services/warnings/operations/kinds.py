"""Kinds of warning that a city pack brings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation

from .. import policies, states
from ..models import WarningKind


@operation("warnings.load_kinds", policy=policies.may_configure)
def load_kinds(*, actor: Actor, kinds: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Kinds of warning from a city pack. Loading again changes nothing."""
    counts = {"created": 0, "changed": 0, "unchanged": 0}
    for order, given in enumerate(kinds, 1):
        values = {
            "name": given["name"],
            "name_en": given["name_en"],
            "category": given.get("category", "Met"),
            "contact": given.get("contact", ""),
            "order": order,
            "levels": {level: dict(given[level]) for level in states.LEVELS if level in given},
        }
        kind, created = WarningKind.objects.get_or_create(hazard=given["hazard"], defaults=values)
        changed = not created and any(getattr(kind, name) != value for name, value in values.items())
        if changed:
            WarningKind.objects.filter(pk=kind.pk).update(**values)
        for rule in given.get("publication", []):
            dated = {
                "automatic": bool(rule["automatic"]),
                "basis": rule.get("basis", ""),
                "valid_to": rule.get("valid_to"),
            }
            row, new = kind.publication_rules.get_or_create(valid_from=rule["valid_from"], defaults=dated)
            if not new and any(getattr(row, name) != value for name, value in dated.items()):
                kind.publication_rules.filter(pk=row.pk).update(**dated)
                changed = not created
            changed = changed or (new and not created)
        counts["created" if created else "changed" if changed else "unchanged"] += 1
    note("warning_kinds", counts=counts)
    if counts["created"] or counts["changed"]:
        touch("warnings")
    return counts
