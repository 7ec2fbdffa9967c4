"""A duty officer confirms an incident, and citizens are warned; it changes or ends, and they are told so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from tepian.kernel.actors import system
from tepian.kernel.events import Envelope, on
from tepian.services.warnings import operations as warnings
from tepian.services.warnings import queries

CONSUMER = "journeys.confirmed_incident_warns_citizens"
ACTOR = system(CONSUMER, "Peringatan dini")


def _telling(data: dict[str, Any]) -> dict[str, Any]:
    """The incident's public side as the warnings room wants it. The warning names the office that confirmed."""
    return {
        "hazard": data["hazard"],
        "level": data["level"],
        "areas": data["areas"],
        "expires_at": datetime.fromisoformat(data["valid_until"]),
        "onset_at": datetime.fromisoformat(data["onset_at"]),
        "sources": data["sources"],
        "confirmed_by": data["by"],
        "automatic": data["automatic"],
        "incident_number": data["number"],
        "incident_version": data["version"],
        "lon": data.get("lon"),
        "lat": data.get("lat"),
        "simulated": data["simulated"],
        **data["message"],
    }


def _tell(envelope: Envelope) -> None:
    """Publish, or update what is in force: `publish_warning` decides by incident number and version, so that an event
    delivered twice is told once."""
    data = envelope.data
    if queries.kind_of(data["hazard"]) is None or not data["valid_until"]:
        return
    if datetime.fromisoformat(data["valid_until"]) <= timezone.now():
        return  # delivered so late that the warning is over
    warnings.publish_warning(actor=ACTOR, **_telling(data))


@on("emergency.incident_confirmed.v1", consumer=CONSUMER)
def confirmed(envelope: Envelope) -> None:
    _tell(envelope)


@on("emergency.incident_changed.v1", consumer=CONSUMER)
def changed(envelope: Envelope) -> None:
    _tell(envelope)


@on("emergency.incident_closed.v1", consumer=CONSUMER)
def closed(envelope: Envelope) -> None:
    warning = queries.latest_of_incident(envelope.data["number"])
    if warning is not None and warning.in_force:
        warnings.cancel_warning(
            actor=ACTOR,
            number=warning.number,
            reason=envelope.data["outcome"],
            incident_version=envelope.data["version"],
        )
