"""Quiet hours: when a message that can wait should wait."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def quiet_until(now: datetime, begins: time | None, ends: time | None, zone: ZoneInfo) -> datetime | None:
    """The end of the quiet hours that `now` lies in (aware, UTC), or None. Hours are the city's and may pass midnight:
    21.00 to 06.00. Equal times mean no quiet hours."""
    if begins is None or ends is None or begins == ends:
        return None
    local = now.astimezone(zone)
    clock = local.time()
    if begins < ends:
        inside, later = begins <= clock < ends, False
    else:
        inside, later = clock >= begins or clock < ends, clock >= begins
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if later else 0)
    return datetime.combine(day, ends, zone).astimezone(UTC)
