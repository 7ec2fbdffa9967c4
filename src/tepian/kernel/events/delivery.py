"""Delivery of the outbox to its consumers: at least once, in order per subject, with dead letters.

An event's handler and the consumer's progress commit in one transaction. A handler that fails sets its event aside:
later events of the same subject wait behind it, other subjects go on. After `MAX_ATTEMPTS` the event is a dead letter
that a person can see and replay; what waited behind it then goes on.
"""

from __future__ import annotations

import traceback
from datetime import UTC, datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import Min

from .definition import CONSUMERS, Consumer, Envelope
from .models import ConsumerProgress, Delivery, OutboxEvent
from .queries import last_position, to_envelope

log = structlog.get_logger("events")
MAX_ATTEMPTS = 8
_nothing_before: dict[str, int] = {}  # consumer → position up to which this process found nothing to do


def backoff(attempts: int) -> timedelta:
    """1 s, 2 s, 4 s … at most 10 minutes."""
    return timedelta(seconds=min(600, 2 ** (attempts - 1)))


def deliver_due(*, limit: int = 200) -> int:
    """Deliver what is due to every consumer; returns how many events were dealt with."""
    done = 0
    last = last_position()
    for consumer in list(CONSUMERS.values()):
        done += _retry_due(consumer, limit=limit)
        for _ in range(limit):
            if _nothing_before.get(consumer.name, -1) >= last or not _next(consumer, last):
                break
            done += 1
    return done


def deliver_all() -> int:
    """Deliver until nothing is left, without waiting for backoff. For tests, imports and demonstrations."""
    total = 0
    while done := _once():
        total += done
    return total


def _once() -> int:
    Delivery.objects.filter(state=Delivery.WAITING).update(next_attempt_at=datetime.now(UTC))
    _nothing_before.clear()
    return deliver_due()


def _locked_progress(consumer: str) -> ConsumerProgress:
    rows = ConsumerProgress.objects.all()
    if connection.vendor == "postgresql":
        rows = rows.select_for_update()
    progress = rows.filter(consumer=consumer).first()
    if progress is None:
        ConsumerProgress.objects.bulk_create([ConsumerProgress(consumer=consumer)], ignore_conflicts=True)
        progress = rows.get(consumer=consumer)
    return progress


def _next(consumer: Consumer, last: int) -> bool:
    """Deal with the consumer's next event. False when there is none."""
    with transaction.atomic():
        progress = _locked_progress(consumer.name)
        event = (
            OutboxEvent.objects.filter(position__gt=progress.position, type__in=consumer.handlers)
            .order_by("position")
            .first()
        )
        if event is None:
            _nothing_before[consumer.name] = last
            return False
        blocked = Delivery.objects.filter(
            consumer=consumer.name, subject=event.subject, state=Delivery.WAITING
        ).exists()
        error = "" if blocked else _handle(consumer, to_envelope(event))
        if blocked or error:
            attempts = 0 if blocked else 1
            Delivery.objects.create(
                consumer=consumer.name,
                event=event,
                subject=event.subject,
                attempts=attempts,
                error=error,
                next_attempt_at=datetime.now(UTC) + (timedelta() if blocked else backoff(1)),
            )
        progress.position = event.position
        progress.save(update_fields=["position", "moved_at"])
    return True


def _handle(consumer: Consumer, envelope: Envelope) -> str:
    """Run the handler in a savepoint. Returns the error, or nothing."""
    try:
        with transaction.atomic():
            consumer.handlers[envelope.type](envelope)
    except Exception as error:
        log.warning(
            "event_not_taken", consumer=consumer.name, event_id=envelope.id, type=envelope.type, error=repr(error)
        )
        return "".join(traceback.format_exception(error))[-4000:]
    return ""


def _retry_due(consumer: Consumer, *, limit: int) -> int:
    firsts = (
        Delivery.objects.filter(consumer=consumer.name, state=Delivery.WAITING)
        .values("subject")
        .annotate(first=Min("event_id"))
        .values_list("first", flat=True)
    )
    due = list(
        Delivery.objects.filter(
            consumer=consumer.name,
            event_id__in=list(firsts),
            state=Delivery.WAITING,
            next_attempt_at__lte=datetime.now(UTC),
        ).values_list("pk", flat=True)[:limit]
    )
    done = 0
    for key in due:
        with transaction.atomic():
            _locked_progress(consumer.name)  # one worker at a time for each consumer
            delivery = Delivery.objects.select_related("event").filter(pk=key, state=Delivery.WAITING).first()
            if delivery is None:
                continue
            error = _handle(consumer, to_envelope(delivery.event))
            if not error:
                delivery.delete()
                done += 1
                continue
            delivery.attempts += 1
            delivery.error = error
            delivery.next_attempt_at = datetime.now(UTC) + backoff(delivery.attempts)
            if delivery.attempts >= MAX_ATTEMPTS:
                delivery.state = Delivery.DEAD
                log.error(
                    "event_dead", consumer=consumer.name, event_id=str(delivery.event.id), type=delivery.event.type
                )
            delivery.save()
    return done


def dead_letters() -> list[Delivery]:
    """Events that a consumer gave up, oldest first, with their event."""
    return list(Delivery.objects.filter(state=Delivery.DEAD).select_related("event").order_by("event_id"))


def backlog() -> dict[str, int]:
    """Consumer → events that it has not yet dealt with (waiting deliveries included)."""
    places = dict(ConsumerProgress.objects.values_list("consumer", "position"))
    waiting = dict.fromkeys(CONSUMERS, 0)
    for name in Delivery.objects.filter(state=Delivery.WAITING).values_list("consumer", flat=True):
        waiting[name] = waiting.get(name, 0) + 1
    for consumer in CONSUMERS.values():
        waiting[consumer.name] += OutboxEvent.objects.filter(
            position__gt=places.get(consumer.name, 0), type__in=consumer.handlers
        ).count()
    return waiting
