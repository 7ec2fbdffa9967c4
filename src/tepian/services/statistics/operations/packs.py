"""The catalogue that a city pack brings (`statistics.toml`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.packs import keep_row
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation

from .. import policies, states
from ..models import Activity, Category, Classification, Dataset, Indicator, Release, Variable
from ..queries.catalogue import TOPIC
from .parts import Counts


@operation("statistics.load_catalogue", policy=policies.may_configure)
def load_catalogue(
    *,
    actor: Actor,
    classifications: Sequence[Mapping[str, Any]] = (),
    activities: Sequence[Mapping[str, Any]] = (),
    datasets: Sequence[Mapping[str, Any]] = (),
) -> Counts:
    """Loading again changes nothing. What the pack no longer names stays: figures were published under it."""
    counts: Counts = {"created": 0, "changed": 0, "unchanged": 0}
    for given in classifications:
        _classification(given, counts)
    for given in activities:
        values = {
            "title": given["title"],
            "agency_code": given["agency"],
            "year": int(given["year"]),
            "form": dict(given.get("form", {})),
        }
        activity = keep_row(Activity, {"code": given["code"]}, values, counts)
        for each in given.get("variable", []):
            values = {"title": each["title"], "form": dict(each.get("form", {}))}
            keep_row(Variable, {"activity": activity, "code": each["code"]}, values, counts)
    for given in datasets:
        _dataset(given, counts)
    note("statistics_pack", counts=counts)
    if counts["created"] or counts["changed"]:
        touch(TOPIC)
    return counts


def _classification(given: Mapping[str, Any], counts: Counts) -> None:
    found = {"code": given["code"], "version": str(given["version"])}
    values = {
        "title": given["title"],
        "title_en": given.get("title_en", ""),
        "source": given.get("source", ""),
        "valid_from": given["valid_from"],
        "valid_to": given.get("valid_to"),
    }
    row = keep_row(Classification, found, values, counts)
    for position, each in enumerate(given.get("category", [])):
        values = {
            "name": each["name"],
            "name_en": each.get("name_en", ""),
            "parent": str(each.get("parent", "")),
            "synonyms": list(each.get("synonyms", [])),
            "position": position,
        }
        keep_row(Category, {"classification": row, "code": str(each["code"])}, values, counts)


def _dataset(given: Mapping[str, Any], counts: Counts) -> None:
    activity = Activity.objects.filter(code=given.get("activity", "")).first()
    values: dict[str, Any] = {
        "title": given["title"],
        "title_en": given.get("title_en", ""),
        "summary": given.get("summary", ""),
        "summary_en": given.get("summary_en", ""),
        "agency_code": given["agency"],
        "activity": activity,
        "theme": given.get("theme", ""),
        "frequency": given.get("frequency", states.YEAR),
        "dimensions": [dict(each) for each in given.get("dimension", [])],
        "keywords": list(given.get("keywords", [])),
        "licence": given.get("licence", "CC-BY-4.0"),
        "contact": given.get("contact", ""),
        "small_cell": given.get("small_cell"),
        "jump": int(given.get("jump", states.JUMP)),
        "computed": bool(given.get("computed", False)),
    }
    row = keep_row(Dataset, {"code": given["code"]}, values, counts)
    for position, each in enumerate(given.get("indicator", [])):
        values = {
            "dataset": row,
            "title": each["title"],
            "title_en": each.get("title_en", ""),
            "unit": each.get("unit", ""),
            "unit_en": each.get("unit_en", ""),
            "decimals": int(each.get("decimals", 0)),
            "direction": each.get("direction", ""),
            "total": each.get("total", ""),
            "definition": each.get("definition", ""),
            "definition_en": each.get("definition_en", ""),
            "formula": each.get("formula", ""),
            "synonyms": list(each.get("synonyms", [])),
            "form": dict(each.get("form", {})),
            "source_key": each.get("source_key", ""),
            "position": position,
        }
        keep_row(Indicator, {"code": each["code"]}, values, counts)
    for each in given.get("release", []):
        keep_row(Release, {"dataset": row, "period": str(each["period"])}, {"due": each["due"]}, counts)
