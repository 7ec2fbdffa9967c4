"""The city's root, and the keys of those who sign: offered by an administrator, made and closed by their person, renewed,
revoked."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, system
from tepian.kernel.catalogue import kept
from tepian.kernel.events import emit, note, operation
from tepian.kernel.identity.models import Account, Holding
from tepian.toolkit.pades import authority, keys

from .. import certifying, policies, queries
from ..events import SigningKeyRevoked
from ..models import SigningKey, SigningRoot
from .trying import key_for, open_pen

TOPIC = "signatures"
KEY_DAYS, OFFER_DAYS, RENEW_DAYS = 2 * 365, 7, 60
SHORTEST = 12  # characters of a passphrase: who steals the database tries millions, at 0.2 s each
State = SigningKey.State


@operation("signatures.make_root", policy=policies.may_manage_keys)
def make_root(*, actor: Actor) -> SigningRoot:
    """A new root in the city's name. The old one stays, for what it signed; keys under it sign until they end."""
    kept.changed(TOPIC)
    certificate, sealed, until = certifying.new_root(timezone.now())
    root = SigningRoot.objects.create(certificate=certificate, sealed_key=sealed, expires_at=until)
    note("signing_root", root.pk)
    return root


def _checked_identity(identity: str) -> str:
    """A NIK of 16 digits as text, for a leading zero is part of it; an e-mail address where BSrE v2 is asked."""
    plain = identity.strip()
    digits = "".join(plain.split())
    if digits.isdecimal() and digits.isascii() and len(digits) == 16:
        return digits
    if settings.SIGNER == "bsre-v2" and "@" in plain and len(plain) <= 150 and " " not in plain:
        return plain
    raise Invalid(
        _("Write the NIK under which this person is registered at BSrE: 16 digits. Nothing was changed."),
        code="identity_wrong",
        field="identity",
    )


@operation("signatures.offer_key", policy=policies.may_manage_keys)
def offer_key(*, actor: Actor, account: Account, identity: str = "") -> SigningKey:
    """Let a person have a key. With the city's authority the person makes it within seven days, choosing a passphrase that
    nobody else knows; at BSrE the key is there already, and `identity` is its NIK."""
    kept.changed(TOPIC)
    if not account.is_active:
        raise Invalid(_("This account is switched off. Nothing was changed."), code="account_off", field="account")
    bsre = queries.provider() == "bsre"
    now = timezone.now()
    SigningKey.objects.filter(account=account, state=State.OFFERED).delete()
    key = SigningKey(
        account=account,
        provider=queries.provider(),
        state=State.ACTIVE if bsre else State.OFFERED,
        sealed_identity=certifying.sealed_identity(_checked_identity(identity)) if bsre else "",
        offered_by=actor.label or actor.id,
        activate_before=None if bsre else now + timedelta(days=OFFER_DAYS),
        activated_at=now if bsre else None,
    )
    try:
        with transaction.atomic():
            key.save()
    except IntegrityError:
        raise Conflict(
            _("This person has a key that counts. Nothing was changed. Revoke it first."),
            code="has_key",
            field="account",
        ) from None
    if not bsre and certifying.current_root() is None:
        make_root(actor=actor)
    note("account", account.pk, key=key.pk, provider=key.provider)
    return key


def _checked_passphrase(passphrase: str, again: str | None) -> str:
    if len(passphrase) < SHORTEST:
        raise Invalid(
            format_lazy(_("A passphrase has at least {least} characters. Several words are best."), least=SHORTEST),
            code="passphrase_short",
            field="passphrase",
        )
    if len(passphrase) > 200 or len(set(passphrase)) < 5:
        raise Invalid(
            _("This passphrase is too easy to guess, or too long. Take several words that do not belong together."),
            code="passphrase_easy",
            field="passphrase",
        )
    if again is not None and again != passphrase:
        raise Invalid(
            _("The two passphrases differ. Type the same one twice."), code="passphrases_differ", field="again"
        )
    return passphrase


@operation("signatures.activate_key", policy=policies.is_own_key)
def activate_key(*, actor: Actor, passphrase: str, again: str | None = None) -> SigningKey:
    """Make the key that was offered: only its person can, and from now only with this passphrase."""
    kept.changed(TOPIC)
    waiting = queries.offered_key(actor.account_id or 0)
    key = (
        waiting
        and SigningKey.objects.select_for_update(of=("self",)).filter(pk=waiting.pk, state=State.OFFERED).first()
    )
    if key is None:
        raise Conflict(
            _("No key waits for you, or the seven days have passed. Ask the administrator to offer one again."),
            code="not_offered",
        )
    _make(key, _checked_passphrase(passphrase, again))
    note("account", key.account_id, key=key.pk, serial=key.serial)
    return key


def _make(key: SigningKey, passphrase: str) -> None:
    root = certifying.current_root()
    if root is None:
        raise Invalid(_("The city has no root yet. Ask the administrator to make it."), code="no_root")
    fresh, now = keys.new_key(), timezone.now()
    name = key.account.display_name or key.account.username
    certificate = certifying.certify(root, fresh.public_key(), name=name, at=now, days=KEY_DAYS)
    key.root, key.state, key.activated_at = root, State.ACTIVE, now
    key.serial, key.certificate = f"{certificate.serial_number:x}", authority.pem(certificate)
    key.closed_key = keys.close(fresh, passphrase)
    key.expires_at, key.activate_before, key.tries, key.locked_until = certificate.not_valid_after_utc, None, 0, None
    key.save()


def renew_key(*, actor: Actor, old_passphrase: str, passphrase: str, again: str | None = None) -> SigningKey:
    """A new key in the place of the old one, proved with the old passphrase; also how a passphrase is changed. Wrong ones
    count as they do at signing."""
    policies.is_own_key(actor=actor)
    if queries.provider() != "local":
        raise Invalid(_("Keys at BSrE are renewed at BSrE. Nothing was changed."), code="not_here")
    _checked_passphrase(passphrase, again)
    old = key_for(actor, ended_too=True)
    open_pen(actor, old, old_passphrase, field="old_passphrase")
    return _renew(actor=actor, old=old, passphrase=passphrase)


@operation("signatures.renew_key", policy=policies.is_own_key)
def _renew(*, actor: Actor, old: SigningKey, passphrase: str) -> SigningKey:
    kept.changed(TOPIC)
    _revoke(actor, old, "renewed")
    key = SigningKey(account=old.account, provider="local", offered_by=actor.label or actor.id)
    _make(key, passphrase)
    note("account", key.account_id, key=key.pk, serial=key.serial, replaces=old.pk)
    return key


def _revoke(actor: Actor, key: SigningKey, reason: str) -> None:
    locked = SigningKey.objects.select_for_update(of=("self",)).get(pk=key.pk)
    if locked.state == State.REVOKED:
        raise Conflict(_("This key is revoked already. Nothing was changed."), code="already_done")
    # The private half goes: nobody signs with it again, whatever becomes of the database.
    SigningKey.objects.filter(pk=key.pk).update(
        state=State.REVOKED,
        revoked_at=timezone.now(),
        revoked_by=actor.label or actor.id,
        revoke_reason=reason,
        closed_key=None,
    )
    emit(SigningKeyRevoked(account_id=locked.account_id, reason=reason))


@operation("signatures.revoke_key", policy=policies.may_manage_keys)
def revoke_key(*, actor: Actor, key: SigningKey, reason: str) -> None:
    """A key signs no more, from now: lost, or its person left. What it signed before still counts."""
    kept.changed(TOPIC)
    if reason not in certifying.CRL_REASONS:
        raise Invalid(_("Choose why this key ends. Nothing was changed."), code="reason_missing", field="reason")
    _revoke(actor, key, reason)
    note("account", key.account_id, key=key.pk, reason=reason)


@operation("signatures.close_keys_of", policy=policies.may_manage_keys)
def close_keys_of(*, actor: Actor, account_id: int) -> int:
    """Revoke the keys of somebody who holds no position any more. How many were."""
    kept.changed(TOPIC)
    SigningKey.objects.filter(account_id=account_id, state=State.OFFERED).delete()
    rows = list(SigningKey.objects.filter(account_id=account_id, state=State.ACTIVE))
    for key in rows:
        _revoke(actor, key, "left")
    note("account", account_id, keys=[key.pk for key in rows])
    return len(rows)


def close_keys() -> int:
    """Job: nobody without a position signs, for each signature asks who holds what; this revokes the certificate too, so
    that others see it. Who holds another position, or one that begins later, keeps the key. How many were revoked."""
    now = timezone.now()
    holding = Holding.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now), account__is_active=True)
    left = SigningKey.objects.exclude(state=State.REVOKED).exclude(account__in=holding.values("account"))
    accounts = set(left.values_list("account_id", flat=True))
    return sum(close_keys_of(actor=system("signatures.positions"), account_id=account) for account in sorted(accounts))
