"""Figures of 112: in the open for everybody, call by call for national monitoring."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson
from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router

from .. import policies
from ..queries import board

router = Router()


@router.get("/emergency/figures", summary="Public figures: incidents, casualties without names, clocks", auth=None)
def figures(request: HttpRequest, since: date | None = Query(None), until: date | None = Query(None)) -> dict[str, Any]:
    """Counts of a ward on one day below five are null. `indicators` are computed from the calls themselves."""
    return board.told_figures(*board.span(since, until))


@router.get("/emergency/report", summary="One row a call, for national monitoring", response=dict[str, Any])
def report(request: HttpRequest, since: date | None = Query(None), until: date | None = Query(None)) -> Any:
    """No number, no name, no note. Clocks are seconds from the first ring. Whole, however long the period: it is sent
    while it is read. `{columns, items}`."""
    policies.may_export(request.actor)  # type: ignore[attr-defined]
    start, end = board.span(since, until)

    def parts() -> Iterator[bytes]:
        yield b'{"columns":' + orjson.dumps(board.COLUMNS) + b',"items":['
        rows = board.report_rows(start, end)
        for place, row in enumerate(rows):
            yield (b"," if place else b"") + orjson.dumps(row)
        yield b"]}"

    return StreamingHttpResponse(parts(), content_type="application/json; charset=utf-8")
