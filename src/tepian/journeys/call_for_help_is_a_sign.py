"""A call for help about a hazard of the city (a flood) is one more sign of it; somebody at the desk who wants the public
warned opens a draft. A duty officer decides either way."""

from __future__ import annotations

from typing import Any

from tepian.kernel.actors import system
from tepian.kernel.events import Envelope, on
from tepian.services.dispatch import queries as dispatch
from tepian.services.emergency import operations as emergency
from tepian.services.emergency import queries as emergencies

CONSUMER = "journeys.call_for_help_is_a_sign"
ACTOR = system(CONSUMER, "112")


def _sign(data: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
    """All calls about one incident are one source, so that ten people on one corner do not count as ten."""
    return {
        "actor": ACTOR,
        "hazard": data["hazard"],
        "source_kind": "call",
        "source_key": f"112/{data['number']}",
        "label": f"Panggilan 112 {data['number']}",
        "label_en": f"112 call {data['number']}",
        "level": data["level"] or "waspada",
        "observed_at": envelope.time,
        "region_code": data["region"],
        "lon": data["lon"],
        "lat": data["lat"],
        "simulated": data["simulated"],
        "evidence": {"event": envelope.id},
    }


def _tells(data: dict[str, Any]) -> bool:
    return bool(data["hazard"]) and data["lat"] is not None and emergencies.rule_on(data["hazard"]) is not None


@on("dispatch.incident_opened.v1", consumer=CONSUMER)
def opened(envelope: Envelope) -> None:
    """What the city's own hazard incident opened is no new sign of it."""
    if _tells(envelope.data) and envelope.data["source"] != "incident":
        emergency.report_sign(**_sign(envelope.data, envelope))


@on("dispatch.incident_changed.v1", consumer=CONSUMER)
def changed(envelope: Envelope) -> None:
    data = envelope.data
    if not _tells(data):
        return
    if data["what"] == "warning_proposed":
        emergency.propose_draft(**_sign(data, envelope))
    elif data["what"] == "changed" and not dispatch.incident_by(data["number"]).hazard_number:
        emergency.report_sign(**_sign(data, envelope))
