"""A warning is published, changes or ends: subscribers of its area, heads and duty officers are told.

A change that makes nothing worse goes to subscribers only as the end does: once, without urgency."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from tepian.kernel.actors import system
from tepian.kernel.events import Envelope, on
from tepian.kernel.notifications import operations as notifications
from tepian.services.warnings import queries

CONSUMER = "journeys.warning_reaches_people"
ACTOR = system(CONSUMER, "Peringatan dini")
TOPIC = "warnings"
FIRST = {
    "warnings.warning_published.v1": ("", ""),
    "warnings.warning_updated.v1": ("Berubah: ", "Changed: "),
    "warnings.warning_cancelled.v1": ("Berakhir: ", "Ended: "),
}


def tell(envelope: Envelope) -> None:
    """Once for each event and person: the envelope's id is the messages' key."""
    data = envelope.data
    warning = queries.warning_by(data["number"])
    before, before_en = FIRST[envelope.type]
    if data["simulated"]:
        before, before_en = f"[SIMULASI] {before}", f"[SIMULATION] {before_en}"
    over = envelope.type == "warnings.warning_cancelled.v1"
    words: dict[str, Any] = {
        "title": f"{before}{data['headline']}",
        "title_en": f"{before_en}{data['headline_en'] or data['headline']}",
        "body": "" if over else warning.instruction,
        "body_en": "" if over else warning.instruction_en or warning.instruction,
        "url": f"/banjir/{data['number']}",
        "topic": TOPIC,
        "urgency": "danger" if data["rise"] and not data["simulated"] else "notice",
    }
    for role in ("head", "duty_officer"):
        notifications.notify(actor=ACTOR, role=role, key=envelope.id, **words)
    leaving = {"id": "Berhenti menerima: ", "en": "Leave: "}
    notifications.send_to_addresses(
        actor=ACTOR,
        channel="email",
        key=envelope.id,
        **words,
        addresses=[
            (
                row.address,
                row.language,
                f"{leaving.get(row.language, leaving['id'])}{settings.BASE_URL}{queries.leave_path(row)}",
            )
            for row in queries.subscribers(data["areas"])
            if row.channel == "email"
        ],
    )


for _type in FIRST:
    on(_type, consumer=CONSUMER)(tell)
