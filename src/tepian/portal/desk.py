"""The desk: what waits for this person, worst and most urgent first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.contributions import WorkItem, WorkList, offered
from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.identity import queries
from tepian.kernel.identity.access import staff_page

log = structlog.get_logger("portal")
RANK = {"danger": 0, "warning": 1, "notice": 2, "normal": 3}
FAR = datetime.max.replace(tzinfo=UTC)
# What may wait for a person comes from any room. Five seconds bound what the clock alone changes (a position that ends).
kept = cached_page(*(room["name"] for room in settings.ROOMS), seconds=5, per_session=True)


def work_of(actor: Actor) -> tuple[list[WorkItem], list[str]]:
    """Everything that waits for this actor, and the rooms that could not be asked."""
    items: dict[str, WorkItem] = {}
    silent: list[str] = []
    for source in offered(WorkList):
        try:
            for item in source.items(actor):
                items.setdefault(item.key, item)
        except Exception:
            log.exception("work_list_failed", room=source.room)
            silent.append(source.room)
    ordered = sorted(
        items.values(), key=lambda item: (RANK.get(item.level, 3), item.due or FAR, item.since or FAR, item.title)
    )
    return ordered, silent


def _context(request: HttpRequest) -> dict[str, Any]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    items, silent = work_of(actor)
    now = datetime.now(UTC)
    return {
        "items": items,
        "silent": silent,
        "decisions": sum(item.decision for item in items),
        "now": now,
        "late": {item.key for item in items if item.due and item.due < now},
    }


@staff_page()
@kept
def desk(request: HttpRequest) -> HttpResponse:
    account: Any = request.user
    held = getattr(account, "held_now", None)
    return render(
        request, "portal/desk.html", _context(request) | {"held": queries.postings(account) if held is None else held}
    )


@staff_page()
@kept
def tasks(request: HttpRequest) -> HttpResponse:
    """The list alone, for the live refresh."""
    return render(request, "portal/desk_tasks.html", _context(request))
