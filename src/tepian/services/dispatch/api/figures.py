"""Figures of 112: in the open for everybody, call by call for national monitoring."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router

from tepian.kernel.actors import Invalid

from .. import policies
from ..queries import board

router = Router()


@router.get("/emergency/figures", summary="Public figures: incidents, casualties without names, clocks", auth=None)
def figures(request: HttpRequest, since: date | None = Query(None), until: date | None = Query(None)) -> dict[str, Any]:
    """Counts of a ward on one day below five are null, and so many others of that day that no count can be worked out
    from the total; where no ward's count can be told, one row with an empty `region` stands for the day. `indicators`
    are computed from the calls themselves."""
    return board.public_figures(*board.span(since, until))


@router.get("/emergency/report", summary="One row a call, for national monitoring")
def report(
    request: HttpRequest,
    since: date | None = Query(None),
    until: date | None = Query(None),
    limit: int = Query(10_000, ge=1, le=50_000),
    after: str = Query("", max_length=60, description="`next` of the page before; empty: the first page"),
) -> dict[str, Any]:
    """No number, no name, no note. Clocks are seconds from the first ring. Calls stand in the order of their first
    ring; while `next` is not null there are more of them."""
    policies.may_export(request.actor)  # type: ignore[attr-defined]
    begin, end = board.span(since, until)
    at, last = _read_mark(after) if after else (begin, 0)
    rows = (
        row
        for row in board.report_rows(max(begin, at), end)
        if (datetime.fromisoformat(row["first_at"]), row["call"]) > (at, last)
    )
    items = list(islice(rows, limit + 1))
    more = len(items) > limit
    return {"columns": list(board.COLUMNS), "items": items[:limit], "next": _mark(items[limit - 1]) if more else None}


def _mark(row: dict[str, Any]) -> str:
    """Where a page ended. A count of rows would not do: calls that are told late stand between those before."""
    return f"{datetime.fromisoformat(row['first_at']).astimezone(UTC):%Y%m%dT%H%M%S.%f}-{row['call']}"


def _read_mark(text: str) -> tuple[datetime, int]:
    moment, _sep, call = text.partition("-")
    try:
        return datetime.strptime(moment, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC), int(call)
    except ValueError:
        raise Invalid(
            _("This is not the end of a page. Send `next` of the page before, as it was."), code="after", field="after"
        ) from None
