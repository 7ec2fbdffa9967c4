"""Checking device keys: the gateway asks thousands of times a second, so known keys stay in memory for a short time."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock

from django.db import DatabaseError, close_old_connections, transaction
from django.db.models import Q

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue import versions

from .models import DeviceKey
from .queries import grants_of

PREFIX = "tpn_"
REMEMBER = 10.0  # seconds that a key is known without reading it again
GRACE = 1.0  # seconds that the gateway trusts a key without asking whether identities changed
USED_EVERY = 60.0  # seconds; how exactly "last used" is kept
LIMIT = 5000


@dataclass(slots=True)
class _Known:
    actor: Actor
    key_id: int
    expires_at: datetime | None
    version: tuple[tuple[str, int], ...]
    read: float
    checked: float
    used: float = 0.0


_known: OrderedDict[str, _Known] = OrderedDict()
_lock = Lock()


def digest_of(key: str) -> str:
    """SHA-256 (hex) of a key. A key has 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def forget() -> None:
    """Empty the memory (after a revocation in this process; others notice by the topic `identity`)."""
    with _lock:
        _known.clear()


def remembered(key: str) -> Actor | None:
    """The device behind a key if it was checked less than `GRACE` seconds ago. Never touches the database."""
    known = _known.get(digest_of(key))
    now = time.monotonic()
    if known is None or now - known.checked > GRACE or now - known.used > USED_EVERY or _is_over(known):
        return None
    return known.actor


def verify_device_key(key: str) -> Actor | None:
    """The device that a key speaks for, with its grants; None for an unknown, expired or revoked key.

    Reads one version row for a key seen in the last ten seconds, else the key. For ordinary threads; in an event loop
    use `averify_device_key`."""
    if not key.startswith(PREFIX) or len(key) > 100:
        return None
    digest, now = digest_of(key), time.monotonic()
    version = versions.current(["identity"])
    known = _known.get(digest)
    if known is None or now - known.read > REMEMBER or known.version != version:
        used = known.used if known else 0.0
        known = _read(digest, version, now)
        with _lock:
            if known is None:
                _known.pop(digest, None)
                return None
            known.used = used
            _known[digest] = known
            _known.move_to_end(digest)
            while len(_known) > LIMIT:
                _known.popitem(last=False)
    if _is_over(known):
        return None
    known.checked = now
    _note_use(known, now)
    return known.actor


async def averify_device_key(key: str) -> Actor | None:
    """The same for the gateway's event loop: from memory for a second, else in a thread. A revoked key is refused
    within a second."""
    actor = remembered(key)
    return actor if actor is not None else await asyncio.to_thread(_verify_in_thread, key)


def _verify_in_thread(key: str) -> Actor | None:
    close_old_connections()
    return verify_device_key(key)


def _is_over(known: _Known) -> bool:
    return known.expires_at is not None and known.expires_at <= datetime.now(UTC)


def _read(digest: str, version: tuple[tuple[str, int], ...], now: float) -> _Known | None:
    row = DeviceKey.objects.filter(digest=digest, revoked_at__isnull=True).select_related("agency").first()
    if row is None or (row.expires_at is not None and row.expires_at <= datetime.now(UTC)):
        return None
    grants = grants_of(row.grants, row.agency.code if row.agency else "")
    return _Known(
        Actor(kind="device", id=row.name, label=row.name, grants=grants),
        row.pk,
        row.expires_at,
        version,
        read=now,
        checked=now,
    )


def _note_use(known: _Known, now: float) -> None:
    if now - known.used <= USED_EVERY and known.used:
        return
    known.used = now
    moment = datetime.now(UTC)
    try:
        with transaction.atomic():
            DeviceKey.objects.filter(pk=known.key_id).filter(
                Q(last_used_at__isnull=True) | Q(last_used_at__lt=moment - timedelta(seconds=USED_EVERY))
            ).update(last_used_at=moment)
    except DatabaseError:
        pass  # a busy database must not turn a device away; the next use is noted
