"""Every request gets an id, a duration by route, and a line in the log when it is worth one."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram

from . import health

SLOW = 1.0  # seconds from which a reading request is worth a line
REQUEST_ID = re.compile(r"[\w.-]{8,64}\Z", re.ASCII)

SECONDS = Histogram(
    "tepian_http_seconds",
    "Duration of pages and API calls by route",
    ["route", "method"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
ANSWERS = Counter("tepian_http_answers", "Answers by route and status", ["route", "method", "status"])

log = structlog.get_logger("http")


class ObserveMiddleware:
    """Outermost, so that it sees every answer. An id given by a reverse proxy (`X-Request-ID`) is kept."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if REQUEST_ID.match(given) else uuid.uuid4().hex
        request.META["HTTP_X_REQUEST_ID"] = request_id
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            # Asked when the database may be away: before any other layer that would ask it.
            early = health.EARLY.get(request.path_info)
            response = early(request) if early else self.get_response(request)
            self._observe(request, response, time.perf_counter() - started)
        if response.status_code >= 400 or request.path.startswith("/api/"):
            # Pages that are kept in memory share their headers; those have no need of an id.
            response["X-Request-ID"] = request_id
        return response

    @staticmethod
    def _observe(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        match = request.resolver_match
        # The name of the route and never the path: paths hold codes of people's cases.
        route = match.view_name if match else ("missing" if response.status_code == 404 else "kept")
        if request.path_info in health.EARLY:
            route = request.path_info.strip("/")
        method = request.method if request.method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} else "other"
        SECONDS.labels(route or "unnamed", method).observe(seconds)
        ANSWERS.labels(route or "unnamed", method, str(response.status_code)).inc()
        worth = response.status_code >= 400 or seconds > SLOW or method not in {"GET", "HEAD"}
        if response.status_code >= 500:
            write = log.error
        elif worth and response.status_code != 404:
            write = log.info
        else:
            write = log.debug
        write(
            "request",
            route=route,
            method=method,
            path=request.path,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
        )
