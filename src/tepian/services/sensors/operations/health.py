"""Noticing that a station has gone silent, and that it is back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue import versions
from tepian.kernel.events import emit, note, operation

from ..events import StationReturned, StationSilent
from ..models import DatastreamState, ImportDraft
from ..states import iso, to_ms


@operation("sensors.check_silence", policy=None)
def _mark(*, actor: Actor, now_ms: int) -> dict[str, int]:
    """Mark main datastreams that are three intervals (at least five minutes) late, and those that came back. A station
    that has never reported is not called silent: it is not in use yet."""
    counts = {"silent": 0, "returned": 0}
    states = DatastreamState.objects.filter(datastream__main=True, datastream__station__active=True, seen_ms__gt=0)
    for state in states.select_related("datastream__station__region"):
        row = state.datastream
        station = row.station
        region = station.region.code if station.region else ""
        late = now_ms - state.seen_ms > max(3 * row.expected_interval_s, 300) * 1000
        was = state.silent_since_ms
        if late and was is None:
            # Compare and set: two workers that look at once say it once.
            if not DatastreamState.objects.filter(pk=state.pk, silent_since_ms=None, seen_ms=state.seen_ms).update(
                silent_since_ms=state.seen_ms
            ):
                continue
            counts["silent"] += 1
            emit(
                StationSilent(
                    station=station.code,
                    station_name=station.name,
                    kind=station.kind,
                    region=region,
                    last_at=iso(state.seen_ms),
                )
            )
        elif not late and was is not None:
            if not DatastreamState.objects.filter(pk=state.pk, silent_since_ms=was).update(silent_since_ms=None):
                continue
            counts["returned"] += 1
            emit(
                StationReturned(
                    station=station.code,
                    station_name=station.name,
                    kind=station.kind,
                    region=region,
                    silent_since=iso(was),
                )
            )
    if counts["silent"] or counts["returned"]:
        versions.touch("sensors")
    note("sensors", "silence", silent=counts["silent"], returned=counts["returned"])
    return counts


def check_silence(*, actor: Actor, now: datetime | None = None) -> dict[str, int]:
    """Emit `station_silent` and `station_returned` where due; returns how many of each. Idempotent. Looks before it
    opens an operation, so that a quiet minute leaves no trace in the record."""
    now_ms = to_ms(now or timezone.now())
    due = False
    for seen, since, interval in DatastreamState.objects.filter(
        datastream__main=True, datastream__station__active=True, seen_ms__gt=0
    ).values_list("seen_ms", "silent_since_ms", "datastream__expected_interval_s"):
        late = now_ms - seen > max(3 * interval, 300) * 1000
        due = due or late == (since is None)
    if not due:
        return {"silent": 0, "returned": 0}
    return _mark(actor=actor, now_ms=now_ms)


def forget_old_drafts(now: datetime | None = None) -> int:
    """Remove import files that nobody confirmed within a day."""
    edge = timezone.now() if now is None else now
    return ImportDraft.objects.filter(created_at__lt=edge - timedelta(days=1)).delete()[0]
