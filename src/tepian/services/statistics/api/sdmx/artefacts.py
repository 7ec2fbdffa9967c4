"""The structures that describe the published tables, and how they refer to each other. Written by `ml` and `js`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from tepian.kernel.organisations import queries as organisations

from ...models import Dataset
from ...queries import standards
from ...queries.standards import LISTS, NOTHING, Codelist, Flow, Part, Words, both
from ..answers import TOO_LARGE, Refused
from .asking import VERSION

MOST = 1000
SDMX = "SDMX"
CONCEPTS, PROVIDERS, THEMES, AGENCIES = "CONCEPTS", "DATA_PROVIDERS", "THEMES", "AGENCIES"
KINDS = (
    "agencyscheme",
    "dataproviderscheme",
    "categoryscheme",
    "conceptscheme",
    "codelist",
    "datastructure",
    "dataflow",
    "categorisation",
    "contentconstraint",
)
# What SDMX knows and this city has none of, with the names of both versions.
OTHERS = {
    "metadatastructure", "metadataflow", "hierarchicalcodelist", "hierarchy", "hierarchyassociation",
    "organisationscheme", "organisationunitscheme", "dataconsumerscheme", "metadataproviderscheme",
    "provisionagreement", "metadataprovisionagreement", "structureset", "structuremap", "representationmap",
    "conceptschememap", "categoryschememap", "organisationschememap", "reportingtaxonomy",
    "reportingtaxonomymap", "process", "attachmentconstraint", "allowedconstraint", "metadataconstraint",
    "valuelist", "geographiccodelist", "geogridcodelist", "transformationscheme", "rulesetscheme",
    "userdefinedoperatorscheme", "customtypescheme", "namepersonalisationscheme", "vtlmappingscheme",
}  # fmt: skip
CLASSES = {
    "agencyscheme": ("base", "AgencyScheme"),
    "dataproviderscheme": ("base", "DataProviderScheme"),
    "categoryscheme": ("categoryscheme", "CategoryScheme"),
    "conceptscheme": ("conceptscheme", "ConceptScheme"),
    "codelist": ("codelist", "Codelist"),
    "datastructure": ("datastructure", "DataStructure"),
    "dataflow": ("datastructure", "Dataflow"),
    "categorisation": ("categoryscheme", "Categorisation"),
    "contentconstraint": ("registry", "ContentConstraint"),
}
COMMON_CONCEPTS = {
    "FREQ": _("Frequency"),
    "INDICATOR": _("Indicator"),
    "REF_AREA": _("Region"),
    "TIME_PERIOD": _("Time period"),
    "OBS_VALUE": _("Observation value"),
    "OBS_STATUS": _("Observation status"),
    "CONF_STATUS": _("Confidentiality status"),
    "UNIT_MEASURE": _("Unit of measure"),
    "DECIMALS": _("Decimals"),
}


@dataclass(frozen=True, slots=True)
class Ref:
    kind: str
    id: str
    version: str
    agency: str = ""

    def urn(self, item: str = "", kind: tuple[str, str] | None = None) -> str:
        package, name = kind or CLASSES[self.kind]
        base = f"urn:sdmx:org.sdmx.infomodel.{package}.{name}={self.agency}:{self.id}({self.version})"
        return f"{base}.{item}" if item else base


@dataclass(frozen=True, slots=True)
class Item:
    id: str
    name: Words
    description: Words = NOTHING
    parent: str = ""


@dataclass(frozen=True)
class Artefact:
    """One structure. `flow` is set for those of one table; `stub`: only its name, the rest under its address."""

    ref: Ref
    name: Words
    description: Words = NOTHING
    items: tuple[Item, ...] = ()
    flow: Flow | None = None
    children: tuple[Ref, ...] = ()
    final: bool = True
    stub: bool = False


def ref(kind: str, ident: str, version: str = LISTS) -> Ref:
    return Ref(kind, ident, version, SDMX if kind == "agencyscheme" else standards.agency()[0])


def flow_ref(flow: Flow, kind: str = "dataflow") -> Ref:
    prefix = {"dataflow": "", "datastructure": "DSD_", "contentconstraint": "CR_", "categorisation": "CAT_"}[kind]
    return ref(kind, prefix + flow.id, flow.version)


def own_concepts(flow: Flow) -> list[Part]:
    """Dimensions of one table only: the same word may mean something else in another."""
    return [part for part in flow.parts if part.id not in COMMON_CONCEPTS]


def concept_ref(flow: Flow, ident: str) -> tuple[Ref, str]:
    own = any(part.id == ident for part in own_concepts(flow))
    return ref("conceptscheme", f"CONCEPTS_{flow.id}" if own else CONCEPTS, flow.version if own else LISTS), ident


def attributes_of(flow: Flow) -> tuple[tuple[str, Codelist | None, bool], ...]:
    """(id, list, of the indicator rather than of the observation)."""
    shelf = standards.shelf()
    return (
        ("OBS_STATUS", shelf.status, False),
        ("CONF_STATUS", shelf.confidentiality, False),
        ("UNIT_MEASURE", shelf.unit, True),
        ("DECIMALS", None, True),
    )


def theme_id(dataset: Dataset) -> str:
    return slugify(dataset.theme).upper() or "OTHER"


# --- making them ------------------------------------------------------------------------------------------------------


def _agencies() -> Artefact:
    ident, name = standards.agency()
    return Artefact(ref("agencyscheme", AGENCIES), both(_("Agencies")), items=(Item(ident, name),), final=False)


def _providers(flows: Iterable[Flow]) -> Artefact:
    codes = sorted({flow.dataset.agency_code for flow in flows})
    items = [Item(standards.provider_id(code), Words(organisations.agency_name(code))) for code in codes]
    name = both(_("Agencies that answer for figures (produsen data)"))
    return Artefact(ref("dataproviderscheme", PROVIDERS), name, items=tuple(items), final=False)


def _themes(flows: Iterable[Flow]) -> Artefact:
    themes = {theme_id(flow.dataset): flow.dataset.theme for flow in flows}
    other = both(_("Other"))
    items = tuple(Item(ident, Words(name) if name else other) for ident, name in sorted(themes.items()))
    return Artefact(ref("categoryscheme", THEMES), both(_("Themes")), items=items)


def _concepts() -> Artefact:
    items = tuple(Item(ident, both(name)) for ident, name in COMMON_CONCEPTS.items())
    return Artefact(ref("conceptscheme", CONCEPTS), both(_("Concepts")), items=items)


def _own_concepts(flow: Flow) -> Artefact:
    items = tuple(Item(part.id, part.name) for part in own_concepts(flow))
    return Artefact(ref("conceptscheme", f"CONCEPTS_{flow.id}", flow.version), flow.title, items=items, flow=flow)


def _codelist(codes: Codelist) -> Artefact:
    known = codes.by_id
    items = tuple(Item(code.id, code.name, parent=code.parent if code.parent in known else "") for code in codes.codes)
    return Artefact(ref("codelist", codes.id), codes.name, items=items)


def _lists(flow: Flow) -> list[Codelist]:
    found = [part.codelist for part in flow.parts] + [codes for _id, codes, _series in attributes_of(flow)]
    return list({codes.id: codes for codes in found if codes}.values())


def _of_flow(flow: Flow) -> list[Artefact]:
    dsd, own = flow_ref(flow, "datastructure"), own_concepts(flow)
    concepts = [ref("conceptscheme", CONCEPTS)]
    if own:
        concepts.append(ref("conceptscheme", f"CONCEPTS_{flow.id}", flow.version))
    lists = tuple(ref("codelist", codes.id) for codes in _lists(flow))
    dataflow = flow_ref(flow)
    return [
        Artefact(dsd, flow.title, flow=flow, children=(*concepts, *lists)),
        Artefact(dataflow, flow.title, flow.summary, flow=flow, children=(dsd,)),
        Artefact(
            flow_ref(flow, "categorisation"),
            flow.title,
            flow=flow,
            children=(dataflow, ref("categoryscheme", THEMES)),
        ),
        Artefact(flow_ref(flow, "contentconstraint"), flow.title, flow=flow, children=(dataflow,)),
        *([_own_concepts(flow)] if own else []),
    ]


@dataclass(frozen=True)
class Library:
    """The structures of some flows, by reference."""

    all: Mapping[Ref, Artefact]
    parents: Mapping[Ref, list[Ref]] = field(default_factory=dict)

    @classmethod
    def of(cls, flows: Iterable[Flow], *, whole: bool) -> Library:
        """`whole`: with the lists that only belong to the catalogue."""
        rows = list(flows)
        current = standards.flows()
        made = [_agencies(), _providers(current), _themes(current), _concepts()]
        shelf = standards.shelf()
        lists = {codes.id: codes for flow in rows for codes in _lists(flow)}
        if whole:
            shared = (shelf.frequency, shelf.unit, shelf.status, shelf.confidentiality, *shelf.categories.values())
            lists |= {codes.id: codes for codes in shared}
        made += [_codelist(codes) for codes in lists.values()]
        for flow in rows:
            made += _of_flow(flow)
        found = {one.ref: one for one in made}
        parents: dict[Ref, list[Ref]] = {}
        for one in made:
            for child in one.children:
                parents.setdefault(child, []).append(one.ref)
        return cls(found, parents)

    def related(self, asked: Iterable[Ref], references: str) -> list[Ref]:
        """What is answered besides the structures asked for (`references`)."""
        start = list(asked)

        def down(refs: Iterable[Ref]) -> list[Ref]:
            return [child for one in refs for child in self.all[one].children if child in self.all]

        def up(refs: Iterable[Ref]) -> list[Ref]:
            return [parent for one in refs for parent in self.parents.get(one, [])]

        siblings = up(start)
        whole: dict[str, Callable[[], list[Ref]]] = {
            "none": list,
            "children": lambda: down(start),
            "descendants": lambda: _closure(start, down),
            "parents": lambda: siblings,
            "ancestors": lambda: _closure(start, up),
            "parentsandsiblings": lambda: [*siblings, *down(siblings)],
            "all": lambda: _closure([*start, *_closure(start, up)], down) + _closure(start, up),
        }
        if references in whole:
            found = whole[references]()
        else:
            kind = KIND_NAMES.get(references)
            if kind is None:
                raise Refused(400, _("“%(text)s” is no way to follow references."), text=references[:40])
            found = [one for one in whole["all"]() if one.kind == kind]
        return [one for one in dict.fromkeys(found) if one not in start]


def _closure(start: Iterable[Ref], step: Callable[[Iterable[Ref]], list[Ref]]) -> list[Ref]:
    seen: dict[Ref, None] = {}
    waiting = step(start)
    while waiting:
        fresh = [one for one in dict.fromkeys(waiting) if one not in seen]
        seen |= dict.fromkeys(fresh)
        waiting = step(fresh)
    return list(seen)


# Names of REST 3.0 for the same kinds.
KIND_NAMES = {kind: kind for kind in KINDS} | {
    "dataconstraint": "contentconstraint",
    "actualconstraint": "contentconstraint",
}


def find(kind: str, agency: str, ident: str, version: str, *, references: str, detail: str) -> list[Artefact]:
    """The structures asked for and those related to them. `kind` is one of `KINDS`, or "structure" for all."""
    stubs = detail in ("allstubs", "allcompletestubs")
    if detail not in STUBS:
        raise Refused(400, _("“%(text)s” is no level of detail."), text=detail[:40])
    owner = standards.agency()[0]
    ids = [] if ident in ("all", "*", "") else ident.split(",")
    agencies = [] if agency in ("all", "*", "") else agency.split(",")
    every, numbers = _versions(version)
    rows = _flows_for(ids, every=every, numbers=numbers)
    library = Library.of(rows, whole=True)
    asked = [
        one
        for one in library.all
        if (kind == "structure" or one.kind == kind)
        and (not ids or one.id in ids)
        and (not agencies or one.agency in agencies or (one.agency == SDMX and owner in agencies and not ids))
        and (every or not numbers or one.version in numbers)
    ]
    if not asked:
        raise Refused(404, _("There is no such structure here."))
    related = library.related(asked, references)
    if len(asked) + len(related) > MOST:
        raise Refused(413, TOO_LARGE)
    found = [replace(library.all[one], stub=stubs) for one in asked]
    return found + [replace(library.all[one], stub=stubs or detail in REFERENCE_STUBS) for one in related]


REFERENCE_STUBS = ("referencestubs", "referencecompletestubs")
STUBS = ("", "full", "raw", "referencepartial", "allstubs", "allcompletestubs", *REFERENCE_STUBS)


def _versions(version: str) -> tuple[bool, list[str]]:
    """(all of them, the named ones)."""
    if version in ("all", "*"):
        return True, []
    if version in ("", "latest", "+", "~"):
        return False, []
    numbers = []
    for one in version.split(","):
        match = VERSION.fullmatch(one.removesuffix("+"))
        if match is None:
            raise Refused(400, _("“%(text)s” is no version of a table: write 3.0, or leave it out."), text=one[:40])
        numbers.append(f"{int(match.group(1))}.0")
    return False, numbers


def _flows_for(ids: list[str], *, every: bool, numbers: list[str]) -> list[Flow]:
    """As few tables as the question needs."""
    codes = {table_of(ident) for ident in ids}
    rows = standards.public_editions()
    if len(codes) == 1:
        own = rows.filter(dataset__code=next(iter(codes)))
        if own.exists():
            rows = own
    if numbers:
        wanted = [int(one.partition(".")[0]) for one in numbers]
        rows = rows.filter(number__in=wanted) | rows.filter(state="published")
    elif not every:
        rows = rows.filter(state="published")
    return standards.flows_of(rows[: MOST + 1])


def table_of(ident: str) -> str:
    """The table that a structure belongs to."""
    for prefix in ("DSD_", "CR_", "CAT_", "CONCEPTS_", "CL_INDICATOR_"):
        if ident.startswith(prefix):
            return ident.removeprefix(prefix)
    return ident
