"""What a city pack brings (`literacy.toml`): the groups, and programmes with their questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.packs import keep_row
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation

from .. import policies
from ..models import AudienceGroup, Programme, Question
from ..queries import TOPIC
from .parts import Counts


@operation("literacy.load_pack", policy=policies.may_configure)
def load_pack(*, actor: Actor, groups: Sequence[Mapping[str, Any]], programmes: Sequence[Mapping[str, Any]]) -> Counts:
    """Loading again changes nothing, and never a programme that exists: it is the organisers' from then on."""
    counts: Counts = {"created": 0, "changed": 0, "unchanged": 0}
    for position, given in enumerate(groups, 1):
        values = {"name": given["name"], "name_en": given.get("name_en", ""), "position": position}
        keep_row(AudienceGroup, {"code": given["code"]}, values, counts)
    for given in programmes:
        row, new = Programme.objects.get_or_create(
            code=given["code"],
            defaults={
                "title": given["title"],
                "title_en": given.get("title_en", ""),
                "summary": given.get("summary", ""),
                "summary_en": given.get("summary_en", ""),
                "agency_code": given["agency"],
                "groups": list(given["groups"]),
                "dimension": given.get("dimension", ""),
                "aim_people": given.get("aim_people"),
                "aim_wards": given.get("aim_wards"),
                "simulated": bool(given.get("simulated", False)),
            },
        )
        counts["created" if new else "unchanged"] += 1
        for position, each in enumerate(given.get("question", []) if new else (), 1):
            Question.objects.create(
                programme=row,
                position=position,
                text=each["text"],
                text_en=each.get("text_en", ""),
                choices=[{"text": text, "text_en": english} for text, english in each["choices"]],
                right=int(each["right"]),
            )
            counts["created"] += 1
    note("literacy_pack", counts=counts)
    if counts["created"] or counts["changed"]:
        touch(TOPIC)
    return counts
