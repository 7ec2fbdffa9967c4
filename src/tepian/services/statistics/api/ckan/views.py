"""`/api/3/action/…`: parameters in the query or as JSON, answers in CKAN's envelope, mistakes in its own words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from tepian.kernel.identity.access import public_page

from ...queries import described, standards
from ...queries.standards import Words
from ..answers import Body, Refused, answer, newest, open_data
from . import datastore, packages, statements
from .datastore import DEFAULT, MOST, Wrong

MOST_ROWS = 1000  # packages in one answer
LARGEST = 10**9
LONGEST_BODY = 100_000
TYPES = {404: "Not Found Error", 409: "Validation Error", 403: "Authorization Error"}
FILTER = re.compile(r'([+-]?)([a-z_]+):(?:"([^"]*)"|(\([^)]*\))|([^\s"()]+))')
SORTED = re.compile(r"\s*([a-z][a-z0-9_]*)(?:\s+(asc|desc))?(?:\s+nulls\s+(?:first|last))?\s*", re.IGNORECASE)
Given = Mapping[str, Any]


class NotThere(Exception):
    """CKAN's “Not found”."""


def _envelope(action: str, **more: Any) -> dict[str, Any]:
    place = described.address(f"/api/3/action/help_show?name={action}")
    return {"help": place, **more}


def _failure(action: str, status: int, error: dict[str, Any]) -> HttpResponse:
    body = orjson.dumps(_envelope(action, success=False, error=error))
    return HttpResponse(body, content_type="application/json;charset=utf-8", status=status)


def _action(request: HttpRequest) -> str:
    return request.path_info.rstrip("/").rpartition("/")[2][:60]


def refuse(request: HttpRequest, status: int, words: Words) -> HttpResponse:
    kind = TYPES.get(status, "Bad Request" if status < 500 else "Service Unavailable")
    error = {"__type": kind, "message": words.en or words.id, "message_id": words.id}
    return _failure(_action(request), status, error)


@public_page(mirrored=False)
@csrf_exempt
@open_data(refuse, methods=("GET", "HEAD", "POST"))
def action(request: HttpRequest, name: str) -> HttpResponse:
    """One of the actions of `ACTIONS`."""
    found = ACTIONS.get(name)
    if found is None:
        known = ", ".join(ACTIONS)
        raise Refused(
            400, _("The action “%(name)s” is not offered here. Offered are: %(known)s."), name=name[:40], known=known
        )

    def build() -> Body:
        body = orjson.dumps(_envelope(name, success=True, result=found(_parameters(request))))
        return Body(body, "application/json;charset=utf-8", newest(standards.flows()))

    try:
        if request.method == "POST":
            return HttpResponse(build().content, content_type="application/json;charset=utf-8")
        return answer(request, "ckan", build)
    except NotThere:
        return _failure(name, 404, {"__type": TYPES[404], "message": "Not found"})
    except Wrong as wrong:
        words = {wrong.field: [wrong.words.en], f"{wrong.field}_id": [wrong.words.id]}
        return _failure(name, 409, {"__type": TYPES[409], **words})


def _parameters(request: HttpRequest) -> dict[str, Any]:
    given: dict[str, Any] = {name: request.GET[name] for name in request.GET}
    if request.method != "POST":
        return given
    kind = request.content_type or ""
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        posted = {name: str(request.POST[name]) for name in request.POST}
        if posted or not request.body:
            return given | posted
    if len(request.body) > LONGEST_BODY:
        raise Refused(413, _("The question is too long."))
    try:
        body = orjson.loads(request.body or b"{}")
    except orjson.JSONDecodeError:
        raise Refused(400, _("The body could not be read as JSON.")) from None
    if not isinstance(body, dict):
        raise Refused(400, _("The body has to be a JSON object."))
    return given | body


# --- reading parameters -----------------------------------------------------------------------------------------------


def _number(given: Given, name: str, default: int, most: int) -> int:
    """CKAN lowers a limit that is too large, and says so in the answer."""
    value = given.get(name, default)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 18:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0 or value > 10**18:
        raise Wrong(name, _("This has to be a whole number from 0."))
    return min(value, most)


def _text(given: Given, name: str) -> str:
    value = given.get(name, "")
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > 2000 or "\0" in value:
        raise Wrong(name, _("This has to be a text."))
    return value


def _json(given: Given, name: str, kind: type) -> Any:
    """A value that the query writes as JSON and a body as it is."""
    value = given.get(name)
    if isinstance(value, str) and value:
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise Wrong(name, _("This could not be read as JSON.")) from None
    if value in (None, ""):
        return kind()
    if not isinstance(value, kind):
        raise Wrong(name, _("This has the wrong form."))
    return value


def _flag(given: Given, name: str, default: bool) -> bool:
    return str(given.get(name, default)).lower() in ("true", "1", "yes", "t")


def _names(given: Given, name: str) -> list[str]:
    value = given.get(name)
    if value in (None, ""):
        return []
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found) or len(found) > 100:
        raise Wrong(name, _("This has to be a list of texts."))
    return [one.strip() for one in found if one.strip()]


# --- packages ---------------------------------------------------------------------------------------------------------


def site_read(given: Given) -> bool:
    return True


def status_show(given: Given) -> dict[str, Any]:
    return {"site_url": described.address("/data"), "ckan_version": "2.10", "extensions": ["datastore"]}


def package_list(given: Given) -> list[str]:
    names = [flow.id for flow in standards.flows()]
    offset = _number(given, "offset", 0, LARGEST)
    return names[offset : offset + _number(given, "limit", LARGEST, LARGEST)]


def package_show(given: Given) -> dict[str, Any]:
    name = _text(given, "id") or _text(given, "name_or_id")
    if not name:
        raise Wrong("id", _("This parameter is needed."))
    flow = packages.package_by(name)
    if flow is None:
        raise NotThere
    return packages.package(flow)


def package_search(given: Given) -> dict[str, Any]:
    text = _text(given, "q")
    filters = _filters(_text(given, "fq"))
    for more in given.get("fq_list") or []:
        filters += _filters(more if isinstance(more, str) else "")
    words = [part for part in [text] if part]
    match = FILTER.fullmatch(text.strip())  # q may be a filter too: organization:setda
    if match and match.group(2) in (*packages.FACETS, "name"):
        filters += _filters(text)
        words = []
    found = packages.search(" ".join(words), filters)
    sort = _text(given, "sort") or "score desc, metadata_modified desc"
    first, _space, way = sort.split(",")[0].strip().partition(" ")
    keys: dict[str, Callable[[standards.Flow], Any]] = {
        "name": lambda flow: flow.id,
        "title": lambda flow: flow.dataset.title.lower(),
        "title_string": lambda flow: flow.dataset.title.lower(),
        "metadata_modified": lambda flow: flow.edition.published_at,
        "metadata_created": lambda flow: flow.edition.published_at,
    }
    if first in keys:
        found.sort(key=keys[first], reverse=way.strip().lower() == "desc")
    elif first not in ("score", "relevance", "views_recent"):
        raise Wrong("sort", _("There is no such field."))
    start, rows = _number(given, "start", 0, LARGEST), _number(given, "rows", 10, MOST_ROWS)
    wanted = _json(given, "facet.field", list) if given.get("facet.field") else []
    names = [name for name in wanted if name in packages.FACETS]
    plain, rich = packages.facets(found, names, _number(given, "facet.limit", 50, 1000))
    return {
        "count": len(found),
        "sort": sort,
        "results": [packages.package(flow) for flow in found[start : start + rows]],
        "facets": plain,
        "search_facets": rich,
    }


def _filters(text: str) -> list[tuple[str, str, bool]]:
    """`organization:setda +tags:"air minum" -groups:ekonomi`; several hold together."""
    found = []
    left = FILTER.sub("", text.replace(" AND ", " "))
    if left.strip():
        raise Wrong("fq", _("A filter is written as field:value, with quotation marks around several words."))
    for sign, name, quoted, several, plain in FILTER.findall(text.replace(" AND ", " ")):
        if name in ("dataset_type", "state", "capacity", "type", "site_id"):
            continue  # all here are public tables
        if name not in (*packages.FACETS, "name", "owner_org"):
            raise Wrong("fq", _("There is no such field."))
        if several:
            raise Wrong("fq", _("Alternatives in brackets are not understood here; ask once for each."))
        found.append(("organization" if name == "owner_org" else name, quoted or plain, sign != "-"))
    return found


def organization_list(given: Given) -> list[Any]:
    codes = sorted({flow.dataset.agency_code for flow in standards.flows()})
    rows = [packages.organisation(code) for code in codes]
    return rows if _flag(given, "all_fields", False) else [row["name"] for row in rows]


def tag_list(given: Given) -> list[str]:
    return sorted({tag for flow in standards.flows() for tag in packages.tag_names(flow)})


def resource_show(given: Given) -> dict[str, Any]:
    ident = _text(given, "id")
    for flow in standards.flows():
        for one in packages.package(flow)["resources"]:
            if one["id"] == ident:
                return dict(one)
    raise NotThere


# --- the datastore ----------------------------------------------------------------------------------------------------


def datastore_search(given: Given) -> dict[str, Any]:
    ident = _text(given, "resource_id") or _text(given, "id")
    if not ident:
        raise Wrong("resource_id", _("This parameter is needed."))
    resource = packages.resource(ident)
    if resource is None:
        raise NotThere
    if isinstance(given.get("q"), dict):
        raise Wrong("q", _("Search words for single fields are not understood here; use filters."))
    if _flag(given, "distinct", False):
        raise Wrong("distinct", _("This is not offered here."))
    form = _text(given, "records_format") or "objects"
    if form not in ("objects", "lists", "csv", "tsv"):
        raise Wrong("records_format", _("objects, lists, csv or tsv."))
    asked = datastore.Asked(
        resource=resource,
        filters=_json(given, "filters", dict),
        words=_text(given, "q"),
        fields=tuple(dict.fromkeys(_names(given, "fields"))),
        sort=_sort(given),
        limit=_number(given, "limit", DEFAULT, MOST),
        offset=_number(given, "offset", 0, LARGEST),
        total=_flag(given, "include_total", True),
        form=form,
    )
    result = datastore.search(asked)
    kept = {name: value for name, value in given.items() if isinstance(value, str) and name not in ("offset", "limit")}
    base = "/api/3/action/datastore_search?"
    return result | {
        "_links": {
            "start": base + urlencode(kept | {"limit": asked.limit}),
            "next": base + urlencode(kept | {"limit": asked.limit, "offset": asked.offset + asked.limit}),
        }
    }


def _sort(given: Given) -> tuple[tuple[str, bool], ...]:
    found = []
    for one in _names(given, "sort"):
        match = SORTED.fullmatch(one)
        if match is None:
            raise Wrong("sort", _("An order is written as field asc or field desc."))
        found.append((match.group(1), (match.group(2) or "").lower() == "desc"))
    return tuple(found)


def datastore_info(given: Given) -> dict[str, Any]:
    resource = packages.resource(_text(given, "id") or _text(given, "resource_id"))
    if resource is None:
        raise NotThere
    table = datastore.Table(resource)
    rows = standards.count_of(resource.flow, resource.where)
    return {
        "meta": {"count": rows, "id": resource.id, "table_type": "BASE TABLE"},
        "fields": [{"id": name, "type": kind} for name, kind in table.types.items()],
    }


def datastore_search_sql(given: Given) -> dict[str, Any]:
    """`sql`: one SELECT; the table is the id of a resource in double quotation marks."""
    text = given.get("sql")
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise Wrong("sql", _("This parameter is needed."))
    found = statements.search(text, packages.resource)
    if found is None:
        raise NotThere
    return found


def help_show(given: Given) -> str:
    found = ACTIONS.get(_text(given, "name"))
    if found is None:
        raise NotThere
    return (found.__doc__ or _text(given, "name")).strip()


ACTIONS: dict[str, Callable[[Given], Any]] = {
    "site_read": site_read,
    "status_show": status_show,
    "package_list": package_list,
    "package_show": package_show,
    "package_search": package_search,
    "organization_list": organization_list,
    "tag_list": tag_list,
    "resource_show": resource_show,
    "datastore_search": datastore_search,
    "datastore_search_sql": datastore_search_sql,
    "datastore_info": datastore_info,
    "help_show": help_show,
}
