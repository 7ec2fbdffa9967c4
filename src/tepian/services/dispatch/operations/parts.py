"""What the verbs share: texts, the story, conflicts, and the order in which rows are locked.

One order for all, so that no two verbs wait for each other: incidents (by key), then what belongs to them (calls, tasks,
deployments, units), then the topic that open pages watch. So a verb holds its incident before it changes anything, and
touches the topic last.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit
from tepian.kernel.regions.locate import region_at

from .. import queries, states
from ..events import IncidentChanged
from ..models import Block, Call, Deployment, Entry, Incident

TOPIC = "dispatch"
Part = TypeVar("Part", Call, Deployment)


def hold(*incidents: int) -> None:
    """Nobody else changes these incidents, or what belongs to them, until the transaction ends."""
    list(Incident.objects.select_for_update(no_key=True).filter(pk__in=incidents).order_by("pk").values_list("pk"))


class _Moved(Exception):
    """Between two looks somebody merged or split the incident."""


def held(rows: QuerySet[Part]) -> Part | None:
    """The one row of `rows`, locked after its incident. When it moved to another incident between the two looks, what was
    locked is let go and everything begins anew."""
    while True:
        incident = rows.values_list("incident", flat=True).first()
        try:
            with transaction.atomic():
                if incident is not None:
                    hold(incident)
                row = rows.select_for_update(of=("self",), no_key=True).first()
                if row is not None and row.incident_id != incident:
                    raise _Moved
                return row
        except _Moved:
            continue


def ward_of(lon: float | None, lat: float | None) -> str:
    """The ward of a point; empty when it lies outside the city or there is none."""
    if lon is None or lat is None:
        return ""
    found = region_at(lon, lat)
    return found.code if found else ""


def write(
    actor: Actor, incident: Incident, kind: str, *, at: datetime | None = None, text: str = "", **params: Any
) -> Entry:
    """Append to the story. `at` is when it happened, now when none is given."""
    now = timezone.now()
    return Entry.objects.create(
        incident=incident,
        at=at or now,
        received_at=now,
        actor_kind=actor.kind,
        actor_label=actor.label[:200],
        kind=kind,
        params=params,
        text=text,
    )


def changed(incident: Incident, what: str) -> None:
    """Tell the others and every open desk."""
    kind = queries.type_of(incident)
    emit(
        IncidentChanged(
            number=incident.number,
            type_code=incident.type_code,
            severity=incident.severity,
            simulated=incident.simulated,
            what=what,
            state=incident.state,
            lon=incident.lon,
            lat=incident.lat,
            region=incident.region_code,
            place=incident.place,
            hazard=kind.hazard if kind else "",
            level=kind.hazard_level if kind else "",
        )
    )
    touch(TOPIC)


def settle(incident: Incident) -> None:
    """Bring the incident's state and clocks in line with its deployments."""
    rows = list(incident.deployments.all())
    state = states.incident_state((row.state for row in rows), incident.state)
    arrived = min((row.arrived_at for row in rows if row.arrived_at), default=None)
    asked = min((row.asked_at for row in rows), default=None)
    Incident.objects.filter(pk=incident.pk).update(state=state, arrived_at=arrived, dispatched_at=asked)
    incident.refresh_from_db()


def still_open(number: str) -> Incident:
    """The incident, held to be worked on; `Conflict` when it is over or merged."""
    incident = queries.incident_by(number, lock=True)
    if incident.state == states.MERGED and incident.merged_into:
        raise Conflict(
            _("This incident was merged into %(number)s. Nothing was changed; work there.")
            % {"number": incident.merged_into.number},
            code="merged",
            item=incident.merged_into.number,
        )
    if incident.state not in states.OPEN_STATES:
        raise Conflict(
            _("This incident is closed (%(who)s). Nothing was changed.") % {"who": incident.closed_by or "–"},
            code="closed",
            item=incident.number,
        )
    return incident


def end_block(actor: Actor, block: Block) -> None:
    """The number's calls wait like all others again, unless another block still holds. Repeating changes nothing."""
    if block.lifted_at is not None:
        return
    block.lifted_at, block.lifted_by = timezone.now(), actor.label[:200]
    block.save(update_fields=["lifted_at", "lifted_by"])
    if queries.block_of(block.number_key) is None:
        Call.objects.filter(number_key=block.number_key, closed_at=None).update(blocked=False)


def check_point(lon: float | None, lat: float | None) -> None:
    if (lon is None) != (lat is None):
        raise Invalid(_("A point needs longitude and latitude."), code="bad_point", field="lat")
    if lon is not None and lat is not None and not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise Invalid(_("This point is not on the globe. Check the numbers."), code="bad_point", field="lat")


def clean_victims(given: dict[str, Any] | None) -> dict[str, int]:
    """Counts by kind; what is no count is refused, zero is left out."""
    found: dict[str, int] = {}
    for key, value in (given or {}).items():
        if key not in states.VICTIMS:
            raise Invalid(_("Unknown kind of victim: %(kind)s.") % {"kind": key}, code="victims", field="victims")
        try:
            number = int(value or 0)
        except (TypeError, ValueError):
            number = -1
        if not 0 <= number <= 9999:
            raise Invalid(_("Write the number of people as digits, 0 to 9999."), code="victims", field="victims")
        if number:
            found[key] = number
    return found
