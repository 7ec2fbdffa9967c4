"""The lists of insults: those that come with the house, and what a city pack adds."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.packs import keep_row
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation

from .. import policies
from ..models import WordList
from ..queries.comments import WORDS_TOPIC

FOLDER = Path(__file__).resolve().parents[1] / "wordlists"


def shipped_word_lists() -> list[dict[str, Any]]:
    """The lists in `wordlists/`, as they are written there."""
    return [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml"))]


@operation("masterplan.load_word_lists", policy=policies.may_keep_plan)
def load_word_lists(*, actor: Actor, lists: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Loading again changes nothing."""
    counts: dict[str, int] = {"created": 0, "changed": 0, "unchanged": 0}
    for given in lists:
        values = {
            "language": given["language"],
            "source": given.get("source", ""),
            "valid_from": given["valid_from"],
            "valid_to": given.get("valid_to"),
            **{name: list(given.get(name, [])) for name in ("words", "prefixes", "suffixes", "innocent")},
        }
        keep_row(WordList, {"code": given["code"]}, values, counts)
    note("masterplan_pack", counts=counts)
    if counts["created"] or counts["changed"]:
        touch(WORDS_TOPIC)
    return counts
