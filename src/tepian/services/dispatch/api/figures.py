"""Figures of 112: in the open for everybody, call by call for national monitoring."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from .. import policies
from ..queries import board

router = Router()


@router.get("/emergency/figures", summary="Public figures: incidents, casualties without names, clocks", auth=None)
def figures(request: HttpRequest, since: date | None = Query(None), until: date | None = Query(None)) -> dict[str, Any]:
    """Counts of a ward on one day below five are null. `indicators` are computed from the calls themselves."""
    return board.public_figures(*board.span(since, until))


@router.get("/emergency/report", summary="One row a call, for national monitoring")
def report(
    request: HttpRequest,
    since: date | None = Query(None),
    until: date | None = Query(None),
    limit: int = Query(10_000, ge=1, le=50_000),
) -> dict[str, Any]:
    """No number, no name, no note. Clocks are seconds from the first ring."""
    policies.may_export(request.actor)  # type: ignore[attr-defined]
    items = []
    for row in board.report_rows(*board.span(since, until)):
        items.append(row)
        if len(items) >= limit:
            break
    return {"columns": list(board.COLUMNS), "items": items}
