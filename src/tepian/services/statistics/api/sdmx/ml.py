"""Structures as SDMX-ML 2.1."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from lxml import etree
from lxml.builder import ElementMaker

from tepian.toolkit.text import plain

from ...queries import standards
from ...queries.standards import Flow, Words
from .artefacts import (
    CLASSES,
    THEMES,
    Artefact,
    Ref,
    attributes_of,
    concept_ref,
    flow_ref,
    ref,
    theme_id,
)

BASE = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"
MESSAGE, COMMON, STRUCTURE = f"{BASE}/message", f"{BASE}/common", f"{BASE}/structure"
XML = "http://www.w3.org/XML/1998/namespace"
NAMES = {"mes": MESSAGE, "com": COMMON, "str": STRUCTURE}
MES = ElementMaker(namespace=MESSAGE, nsmap=NAMES)
COM = ElementMaker(namespace=COMMON, nsmap=NAMES)
STR = ElementMaker(namespace=STRUCTURE, nsmap=NAMES)
# In the order of the schema.
PLACES = {
    "agencyscheme": ("OrganisationSchemes", "AgencyScheme", "Agency"),
    "dataproviderscheme": ("OrganisationSchemes", "DataProviderScheme", "DataProvider"),
    "dataflow": ("Dataflows", "Dataflow", ""),
    "categoryscheme": ("CategorySchemes", "CategoryScheme", "Category"),
    "categorisation": ("Categorisations", "Categorisation", ""),
    "codelist": ("Codelists", "Codelist", "Code"),
    "conceptscheme": ("Concepts", "ConceptScheme", "Concept"),
    "datastructure": ("DataStructures", "DataStructure", ""),
    "contentconstraint": ("Constraints", "ContentConstraint", ""),
}


def clean(text: str) -> str:
    """Text without the characters that XML has no way to write."""
    return plain(text, 10_000) if not text.isprintable() else text


def texts(element: str, words: Words, maker: Any = COM) -> list[Any]:
    found = []
    for language, text in words.in_order():
        node = maker(element, clean(text))
        node.set(f"{{{XML}}}lang", language)
        found.append(node)
    return found


def header(made: datetime | None, more: Iterable[Any] = ()) -> Any:
    """`more`: what a message of data says besides."""
    ident, name = standards.agency()
    moment = (made or standards_epoch()).replace(microsecond=0).isoformat()
    return MES.Header(
        MES.ID(f"{ident}-{moment.replace(':', '').replace('+', 'Z')}"),
        MES.Test("false"),
        MES.Prepared(moment),
        MES.Sender(*texts("Name", name), id=ident),
        *more,
    )


def standards_epoch() -> datetime:
    """A catalogue without any edition was never published; its message needs some moment."""
    return datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def write(root: Any) -> bytes:
    found: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return found


def structures(artefacts: Iterable[Artefact], made: datetime | None, address: str) -> bytes:
    groups: dict[str, list[Any]] = {}
    for one in artefacts:
        groups.setdefault(PLACES[one.ref.kind][0], []).append(_artefact(one, address))
    order = dict.fromkeys(place[0] for place in PLACES.values())
    parts = [STR(name, *groups[name]) for name in order if name in groups]
    return write(MES.Structure(header(made), MES.Structures(*parts)))


def _artefact(one: Artefact, address: str) -> Any:
    _group, name, item = PLACES[one.ref.kind]
    node = STR(
        name,
        *texts("Name", one.name or Words(one.ref.id)),
        *texts("Description", one.description),
        id=one.ref.id,
        version=one.ref.version,
        agencyID=one.ref.agency,
        urn=one.ref.urn(),
        isFinal="true" if one.final else "false",
    )
    if one.ref.kind in ("agencyscheme", "dataproviderscheme"):
        del node.attrib["isFinal"]  # these never are
    if one.ref.kind == "contentconstraint":
        node.set("type", "Actual")
    if one.stub:
        node.set("isExternalReference", "true")
        node.set("structureURL", f"{address}/{one.ref.kind}/{one.ref.agency}/{one.ref.id}/{one.ref.version}")
        return node
    for each in one.items:
        child = STR(item, *texts("Name", each.name), *texts("Description", each.description), id=each.id)
        child.set("urn", one.ref.urn(each.id, ITEM_CLASSES[one.ref.kind]))
        if each.parent:
            child.append(STR.Parent(etree.Element("Ref", id=each.parent)))
        node.append(child)
    if one.flow is not None and one.ref.kind in PARTS:
        for part in PARTS[one.ref.kind](one.flow):
            node.append(part)
    return node


ITEM_CLASSES = {
    "agencyscheme": ("base", "Agency"),
    "dataproviderscheme": ("base", "DataProvider"),
    "categoryscheme": ("categoryscheme", "Category"),
    "codelist": ("codelist", "Code"),
    "conceptscheme": ("conceptscheme", "Concept"),
}


def _ref(to: Ref, item: str = "", item_class: str = "", package: str = "") -> Any:
    package, name = (package, item_class) if item else CLASSES[to.kind]
    given = {"agencyID": to.agency, "package": package, "class": name}
    if item:
        given |= {"maintainableParentID": to.id, "maintainableParentVersion": to.version, "id": item}
    else:
        given |= {"id": to.id, "version": to.version}
    return etree.Element("Ref", given)


def _concept(flow: Flow, ident: str) -> Any:
    to, item = concept_ref(flow, ident)
    return STR.ConceptIdentity(_ref(to, item, "Concept", "conceptscheme"))


def _listed(codelist: str) -> Any:
    return STR.LocalRepresentation(STR.Enumeration(_ref(ref("codelist", codelist))))


def _format(kind: str) -> Any:
    return STR.LocalRepresentation(STR.TextFormat(textType=kind))


def _datastructure(flow: Flow) -> list[Any]:
    urn = flow_ref(flow, "datastructure").urn

    def component(name: str, ident: str, class_name: str, *inside: Any, **given: str) -> Any:
        return STR(
            name, _concept(flow, ident), *inside, id=ident, urn=urn(ident, ("datastructure", class_name)), **given
        )

    dimensions = []
    for place, part in enumerate(flow.parts, 1):
        if part.codelist is None:
            dimensions.append(
                component(
                    "TimeDimension", part.id, "TimeDimension", _format("ObservationalTimePeriod"), position=str(place)
                )
            )
        else:
            dimensions.append(
                component("Dimension", part.id, "Dimension", _listed(part.codelist.id), position=str(place))
            )
    attributes = []
    for ident, codes, of_series in attributes_of(flow):
        relation = (
            STR.Dimension(etree.Element("Ref", id="INDICATOR"))
            if of_series
            else STR.PrimaryMeasure(etree.Element("Ref", id="OBS_VALUE"))
        )
        representation = _listed(codes.id) if codes else _format("Integer")
        attributes.append(
            component(
                "Attribute",
                ident,
                "DataAttribute",
                representation,
                STR.AttributeRelationship(relation),
                assignmentStatus="Mandatory" if ident in ("OBS_STATUS", "UNIT_MEASURE") else "Conditional",
            )
        )
    measure = component("PrimaryMeasure", "OBS_VALUE", "PrimaryMeasure", _format("Double"))
    return [
        STR.DataStructureComponents(
            STR.DimensionList(
                *dimensions,
                id="DimensionDescriptor",
                urn=urn("DimensionDescriptor", ("datastructure", "DimensionDescriptor")),
            ),
            STR.AttributeList(
                *attributes,
                id="AttributeDescriptor",
                urn=urn("AttributeDescriptor", ("datastructure", "AttributeDescriptor")),
            ),
            STR.MeasureList(
                measure, id="MeasureDescriptor", urn=urn("MeasureDescriptor", ("datastructure", "MeasureDescriptor"))
            ),
        )
    ]


def _dataflow(flow: Flow) -> list[Any]:
    return [STR.Structure(_ref(flow_ref(flow, "datastructure")))]


def _categorisation(flow: Flow) -> list[Any]:
    theme = _ref(ref("categoryscheme", THEMES), theme_id(flow.dataset), "Category", "categoryscheme")
    return [STR.Source(_ref(flow_ref(flow))), STR.Target(theme)]


def _constraint(flow: Flow) -> list[Any]:
    return region(flow, {part.id: standards.codes_used(flow, part.column) for part in flow.parts if part.column})


def region(flow: Flow, used: dict[str, list[str]], only: str = "") -> list[Any]:
    """The codes that have figures, as an attachment and a cube region. `used`: own codes by component."""
    keys = []
    for part in flow.parts:
        if only and part.id != only:
            continue
        if part.id not in used and part.column:
            continue
        if part.codelist is None:
            periods = used[part.id]
            if periods:
                keys.append(
                    COM.KeyValue(
                        COM.TimeRange(
                            COM.StartPeriod(min(periods), isInclusive="true"),
                            COM.EndPeriod(max(periods), isInclusive="true"),
                        ),
                        id=part.id,
                    )
                )
            continue
        codes = used[part.id] if part.column else [flow.dataset.frequency]
        values = [COM.Value(part.codelist.id_of(code)) for code in codes]
        keys.append(COM.KeyValue(*values, id=part.id))
    return [
        STR.ConstraintAttachment(STR.Dataflow(_ref(flow_ref(flow)))),
        STR.CubeRegion(*keys, include="true"),
    ]


def availability(flow: Flow, used: dict[str, list[str]], count: int, only: str) -> bytes:
    """Which codes an answer would have (`availableconstraint`)."""
    at = flow_ref(flow, "contentconstraint")
    node = STR.ContentConstraint(
        *texts("Name", flow.title), id=at.id, version=at.version, agencyID=at.agency, type="Actual"
    )
    note = COM.Annotation(COM.AnnotationTitle(str(count)), COM.AnnotationType("sdmx_metrics"), id="obs_count")
    node.insert(0, COM.Annotations(note))
    for part in region(flow, used, only):
        node.append(part)
    root = MES.Structure(header(flow.edition.published_at), MES.Structures(STR.Constraints(node)))
    return write(root)


PARTS: dict[str, Callable[[Flow], list[Any]]] = {
    "datastructure": _datastructure,
    "dataflow": _dataflow,
    "categorisation": _categorisation,
    "contentconstraint": _constraint,
}


def error(code: str, words: Words) -> bytes:
    return write(MES.Error(MES.ErrorMessage(*texts("Text", words), code=code)))
