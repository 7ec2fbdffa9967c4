"""The JSON API at `/api/v1`: gathers the routers of all rooms and kernel parts, and speaks one language of errors.

A room's `api.py` defines `router = ninja.Router(tags=[...])` with full paths below `/api/v1`. Who calls is known before
the room is asked (`request.actor`): a signed-in person (unsafe methods need the CSRF token) or a holder of a key
(`Authorization: Bearer …`). Every error has the same body, see `Problem`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import structlog
from django.apps import apps
from django.core.cache import cache as memory
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import connection
from django.db.utils import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, path, re_path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI, Router, Schema
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.throttling import BaseThrottle
from ninja.utils import check_csrf
from pydantic import Field

from tepian.kernel.actors import Actor, Conflict, Denied, Invalid, NotFound
from tepian.kernel.identity.access import PUBLIC, public_page
from tepian.kernel.identity.lockout import address_of
from tepian.kernel.identity.middleware import device_key_of
from tepian.toolkit.storage import Trouble, trouble

log = structlog.get_logger("api")
ROOT = "/api/v1"
DOCS = f"{ROOT}/docs"
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
ANONYMOUS_WRITES = 60  # per minute and address


class Problem(Schema):
    """What went wrong, in both languages: what happened, what is safe, what to do."""

    code: str = Field(description="Stable for programs")
    message_id: str = Field(description="For people, in Indonesian")
    message_en: str = Field(description="For people, in English")
    field: str | None = Field(None, description="The part of the input at fault, if one is")
    request_id: str = Field("", description="Tell this to the operator when asking for help")
    docs: str = Field(DOCS, description="Where the code is explained")


MESSAGES: dict[str, Any] = {
    "malformed": _("The request could not be read. Nothing was changed. Check the JSON and send it again."),
    "not_signed_in": _("This needs a sign-in or a key. Nothing was changed. Sign in, or send a valid key."),
    "denied": _("You may not do this. Nothing was changed."),
    "csrf": _("The form's safety mark is missing. Nothing was changed. Load the page again and repeat."),
    "not_found": _("There is nothing at this address. Check the address."),
    "method_not_allowed": _("This address does not know that method. Nothing was changed."),
    "body_too_large": _("The request is too large. Nothing was changed. Send it in smaller parts."),
    "too_many": _("Too many requests in a short time. Nothing was changed. Wait a moment and send it again."),
    "storage_full": _(
        "The server's storage is full. What was confirmed before is safe; this was not stored. "
        "Keep your data and send it again later."
    ),
    "busy": _("The server is busy. This was not stored. Send it again in a moment."),
    "database_away": _("The database cannot be reached. This was not stored. Send it again in a moment."),
    "internal": _(
        "Something broke on our side. Nothing of this request was stored. The operator has been told; try again later."
    ),
}
# Status, meaning: shown in the reference page and written into the schema of every operation.
STATUSES: dict[int, str] = {
    400: "malformed",
    401: "not_signed_in",
    403: "denied",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "body_too_large",
    422: "invalid",
    429: "too_many",
    500: "internal",
    503: "busy",
    507: "storage_full",
}


def both(message: Any) -> tuple[str, str]:
    """A lazily translated message in Indonesian and in English."""
    with override("id"):
        indonesian = str(message)
    with override("en"):
        return indonesian, str(message)


def problem(
    request: HttpRequest,
    status: int,
    code: str,
    message: Any = None,
    *,
    field: str = "",
    retry_after: int | None = None,
    more: tuple[str, str] = ("", ""),
) -> HttpResponse:
    """The one error body. `message` may be a lazy translation; `more` is added to it per language."""
    indonesian, english = both(MESSAGES[code] if message is None else message)
    body = Problem(
        code=code,
        message_id=f"{indonesian} {more[0]}".strip(),
        message_en=f"{english} {more[1]}".strip(),
        field=field or None,
        request_id=request_id(request),
        docs=f"{DOCS}#{code}",
    )
    response = HttpResponse(body.model_dump_json(), status=status, content_type="application/json; charset=utf-8")
    response["Cache-Control"] = "no-store"
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="tepian"'
    return response


def request_id(request: HttpRequest) -> str:
    actor: Actor | None = getattr(request, "actor", None)
    return (actor.request_id if actor else "") or request.META.get("HTTP_X_REQUEST_ID", "")


# --- who calls -------------------------------------------------------------------------------------------------------


class WhoCalls:
    """Lets everybody in, for operations ask their own policies, except: a key that is not valid (401), and an unsafe
    request that comes with a session but without the CSRF token (403)."""

    def __call__(self, request: HttpRequest) -> Actor:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        if request.headers.get("Authorization", "").strip() or device_key_of(request):
            if actor.kind == "anonymous":
                raise AuthenticationError
        elif request.method not in SAFE and actor.kind != "anonymous" and check_csrf(request) is not None:
            raise CsrfMissing
        return actor


class CsrfMissing(Exception):
    """An unsafe request with a session and without its token."""


class AnonymousWrites(BaseThrottle):
    """Anonymous changes, per address and minute. Reading is not limited here: the server sheds load as a whole."""

    def allow_request(self, request: HttpRequest) -> bool:
        if request.method in SAFE or request.actor.kind != "anonymous":  # type: ignore[attr-defined]
            return True
        key = f"api-writes:{address_of(request)}:{int(time.time() // 60)}"
        memory.add(key, 0, 120)
        try:
            return memory.incr(key) <= ANONYMOUS_WRITES
        except ValueError:  # it went away in between
            return True

    def wait(self) -> float:
        return 60 - time.time() % 60


# --- the API ---------------------------------------------------------------------------------------------------------


class CityAPI(NinjaAPI):
    """Ninja with short operation ids, and with the errors and the two ways of signing in written into the schema."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        parts = operation.view_func.__module__.split(".")
        owner = next((parts[i + 1] for i, part in enumerate(parts[:-1]) if part in {"services", "kernel"}), parts[-1])
        return f"{owner}_{operation.view_func.__name__}"

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        if self.described is None:  # it takes a fifth of a second and never changes while the process lives
            self.described = self._describe(path_prefix, path_params)
        return self.described

    described: OpenAPISchema | None = None

    def _describe(self, path_prefix: str | None, path_params: dict[str, Any] | None) -> OpenAPISchema:
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        components = schema.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
        components["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "A key made under /kerja/kelola"},
            "session": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
        }
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for methods in schema["paths"].values():
            for method, operation in methods.items():
                responses = {str(status): answer for status, answer in operation["responses"].items()}
                for status, code in STATUSES.items():
                    if method == "get" and status in {409, 413, 429, 507}:
                        continue
                    responses.setdefault(str(status), {"description": code, "content": content})
                operation["responses"] = dict(sorted(responses.items()))
                operation["security"] = [{}, {"key": []}, {"session": []}]
        schema["paths"] = dict(sorted(schema["paths"].items()))
        return schema


def routers() -> Iterator[tuple[str, Router]]:
    """The routers of the kernel's parts and of all rooms, with their module's name."""
    for app in apps.get_app_configs():
        if not app.name.startswith("tepian.") or app.label == "portal":
            continue
        parts = [app.name]
        if app.label == "city":
            parts = [
                f"{app.name}.{part}"
                for part in (
                    "audit",
                    "events",
                    "regions",
                    "organisations",
                    "identity",
                    "documents",
                    "notifications",
                    "maps",
                    "residents",
                    "signatures",
                )
            ]
        for part in parts:
            if find_spec(f"{part}.api") and (router := getattr(import_module(f"{part}.api"), "router", None)):
                yield part, router


# --- errors ----------------------------------------------------------------------------------------------------------

Handler = Callable[[HttpRequest, Any], HttpResponse]


def _denied(request: HttpRequest, error: Denied) -> HttpResponse:
    helper = both(error.helper) if error.helper else ("", "")
    if request.actor.kind == "anonymous":  # type: ignore[attr-defined]
        return problem(request, 401, "not_signed_in", error.reason, more=helper)
    return problem(request, 403, "denied", error.reason, more=helper)


def _invalid(status: int) -> Handler:
    def answer(request: HttpRequest, error: Invalid) -> HttpResponse:
        code = error.code
        if code == "invalid" and status != 422:
            code = "conflict" if status == 409 else "not_found"
        return problem(request, status, code, error.message, field=error.field)

    return answer


def _validation(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first: Mapping[str, Any] = error.errors[0] if error.errors else {}
    place = ".".join(str(part) for part in first.get("loc", ())[1:])
    told = str(first.get("msg", ""))
    return problem(
        request,
        422,
        "invalid",
        _("The input does not have the expected form. Nothing was changed."),
        field=place,
        more=(f"({place}: {told})", f"({place}: {told})") if told else ("", ""),
    )


def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    code = {400: "malformed", 401: "not_signed_in", 403: "denied", 404: "not_found"}.get(error.status_code, "invalid")
    return problem(request, error.status_code, code, MESSAGES.get(code, error.message))


def _throttled(request: HttpRequest, error: Throttled) -> HttpResponse:
    return problem(request, 429, "too_many", retry_after=int(error.wait or 1) + 1)


def _unforeseen(request: HttpRequest, error: Exception) -> HttpResponse:
    named: Trouble | None = trouble(error)
    if named:
        log.warning("storage_trouble", code=named.code, error=repr(error))
        if named.code == "database_away" and not connection.in_atomic_block:
            connection.close()
        return problem(request, named.status, named.code, retry_after=named.retry_after)
    log.exception("api_failed", path=request.path)
    return problem(request, 500, "internal")


HANDLERS: dict[type[Exception], Handler] = {
    Denied: _denied,
    Conflict: _invalid(409),
    NotFound: _invalid(404),
    Invalid: _invalid(422),
    ValidationError: _validation,
    Throttled: _throttled,
    HttpError: _http_error,
    CsrfMissing: lambda request, error: problem(request, 403, "csrf"),
    Http404: lambda request, error: problem(request, 404, "not_found"),
    PermissionDenied: lambda request, error: problem(request, 403, "denied"),
    RequestDataTooBig: lambda request, error: problem(request, 413, "body_too_large"),
    DatabaseError: _unforeseen,
    InterfaceError: _unforeseen,
    Exception: _unforeseen,
}


def build(namespace: str, found: Iterable[tuple[str, Router]]) -> CityAPI:
    """An API of these routers, with our errors and our way of knowing who calls."""
    built = CityAPI(
        title="Tepian",
        version="1",
        description="The city's services for programs. Times are ISO 8601 with zone, positions WGS 84 lon/lat, "
        "distances metres, money integer rupiah, regions dotted Kemendagri codes. Live events: /api/v1/stream "
        "(Server-Sent Events, CloudEvents 1.0 in JSON).",
        urls_namespace=namespace,
        docs_url=None,
        auth=WhoCalls(),
        throttle=[AnonymousWrites()],
    )
    for part, router in found:
        built.add_router("", router, tags=router.tags or [part.rpartition(".")[2]])
    for kind, handler in HANDLERS.items():
        built.add_exception_handler(kind, handler)
    return built


api = build("api", routers())


# --- addresses -------------------------------------------------------------------------------------------------------


def _readable_405(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Ninja answers a wrong method with an empty page; give it the one error body."""

    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code == 405:
            readable = problem(request, 405, "method_not_allowed")
            readable["Allow"] = response.get("Allow", "")
            return readable
        return response

    answer.access_roles = (PUBLIC,)  # type: ignore[attr-defined]  # policies decide, operation by operation
    return csrf_exempt(answer)  # WhoCalls asks for the token where a session is used


@csrf_exempt
def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    return problem(request, 404, "not_found")


nothing_here.access_roles = (PUBLIC,)  # type: ignore[attr-defined]


@cache
def _schema() -> dict[str, Any]:
    return json.loads(json.dumps(api.get_openapi_schema(), default=str))


@public_page(mirrored=False)
def reference(request: HttpRequest) -> HttpResponse:
    """The API's reference as a page of our own: no script, nothing from elsewhere."""
    schema = _schema()
    groups: dict[str, list[dict[str, Any]]] = {}
    for address, methods in schema["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {})
            groups.setdefault(operation.get("tags", ["–"])[0], []).append(
                {
                    "id": operation["operationId"],
                    "method": method.upper(),
                    "address": address,
                    "summary": operation.get("summary", ""),
                    "description": operation.get("description", ""),
                    "parameters": [
                        {
                            "name": parameter["name"],
                            "where": parameter["in"],
                            "kind": _named(parameter.get("schema", {})),
                            "meaning": parameter.get("description")
                            or parameter.get("schema", {}).get("description", ""),
                            "required": parameter.get("required", False),
                        }
                        for parameter in operation.get("parameters", [])
                    ],
                    "bodies": [(kind, _named(part.get("schema", {}))) for kind, part in body.items()],
                    "answers": [
                        (
                            status,
                            answer.get("description", ""),
                            [_named(part.get("schema", {})) for part in answer.get("content", {}).values()],
                        )
                        for status, answer in operation["responses"].items()
                    ],
                }
            )
    shapes = {
        name: [
            (field, _named(shape), shape.get("description", ""), field in component.get("required", []))
            for field, shape in component.get("properties", {}).items()
        ]
        for name, component in sorted(schema["components"].get("schemas", {}).items())
    }
    errors = [(status, code, MESSAGES.get(code, "")) for status, code in STATUSES.items()]
    return render(
        request,
        "portal/api.html",
        {"groups": sorted(groups.items()), "shapes": shapes, "errors": errors, "schema": schema},
    )


def _named(shape: Mapping[str, Any]) -> str:
    """A schema in a few words: `array of Incident`, `string or null`, `integer`."""
    if "$ref" in shape:
        return str(shape["$ref"]).rpartition("/")[2]
    if choices := shape.get("anyOf") or shape.get("oneOf"):
        return " or ".join(dict.fromkeys(_named(choice) for choice in choices))
    if shape.get("type") == "array":
        return f"array of {_named(shape.get('items', {}))}"
    if values := shape.get("enum"):
        return " | ".join(str(value) for value in values)
    kind = str(shape.get("type", "any"))
    return f"{kind} ({shape['format']})" if "format" in shape else kind


def mount(built: CityAPI) -> list[URLPattern | URLResolver]:
    found, _app, _namespace = built.urls
    for pattern in found:
        if isinstance(pattern, URLPattern):
            pattern.callback = _readable_405(pattern.callback)
    return found  # type: ignore[return-value]


urls: list[URLPattern | URLResolver] = [
    path("api/v1/docs", reference, name="api-reference"),
    path("en/api/v1/docs", reference, name="api-reference-en"),
    path("api/v1/", (mount(api), "ninja", api.urls_namespace)),
    re_path(r"^api/(?P<rest>.*)$", nothing_here, name="api-nothing-here"),
]
