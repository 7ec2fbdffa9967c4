"""Linking and verifying the chain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from django.db import connection, transaction

from tepian.kernel.actors import Actor
from tepian.toolkit.text import plain

from .models import AuditEntry, ChainHead

ZERO = "0" * 64


@dataclass(slots=True)
class Note:
    """What an operation wants remembered. `details` holds plain values and no personal data beyond ids."""

    operation: str
    actor: Actor
    subject_type: str = ""
    subject_id: str = ""
    purpose: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None


def link(previous: str, content: dict[str, Any]) -> str:
    """SHA-256 (hex) over the previous hash and the content as JSON with sorted keys."""
    return hashlib.sha256(previous.encode() + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _content(entry: AuditEntry) -> dict[str, Any]:
    return {
        "position": entry.position,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": [entry.actor_kind, entry.actor_id, entry.actor_label],
        "operation": entry.operation,
        "subject": [entry.subject_type, entry.subject_id],
        "purpose": entry.purpose,
        "details": entry.details,
        "request_id": entry.request_id,
    }


def lock_head() -> ChainHead:
    """Lock the end of the chain until the transaction ends. Call once, at the end of a transaction."""
    if connection.vendor == "postgresql":
        head = ChainHead.objects.select_for_update().filter(pk=1).first()
        if head is None:
            ChainHead.objects.bulk_create([ChainHead(id=1)], ignore_conflicts=True)
            head = ChainHead.objects.select_for_update().get(pk=1)
        return head
    return ChainHead.objects.get_or_create(pk=1)[0]  # SQLite: the IMMEDIATE transaction is the lock


def _storable(value: Any) -> Any:
    """Texts without control characters: PostgreSQL refuses NUL, and a record must not fail for what somebody typed."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {plain(key): _storable(item) for key, item in value.items()}
    return value


def append(head: ChainHead, notes: Iterable[Note], now: datetime) -> None:
    """Append notes behind a locked head."""
    entries = []
    for note in notes:
        entry = AuditEntry(
            position=head.position + 1,
            at=note.at or now,
            actor_kind=note.actor.kind,
            actor_id=plain(note.actor.id, 150),
            actor_label=plain(note.actor.label, 200),
            operation=note.operation,
            subject_type=note.subject_type,
            subject_id=plain(str(note.subject_id), 100),
            purpose=plain(note.purpose, 200),
            # Through JSON once, so that what is hashed is what the database gives back.
            details=_storable(json.loads(orjson.dumps(note.details, default=str))),
            request_id=note.actor.request_id,
        )
        entry.hash = head.hash = link(head.hash, _content(entry))
        head.position = entry.position
        entries.append(entry)
    if entries:
        AuditEntry.objects.bulk_create(entries)
        ChainHead.objects.filter(pk=1).update(position=head.position, hash=head.hash)


@dataclass(frozen=True, slots=True)
class Break:
    """Where the chain does not hold, and what is wrong there: `changed`, `missing`, `reordered` or `cut`."""

    position: int
    kind: str
    message: str


def verify(anchors: Path | None = None) -> Iterator[Break]:
    """Walk the whole chain; yield every break. With `anchors`, also compare heads that were written down elsewhere."""
    remembered: dict[int, str] = {}
    if anchors and anchors.exists():
        for line in anchors.read_text().splitlines():
            anchor = json.loads(line)
            remembered[anchor["position"]] = anchor["hash"]
    previous, expected, last_at = ZERO, 1, None
    for entry in AuditEntry.objects.order_by("position").iterator(chunk_size=2000):
        if entry.position != expected:
            yield Break(expected, "missing", f"entries {expected} to {entry.position - 1} are missing")
            previous = ""
        computed = link(previous, _content(entry)) if previous else entry.hash
        if computed != entry.hash:
            yield Break(entry.position, "changed", f"entry {entry.position} was changed or moved")
        if remembered.get(entry.position, entry.hash) != entry.hash:
            yield Break(
                entry.position, "changed", f"entry {entry.position} differs from the anchor written at the time"
            )
        previous, expected, last_at = entry.hash, entry.position + 1, entry.at
    head = ChainHead.objects.filter(pk=1).first()
    end = max([head.position if head else 0, *remembered])
    if end >= expected:
        yield Break(
            expected, "cut", f"the record ends at {expected - 1}, but entries up to {end} were written ({last_at})"
        )
    elif head and previous and head.position and head.hash != previous:
        yield Break(head.position, "changed", "the head of the chain does not match the last entry")


def write_anchor(anchors: Path) -> tuple[int, str] | None:
    """Write the present head to a file outside the database (copy it to another machine): a cut tail then shows."""
    with transaction.atomic():
        head = ChainHead.objects.filter(pk=1).first()
    if head is None or not head.position:
        return None
    anchors.parent.mkdir(parents=True, exist_ok=True)
    last = anchors.read_text().splitlines()[-1:] if anchors.exists() else []
    if not last or json.loads(last[0])["position"] != head.position:
        with anchors.open("a") as file:
            file.write(
                json.dumps(
                    {
                        "position": head.position,
                        "hash": head.hash,
                        "at": datetime.now(UTC).isoformat(timespec="seconds"),
                    }
                )
                + "\n"
            )
    return head.position, head.hash
