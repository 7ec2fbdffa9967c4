"""What a city pack brings (`ward_letters.toml`): office time, kinds of letters, ready sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.packs import keep_row
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation

from .. import policies
from ..models import LetterKind, OfficeTime, ReadySentence
from ..queries import TOPIC
from ..queries.pack import deadline


@operation("ward_letters.load_pack", policy=policies.may_configure)
def load_pack(
    *,
    actor: Actor,
    times: Sequence[Mapping[str, Any]],
    kinds: Sequence[Mapping[str, Any]],
    sentences: Sequence[Mapping[str, Any]],
) -> dict[str, int]:
    """Loading again changes nothing. A kind changes by a new row with its own `valid_from`; requests keep theirs."""
    counts = {"created": 0, "changed": 0, "unchanged": 0}
    for given in times:
        values = {
            "hours": dict(given["hours"]),
            "holidays": [str(day) for day in given.get("holidays", [])],
        }
        keep_row(OfficeTime, {"valid_from": given["valid_from"]}, values, counts)
    for place, given in enumerate(sentences):
        values = {key: given.get(key, "") for key in ("use", "text", "text_en", "basis")} | {"position": place}
        keep_row(ReadySentence, {"code": given["code"]}, values, counts)
    for place, given in enumerate(kinds):
        words = {key: given.get(key, "") for key in ("title", "title_en", "summary", "summary_en", "words", "basis")}
        values = words | {
            "position": place,
            "questions": list(given.get("question", [])),
            "papers": list(given.get("paper", [])),
            "checks": list(given.get("checks", [])),
            "steps": list(given["steps"]),
            "fee": int(given.get("fee", 0)),
            "minutes": deadline(given)[0],
            "days": deadline(given)[1],
            "valid_days": int(given.get("valid_days", 0)),
            "template": given["template"],
            "series": given["series"],
            "number_rule": given["number"],
            "classification": given.get("classification", ""),
            "valid_to": given.get("valid_to"),
        }
        keep_row(LetterKind, {"code": given["code"], "valid_from": given["valid_from"]}, values, counts)
    note("ward_letters_pack", counts=counts)
    if counts["created"] or counts["changed"]:
        touch(TOPIC)
    return counts
