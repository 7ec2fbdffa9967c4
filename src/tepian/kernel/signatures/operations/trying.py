"""Opening a key with a passphrase: each try is counted before it is made, in a transaction of its own, so that neither a
restart nor many sessions at once give more than five."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.city import city_timezone
from tepian.kernel.events import emit, note, operation

from .. import policies, queries, signing
from ..events import SigningKeyLocked
from ..models import SigningKey

TRIES, WAIT = 5, timedelta(minutes=15)


def key_for(actor: Actor, *, ended_too: bool = False) -> SigningKey:
    """The key with which this person signs now. Raises `SigningFailed`."""
    key = queries.active_key(actor.account_id or 0)
    if key is None:
        raise signing.no_key()
    if key.expires_at and key.expires_at <= timezone.now() and not ended_too:
        raise signing.key_ended(_day(key.expires_at))
    return key


def _day(at: datetime) -> str:
    return date_format(timezone.localtime(at, city_timezone()).date(), "j F Y")


def _clock(at: datetime) -> str:
    return timezone.localtime(at, city_timezone()).strftime("%H.%M")


@operation("signatures.try_key", policy=policies.is_own_key)
def _count(*, actor: Actor, key: SigningKey) -> int:
    """One more try. How many are left after it. The fifth locks at once, until it turns out to be the right one."""
    row = SigningKey.objects.select_for_update(of=("self",)).get(pk=key.pk)
    now = timezone.now()
    if row.locked_until and row.locked_until > now:
        raise signing.locked(_clock(row.locked_until))
    tries = 1 if row.locked_until else row.tries + 1
    until = now + WAIT if tries >= TRIES else None
    SigningKey.objects.filter(pk=row.pk).update(tries=tries, locked_until=until)
    note("account", row.account_id, key=row.pk, tries=tries)
    return TRIES - tries


@operation("signatures.lock_key", policy=policies.is_own_key)
def _lock(*, actor: Actor, key: SigningKey) -> datetime:
    row = SigningKey.objects.get(pk=key.pk)
    until = row.locked_until or timezone.now() + WAIT
    emit(SigningKeyLocked(account_id=row.account_id, until=until.isoformat()))
    note("account", row.account_id, key=row.pk, until=until.isoformat())
    return until


def forgive(key: SigningKey) -> None:
    """The passphrase was right: the count begins anew."""
    SigningKey.objects.filter(pk=key.pk).update(tries=0, locked_until=None)


def refused(actor: Actor, key: SigningKey, left: int, field: str = "passphrase") -> signing.SigningFailed:
    """What to say of a wrong passphrase."""
    error = signing.wrong(left) if left else signing.locked(_clock(_lock(actor=actor, key=key)))
    error.field = field
    return error


def open_pen(actor: Actor, key: SigningKey, passphrase: str, *, field: str = "passphrase") -> tuple[signing.Pen, int]:
    """The open key, and how many tries are left should it turn out wrong later. Raises `SigningFailed`."""
    left = _count(actor=actor, key=key)
    try:
        pen = signing.signer().open(key, passphrase)
    except signing.WrongPassphrase:
        raise refused(actor, key, left, field) from None
    except signing.SigningFailed:
        forgive(key)  # the passphrase was not what failed
        raise
    if pen.proved:
        forgive(key)
    return pen, left
