"""After ten failures for one account from one address, sign-in waits for fifteen minutes. The page says until when."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from .queries import who_can_help


def username_of(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The name as typed, folded: "Budi" and " budi" count together."""
    typed = (credentials or {}).get("username") or request.POST.get("login") or ""
    return str(typed).strip().lower().replace("\0", "")[:150]


def address_of(request: HttpRequest) -> str:
    """The client's address; from the city's own reverse proxy, where there is one. An IPv6 client counts as its /64."""
    given = request.META.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104 - a value, nothing listens there
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    if settings.TRUSTED_PROXIES and len(hops) >= settings.TRUSTED_PROXIES:
        given = hops[-settings.TRUSTED_PROXIES]
    try:
        address = ipaddress.ip_address(given)
    except ValueError:
        return "0.0.0.0"  # noqa: S104
    if address.version == 6:
        return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address)
    return str(address)


def locked_until(username: str, address: str) -> datetime | None:
    """When the next try is possible; None when it is possible now. Failures older than the window do not count."""
    window: timedelta = settings.AXES_COOLOFF_TIME
    rows = list(
        AccessAttempt.objects.filter(username=username, ip_address=address, attempt_time__gte=timezone.now() - window)
        .order_by("attempt_time")
        .values_list("attempt_time", "failures_since_start")
    )
    left = sum(failures for _, failures in rows)
    end = None
    for at, failures in rows:
        if left < settings.AXES_FAILURE_LIMIT:
            break
        left -= failures
        end = at + window
    return end


def locked_page(
    request: HttpRequest, response: HttpResponse | None = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """What happened, that nothing is lost, when it ends, who can help. The same for names that do not exist."""
    until = locked_until(username_of(request, credentials), address_of(request))
    until = until or timezone.now() + settings.AXES_COOLOFF_TIME
    minutes = max(1, -(-int((until - timezone.now()).total_seconds()) // 60))
    page = render(
        request,
        "identity/locked.html",
        {"until": until, "minutes": minutes, "limit": settings.AXES_FAILURE_LIMIT, "helper": who_can_help()},
        status=settings.AXES_HTTP_RESPONSE_CODE,
    )
    page["Retry-After"] = str(minutes * 60)
    page["Cache-Control"] = "no-store"
    return page
