"""When nobody can take an incident, or an agency stays silent, the supervisors are told at once."""

from __future__ import annotations

from tepian.kernel.actors import system
from tepian.kernel.events import Envelope, on
from tepian.kernel.notifications import operations as notifications

CONSUMER = "dispatch.supervisor"
ACTOR = system(CONSUMER, "112")


@on("dispatch.help_refused.v1", consumer=CONSUMER)
def help_refused(envelope: Envelope) -> None:
    data = envelope.data
    if data["level"] != "supervisor":
        return
    mark, mark_en = ("[SIMULASI] ", "[SIMULATION] ") if data["simulated"] else ("", "")
    notifications.notify(
        actor=ACTOR,
        topic="dispatch.escalations",
        role="supervisor",
        key=envelope.id,
        url=f"/kerja/112/{data['number']}",
        urgency="notice" if data["simulated"] else "danger",
        title=f"{mark}Kejadian {data['number']}: {data['who']} tidak menjawab",
        title_en=f"{mark_en}Incident {data['number']}: {data['who']} does not answer",
        body="Belum ada yang menangani. Putuskan siapa yang diminta.",
        body_en="Nobody has taken it. Decide who is asked.",
    )
