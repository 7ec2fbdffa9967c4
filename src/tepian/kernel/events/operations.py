"""The one wrapper round everything that changes something: permission, transaction, record and events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import transaction

from tepian.kernel.actors import Actor
from tepian.kernel.audit import chain
from tepian.kernel.audit.chain import Note

from .definition import ACTING, LEDGER, Ledger
from .models import OutboxEvent

P = ParamSpec("P")
R = TypeVar("R")


def operation(
    name: str, *, policy: Callable[..., None] | None, recorded: bool = True
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a keyword-only function with an `actor` one atomic, permitted, recorded verb.

    `policy(actor, **kwargs)` raises `Denied`; it is not asked when the system itself acts. `policy=None` is for verbs
    that anybody may do. The audit entry and the events of all nested operations are appended at the end of the
    outermost one, under the chain's lock, so that the lock is held for the shortest time and nested verbs share fate.

    `recorded=False` is for measurements that come by themselves every few seconds (where a vehicle is): nobody decided
    anything, and the lock that orders all decisions is not taken for them, unless the verb emits an event.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def verb(*args: P.args, **kwargs: P.kwargs) -> R:
            actor = kwargs.get("actor")
            if args or not isinstance(actor, Actor):
                raise TypeError(f"{name}: call with keywords and an Actor")
            if policy is not None and not actor.is_system:
                policy(**kwargs)
            note = Note(operation=name, actor=actor, at=datetime.now(UTC))
            outer = LEDGER.get()
            ledger = outer or Ledger()
            marks = len(ledger.notes), len(ledger.events)
            ledger_token = LEDGER.set(ledger)
            acting_token = ACTING.set((note, actor))
            try:
                with transaction.atomic():
                    if recorded:
                        ledger.notes.append(note)
                    result = function(*args, **kwargs)
                    if outer is None and (ledger.notes or ledger.events):
                        flush(ledger)
                return result
            except BaseException:
                del ledger.notes[marks[0] :], ledger.events[marks[1] :]
                raise
            finally:
                ACTING.reset(acting_token)
                LEDGER.reset(ledger_token)

        verb.operation_name = name  # type: ignore[attr-defined]
        return verb

    return decorate


def flush(ledger: Ledger) -> None:
    """Append the ledger to the record and the outbox. Inside the transaction, as its last act."""
    now = datetime.now(UTC)
    head = chain.lock_head()
    chain.append(head, ledger.notes, now)
    OutboxEvent.objects.bulk_create(
        OutboxEvent(
            id=event_id,
            type=event.type,
            subject=event.subject,
            time=time,
            actor=actor.label or actor.id,
            audience=event.audience,
            data=event.data(),
        )
        for event_id, event, actor, time in ledger.events
    )
    if ledger.events:
        from .wake import wake  # the signal is process-local; other processes poll

        transaction.on_commit(wake)


def note(subject_type: str = "", subject_id: Any = "", *, purpose: str = "", **details: Any) -> None:
    """Inside an operation: say what it is about and what the record should remember."""
    acting = ACTING.get()
    if acting is None:
        raise RuntimeError("note() outside an operation")
    entry = acting[0]
    entry.subject_type = subject_type or entry.subject_type
    entry.subject_id = str(subject_id or entry.subject_id)
    entry.purpose = purpose or entry.purpose
    entry.details.update(details)


def record_view(*, actor: Actor, subject_type: str, subject_id: Any, purpose: str, **details: Any) -> None:
    """Record that personal data was looked at (UU PDP 27/2022 art. 31). Call before showing it: if the record cannot
    be written, nothing is shown."""

    @operation("audit.view", policy=None)
    def view(*, actor: Actor) -> None:
        note(subject_type, subject_id, purpose=purpose, **details)

    view(actor=actor)


def look(actor: Actor, subject_type: str, subject_id: Any, purpose: str, **details: Any) -> Note:
    """One look at personal data, for `record_views`."""
    return Note("audit.view", actor, subject_type, str(subject_id), purpose, details, datetime.now(UTC))


def record_views(looks: Iterable[Note]) -> None:
    """Record several looks, also of several people, in one go: all or none. Call before anything is shown; inside an
    operation they share its fate."""
    outer = LEDGER.get()
    if outer is not None:
        outer.notes.extend(looks)
        return
    with transaction.atomic():
        flush(Ledger(notes=list(looks)))
