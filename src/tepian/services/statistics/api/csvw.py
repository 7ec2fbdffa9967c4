"""What the columns of a public CSV mean (CSV on the Web), for `/data/<figure>.csv`."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import NotFound
from tepian.kernel.identity.access import public_page

from .. import queries, states
from ..queries import described, standards
from ..queries.standards import Flow, Words, both
from .answers import Body, Refused, answer, open_data
from .dcat import refuse

PERIODS = {
    states.YEAR: {"base": "gYear"},
    states.MONTH: {"base": "gYearMonth"},
    states.DAY: {"base": "date"},
    states.SEMESTER: {"base": "string", "format": states.PERIODS[states.SEMESTER].pattern},
    states.QUARTER: {"base": "string", "format": states.PERIODS[states.QUARTER].pattern},
}


@public_page(mirrored=False)
@open_data(refuse)
def metadata(request: HttpRequest, code: str) -> HttpResponse:
    """Of the figure's newest edition."""
    try:
        indicator = queries.indicator_by(code)
    except NotFound as error:
        raise Refused(404, error.message) from None
    found = standards.flows(indicator.dataset.code)
    if not found or code not in found[0].indicators:
        raise Refused(404, _("Nothing is published of this figure yet."))
    flow = found[0]

    def build() -> Body:
        return Body(orjson.dumps(describe(flow, code)), "application/csvm+json", flow.edition.published_at)

    return answer(request, "csvw", build)


def _titles(words: Words) -> dict[str, str]:
    return dict(words.in_order())


def describe(flow: Flow, code: str) -> dict[str, Any]:
    row = flow.indicators[code]
    columns: list[dict[str, Any]] = [
        _column("figure", both(_("Figure")), "string", about=Words(row.definition, row.definition_en)),
        _column("period", both(_("Period")), PERIODS[flow.dataset.frequency], url="http://purl.org/dc/terms/temporal"),
    ]
    keys = ["figure", "period"]
    for part in flow.parts:
        if part.column in ("", "indicator", "time"):
            continue
        name, word = part.name, both(_("code"))
        label = Words(f"{name.id}: {word.id}", f"{name.en or name.id}: {word.en}")
        columns += [
            _column(f"{part.column}_code", label, "string"),
            _column(part.column, Words(name.id, name.en or name.id), "string"),
        ]
        keys.append(f"{part.column}_code")
    columns += [
        _column("value", both(_("Value")), "number", url="http://purl.org/linked-data/sdmx/2009/measure#obsValue")
        | {"required": False},
        _column("unit", both(_("Unit")), "string", url="http://purl.org/linked-data/sdmx/2009/attribute#unitMeasure"),
        _column("remark", both(_("Remark")), "string"),
    ]
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "id"}],
        "url": described.address(f"/data/{code}.csv"),
        "lang": "id",
        "dc:title": _titles(Words(row.title, row.title_en)),
        "dc:description": _titles(Words(row.definition or flow.dataset.summary, row.definition_en)),
        "dc:publisher": described.agency_name(flow.dataset.agency_code),
        "dc:license": {"@id": described.licence(flow)},
        "dc:modified": flow.edition.published_at.isoformat() if flow.edition.published_at else "",
        "dc:isPartOf": {"@id": described.address(f"/data/catalog.jsonld#{flow.id}")},
        "dialect": {"encoding": "utf-8", "delimiter": ",", "header": True, "lineTerminators": ["\r\n"]},
        "tableSchema": {"columns": columns, "primaryKey": keys},
    }


def _column(name: str, titles: Words, datatype: Any, *, url: str = "", about: Words | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "titles": _titles(titles), "datatype": datatype}
    if url:
        found["propertyUrl"] = url
    if about is not None and about.id:
        found["dc:description"] = _titles(about)
    return found
