"""The two addresses of SDMX. Everything below `/sdmx/2.1` and `/sdmx/v2` is taken apart here."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from tepian.kernel.identity.access import public_page

from ...queries import standards
from ...queries.standards import Flow, Words
from ..answers import Body, Refused, answer, language_of, newest, open_data
from . import js, js_data, ml, ml_data, tabular
from .artefacts import KIND_NAMES, OTHERS, Artefact, find
from .asking import Asked, Where, asked_v1, asked_v2, flow_of, flow_ref
from .negotiation import DATA, STRUCTURES, choose

CODES = {404: "100", 413: "130", 414: "130", 400: "140", 403: "150", 406: "140", 405: "140", 501: "501", 503: "503"}
UNKNOWN = _("There is nothing at this address. See the documentation of this interface.")
UNSUPPORTED = _("“%(text)s” is part of SDMX, but not of this service.")
MANY = _("One table at a time: name it. All tables are listed by dataflow.")


def refuse(request: HttpRequest, status: int, words: Words) -> HttpResponse:
    """SDMX's own error message, as JSON for those who ask for JSON."""
    language = language_of(request)
    wanted = request.headers.get("Accept", "") + request.GET.get("format", "")
    if "json" in wanted or (request.path_info.startswith("/sdmx/v2") and "xml" not in wanted):
        content, kind = js.error(status, words, language), "application/json"
    else:
        content, kind = ml.error(CODES.get(status, "500"), words), "application/xml"
    response = HttpResponse(content, content_type=kind, status=status)
    response["Cache-Control"] = "no-store" if status >= 500 else "public, max-age=60"
    return response


def _parts(rest: str, most: int) -> list[str]:
    parts = [unquote(part) for part in rest.removesuffix("/").split("/")]
    if len(parts) > most:
        raise Refused(404, UNKNOWN)
    return parts + [""] * (most - len(parts))


@public_page(mirrored=False)
@open_data(refuse)
def rest_v1(request: HttpRequest, rest: str) -> HttpResponse:
    """REST 2.1: `/{kind}/{agency}/{id}/{version}`, `/data/{flow}/{key}/{provider}`, `/availableconstraint/…`."""
    resource, *parts = _parts(rest, 5)
    if resource == "data":
        flow, key, provider, extra, _last = [*parts, ""]
        if extra:
            raise Refused(404, UNKNOWN)
        return _data(request, asked_v1(_provided(flow_ref(flow), provider), key, request.GET), default="generic")
    if resource == "availableconstraint":
        flow, key, provider, component = parts
        asked = asked_v1(_provided(flow_ref(flow), provider), key, request.GET)
        return _availability(request, asked, component, newer=False)
    if resource in KIND_NAMES or resource == "structure":
        return _structures(request, resource, parts, default="ml")
    if resource in OTHERS or resource in ("schema", "metadata"):
        raise Refused(501, UNSUPPORTED, text=resource)
    raise Refused(404, UNKNOWN)


@public_page(mirrored=False)
@open_data(refuse)
def rest_v2(request: HttpRequest, rest: str) -> HttpResponse:
    """REST 3.0: `/structure/{kind}/{agency}/{id}/{version}`, `/data/{context}/{agency}/{id}/{version}/{key}`, …"""
    resource, *parts = _parts(rest, 7)
    if resource == "structure":
        kind, *rest_parts = parts
        if kind in KIND_NAMES or kind == "*":
            return _structures(request, "structure" if kind == "*" else kind, rest_parts[:4], default="json2")
        if kind in OTHERS:
            raise Refused(501, UNSUPPORTED, text=kind)
        raise Refused(404, UNKNOWN)
    if resource in ("data", "availability"):
        context, agency, ident, version, key, component = parts
        if context in ("provisionagreement", "metadataflow"):
            raise Refused(501, UNSUPPORTED, text=context)
        if context not in ("", "*", "dataflow", "datastructure"):
            raise Refused(400, _("“%(text)s” is no context of data."), text=context[:40])
        if context == "datastructure":
            ident = ident.removeprefix("DSD_")
        if ident in ("", "*") or "," in ident:
            raise Refused(501, MANY)
        asked = asked_v2(flow_of(agency, ident, version), key, request.GET)
        if resource == "availability":
            return _availability(request, asked, component, newer=True)
        if component:
            raise Refused(404, UNKNOWN)
        return _data(request, asked, default="json2")
    if resource in ("schema", "metadata", "registration"):
        raise Refused(501, UNSUPPORTED, text=resource)
    raise Refused(404, UNKNOWN)


def _provided(flow: Flow, provider: str) -> Flow:
    """The flow, if one of the agencies asked for answers for it."""
    own = standards.provider_id(flow.dataset.agency_code)
    wanted = [one.rpartition(",")[2] for one in provider.split("+")]
    if provider not in ("", "all") and own not in wanted:
        raise Refused(404, _("This agency does not provide this table."))
    return flow


# --- data -------------------------------------------------------------------------------------------------------------


def _data(request: HttpRequest, asked: Asked, *, default: str) -> HttpResponse:
    form, parameters = choose(request, DATA, default)
    language = language_of(request)
    labels = request.GET.get("labels", "") or parameters.get("labels", "id")
    if labels not in ("id", "both"):
        raise Refused(406 if "labels" in parameters else 400, _("labels is id or both."))

    def content() -> bytes:
        match form.key:
            case "generic":
                return ml_data.generic(asked)
            case "specific":
                return ml_data.specific(asked)
            case "json1":
                return js_data.json1(asked, language)
            case "json2":
                return js_data.json2(asked, language)
            case _:
                return tabular.write(asked, language, newer=form.key == "csv2", labels=labels)

    def build() -> Body:
        charset = "; charset=utf-8" if form.ending == "csv" else ""
        name = f"{asked.flow.id}-{asked.flow.version}.{form.ending}" if form.ending == "csv" else ""
        return Body(
            content(),
            form.media_type + charset,
            asked.flow.edition.published_at,
            name=name,
            seconds=300 if asked.flow.newest else 3600,
        )

    return answer(request, f"{form.key} {labels} {language}", build)


def _availability(request: HttpRequest, asked: Asked, component: str, *, newer: bool) -> HttpResponse:
    if request.GET.get("mode", "exact") not in ("", "exact"):
        raise Refused(501, _("Only the codes that really have figures are told: mode=exact."))
    ids = [part.id for part in asked.flow.parts]
    only = "" if component in ("", "all", "*") else component
    if only and only not in ids:
        raise Refused(400, _("“%(text)s” is no dimension of this table."), text=only[:60])
    form, _parameters = choose(request, STRUCTURES, "json2" if newer else "ml")
    language = language_of(request)

    def build() -> Body:
        used = {part.id: _used(asked.flow, part.column, asked.where) for part in asked.flow.parts if part.column}
        count = sum(standards.count_of(asked.flow, where) for where in asked.where)
        if not count:
            raise Refused(404, _("There are no figures for this question."))
        if form.key == "ml":
            content = ml.availability(asked.flow, used, count, only)
        else:
            content = js.availability(asked.flow, used, count, only, language, newer=form.key == "json2")
        return Body(content, form.media_type, asked.flow.edition.published_at)

    return answer(request, f"{form.key} {language}", build)


def _used(flow: Flow, column: str, where: tuple[Where, ...]) -> list[str]:
    return sorted({code for one in where for code in standards.codes_used(flow, column, one)})


# --- structures -------------------------------------------------------------------------------------------------------


def _structures(request: HttpRequest, kind: str, parts: list[str], *, default: str) -> HttpResponse:
    form, _parameters = choose(request, STRUCTURES, default)
    agency, ident, version, item = parts
    language = language_of(request)

    def build() -> Body:
        found = find(
            KIND_NAMES.get(kind, kind),
            agency,
            ident,
            version,
            references=request.GET.get("references", "") or "none",
            detail=request.GET.get("detail", ""),
        )
        if item not in ("", "all", "*"):
            found = _only(found, item.replace("+", ",").split(","))
        made = newest([one.flow for one in found if one.flow]) or newest(standards.flows())
        if form.key == "ml":
            content = ml.structures(found, made, f"{settings.BASE_URL}/sdmx/2.1")
        else:
            content = js.structures(found, made, language, newer=form.key == "json2")
        return Body(content, form.media_type, made)

    return answer(request, f"{form.key} {language}", build)


def _only(found: list[Artefact], ids: list[str]) -> list[Artefact]:
    """The scheme with some of its items."""
    first = found[0]
    items = tuple(item for item in first.items if item.id in ids)
    if not items:
        raise Refused(404, _("There is no such structure here."))
    return [replace(first, items=items), *found[1:]]
