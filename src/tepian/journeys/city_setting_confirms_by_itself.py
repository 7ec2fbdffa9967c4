"""Where the city's dated setting says so, a draft is confirmed without a person; the record says that it was."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from tepian.kernel.actors import Conflict, system
from tepian.kernel.events import Envelope, on
from tepian.services.emergency import operations as emergency
from tepian.services.warnings import queries as warnings

CONSUMER = "journeys.city_setting_confirms_by_itself"
ACTOR = system(CONSUMER, "Sistem, atas aturan kota")


@on("emergency.draft_opened.v1", consumer=CONSUMER)
def draft_opened(envelope: Envelope) -> None:
    data = envelope.data
    if not warnings.automatic(data["hazard"]):
        return
    words = warnings.words(data["hazard"], data["level"], data["place"])
    if not words.get("headline") or not words.get("instruction") or not data["areas"]:
        return  # nothing to tell: a person has to write it
    try:
        emergency.confirm_draft(
            actor=ACTOR,
            number=data["number"],
            level=data["level"],
            areas=data["areas"],
            automatic=True,
            valid_until=timezone.now() + timedelta(hours=words["hours"]),
            **{key: words[key] for key in ("headline", "headline_en", "instruction", "instruction_en")},
        )
    except Conflict:
        return  # a person was faster, or this was delivered before
