"""What the desk is offered: the same thing reported twice, and the unit that can help first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, radians
from typing import Any

from django.utils import timezone

from tepian.toolkit.geodesy import distance_m

from .. import states
from ..models import Incident, Unit
from . import travel, types_on

DEFAULT_M, DEFAULT_MINUTES = 300.0, 30.0


@dataclass(frozen=True, slots=True)
class Twin:
    """An open incident that may be the same thing."""

    incident: Incident
    likeness: states.Likeness


def twins(
    *,
    lon: float,
    lat: float,
    type_code: str = "",
    at: datetime | None = None,
    other_than: int | None = None,
    simulated: bool | None = None,
    limit: int = 5,
    least: float = 0.0,
) -> list[Twin]:
    """Open incidents near in place, time and kind, likeliest first; none whose score is below `least`. Reads only the
    box round the place, and only what is weighed of it: in a disaster hundreds lie in it, and five are shown."""
    at = at or timezone.now()
    types = types_on()
    own = types.get(type_code)
    within_m = float(own.duplicate_m) if own else DEFAULT_M
    minutes = float(own.duplicate_minutes) if own else DEFAULT_MINUTES
    reach = 2 * max(within_m, DEFAULT_M)
    d_lat = reach / 111_320
    d_lon = d_lat / max(0.1, cos(radians(lat)))
    rows = Incident.objects.filter(
        state__in=states.OPEN_STATES,
        lat__gte=lat - d_lat,
        lat__lte=lat + d_lat,
        lon__gte=lon - d_lon,
        lon__lte=lon + d_lon,
        opened_at__gte=at - timedelta(minutes=2 * max(minutes, DEFAULT_MINUTES)),
    )
    if other_than:
        rows = rows.exclude(pk=other_than)
    if simulated is not None:
        rows = rows.filter(simulated=simulated)
    found: list[tuple[states.Likeness, int]] = []
    for key, row_lon, row_lat, code, opened_at in rows.values_list("pk", "lon", "lat", "type_code", "opened_at"):
        other = types.get(code)
        likeness = states.likeness(
            metres=distance_m(lon, lat, row_lon or 0.0, row_lat or 0.0),
            minutes=abs((at - opened_at).total_seconds()) / 60,
            same_type=bool(type_code) and code == type_code,
            same_group=own is None or other is None or own.group == other.group,
            within_m=max(within_m, float(other.duplicate_m) if other else 0.0),
            within_minutes=max(minutes, float(other.duplicate_minutes) if other else 0.0),
        )
        if likeness.score > 0 and likeness.score >= least:
            found.append((likeness, key))
    best = sorted(found, key=lambda each: -each[0].score)[:limit]
    shown = Incident.objects.in_bulk([key for _likeness, key in best])
    return [Twin(shown[key], likeness) for likeness, key in best if key in shown]


@dataclass(frozen=True, slots=True)
class Advice:
    """One unit that could go, and why it stands where it stands in the list."""

    unit: Unit
    seconds: float
    metres: float
    basis: str
    missing: tuple[str, ...]  # skills that the incident wants and the unit lacks

    def as_json(self) -> dict[str, Any]:
        return {
            "unit": self.unit.call_sign,
            "agency": self.unit.agency_name,
            "kind": self.unit.kind,
            "seconds": round(self.seconds),
            "metres": round(self.metres),
            "basis": self.basis,
            "missing": list(self.missing),
        }


def advise(incident: Incident, *, limit: int = 3, besides: frozenset[int] = frozenset()) -> list[Advice]:
    """Available, ready units with the wanted skills, fastest first; when none has them, the fastest that are free, with
    what they lack. Units that already declined or let this incident pass are left out."""
    if incident.lon is None or incident.lat is None:
        return []
    kind = types_on(incident.type_from).get(incident.type_code)
    wanted = set(kind.skills if kind else ())
    tried = {row.unit_id for row in incident.deployments.all() if row.state in (states.DECLINED, states.EXPIRED)}
    free = [
        unit
        for unit in Unit.objects.filter(state="available", active=True, simulated=incident.simulated)
        if unit.pk not in tried and unit.pk not in besides and not unit.readiness
    ]
    able = [unit for unit in free if wanted <= set(unit.skills)]
    trips = travel.fastest(able, incident.lon, incident.lat, limit)
    found = [Advice(trip.unit, trip.seconds, trip.metres, trip.basis, ()) for trip in trips]
    if len(found) < limit:
        partly = [unit for unit in free if not wanted <= set(unit.skills) and wanted & set(unit.skills)]
        for trip in travel.fastest(partly, incident.lon, incident.lat, limit - len(found)):
            found.append(
                Advice(trip.unit, trip.seconds, trip.metres, trip.basis, tuple(sorted(wanted - set(trip.unit.skills))))
            )
    return found


def skills_needed(incident: Incident) -> list[str]:
    """Skills of the type that no active deployment brings yet."""
    kind = types_on(incident.type_from).get(incident.type_code)
    wanted = set(kind.skills if kind else ())
    for row in incident.deployments.all() if wanted else ():
        if row.state in states.ACTIVE_STEPS:
            wanted -= set(row.unit.skills)
    return sorted(wanted)
