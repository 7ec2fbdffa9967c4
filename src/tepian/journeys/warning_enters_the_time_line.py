"""What the public was told stands in the incident's time line: when, under which number, and what."""

from __future__ import annotations

from tepian.kernel.actors import system
from tepian.kernel.events import Envelope, on
from tepian.services.emergency import operations as emergency

CONSUMER = "journeys.warning_enters_the_time_line"
ACTOR = system(CONSUMER, "Peringatan dini")
STEPS = {
    "warnings.warning_published.v1": "published",
    "warnings.warning_updated.v1": "updated",
    "warnings.warning_cancelled.v1": "cancelled",
    "warnings.warning_expired.v1": "expired",
}


def write(envelope: Envelope) -> None:
    """Once for each event: the envelope's id is the entry's key."""
    if envelope.data["incident_number"]:
        emergency.record_warning(
            actor=ACTOR,
            number=envelope.data["incident_number"],
            warning=envelope.data["number"],
            what=STEPS[envelope.type],
            key=envelope.id,
        )


for _step in STEPS:
    on(_step, consumer=CONSUMER)(write)
