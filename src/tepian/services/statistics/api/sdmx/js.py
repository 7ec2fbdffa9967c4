"""Structures as SDMX-JSON 1.0 (for SDMX 2.1) and 2.0 (for SDMX 3.0)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson

from ...queries import standards
from ...queries.standards import Flow, Words
from .artefacts import THEMES, Artefact, attributes_of, concept_ref, flow_ref, ref, theme_id
from .ml import ITEM_CLASSES, standards_epoch

GROUPS = {
    "agencyscheme": ("agencySchemes", "agencies"),
    "dataproviderscheme": ("dataProviderSchemes", "dataProviders"),
    "categoryscheme": ("categorySchemes", "categories"),
    "categorisation": ("categorisations", ""),
    "codelist": ("codelists", "codes"),
    "conceptscheme": ("conceptSchemes", "concepts"),
    "datastructure": ("dataStructures", ""),
    "dataflow": ("dataflows", ""),
    "contentconstraint": ("contentConstraints", ""),
}
SCHEMAS = "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/"


def meta(made: datetime | None, language: str, schema: str) -> dict[str, Any]:
    ident, name = standards.agency()
    moment = (made or standards_epoch()).replace(microsecond=0).isoformat()
    return {
        "schema": f"{SCHEMAS}{schema}",
        "id": f"{ident}-{moment.replace(':', '').replace('+', 'Z')}",
        "test": False,
        "prepared": moment,
        "contentLanguages": ["id", "en"],
        "sender": {"id": ident, **named(name, language)},
    }


def named(words: Words, language: str, key: str = "name") -> dict[str, Any]:
    return {key: words.best(language), f"{key}s": dict(words.in_order())} if words.id else {}


def structures(artefacts: Iterable[Artefact], made: datetime | None, language: str, *, newer: bool) -> bytes:
    """`newer`: SDMX-JSON 2.0."""
    groups: dict[str, list[Any]] = {}
    for one in artefacts:
        group = GROUPS[one.ref.kind][0]
        if newer and group == "contentConstraints":
            group = "dataConstraints"
        groups.setdefault(group, []).append(_artefact(one, language, newer=newer))
    place = "structure-message/tools/schemas/" + ("2.0.0" if newer else "1.0") + "/sdmx-json-structure-schema.json"
    return orjson.dumps({"meta": meta(made, language, place), "data": groups})


def _artefact(one: Artefact, language: str, *, newer: bool) -> dict[str, Any]:
    own = ("registry", "DataConstraint") if one.ref.kind == "contentconstraint" else None  # its name since SDMX 3.0
    found: dict[str, Any] = {
        "id": one.ref.id,
        "version": one.ref.version,
        "agencyID": one.ref.agency,
        "links": [{"rel": "self", "urn": one.ref.urn(kind=own if newer else None), "type": one.ref.kind}],
        **named(one.name, language),
        **named(one.description, language, "description"),
        "isExternalReference": one.stub,
    }
    if not newer and one.ref.kind not in ("agencyscheme", "dataproviderscheme"):
        found["isFinal"] = one.final
    if one.stub:
        return found
    items = GROUPS[one.ref.kind][1]
    if items:
        found[items] = [
            {
                "id": each.id,
                **named(each.name, language),
                **named(each.description, language, "description"),
                **({"parent": each.parent} if each.parent else {}),
                "links": [{"rel": "self", "urn": one.ref.urn(each.id, ITEM_CLASSES[one.ref.kind])}],
            }
            for each in one.items
        ]
    if one.flow is not None and one.ref.kind in PARTS:
        found |= PARTS[one.ref.kind](one.flow, newer)
    return found


def _concept(flow: Flow, ident: str) -> str:
    to, item = concept_ref(flow, ident)
    return to.urn(item, ("conceptscheme", "Concept"))


def _listed(codelist: str) -> dict[str, str]:
    return {"enumeration": ref("codelist", codelist).urn()}


def _datastructure(flow: Flow, newer: bool) -> dict[str, Any]:
    form, kind = ("format", "dataType") if newer else ("textFormat", "textType")

    def format_of(name: str) -> dict[str, Any]:
        return {form: {kind: name}}

    dimensions, times = [], []
    for place, part in enumerate(flow.parts):
        component: dict[str, Any] = {"id": part.id, "conceptIdentity": _concept(flow, part.id)}
        if not (newer and part.codelist is None):
            component["position"] = place
        if part.codelist is None:
            component["localRepresentation"] = format_of("ObservationalTimePeriod")
            times.append(component if newer else component | {"type": "TimeDimension"})
        else:
            component["localRepresentation"] = _listed(part.codelist.id)
            dimensions.append(component if newer else component | {"type": "Dimension"})
    attributes = []
    for ident, codes, of_series in attributes_of(flow):
        needed = ident in ("OBS_STATUS", "UNIT_MEASURE")
        single: dict[str, Any] = {"observation": {}} if newer else {"primaryMeasure": "OBS_VALUE"}
        attributes.append(
            {
                "id": ident,
                "conceptIdentity": _concept(flow, ident),
                "attributeRelationship": {"dimensions": ["INDICATOR"]} if of_series else single,
                "localRepresentation": _listed(codes.id) if codes else format_of("Integer"),
                **(
                    {"usage": "mandatory" if needed else "optional"}
                    if newer
                    else {"assignmentStatus": "Mandatory" if needed else "Conditional"}
                ),
            }
        )
    measure = {
        "id": "OBS_VALUE",
        "conceptIdentity": _concept(flow, "OBS_VALUE"),
        "localRepresentation": format_of("Double"),
    }
    time_key = {"timeDimension": times[0]} if newer else {"timeDimensions": times}
    return {
        "dataStructureComponents": {
            "dimensionList": {"id": "DimensionDescriptor", "dimensions": dimensions, **time_key},
            "attributeList": {"id": "AttributeDescriptor", "attributes": attributes},
            "measureList": {
                "id": "MeasureDescriptor",
                **({"measures": [measure]} if newer else {"primaryMeasure": measure}),
            },
        }
    }


def _dataflow(flow: Flow, newer: bool) -> dict[str, Any]:
    return {"structure": flow_ref(flow, "datastructure").urn()}


def _categorisation(flow: Flow, newer: bool) -> dict[str, Any]:
    target = ref("categoryscheme", THEMES).urn(theme_id(flow.dataset), ("categoryscheme", "Category"))
    return {"source": flow_ref(flow).urn(), "target": target}


def _constraint(flow: Flow, newer: bool) -> dict[str, Any]:
    used = {part.id: standards.codes_used(flow, part.column) for part in flow.parts if part.column}
    return region(flow, used, "", newer=newer)


def region(flow: Flow, used: Mapping[str, list[str]], only: str, *, newer: bool) -> dict[str, Any]:
    keys: list[dict[str, Any]] = []
    for part in flow.parts:
        if (only and part.id != only) or (part.column and not used.get(part.id)):
            continue
        if part.codelist is None:
            periods = used[part.id]
            ends = {
                "startPeriod": {"period": min(periods), "isInclusive": True},
                "endPeriod": {"period": max(periods), "isInclusive": True},
            }
            keys.append({"id": part.id, "timeRange": ends})
            continue
        codes = used[part.id] if part.column else [flow.dataset.frequency]
        keys.append({"id": part.id, "values": [part.codelist.id_of(code) for code in codes]})
    included: dict[str, Any] = {"include" if newer else "isIncluded": True}
    if keys:
        included["keyValues"] = keys
    return {
        "role" if newer else "type": "Actual",
        "constraintAttachment": {"dataflows": [flow_ref(flow).urn()]},
        "cubeRegions": [included],
    }


def availability(flow: Flow, used: dict[str, list[str]], count: int, only: str, language: str, *, newer: bool) -> bytes:
    at = flow_ref(flow, "contentconstraint")
    one = {
        "id": at.id,
        "version": at.version,
        "agencyID": at.agency,
        **named(flow.title, language),
        "annotations": [{"id": "obs_count", "title": str(count), "type": "sdmx_metrics"}],
        **region(flow, used, only, newer=newer),
    }
    place = "structure-message/tools/schemas/" + ("2.0.0" if newer else "1.0") + "/sdmx-json-structure-schema.json"
    group = "dataConstraints" if newer else "contentConstraints"
    return orjson.dumps({"meta": meta(flow.edition.published_at, language, place), "data": {group: [one]}})


PARTS: dict[str, Callable[[Flow, bool], dict[str, Any]]] = {
    "datastructure": _datastructure,
    "dataflow": _dataflow,
    "categorisation": _categorisation,
    "contentconstraint": _constraint,
}


def error(status: int, words: Words, language: str) -> bytes:
    return orjson.dumps({"errors": [{"code": status, "title": words.best(language), "titles": dict(words.in_order())}]})
