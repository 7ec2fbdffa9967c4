"""A river rises: what a station measures becomes a sign of flood. Whether signs open a draft is emergency's rule."""

from __future__ import annotations

from datetime import datetime

from tepian.kernel.actors import system
from tepian.kernel.events import Envelope, on
from tepian.services.emergency import operations as emergency
from tepian.services.emergency import queries

ACTOR = system("journeys.rising_river_reports_a_sign", "Pemantauan air")
CONSUMER = "journeys.rising_river_reports_a_sign"
HAZARD = "flood"
DANGER = ("waspada", "siaga", "awas")


def source_kind(station_kind: str) -> str:
    """Rain is one kind of source; rivers, tides and dams all tell the height of water."""
    return "rain" if station_kind == "rain" else "station"


@on("sensors.level_changed.v1", consumer=CONSUMER)
def level_changed(envelope: Envelope) -> None:
    """Idempotent: emergency ignores what is older than what it knows. Level `unknown` tells nothing about danger."""
    data = envelope.data
    if queries.rule_on(HAZARD) is None:
        return  # this city has no rule for floods; `tepian check` says so
    source = {
        "hazard": HAZARD,
        "source_kind": source_kind(data["kind"]),
        "source_key": data["station"],
        "stream": str(data["datastream"]),
        "simulated": bool(data.get("simulated")),
    }
    at = min(datetime.fromisoformat(data["observed_at"]), envelope.time)  # a station's clock may run ahead
    if data["to_level"] == "normal":
        emergency.end_sign(actor=ACTOR, at=at, **source)
    elif data["to_level"] in DANGER:
        emergency.report_sign(
            actor=ACTOR,
            **source,
            level=data["to_level"],
            observed_at=at,
            label=data["station_name"],
            label_en=data.get("station_name_en") or data["station_name"],
            region_code=data.get("region") or "",
            lon=data.get("lon"),
            lat=data.get("lat"),
            value=f"{data['value']:g} {data['unit']}",
            evidence={
                "event": envelope.id,
                "position": envelope.position,
                "value": data["value"],
                "unit": data["unit"],
                "bound": data.get("bound"),
                "scale": data.get("scale", ""),
                "kind": data["kind"],
                "quality": data.get("quality", []),
            },
        )


@on("sensors.station_silent.v1", consumer=CONSUMER)
def station_silent(envelope: Envelope) -> None:
    since = envelope.data.get("last_at") or envelope.time.isoformat()
    emergency.mark_silence(actor=ACTOR, source_key=envelope.data["station"], since=datetime.fromisoformat(since))


@on("sensors.station_returned.v1", consumer=CONSUMER)
def station_returned(envelope: Envelope) -> None:
    emergency.mark_silence(actor=ACTOR, source_key=envelope.data["station"], since=None)
