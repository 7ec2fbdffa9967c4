"""Published tables as other systems know them: versions, components, code lists. SDMX, CKAN, DCAT and CSVW all say the
same because all of them ask here, and only what the public may see is known here."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from tepian.kernel.catalogue.city import current_city
from tepian.kernel.catalogue.kept import Kept
from tepian.kernel.documents.queries import path_of
from tepian.kernel.regions import queries as regions
from tepian.toolkit import cube

from .. import states
from ..models import Category, Classification, Dataset, Edition, Indicator
from . import data
from .catalogue import FREQUENCY_LABELS, TOPIC, TOTAL

TOPICS = (TOPIC, "regions", "organisations", "city")  # what every answer here is made from
LISTS = "1.0"  # the version of lists and concepts: they hold all codes that were ever in force
UNSAFE = re.compile(r"[^A-Za-z0-9_@\-]")  # in an identifier of SDMX
FIRST_PARTS = ("freq", "indicator", "time_period", "obs_value", "obs_status", "conf_status", "unit_measure", "decimals")
UNITS = {"%": "PT", "orang": "PS", "jiwa": "PS", "rp": "IDR", "": "_Z"}  # as SDMX's and ISO 4217's lists write them


Where = Mapping[str, Collection[str] | cube.Range]


@dataclass(frozen=True, slots=True)
class Words:
    """The same in Indonesian and English; `en` may be empty."""

    id: str
    en: str = ""

    def in_order(self) -> list[tuple[str, str]]:
        return [(language, text) for language, text in (("id", self.id), ("en", self.en)) if text]

    def best(self, language: str) -> str:
        return (self.en if language == "en" else "") or self.id


NOTHING = Words("")


def both(text: Any) -> Words:
    """A translatable text in both languages."""
    with override("id"):
        indonesian = str(text)
    with override("en"):
        return Words(indonesian, str(text))


@dataclass(frozen=True, slots=True)
class Code:
    """`own` is the code in the figures; `id` the same as SDMX may write it."""

    id: str
    name: Words
    own: str = ""
    parent: str = ""


@dataclass(frozen=True)
class Codelist:
    id: str
    name: Words
    codes: tuple[Code, ...]

    @cached_property
    def ids(self) -> Mapping[str, str]:
        """Own code → identifier."""
        return {code.own: code.id for code in self.codes}

    @cached_property
    def owns(self) -> Mapping[str, str]:
        """Identifier → own code."""
        return {code.id: code.own for code in self.codes}

    @cached_property
    def by_id(self) -> Mapping[str, Code]:
        return {code.id: code for code in self.codes}

    def id_of(self, own: str) -> str:
        return self.ids.get(own) or identifier(own)

    def own_of(self, ident: str) -> str:
        return self.owns.get(ident, ident)


@dataclass(frozen=True, slots=True)
class Part:
    """A dimension of a published table. `column` is its column in the figures; FREQ has none, it is the same for all."""

    id: str
    name: Words
    column: str = ""
    codelist: Codelist | None = None
    role: str = ""


@dataclass(frozen=True)
class Flow:
    """One edition of a dataset that is or was public."""

    dataset: Dataset
    edition: Edition
    indicators: Mapping[str, Indicator]
    parts: tuple[Part, ...] = field(repr=False)

    @property
    def id(self) -> str:
        return self.dataset.code

    @property
    def version(self) -> str:
        return f"{self.edition.number}.0"

    @property
    def newest(self) -> bool:
        return self.edition.state == states.PUBLISHED

    @cached_property
    def title(self) -> Words:
        return Words(self.dataset.title, self.dataset.title_en)

    @cached_property
    def summary(self) -> Words:
        return Words(self.dataset.summary, self.dataset.summary_en)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of the figures that stand for dimensions, in the order of `parts` without FREQ."""
        return tuple(part.column for part in self.parts if part.column)

    def unit_id(self, indicator: str) -> str:
        found = self.indicators.get(indicator)
        return unit_id(found.unit if found else "")

    def decimals(self, indicator: str) -> int:
        found = self.indicators.get(indicator)
        return found.decimals if found else 0


def identifier(code: str) -> str:
    """A code as SDMX may write it, and never two alike: what it does not allow becomes `$` and its number."""
    return UNSAFE.sub(lambda found: f"${ord(found.group()):02X}", code) or "_Z"


def unit_id(unit: str) -> str:
    """The code of a unit: orang → PS, Rp/kg → RP_KG."""
    known = UNITS.get(unit.strip().lower())
    return known or re.sub(r"[^A-Z0-9]+", "_", unit.upper()).strip("_") or "_Z"


# --- who is who -------------------------------------------------------------------------------------------------------


def agency() -> tuple[str, Words]:
    """The maintenance agency of all structures: the city, as ID and its number, for an agency's name begins with a
    letter."""
    city = current_city()
    return f"ID{re.sub('[^A-Za-z0-9_-]', '', city.code) or '0'}", Words(city.name, city.name_en)


def provider_id(agency_code: str) -> str:
    return identifier(agency_code).replace("$2E", "_")


# --- lists ------------------------------------------------------------------------------------------------------------

WHOLE = _("Total")
STATUS_CODES = {
    "A": _("Normal value"),
    "E": _("Estimated value"),
    "P": _("Provisional value"),
    "O": _("Missing value"),
    "Q": _("Missing value; suppressed"),
}
# "M" would claim that the figure cannot exist; "O" says that it is not there and leaves open why.
OBS_STATUS = {
    states.NORMAL: "A",
    states.MISSING: "O",
    states.SUPPRESSED: "Q",
    states.PROVISIONAL: "P",
    states.ESTIMATED: "E",
}
CONFIDENTIALITY = {"F": _("Free (free for publication)"), "C": _("Confidential statistical information")}


def _region_list(level: str) -> Codelist:
    """All regions of the level that there ever were, under the city. Their code without dots is the ten-digit code that
    ministries use; dots separate the parts of a key in SDMX."""
    rows = [row for row in regions.atlas().regions.values() if row.level in ("city", level)]
    short = {row.code: row.code.replace(".", "") for row in rows}
    if len(set(short.values())) < len(short):
        short = {code: identifier(code) for code in short}
    codes = [
        Code(short[row.code], Words(row.name(), row.name()), row.code, short.get(row.parent(), "")) for row in rows
    ]
    name = _("Regions, level: %(level)s")
    return Codelist(f"CL_AREA_{level.upper()}", filled(name, level=level), (_whole(), *codes))


def filled(text: Any, **values: str) -> Words:
    words = both(text)
    return Words(words.id % values, words.en % values)


def _whole() -> Code:
    return Code(TOTAL, both(WHOLE), TOTAL)


def _category_lists() -> dict[str, Codelist]:
    """Every classification through all its versions; of a code that several have, the newest words."""
    found: dict[str, dict[str, Category]] = {}
    titles: dict[str, Words] = {}
    for classification in Classification.objects.order_by("valid_from").prefetch_related("categories"):
        titles[classification.code] = Words(classification.title, classification.title_en)
        rows = found.setdefault(classification.code, {})
        for row in classification.categories.all():
            rows[row.code] = row
    lists = {}
    taken = {"CL_FREQ", "CL_UNIT", "CL_OBS_STATUS", "CL_CONF_STATUS"}
    for code, rows in found.items():
        codes = [
            Code(
                identifier(row.code),
                Words(row.name, row.name_en),
                row.code,
                identifier(row.parent) if row.parent in rows and row.parent != row.code else "",
            )
            for row in rows.values()
        ]
        total = () if TOTAL in rows else (_whole(),)
        ident = f"CL_{code.upper().replace('-', '_')}"
        while ident in taken or ident.startswith(("CL_AREA_", "CL_INDICATOR_")):
            ident += "_X"
        taken.add(ident)
        lists[code] = Codelist(ident, titles[code], (*total, *codes))
    return lists


def _plain_list(ident: str, name: Any, codes: Mapping[str, Any]) -> Codelist:
    return Codelist(ident, both(name), tuple(Code(code, both(text), code) for code, text in codes.items()))


def _unit_list() -> Codelist:
    codes: dict[str, Code] = {}
    for unit, english in Indicator.objects.order_by("unit", "unit_en").values_list("unit", "unit_en").distinct():
        found = unit_id(unit)
        codes.setdefault(found, Code(found, Words(unit, english) if unit else both(_("Without a unit")), found))
    return Codelist("CL_UNIT", both(_("Unit of measure")), tuple(codes.values()))


@dataclass(frozen=True)
class Shelf:
    """Lists that many tables share, made once while nothing changes."""

    categories: Mapping[str, Codelist]
    frequency: Codelist
    unit: Codelist
    status: Codelist
    confidentiality: Codelist
    areas: dict[str, Codelist] = field(default_factory=dict)
    flows: dict[int, Flow] = field(default_factory=dict)

    def area(self, level: str) -> Codelist:
        if level not in self.areas:
            self.areas[level] = _region_list(level)
        return self.areas[level]


def _shelf() -> Shelf:
    return Shelf(
        _category_lists(),
        _plain_list("CL_FREQ", _("Frequency"), FREQUENCY_LABELS),
        _unit_list(),
        _plain_list("CL_OBS_STATUS", _("Observation status"), STATUS_CODES),
        _plain_list("CL_CONF_STATUS", _("Confidentiality status"), CONFIDENTIALITY),
    )


shelf = Kept(_shelf, *TOPICS)


# --- flows ------------------------------------------------------------------------------------------------------------


def public_editions() -> QuerySet[Edition]:
    """Editions that are public now, and those that were until a newer one came; never a withdrawn one."""
    return (
        Edition.objects.filter(state__in=(states.PUBLISHED, states.REPLACED), dataset__retired_at=None)
        .exclude(number=None)
        .exclude(data_file="")
        .select_related("dataset__activity")
        .prefetch_related("dataset__indicators")
        .order_by("dataset__code", "-number")
    )


def flows(code: str = "", *, number: int | None = None, every: bool = False) -> list[Flow]:
    """The newest edition of every table or of one; `number` names an edition, `every` means all of them."""
    rows = public_editions()
    if code:
        rows = rows.filter(dataset__code=code)
    if number is not None:
        rows = rows.filter(number=number)
    elif not every:
        rows = rows.filter(state=states.PUBLISHED)
    return flows_of(rows)


def flows_of(rows: Iterable[Edition]) -> list[Flow]:
    kept = shelf()
    found = []
    for row in rows:
        if row.pk not in kept.flows or kept.flows[row.pk].edition.state != row.state:
            kept.flows[row.pk] = _flow(row, kept)
        found.append(kept.flows[row.pk])
    return found


def _flow(row: Edition, kept: Shelf) -> Flow:
    """The components are those of the file, not of the catalogue: an old edition keeps its form."""
    dataset = row.dataset
    indicators = {each.code: each for each in dataset.indicators.all()}
    given = {each["key"]: each for each in dataset.dimensions}
    parts = [
        Part("FREQ", both(_("Frequency")), codelist=kept.frequency),
        Part("INDICATOR", both(_("Indicator")), "indicator", _indicator_list(dataset, indicators)),
    ]
    taken = {*(name.upper() for name in FIRST_PARTS)}
    for key in _schema(row.data_file).dimensions:
        known = given.get(key, {"name": key, "role": "", "level": "", "classification": ""})
        ident = "REF_AREA" if known["role"] == "region" and "REF_AREA" not in taken else key.upper()
        ident = f"DIM_{ident}" if ident in taken else ident
        taken.add(ident)
        if known["role"] == "region":
            codes = kept.area(known["level"])
        else:
            codes = kept.categories.get(known.get("classification", "")) or _bare_list(row, key)
        parts.append(Part(ident, Words(known["name"], known.get("name_en", "")), key, codes, known["role"]))
    parts.append(Part("TIME_PERIOD", both(_("Time period")), "time"))
    return Flow(dataset, row, indicators, tuple(parts))


@lru_cache(maxsize=4096)
def _schema(digest: str) -> cube.Schema:
    found: cube.Schema = data.engine().schema([path_of(digest)])
    return found


def _indicator_list(dataset: Dataset, indicators: Mapping[str, Indicator]) -> Codelist:
    codes = tuple(Code(identifier(code), Words(row.title, row.title_en), code) for code, row in indicators.items())
    return Codelist(f"CL_INDICATOR_{dataset.code}", filled(_("Indicators: %(table)s"), table=dataset.title), codes)


def _bare_list(row: Edition, column: str) -> Codelist:
    """The codes that stand in the figures, of a dimension that the catalogue no longer describes."""
    codes = tuple(Code(identifier(code), Words(code), code) for code in _codes(row.data_file, column))
    return Codelist(f"CL_{identifier(row.dataset.code)}_{column.upper()}", Words(column), codes)


def codes_used(flow: Flow, column: str, where: Where | None = None) -> list[str]:
    """The own codes of a column that stand in the figures, under conditions; sorted."""
    if not where:
        return list(_codes(flow.edition.data_file, column))
    found = data.engine().distinct([path_of(flow.edition.data_file)], column, where=dict(where))
    return [code for code in found if code is not None]


@lru_cache(maxsize=2048)
def _codes(digest: str, column: str) -> tuple[str, ...]:
    """A file never changes, so this may be remembered."""
    found = data.engine().distinct([path_of(digest)], column)
    return tuple(code for code in found if code is not None)


def rows_of(
    flow: Flow,
    where: Where,
    columns: Sequence[str] = (),
    *,
    order_by: Sequence[str] = (),
    limit: int | None = None,
    offset: int = 0,
) -> cube.Result:
    """Figures of an edition as the public sees them."""
    query = cube.Query(where=where, columns=tuple(columns), order_by=tuple(order_by), limit=limit, offset=offset)
    found: cube.Result = data.engine().run([path_of(flow.edition.data_file)], query)
    return found


def count_of(flow: Flow, where: Where) -> int:
    return int(data.engine().count([path_of(flow.edition.data_file)], cube.Query(where=where)))


def last_day(period: str) -> date:
    """The last day of a period."""
    first, frequency = states.period_start(period), states.frequency_of(period)
    length = {states.YEAR: 366, states.SEMESTER: 184, states.QUARTER: 92, states.MONTH: 31, states.DAY: 1}[frequency]
    after = first + timedelta(days=length)
    while states.period_of(after, frequency) != period:
        after -= timedelta(days=1)
    return after


def keys_of(flow: Flow, chosen: Mapping[str, Collection[str]]) -> dict[str, Collection[str] | cube.Range]:
    """Conditions on identifiers of components as conditions on the columns of the figures."""
    parts = {part.id: part for part in flow.parts}
    where: dict[str, Collection[str] | cube.Range] = {}
    for ident, codes in chosen.items():
        part = parts[ident]
        if part.column and codes:
            where[part.column] = [part.codelist.own_of(code) if part.codelist else code for code in codes]
    return where


def run(flow: Flow, query: cube.Query, *, total: bool = False) -> cube.Result:
    """Any question to an edition's public figures."""
    found: cube.Result = data.engine().run([path_of(flow.edition.data_file)], query, total=total)
    return found
