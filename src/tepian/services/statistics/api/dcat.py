"""The catalogue as DCAT 3 in JSON-LD, with what Satu Data adds: who produces, who checks, by which standard and codes."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from tepian.kernel.catalogue.city import current_city
from tepian.kernel.identity.access import public_page

from .. import states
from ..queries import described, standards
from ..queries.standards import Flow, Words, both
from .answers import Body, Refused, answer, newest, open_data

PER_PAGE = 500
EU = "http://publications.europa.eu/resource/authority"
FREQUENCIES = {
    states.YEAR: "ANNUAL",
    states.SEMESTER: "ANNUAL_2",
    states.QUARTER: "QUARTERLY",
    states.MONTH: "MONTHLY",
    states.DAY: "DAILY",
}
FORMATS = {"CSV": "CSV", "XLSX": "XLSX", "JSON": "JSON", "SDMX-JSON": "JSON", "SDMX-ML": "XML"}
# Themes of the European vocabulary for words that Indonesian catalogues use; other themes have their own name only.
THEMES = {
    "kependudukan": "SOCI", "sosial": "SOCI", "ekonomi": "ECON", "pendidikan": "EDUC", "kesehatan": "HEAL",
    "lingkungan": "ENVI", "pemerintahan": "GOVE", "transportasi": "TRAN", "pertanian": "AGRI", "energi": "ENER",
    "keamanan": "JUST", "teknologi": "TECH",
}  # fmt: skip
# Perpres 39/2019, art. 1 and 3.
TERMS = {
    "produsenData": (
        _("Data producer (produsen data)"),
        _("The agency that produces the data by its mandate (Perpres 39/2019)."),
    ),
    "walidata": (
        _("Data steward (walidata)"),
        _("The unit that collects, checks, manages and publishes the data of the agencies (Perpres 39/2019)."),
    ),
    "standarData": (
        _("Data standard (standar data)"),
        _("Concept, definition, classification, measure and unit on which the data rest (Perpres 39/2019)."),
    ),
    "kodeReferensi": (
        _("Reference codes (kode referensi)"),
        _("The codes that identify the same thing uniquely in all data (Perpres 39/2019)."),
    ),
}


def refuse(request: HttpRequest, status: int, words: Words) -> HttpResponse:
    body = orjson.dumps({"code": status, "message": dict(words.in_order())})
    return HttpResponse(body, content_type="application/json", status=status)


@public_page(mirrored=False)
@open_data(refuse)
def catalogue(request: HttpRequest) -> HttpResponse:
    """/data/catalog.jsonld, `?page=` from the second page on."""
    text = request.GET.get("page", "1")
    if not text.isascii() or not text.isdecimal() or not 1 <= len(text) <= 6 or int(text) == 0:
        raise Refused(400, _("A page is a whole number from 1."))
    page = int(text)

    def build() -> Body:
        flows = standards.flows()
        shown = flows[(page - 1) * PER_PAGE : page * PER_PAGE]
        if page > 1 and not shown:
            raise Refused(404, _("There is no such page."))
        more = len(flows) > page * PER_PAGE
        return Body(orjson.dumps(_document(shown, page, more=more)), "application/ld+json", newest(flows))

    return answer(request, "dcat", build)


def _own() -> str:
    return described.address("/data/catalog.jsonld")


def _document(flows: list[Flow], page: int, *, more: bool) -> dict[str, Any]:
    themes = {flow.dataset.theme for flow in flows if flow.dataset.theme}
    graph = [_catalogue(flows, page, more=more), *(_dataset(flow) for flow in flows)]
    graph += [_theme(name) for name in sorted(themes)]
    graph += [_term(key, label, about) for key, (label, about) in TERMS.items()]
    return {"@context": _context(), "@graph": graph}


def _context() -> dict[str, Any]:
    return {
        "adms": "http://www.w3.org/ns/adms#",
        "dcat": "http://www.w3.org/ns/dcat#",
        "dct": "http://purl.org/dc/terms/",
        "foaf": "http://xmlns.com/foaf/0.1/",
        "hydra": "http://www.w3.org/ns/hydra/core#",
        "locn": "http://www.w3.org/ns/locn#",
        "owl": "http://www.w3.org/2002/07/owl#",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "skos": "http://www.w3.org/2004/02/skos/core#",
        "vcard": "http://www.w3.org/2006/vcard/ns#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "satudata": f"{_own()}#",
    }


def _words(words: Words) -> list[dict[str, str]]:
    return [{"@value": text, "@language": language} for language, text in words.in_order()]


def _typed(value: date | datetime | None, kind: str = "dateTime") -> dict[str, str] | None:
    return {"@value": value.isoformat(), "@type": f"xsd:{kind}"} if value else None


def _node(iri: str) -> dict[str, str]:
    return {"@id": iri}


def _filled(node: dict[str, Any]) -> dict[str, Any]:
    """Without what is not known."""
    return {key: value for key, value in node.items() if value not in (None, "", [], {})}


def _city_agent() -> dict[str, Any]:
    ident, name = standards.agency()
    return {
        "@id": f"{_own()}#{ident}",
        "@type": ["foaf:Agent", "foaf:Organization"],
        "foaf:name": _words(name),
        "foaf:homepage": _node(described.address("/")),
        "dct:type": _node("http://purl.org/adms/publishertype/LocalAuthority"),
    }


def _place() -> dict[str, Any]:
    city = current_city()
    west, south, east, north = city.bbox
    ring = f"{west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}"
    return {
        "@type": "dct:Location",
        "skos:prefLabel": _words(Words(city.name, city.name_en)),
        "dct:identifier": city.code,
        "dcat:bbox": {"@value": f"POLYGON(({ring}))", "@type": "http://www.opengis.net/ont/geosparql#wktLiteral"},
    }


def _catalogue(flows: list[Flow], page: int, *, more: bool) -> dict[str, Any]:
    city = current_city()
    title = both(_("Satu Data: statistics of the city"))
    services = [
        (Words("SDMX REST 3.0"), "/sdmx/v2", "https://github.com/sdmx-twg/sdmx-rest"),
        (Words("SDMX REST 2.1"), "/sdmx/2.1", "https://github.com/sdmx-twg/sdmx-rest"),
        (Words("CKAN action API"), "/api/3/action", "https://docs.ckan.org/en/latest/api/"),
    ]
    return _filled(
        {
            "@id": _own(),
            "@type": "dcat:Catalog",
            "dct:title": _words(Words(f"{title.id}: {city.name}", f"{title.en}: {city.name_en or city.name}")),
            "dct:description": _words(
                both(_("Figures that the city's agencies answer for, checked by the data steward."))
            ),
            "dct:publisher": _city_agent(),
            "dct:language": [_node(f"{EU}/language/IND"), _node(f"{EU}/language/ENG")],
            "dct:modified": _typed(newest(flows)),
            "dct:spatial": _place(),
            "dct:license": _node(described.LICENCES["CC-BY-4.0"]),
            "foaf:homepage": _node(described.address("/data")),
            "dcat:themeTaxonomy": _node(f"{EU}/data-theme"),
            "dcat:dataset": [_node(_iri(flow)) for flow in flows],
            "dcat:service": [
                {
                    "@id": f"{_own()}#{slugify(path)}",
                    "@type": "dcat:DataService",
                    "dct:title": _words(name),
                    "dcat:endpointURL": _node(described.address(path)),
                    "dct:conformsTo": _node(standard),
                    "dcat:servesDataset": [_node(_iri(flow)) for flow in flows],
                }
                for name, path, standard in services
            ],
            "hydra:next": _node(f"{_own()}?page={page + 1}") if more else None,
            "hydra:previous": _node(f"{_own()}?page={page - 1}") if page > 1 else None,
        }
    )


def _iri(flow: Flow) -> str:
    return f"{_own()}#{flow.id}"


def _dataset(flow: Flow) -> dict[str, Any]:
    row, edition = flow.dataset, flow.edition
    description = flow.summary if flow.summary.id else flow.title
    producer = _agency(row.agency_code)
    span = described.span(flow)
    structure = described.address(
        f"/sdmx/2.1/datastructure/{standards.agency()[0]}/DSD_{flow.id}/{flow.version}?references=descendants"
    )
    words = described.keywords(flow)
    return _filled(
        {
            "@id": _iri(flow),
            "@type": "dcat:Dataset",
            "dct:title": _words(flow.title),
            "dct:description": _words(description),
            "dct:identifier": row.code,
            "dct:publisher": producer,
            "dct:creator": _node(producer["@id"]),
            "dcat:contactPoint": _contact(row.contact or described.agency_name(row.agency_code)),
            "dct:issued": _typed(described.first_published(flow)),
            "dct:modified": _typed(edition.published_at),
            "dcat:version": str(edition.number),
            "adms:versionNotes": [{"@value": edition.reason, "@language": "id"}] if edition.reason else None,
            "dct:language": [_node(f"{EU}/language/IND"), _node(f"{EU}/language/ENG")],
            "dct:spatial": _place(),
            "dct:temporal": {
                "@type": "dct:PeriodOfTime",
                "dcat:startDate": _typed(span[0], "date"),
                "dcat:endDate": _typed(span[1], "date"),
            }
            if span
            else None,
            "dct:accrualPeriodicity": _node(f"{EU}/frequency/{FREQUENCIES[row.frequency]}"),
            "dct:accessRights": _node(f"{EU}/access-right/PUBLIC"),
            "dct:license": _node(described.licence(flow)),
            "dcat:theme": _themes(row.theme),
            "dcat:keyword": [
                {"@value": word, "@language": language} for language, found in words.items() for word in found
            ],
            "dcat:landingPage": [_node(described.address(f"/data/{code}")) for code in flow.indicators],
            "dct:conformsTo": {
                "@id": structure,
                "@type": "dct:Standard",
                "dct:title": _words(both(_("Data structure definition (SDMX)"))),
            },
            "dcat:distribution": [_distribution(flow, one) for one in described.files(flow)],
            "satudata:produsenData": _node(producer["@id"]),
            "satudata:walidata": _agency(steward) if (steward := described.steward()) else _city_agent(),
            "satudata:standarData": _standard(flow),
            "satudata:kodeReferensi": [text for codes in described.reference_codes(flow) for text in _words(codes)],
        }
    )


def _agency(code: str) -> dict[str, Any]:
    return {
        "@id": f"{_own()}#opd-{standards.provider_id(code)}",
        "@type": ["foaf:Agent", "foaf:Organization"],
        "foaf:name": described.agency_name(code),
    }


def _contact(text: str) -> dict[str, Any]:
    email = re.search(r"[\w.+-]+@[\w-]+\.[\w.-]+", text)
    phone = re.fullmatch(r"[+\d][\d\s().-]{2,}", text)
    return _filled(
        {
            "@type": "vcard:Organization",
            "vcard:fn": text,
            "vcard:hasEmail": _node(f"mailto:{email.group()}") if email else None,
            "vcard:hasTelephone": _node("tel:" + re.sub(r"[^\d+]", "", text)) if phone else None,
            "vcard:hasURL": _node(described.address("/data")),
        }
    )


def _themes(name: str) -> list[dict[str, str]]:
    if not name:
        return []
    known = THEMES.get(name.strip().lower())
    return [_node(f"{_own()}#tema-{slugify(name)}"), *([_node(f"{EU}/data-theme/{known}")] if known else [])]


def _theme(name: str) -> dict[str, Any]:
    return {
        "@id": f"{_own()}#tema-{slugify(name)}",
        "@type": "skos:Concept",
        "skos:prefLabel": {"@value": name, "@language": "id"},
        "skos:inScheme": {
            "@id": f"{_own()}#tema",
            "@type": "skos:ConceptScheme",
            "dct:title": _words(both(_("Themes"))),
        },
    }


def _term(key: str, label: Any, about: Any) -> dict[str, Any]:
    return {
        "@id": f"{_own()}#{key}",
        "@type": "rdf:Property",
        "rdfs:label": _words(both(label)),
        "rdfs:comment": _words(both(about)),
        "rdfs:domain": _node("http://www.w3.org/ns/dcat#Dataset"),
    }


def _standard(flow: Flow) -> list[dict[str, Any]]:
    """Concept, definition, classification, measure and unit of each indicator."""
    return [
        _filled(
            {
                "@id": f"{_own()}#standar-{code}",
                "@type": "skos:Concept",
                "skos:prefLabel": _words(Words(row.title, row.title_en)),
                "skos:definition": _words(Words(row.definition, row.definition_en)) if row.definition else None,
                "skos:notation": code,
                "skos:scopeNote": [
                    {"@value": f"{name}: {text}", "@language": "id"}
                    for name, text in (
                        ("Konsep", row.form.get("concept")),
                        ("Ukuran", row.form.get("measure")),
                        ("Satuan", row.unit),
                        ("Klasifikasi", ", ".join(part.name.id for part in flow.parts if part.role)),
                    )
                    if text
                ],
            }
        )
        for code, row in flow.indicators.items()
    ]


def _distribution(flow: Flow, file: described.File) -> dict[str, Any]:
    at = described.address(file.url)
    return {
        "@id": f"{_own()}#{flow.id}-{slugify(file.key.replace('.', '-'))}",
        "@type": "dcat:Distribution",
        "dct:title": _words(file.name),
        "dcat:accessURL": _node(at),
        "dcat:downloadURL": _node(at),
        "dcat:mediaType": _node(f"https://www.iana.org/assignments/media-types/{file.media_type}"),
        "dct:format": _node(f"{EU}/file-type/{FORMATS[file.format]}"),
        "dct:license": _node(described.licence(flow)),
        "dct:modified": _typed(flow.edition.published_at),
        **({} if file.indicator else {"dcat:accessService": _node(f"{_own()}#sdmxv2")}),
    }
