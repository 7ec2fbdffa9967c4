"""Reading the outbox."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Max

from .definition import Envelope
from .models import OutboxEvent


def to_envelope(row: OutboxEvent) -> Envelope:
    return Envelope(
        position=row.position,
        id=str(row.id),
        type=row.type,
        subject=row.subject,
        time=row.time,
        data=row.data,
        actor=row.actor,
        audience=row.audience,
    )


def after(position: int, *, limit: int = 500, types: Iterable[str] | None = None) -> list[Envelope]:
    """Events behind `position`, oldest first."""
    rows = OutboxEvent.objects.filter(position__gt=position).order_by("position")
    if types is not None:
        rows = rows.filter(type__in=list(types))
    return [to_envelope(row) for row in rows[:limit]]


def last_position() -> int:
    return OutboxEvent.objects.aggregate(last=Max("position"))["last"] or 0
