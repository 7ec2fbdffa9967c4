"""The frameworks that come with the house, and what a city pack adds."""

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
from ..models import Framework
from ..queries.plan import TOPIC

FRAMEWORKS = Path(__file__).resolve().parents[1] / "frameworks"


def shipped_frameworks() -> list[dict[str, Any]]:
    """The frameworks in `frameworks/`, as they are written there."""
    return [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FRAMEWORKS.glob("*.toml"))]


@operation("masterplan.load_frameworks", policy=policies.may_keep_plan)
def load_frameworks(*, actor: Actor, frameworks: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Loading again changes nothing."""
    counts: dict[str, int] = {"created": 0, "changed": 0, "unchanged": 0}
    for given in frameworks:
        values = {
            "title": given["title"],
            "title_en": given.get("title_en", ""),
            "source": given.get("source", ""),
            "valid_from": given["valid_from"],
            "valid_to": given.get("valid_to"),
            "dimensions": [
                {
                    "code": each["code"],
                    "name": each["name"],
                    "name_en": each.get("name_en", ""),
                    "parts": [dict(part) for part in each.get("part", [])],
                }
                for each in given["dimension"]
            ],
        }
        keep_row(Framework, {"code": given["code"]}, values, counts)
    note("masterplan_pack", counts=counts)
    if counts["created"] or counts["changed"]:
        touch(TOPIC)
    return counts
