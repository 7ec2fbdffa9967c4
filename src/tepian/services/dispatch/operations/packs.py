"""Types, run cards, targets, units and neighbours that a city pack brings (`dispatch.toml`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.packs import keep_row
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation
from tepian.kernel.organisations import queries as organisations

from .. import policies
from ..models import ClockTarget, IncidentType, Neighbour, Unit
from .parts import TOPIC

Counts = dict[str, int]


@operation("dispatch.load_pack", policy=policies.may_configure)
def load_pack(
    *,
    actor: Actor,
    types: Sequence[dict[str, Any]],
    targets: Sequence[dict[str, Any]],
    units: Sequence[dict[str, Any]],
    neighbours: Sequence[dict[str, Any]],
) -> Counts:
    """Loading again changes nothing. A unit that the pack no longer names stays, for its history; it is switched off."""
    counts: Counts = {"created": 0, "changed": 0, "unchanged": 0}
    for given in types:
        values = {
            "name": given["name"],
            "name_en": given["name_en"],
            "group": given.get("group", "other"),
            "words": given.get("words", ""),
            "severity": given.get("severity", "C"),
            "skills": list(given.get("skills", [])),
            "units": int(given.get("units", 1)),
            "tasks": [dict(task) for task in given.get("task", [])],
            "script": [dict(line) for line in given.get("say", [])],
            "hazard": given.get("hazard", ""),
            "hazard_level": given.get("hazard_level", ""),
            "duplicate_m": int(given.get("duplicate_m", 300)),
            "duplicate_minutes": int(given.get("duplicate_minutes", 30)),
            "follow_up": given.get("follow_up", ""),
            "basis": given.get("basis", ""),
            "valid_to": given.get("valid_to"),
        }
        keep_row(IncidentType, {"code": given["code"], "valid_from": given["valid_from"]}, values, counts)
    for given in targets:
        found = {"clock": given["clock"], "severity": given.get("severity", ""), "valid_from": given["valid_from"]}
        values = {
            "seconds": int(given["seconds"]),
            "share": int(given.get("share", 90)),
            "basis": given.get("basis", ""),
            "valid_to": given.get("valid_to"),
        }
        keep_row(ClockTarget, found, values, counts)
    for given in units:
        _keep_unit(given, counts)
    gone = Unit.objects.filter(active=True).exclude(call_sign__in=[unit["call_sign"] for unit in units])
    counts["changed"] += gone.update(active=False)
    for given in neighbours:
        values = {"name": given["name"], "contact": given["contact"], "active": bool(given.get("active", True))}
        keep_row(Neighbour, {"code": given["code"]}, values, counts)
    note("dispatch_pack", counts=counts)
    if counts["created"] or counts["changed"]:
        touch(TOPIC, "dispatch-types")
    return counts


def _keep_unit(given: dict[str, Any], counts: Counts) -> None:
    values = {
        "name": given["name"],
        "kind": given["kind"],
        "agency_code": given["agency"],
        "agency_name": organisations.agency_name(given["agency"]) or given["agency"],
        "skills": list(given.get("skills", [])),
        "base": given.get("base", ""),
        "base_lon": float(given["lon"]),
        "base_lat": float(given["lat"]),
        "speed_kmh": float(given.get("speed_kmh", 30)),
        "turnout_seconds": int(given.get("turnout_seconds", 60)),
        "active": True,
    }
    row = Unit.objects.filter(call_sign=given["call_sign"]).first()
    if row is None:
        Unit.objects.create(call_sign=given["call_sign"], lon=values["base_lon"], lat=values["base_lat"], **values)
        counts["created"] += 1
        return
    if any(getattr(row, name) != value for name, value in values.items()):
        moved = (row.base_lon, row.base_lat) != (values["base_lon"], values["base_lat"]) and row.position_at is None
        where = {"lon": values["base_lon"], "lat": values["base_lat"]} if moved else {}
        Unit.objects.filter(pk=row.pk).update(**values, **where)
        counts["changed"] += 1
    else:
        counts["unchanged"] += 1


@operation("dispatch.rehearse_units", policy=policies.may_configure)
def rehearse_units(*, actor: Actor) -> int:
    """All units take part in a demonstration: they are sent to simulated incidents, and only to those."""
    changed = Unit.objects.filter(simulated=False).update(simulated=True)
    note("dispatch_pack", rehearsing=changed)
    touch(TOPIC)
    return changed
