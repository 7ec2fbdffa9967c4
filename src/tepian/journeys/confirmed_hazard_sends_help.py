"""A hazard is confirmed: the 112 desk gets it as one incident to send units to, and open calls inside its areas are
linked to it."""

from __future__ import annotations

from tepian.kernel.actors import system
from tepian.kernel.events import Envelope, on
from tepian.services.dispatch import operations as dispatch
from tepian.services.dispatch import queries

CONSUMER = "journeys.confirmed_hazard_sends_help"
ACTOR = system(CONSUMER, "Kejadian")


@on("emergency.incident_confirmed.v1", consumer=CONSUMER)
def confirmed(envelope: Envelope) -> None:
    """Idempotent: the hazard's number is the key of what is opened."""
    data = envelope.data
    kind = next((row for row in queries.types_on().values() if row.hazard == data["hazard"]), None)
    if kind is None:
        return  # this city's 112 desk sends nobody to such a hazard
    made = dispatch.open_incident(
        actor=ACTOR,
        place=data["place"],
        lon=data.get("lon"),
        lat=data.get("lat"),
        type_code=kind.code,
        source="incident",
        source_key=data["number"],
        key=f"hazard-{data['number']}",
        hazard_number=data["number"],
        simulated=data["simulated"],
    )
    for row in queries.open_incidents():
        same = row.type_code == kind.code and row.simulated == data["simulated"] and row.region_code in data["areas"]
        if same and row.pk != made.pk:
            dispatch.link_hazard(actor=ACTOR, number=row.number, hazard_number=data["number"])
