"""Tables as CKAN's packages, their files as resources."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.text import slugify
from rapidfuzz import fuzz

from tepian.kernel.organisations import queries as organisations
from tepian.kernel.regions.folding import fold

from ...queries import described, standards
from ...queries.standards import Flow

SPACE = uuid.UUID("5b0c1f1e-6d0a-5c1e-9c53-0f2d8f6d2f10")  # only so that the same table always has the same id
ENOUGH = 85.0


def key(*parts: str) -> str:
    return str(uuid.uuid5(SPACE, "/".join(parts)))


@dataclass(frozen=True, slots=True)
class Resource:
    flow: Flow
    file: described.File

    @property
    def id(self) -> str:
        return key(self.flow.id, self.file.key)

    @property
    def asked(self) -> bool:
        """Can it be asked by the datastore? The table, and each figure's CSV."""
        return self.file.format == "CSV"

    @property
    def where(self) -> dict[str, list[str]]:
        return {"indicator": [self.file.indicator]} if self.file.indicator else {}


def resource(ident: str) -> Resource | None:
    """A resource that can be asked."""
    for flow in standards.flows():
        for file in described.files(flow):
            found = Resource(flow, file)
            if found.asked and found.id == ident:
                return found
    return None


def package_by(name: str) -> Flow | None:
    rows = standards.flows()
    return next((flow for flow in rows if name in (flow.id, key(flow.id))), None)


def _moment(value: Any) -> str | None:
    return value.strftime("%Y-%m-%dT%H:%M:%S.%f") if value else None


def organisation(code: str) -> dict[str, Any]:
    name = described.agency_name(code)
    return {
        "id": key("org", code),
        "name": slugify(code.replace(".", "-")),
        "title": name,
        "type": "organization",
        "description": "",
        "is_organization": True,
        "approval_status": "approved",
        "state": "active",
        "image_url": "",
    }


def tag_names(flow: Flow) -> list[str]:
    return list(described.keywords(flow)["id"])


def package(flow: Flow) -> dict[str, Any]:
    row, edition = flow.dataset, flow.edition
    owner = organisation(row.agency_code)
    resources = [_resource(Resource(flow, file), place) for place, file in enumerate(described.files(flow))]
    extras = {
        "frequency": row.frequency,
        "produsen_data": described.agency_name(row.agency_code),
        "walidata": described.agency_name(described.steward()),
        "standar_data": "; ".join(each.definition or each.title for each in flow.indicators.values()),
        "kode_referensi": "; ".join(words.id for words in described.reference_codes(flow)),
        "title_en": row.title_en,
        "notes_en": row.summary_en,
        "edition": str(edition.number),
        "edition_reason": edition.reason,
    }
    return {
        "id": key(flow.id),
        "name": flow.id,
        "title": row.title,
        "notes": row.summary,
        "author": owner["title"],
        "author_email": None,
        "maintainer": row.contact or owner["title"],
        "maintainer_email": None,
        "version": str(edition.number),
        "type": "dataset",
        "state": "active",
        "private": False,
        "isopen": row.licence in described.LICENCES,
        "license_id": row.licence,
        "license_title": row.licence,
        "license_url": described.licence(flow),
        "url": described.address(f"/data/{next(iter(flow.indicators), '')}"),
        "organization": owner,
        "owner_org": owner["id"],
        "creator_user_id": None,
        "metadata_created": _moment(described.first_published(flow)),
        "metadata_modified": _moment(edition.published_at),
        "groups": _groups(flow),
        "tags": [
            {"id": key("tag", name), "name": name, "display_name": name, "state": "active", "vocabulary_id": None}
            for name in tag_names(flow)
        ],
        "num_tags": len(tag_names(flow)),
        "resources": resources,
        "num_resources": len(resources),
        "extras": [{"key": name, "value": value} for name, value in extras.items() if value],
        "relationships_as_subject": [],
        "relationships_as_object": [],
    }


def _groups(flow: Flow) -> list[dict[str, str]]:
    theme = flow.dataset.theme
    if not theme:
        return []
    name = slugify(theme)
    return [{"id": key("group", name), "name": name, "title": theme, "display_name": theme, "description": ""}]


def _resource(one: Resource, place: int) -> dict[str, Any]:
    moment = _moment(one.flow.edition.published_at)
    return {
        "id": one.id,
        "package_id": key(one.flow.id),
        "name": one.file.name.id,
        "description": "",
        "url": described.address(one.file.url),
        "url_type": None,
        "format": one.file.format,
        "mimetype": one.file.media_type,
        "datastore_active": one.asked,
        "position": place,
        "state": "active",
        "created": moment,
        "last_modified": moment,
        "metadata_modified": moment,
        "resource_type": "file",
        "size": None,
        "hash": "",
    }


# --- searching --------------------------------------------------------------------------------------------------------

FACETS = ("organization", "tags", "groups", "res_format", "license_id")


def values_of(flow: Flow, name: str) -> list[tuple[str, str]]:
    """(name, what is shown) of what the flow counts under a facet."""
    if name == "organization":
        owner = organisation(flow.dataset.agency_code)
        return [(owner["name"], organisations.agency_name(flow.dataset.agency_code))]
    if name == "tags":
        return [(tag, tag) for tag in tag_names(flow)]
    if name == "groups":
        return [(group["name"], group["title"]) for group in _groups(flow)]
    if name == "res_format":
        return [(one, one) for one in dict.fromkeys(file.format for file in described.files(flow))]
    if name == "license_id":
        return [(flow.dataset.licence, flow.dataset.licence)]
    if name == "name":
        return [(flow.id, flow.id)]
    return []


def likeness(flow: Flow, text: str) -> float:
    """From 0 to 100: how well the words fit; 100 without words."""
    wanted = fold(text)
    if not wanted or wanted == "*" or text.strip() in ("*:*", "*"):
        return 100.0
    row = flow.dataset
    words = [row.code, row.title, row.title_en, row.summary, row.summary_en, *row.keywords]
    words.append(described.agency_name(row.agency_code))
    for each in flow.indicators.values():
        words += [each.code, each.title, each.title_en, each.definition, *each.synonyms]
    folded = [fold(str(one)) for one in words if one]
    best = max((fuzz.token_set_ratio(wanted, one) for one in folded), default=0.0)
    return max(best, 90.0) if any(wanted in one for one in folded) else best


def search(text: str, filters: Sequence[tuple[str, str, bool]]) -> list[Flow]:
    """Tables like the words that meet all filters (field, value, wanted), best first."""
    found = []
    for flow in standards.flows():
        score = likeness(flow, text)
        if score >= ENOUGH and all(_meets(flow, *one) for one in filters):
            found.append((score, flow))
    return [flow for _score, flow in sorted(found, key=lambda hit: (-hit[0], hit[1].dataset.title))]


def _meets(flow: Flow, name: str, value: str, wanted: bool) -> bool:
    names = {one for pair in values_of(flow, name) for one in pair}
    return (value in names or value == "*") is wanted


def facets(flows: Iterable[Flow], names: Sequence[str], most: int) -> tuple[dict[str, Any], dict[str, Any]]:
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    shown: dict[str, str] = {}
    for flow in flows:
        for name in names:
            for value, text in values_of(flow, name):
                counts[name][value] += 1
                shown[f"{name}/{value}"] = text
    plain = {name: dict(found) for name, found in counts.items()}
    rich = {
        name: {
            "title": name,
            "items": [
                {"name": value, "display_name": shown[f"{name}/{value}"], "count": count}
                for value, count in (found.most_common(most) if most >= 0 else found.most_common())
            ],
        }
        for name, found in counts.items()
    }
    return plain, rich
