"""What an event is, and the registry of those who answer it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from tepian.kernel.actors import Actor
from tepian.kernel.audit.chain import Note

EVENT_TYPES: dict[str, type[Event]] = {}
CONSUMERS: dict[str, Consumer] = {}


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events. Fields are ids and plain JSON values; no personal data.

    `type` is `room.past_participle.vN`. `audience` says which live streams carry it: `public`, `staff` or `none`.
    """

    type: ClassVar[str] = ""
    audience: ClassVar[str] = "staff"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.type:
            EVENT_TYPES[cls.type] = cls

    @property
    def subject(self) -> str:
        """What the event is about, `kind/id`; order is kept within one subject."""
        raise NotImplementedError

    def data(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A delivered event. `position` is its place in commit order; `id` stays the same however often it is delivered."""

    position: int
    id: str
    type: str
    subject: str
    time: datetime
    data: dict[str, Any]
    actor: str = ""
    audience: str = "staff"

    def to_cloudevent(self, source: str) -> dict[str, Any]:
        """CloudEvents 1.0, structured JSON mode."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": source,
            "type": self.type,
            "subject": self.subject,
            "time": self.time.isoformat(),
            "datacontenttype": "application/json",
            "data": self.data,
            "sequence": f"{self.position:020d}",
        }


@dataclass(frozen=True, slots=True)
class Consumer:
    """One who answers events. `name` is the key under which progress is remembered: never rename it."""

    name: str
    handlers: dict[str, Callable[[Envelope], None]] = field(default_factory=dict)


def on(event_type: str, *, consumer: str) -> Callable[[Callable[[Envelope], None]], Callable[[Envelope], None]]:
    """Register a handler. It runs in one transaction with the consumer's progress, so effects in the database happen
    once; effects outside (mail, HTTP) must be idempotent by `envelope.id`."""

    def register(handler: Callable[[Envelope], None]) -> Callable[[Envelope], None]:
        CONSUMERS.setdefault(consumer, Consumer(consumer)).handlers[event_type] = handler
        return handler

    return register


@dataclass(slots=True)
class Ledger:
    """What the running outermost operation will append at its end."""

    notes: list[Note] = field(default_factory=list)
    events: list[tuple[str, Event, Actor, datetime]] = field(default_factory=list)


LEDGER: ContextVar[Ledger | None] = ContextVar("ledger", default=None)
ACTING: ContextVar[tuple[Note, Actor] | None] = ContextVar("acting", default=None)


def emit(event: Event) -> str:
    """Say that something happened; only inside an operation. Returns the event's id."""
    ledger, acting = LEDGER.get(), ACTING.get()
    if ledger is None or acting is None:
        raise RuntimeError("emit() outside an operation: an event without a transaction would get lost")
    event_id = str(uuid.uuid4())
    ledger.events.append((event_id, event, acting[1], datetime.now(UTC)))
    return event_id
