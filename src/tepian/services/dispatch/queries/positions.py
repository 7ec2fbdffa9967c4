"""Where the units are, for the open maps."""

from __future__ import annotations

import time
from typing import Any

from ..models import Unit

EVERY_S = 1.0  # the open maps need no more


def changes_since(cursor: Any) -> tuple[Any, list[dict[str, Any]]]:
    """For live frames: units on duty whose position is another than the one told before. The cursor remembers when to
    look again and what was told of each unit, for phones' clocks differ and positions come late."""
    due: float = cursor[0] if cursor else 0.0
    told: dict[str, Any] = cursor[1] if cursor else {}
    if time.monotonic() < due:
        return cursor, []
    rows = Unit.objects.filter(active=True).exclude(state="off_duty").exclude(position_at=None)
    known = {
        sign: (lon, lat, at.isoformat() if at else None)
        for sign, lon, lat, at in rows.values_list("call_sign", "lon", "lat", "position_at").order_by("call_sign")
    }
    items = [
        {"key": f"unit/{sign}", "lon": lon, "lat": lat, "at": at}
        for sign, (lon, lat, at) in known.items()
        if told.get(sign) != (lon, lat, at)
    ]
    return (time.monotonic() + EVERY_S, known), items
