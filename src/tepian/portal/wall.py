"""The wall: the city at one look. At most seven numbers round the map, one headline, and how old everything is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor, NotFound
from tepian.kernel.catalogue.contributions import Tile, WallTile, WorkItem, offered
from tepian.kernel.identity.access import staff_page
from tepian.ui import levels

from .desk import work_of
from .views import freshness

log = structlog.get_logger("portal")
READERS = (
    "head", "duty_officer", "viewer", "responder", "sensor_steward", "administrator", "auditor", "supervisor", "dispatcher",
    "planner", "plan_verifier",
)  # fmt: skip
TILES = 7
STALE = timedelta(minutes=20)  # a tile older than this turns grey
LAYOUTS: dict[str, tuple[str, ...] | None] = {  # a layout names its tiles by key; None shows the first seven
    "utama": None,
    "rencana": (
        "plan-proven", "plan-late", "plan-missing", "plan-disagreeing", "plan-money", "plan-projects", "plan-resolutions",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    key: str
    tile: Tile
    stale: bool


def tiles(layout: str = "utama", now: datetime | None = None) -> list[Shown]:
    """The layout's numbers, at most seven. A tile that fails is shown as unknown, never as 0 and never left out."""
    now = now or datetime.now(UTC)
    wanted = LAYOUTS[layout]
    shown: list[Shown] = []
    for source in offered(WallTile):
        if wanted is not None and source.key not in wanted:
            continue
        if len(shown) == TILES:
            break  # what nobody sees is not computed
        try:
            tile = source.tile()
        except Exception:
            log.exception("tile_failed", key=source.key)
            tile = Tile(title=source.key, value=None, detail=_("This source cannot be read now."), level="unknown")
        shown.append(Shown(source.key, tile, tile.at is None or now - tile.at > STALE))
    return shown


def headline(actor: Actor) -> list[WorkItem]:
    """What waits for a decision, as far as this reader may know of it."""
    items, _silent = work_of(actor)
    return [item for item in items if item.decision]


def _context(request: HttpRequest, layout: str) -> dict[str, Any]:
    if layout not in LAYOUTS:
        raise NotFound(_("There is no wall layout of this name."), code="no_layout", item=layout)
    shown = tiles(layout)
    half = (len(shown) + 1) // 2
    decisions = headline(request.actor)  # type: ignore[attr-defined]
    return {
        "layout": layout,
        "left": shown[:half],
        "right": shown[half:],
        "decisions": decisions,
        "freshness": freshness(),
        "worst": levels.worst(item.tile.level for item in shown),
        "now": datetime.now(UTC),
    }


@staff_page(*READERS)
def wall(request: HttpRequest, layout: str = "utama") -> HttpResponse:
    return render(request, "portal/wall.html", _context(request, layout))


@staff_page(*READERS)
def wall_content(request: HttpRequest, layout: str = "utama") -> HttpResponse:
    """What changes on the wall, without its frame."""
    return render(request, "portal/wall_content.html", _context(request, layout))
