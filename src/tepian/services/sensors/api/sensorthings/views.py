"""OGC SensorThings API 1.1 at /sensorthings/v1.1."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from ninja.utils import check_csrf

from tepian.kernel.actors import Actor, Denied
from tepian.kernel.identity.access import public_page
from tepian.kernel.identity.middleware import device_key_of
from tepian.toolkit.storage import trouble

from ...operations.writer import StorageFull, Unavailable
from ..answers import MALFORMED, NO_KEY, Problem, problem_of
from ..ingest import INTERNAL, ROOT
from . import creating, reading
from .entities import ENTITIES

log = logging.getLogger("tepian.sensors")
SPEC = "http://www.opengis.net/spec/iot_sensing/1.1/req"
CONFORMANCE = [
    f"{SPEC}/{part}"
    for part in (
        "datamodel",
        "resource-path/resource-path-to-entities",
        "request-data",
        "create-update-delete/create-entity",
        "create-update-delete/link-to-existing-entities",
        "create-update-delete/deep-insert",
        "create-update-delete/deep-insert-status-code",
        "batch-request/batch-request",
        "data-array/data-array",
        "create-observations-via-mqtt/observations-creation",
    )
]


def root(origin: str) -> dict[str, Any]:
    """The service's front door: what there is, and which parts of the standard are kept."""
    server_settings: dict[str, Any] = {"conformance": CONFORMANCE}
    if settings.KNOBS.mqtt_port and not settings.KNOBS.mqtt_broker:
        server_settings[f"{SPEC}/create-observations-via-mqtt/observations-creation"] = {
            "endpoints": [f"mqtt://{origin.split('//')[-1].split(':')[0]}:{settings.KNOBS.mqtt_port}"],
            "topics": "tepian/v1/<station>/<datastream>",
        }
    return {
        "serverSettings": server_settings,
        "value": [{"name": name, "url": f"{origin}{ROOT}/{name}"} for name in ENTITIES],
    }


def respond(
    method: str, path: str, query: str, body: Any, actor: Actor, origin: str
) -> tuple[int, Any, dict[str, str]]:
    """(status, body, headers) of one request: every refusal is a body of words, whatever was sent."""
    try:
        # No transaction round it: on SQLite that would take the write lock, and a reading is committed by the writer.
        # Inside one already (tests), a refused query must not spoil it.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            return _respond(method, path, query, body, actor, origin)
    except RecursionError:
        problem = Problem(400, "bad_query", _("The expression is nested too deeply."))
    except DatabaseError as error:
        named = trouble(error)
        if named is None:
            # The translator checks kinds; what the database still refuses (an overflow, a depth) is the query's fault.
            log.warning("query refused by the database: %s", error)
            problem = Problem(
                400, "bad_query", _("The database cannot answer this expression. Make it simpler."), field="$filter"
            )
        else:
            known = problem_of(StorageFull(str(error)) if named.code == "storage_full" else Unavailable(str(error)))
            assert known is not None
            problem = known
    except Exception as error:
        found = problem_of(error)
        if found is None:
            log.exception("%s %s failed", method, path)
            found = Problem(500, "internal", INTERNAL)
        elif isinstance(error, Denied) and actor.kind == "anonymous":
            found = Problem(401, "not_signed_in", NO_KEY)
        elif found.status == 422 and found.code == "bad_query":
            found.status = 400
        problem = found
    return problem.status, problem.body(), dict(problem.headers())


def _respond(
    method: str, path: str, query: str, body: Any, actor: Actor, origin: str
) -> tuple[int, Any, dict[str, str]]:
    if method in {"GET", "HEAD"}:
        if not path.strip("/"):
            return 200, root(origin), {}
        if "\x00" in path or "\x00" in unquote(query):
            raise reading.nothing(path.replace("\x00", ""))
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=50)
        return 200, reading.answer(unquote(path), pairs, f"{origin}{ROOT}"), {}
    if method == "POST":
        return creating.answer(unquote(path), body, actor, origin)
    raise Problem(405, "method_not_allowed", _("This address does not know that method. Nothing was changed."))


@csrf_exempt
@public_page(mirrored=False)
def sensorthings(request: HttpRequest, path: str = "") -> HttpResponse:
    """Every address of the service. Reading is open; writing needs a device key, or a session with its CSRF token."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    origin = f"{request.scheme}://{request.get_host()}"
    body: Any = None
    method = request.method or "GET"
    if method == "POST":
        if device_key_of(request):
            if actor.kind == "anonymous":
                return to_response(*_refused(Problem(401, "not_signed_in", NO_KEY)))
        elif actor.kind != "anonymous" and check_csrf(request) is not None:
            return to_response(
                *_refused(Problem(403, "csrf", _("The form's safety mark is missing. Nothing was changed.")))
            )
        elif actor.kind == "anonymous":
            return to_response(*_refused(Problem(401, "not_signed_in", NO_KEY)))
        try:
            body = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            return to_response(*_refused(Problem(400, "malformed", MALFORMED)))
    return to_response(*respond(method, path, request.META.get("QUERY_STRING", ""), body, actor, origin))


def _refused(problem: Problem) -> tuple[int, Any, dict[str, str]]:
    return problem.status, problem.body(), dict(problem.headers())


def to_response(status: int, body: Any, headers: dict[str, str]) -> HttpResponse:
    if isinstance(body, str):
        response = HttpResponse(body, status=status, content_type="text/plain; charset=utf-8")
    else:
        response = HttpResponse(
            orjson.dumps(body, default=str), status=status, content_type="application/json; charset=utf-8"
        )
    for name, value in headers.items():
        response[name] = value
    if status == 405:
        response["Allow"] = "GET, HEAD, POST"
    return response
