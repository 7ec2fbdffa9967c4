"""Signs agree: the duty officers are told at once, and again when an incident gets worse."""

from __future__ import annotations

from tepian.kernel.actors import system
from tepian.kernel.events import Envelope, on
from tepian.kernel.notifications import operations as notifications
from tepian.ui import levels

CONSUMER = "journeys.draft_alerts_duty_officer"
ACTOR = system(CONSUMER, "Kejadian")
TOPIC = "emergency.drafts"


def _address(number: str) -> str:
    return f"/kerja/kejadian/{number}"


@on("emergency.draft_opened.v1", consumer=CONSUMER)
def draft_opened(envelope: Envelope) -> None:
    """The level's words are the same in both languages."""
    data = envelope.data
    mark, mark_en = ("[SIMULASI] ", "[SIMULATION] ") if data["simulated"] else ("", "")
    word = str(levels.label(data["level"]))
    notifications.notify(
        actor=ACTOR,
        topic=TOPIC,
        role="duty_officer",
        key=envelope.id,
        url=_address(data["number"]),
        urgency="notice" if data["simulated"] else "danger",
        title=f"{mark}Rancangan kejadian {data['number']}: {word}, {data['place']}",
        title_en=f"{mark_en}Draft incident {data['number']}: {word}, {data['place']}",
        body="Ada tanda bahaya. Pastikan atau tolak. Warga belum diberi tahu.",
        body_en="There are signs of danger. Confirm or dismiss. The public has not been told.",
    )


@on("emergency.level_suggested.v1", consumer=CONSUMER)
def level_suggested(envelope: Envelope) -> None:
    data = envelope.data
    mark, mark_en = ("[SIMULASI] ", "[SIMULATION] ") if data["simulated"] else ("", "")
    word = str(levels.label(data["suggested"]))
    notifications.notify(
        actor=ACTOR,
        topic=TOPIC,
        role="duty_officer",
        key=envelope.id,
        url=_address(data["number"]),
        urgency="notice" if data["simulated"] else "danger",
        title=f"{mark}Kejadian {data['number']} memburuk: {word}, {data['place']}",
        title_en=f"{mark_en}Incident {data['number']} gets worse: {word}, {data['place']}",
        body="Ubah peringatan bila Anda setuju.",
        body_en="Change the warning if you agree.",
    )
