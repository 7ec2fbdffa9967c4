"""What every catalogue (DCAT, CKAN, CSVW) says of a published table: its files, licence, words, and who answers for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db.models import Min
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.kept import Kept
from tepian.kernel.organisations import queries as organisations

from .. import policies, states
from ..models import Classification, Edition
from .standards import TOPICS, Flow, Words, agency, both, codes_used, filled, identifier, last_day

LICENCES = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
OWN_FILES = {  # ending → (media type, name of the format)
    "csv": ("text/csv", "CSV"),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "XLSX"),
    "json": ("application/json", "JSON"),
}


def licence(flow: Flow) -> str:
    """The address of the licence; of one that is not known here, where SPDX keeps it."""
    return LICENCES.get(flow.dataset.licence) or f"https://spdx.org/licenses/{identifier(flow.dataset.licence)}.html"


def address(path: str) -> str:
    return f"{settings.BASE_URL}{path}"


@dataclass(frozen=True, slots=True)
class File:
    """One way to have a table or an indicator of it. `indicator` is empty for the whole table."""

    key: str
    url: str
    media_type: str
    format: str
    name: Words
    indicator: str = ""


def files(flow: Flow) -> list[File]:
    base = f"/sdmx/v2/data/dataflow/{agency()[0]}/{flow.id}/{flow.version}"
    found = [
        File("table", f"{base}?format=csv", "text/csv", "CSV", filled(_("%(table)s: all figures"), table=flow.title.id)),
        File("sdmx-json", f"{base}?format=json", "application/vnd.sdmx.data+json", "SDMX-JSON", Words("SDMX-JSON 2.0")),
        File("sdmx-ml", f"{base}?format=xml", "application/vnd.sdmx.structurespecificdata+xml", "SDMX-ML", Words("SDMX-ML 2.1")),
    ]  # fmt: skip
    for code, row in flow.indicators.items():
        for ending, (media_type, name) in OWN_FILES.items():
            words = Words(f"{row.title} ({name})", f"{row.title_en} ({name})" if row.title_en else "")
            found.append(File(f"{code}.{ending}", f"/data/{code}.{ending}", media_type, name, words, code))
    return found


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is asked of every table in a catalogue: when its first edition came out, and what the lists are called."""

    first: Mapping[int, datetime]
    lists: Mapping[str, Words]


def _read() -> _Facts:
    first = Edition.objects.exclude(published_at=None).values_list("dataset_id").annotate(Min("published_at"))
    lists = {}
    for row in Classification.objects.order_by("valid_from"):  # of several versions the newest
        source = f": {row.source}" if row.source else ""
        lists[row.code] = Words(f"{row.title} {row.version}{source}", row.title_en and f"{row.title_en} {row.version}")
    return _Facts(dict(first), lists)


_facts = Kept(_read, *TOPICS)


def first_published(flow: Flow) -> datetime | None:
    """When the first edition of the table became public."""
    return _facts().first.get(flow.dataset.pk)


def keywords(flow: Flow) -> dict[str, list[str]]:
    """In both languages: the catalogue's own words, and what the figures and their dimensions are called."""
    english = [row.title_en for row in flow.indicators.values()]
    english += [part.name.en for part in flow.parts if part.role]
    return {
        "id": sorted(
            {*(str(word) for word in flow.dataset.keywords), *([flow.dataset.theme] if flow.dataset.theme else [])}
        ),
        "en": sorted({word for word in english if word}),
    }


def reference_codes(flow: Flow) -> list[Words]:
    """Kode referensi: the lists that the dimensions use, with where they come from."""
    lists = _facts().lists
    codes = [each.get("classification", "") for each in flow.dataset.dimensions]
    found = [lists[code] for code in dict.fromkeys(codes) if code in lists]
    if any(each["role"] == "region" for each in flow.dataset.dimensions):
        found.append(both(_("Codes of regions (Ministry of Home Affairs)")))
    return found


def agency_name(code: str) -> str:
    """The agency's full name."""
    try:
        return organisations.agency(code).name
    except NotFound:  # an agency that left the register still has its code
        return code


def span(flow: Flow) -> tuple[date, date] | None:
    """The first day of the first period and the last day of the last one."""
    periods = codes_used(flow, "time")
    if not periods:
        return None
    return min(states.period_start(one) for one in periods), max(last_day(one) for one in periods)


def steward() -> str:
    """The agency whose post checks and publishes (walidata); the city where none has such a post."""
    for position in organisations.chart().positions.values():
        if any(grant.role == policies.STEWARD and grant.scope == "city" for grant in position.grants):
            return position.agency
    return ""
