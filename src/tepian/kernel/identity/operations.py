"""Everything that changes accounts, positions held, sessions and keys.

Each verb first touches the topic `identity`: that makes every page and key remembered for the old state stale, and its
row lock lets two administrators act one after the other.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor, Conflict, Invalid, NotFound
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.catalogue import versions
from tepian.kernel.catalogue.city import city_timezone
from tepian.kernel.events import emit, note, operation
from tepian.kernel.organisations.models import Agency, Position

from . import keys, policies, queries
from .events import HoldingEnded, PositionAssigned, SignInLocked
from .models import Account, DeviceKey, Holding, SignInSession
from .roles import ROLES, SCOPES

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none that people confuse


def temporary_password() -> str:
    """A password to hand over: four groups of four, 79 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


# --- accounts --------------------------------------------------------------------------------------------------------


@operation("identity.create_account", policy=policies.may_create_account)
def create_account(
    *,
    actor: Actor,
    username: str,
    display_name: str,
    email: str = "",
    phone: str = "",
    language: str = "id",
    password: str | None = None,
    position: Position | None = None,
    temporary: bool = True,
) -> tuple[Account, str]:
    """Make an account, with a first position if one is given. Returns it with its password, which is shown once.

    Without `password` a random one is made; `temporary` says that the person must choose an own one at sign-in."""
    versions.touch("identity")
    username = username.strip().lower()
    if not username or Account.objects.filter(username__iexact=username).exists():
        raise Conflict(
            _("The username %(username)s is taken. Nothing was changed. Choose another one.")
            % {"username": username or "-"},
            code="username_taken",
            field="username",
            item=username,
        )
    if language not in dict(settings.LANGUAGES):
        raise Invalid(_("This language is not offered."), code="unknown_language", field="language", item=language)
    given = password or temporary_password()
    account = Account(
        username=username,
        display_name=display_name.strip(),
        email=email.strip(),
        phone=phone.strip(),
        language=language,
        password_is_temporary=temporary,
    )
    account.set_password(given)
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError:
        raise Conflict(
            _("The username %(username)s is taken. Nothing was changed. Choose another one.") % {"username": username},
            code="username_taken",
            field="username",
            item=username,
        ) from None
    note("account", account.pk)
    if position is not None:
        assign_position(actor=actor, account=account, position=position)
    return account, given


@operation("identity.deactivate_account", policy=policies.may_deactivate_account)
def deactivate_account(*, actor: Actor, account: Account) -> None:
    """Switch an account off: its positions end, its sessions end, nobody signs in with it. Nothing is deleted."""
    versions.touch("identity")
    now = datetime.now(UTC)
    if not Account.objects.filter(pk=account.pk, is_active=True).update(is_active=False):
        raise Conflict(_("This account is switched off already. Nothing was changed."), code="already_done")
    running = Holding.objects.filter(account=account).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now))
    running.filter(starts_at__lte=now).update(ends_at=now)
    running.filter(starts_at__gt=now).delete()
    SignInSession.objects.filter(account=account).delete()
    account.is_active = False
    note("account", account.pk)
    _require_an_administrator()


@operation("identity.activate_account", policy=policies.may_manage_account)
def activate_account(*, actor: Actor, account: Account) -> None:
    """Switch an account on again. Positions must be assigned anew."""
    versions.touch("identity")
    if not Account.objects.filter(pk=account.pk, is_active=False).update(is_active=True):
        raise Conflict(_("This account is switched on already. Nothing was changed."), code="already_done")
    account.is_active = True
    note("account", account.pk)


@operation("identity.reset_password", policy=policies.may_manage_account)
def reset_password(*, actor: Actor, account: Account, second_factor: bool = False) -> str:
    """Give a temporary password, shown once, and end all sessions. `second_factor`: also remove apps, passkeys and
    recovery codes, for somebody who lost the phone."""
    from allauth.mfa.models import Authenticator

    versions.touch("identity")
    given = temporary_password()
    account.set_password(given)
    account.password_is_temporary = True
    account.save(update_fields=["password", "password_is_temporary"])
    SignInSession.objects.filter(account=account).delete()
    if second_factor:
        Authenticator.objects.filter(user=account).delete()
    note("account", account.pk, second_factor_removed=second_factor)
    return given


@operation("identity.restore_demo_account", policy=policies.is_demonstration)
def restore_demo_account(*, actor: Actor, account: Account, password: str) -> None:
    """Give a demo account its listed password again and switch it on."""
    versions.touch("identity")
    account.set_password(password)
    account.is_active, account.password_is_temporary = True, False
    account.save(update_fields=["password", "is_active", "password_is_temporary"])
    note("account", account.pk)


@operation("identity.change_own_password", policy=policies.is_own_account)
def change_own_password(*, actor: Actor, password: str, keep_session: str = "") -> None:
    """Choose an own password. All other sessions of the account end."""
    versions.touch("identity")
    account = Account.objects.get(pk=actor.account_id or 0)
    try:
        validate_password(password, account)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), code="weak_password", field="password1") from None
    account.set_password(password)
    account.password_is_temporary = False
    account.save(update_fields=["password", "password_is_temporary"])
    SignInSession.objects.filter(account=account).exclude(session_key=keep_session).delete()
    note("account", account.pk)


@operation("identity.change_language", policy=policies.is_own_account)
def change_language(*, actor: Actor, language: str) -> None:
    """The language in which staff pages speak to this person."""
    if language not in dict(settings.LANGUAGES):
        raise Invalid(_("This language is not offered."), code="unknown_language", field="language", item=language)
    versions.touch("identity")
    Account.objects.filter(pk=actor.account_id or 0).update(language=language)
    note("account", actor.account_id, language=language)


# --- positions held ---------------------------------------------------------------------------------------------------


@operation("identity.assign_position", policy=policies.may_assign_position)
def assign_position(
    *,
    actor: Actor,
    account: Account,
    position: Position,
    kind: str = Holding.Kind.DEFINITIVE,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    basis: str = "",
) -> Holding:
    """Let an account hold a position. Acting holders (plt, plh) need an end and the decision behind it."""
    versions.touch("identity")
    starts_at = starts_at or datetime.now(UTC)
    if kind not in Holding.Kind.values:
        raise Invalid(_("Choose definitive, Plt. or Plh."), code="unknown_kind", field="kind", item=kind)
    if ends_at is not None and ends_at <= starts_at:
        raise Invalid(
            _("The end must lie after the beginning. Nothing was changed."), code="ends_early", field="ends_at"
        )
    if kind != Holding.Kind.DEFINITIVE and ends_at is None:
        raise Invalid(
            _("An acting holder needs a day on which it ends. Nothing was changed. Fill in Until."),
            code="acting_without_end",
            field="ends_at",
        )
    if kind != Holding.Kind.DEFINITIVE and not basis.strip():
        raise Invalid(
            _("An acting holder needs the number of the decision. Nothing was changed. Fill in Decision."),
            code="acting_without_basis",
            field="basis",
        )
    if not Account.objects.filter(pk=account.pk, is_active=True).exists():
        raise Invalid(_("This account is switched off. Switch it on first. Nothing was changed."), code="inactive")
    overlapping = Holding.objects.filter(account=account, position=position).filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=starts_at)
    )
    if ends_at is not None:
        overlapping = overlapping.filter(starts_at__lt=ends_at)
    if overlapping.exists():
        raise Conflict(
            _("The account holds this position in that time already. Nothing was changed."), code="already_done"
        )
    holding = Holding.objects.create(
        account=account, position=position, kind=kind, starts_at=starts_at, ends_at=ends_at, basis=basis.strip()
    )
    note(
        "account",
        account.pk,
        position=position.code,
        kind=kind,
        holding=holding.pk,
        starts_at=starts_at,
        ends_at=ends_at,
        basis=holding.basis,
    )
    emit(PositionAssigned(account_id=account.pk, holding_id=holding.pk, position=position.code))
    return holding


@operation("identity.end_holding", policy=policies.may_end_holding)
def end_holding(*, actor: Actor, holding: Holding, at: datetime | None = None, reason: str = "") -> Holding:
    """End a holding now, or at a later moment. Roles that came from it are gone at the holder's next request."""
    versions.touch("identity")
    now = datetime.now(UTC)
    at = max(at, now) if at is not None else now
    current = Holding.objects.select_related("position", "account").get(pk=holding.pk)
    if current.ends_at is not None and current.ends_at <= at:
        raise Conflict(
            _("This holding ends already on %(moment)s. Nothing was changed.")
            % {"moment": timezone.localtime(current.ends_at, city_timezone()).strftime("%d-%m-%Y %H.%M")},
            code="already_done",
        )
    current.ends_at = max(at, current.starts_at)
    current.save(update_fields=["ends_at"])
    note(
        "account",
        current.account_id,
        position=current.position.code,
        holding=current.pk,
        ends_at=current.ends_at,
        reason=reason,
    )
    emit(
        HoldingEnded(
            account_id=current.account_id,
            holding_id=current.pk,
            position=current.position.code,
            ends_at=current.ends_at.isoformat(),
        )
    )
    _require_an_administrator(current.ends_at)
    return current


def _require_an_administrator(at: datetime | None = None) -> None:
    """Refuse (and so undo) what would leave nobody to let others in."""
    if not Holding.objects.exists() or queries.accounts_with_role("administrator", at=at):
        return
    raise Conflict(
        _(
            "That would leave the city without an administrator. Nothing was changed. "
            "Give the position to somebody first."
        ),
        code="last_administrator",
    )


# --- sessions ---------------------------------------------------------------------------------------------------------


@operation("identity.end_sessions", policy=policies.may_end_sessions)
def end_sessions(*, actor: Actor, account: Account, session: str = "", keep: str = "") -> int:
    """End one session of an account (by key), or all but `keep`. Returns how many ended."""
    versions.touch("identity")
    rows = SignInSession.objects.filter(account=account)
    rows = rows.filter(session_key=session) if session else rows.exclude(session_key=keep)
    ended, _by_model = rows.delete()
    note("account", account.pk, ended=ended)
    if session and not ended:
        raise NotFound(_("This session has ended already."), code="already_done")
    return ended


@operation("identity.sign_in", policy=None)
def record_sign_in(*, actor: Actor, method: str) -> None:
    """Somebody signed in."""
    note("account", actor.account_id, method=method)


@operation("identity.sign_out", policy=None)
def record_sign_out(*, actor: Actor) -> None:
    """Somebody signed out. Pages kept for the session must not answer any more."""
    versions.touch("identity")
    note("account", actor.account_id)


@operation("identity.change_second_factor", policy=None)
def record_second_factor(*, actor: Actor, account_id: int, change: str, factor: str) -> None:
    """An authenticator app, a passkey or recovery codes were added, removed or renewed."""
    versions.touch("identity")
    note("account", account_id, change=change, factor=factor)


@operation("identity.lock_sign_in", policy=None)
def record_lock(*, actor: Actor, account: Account, until: datetime) -> None:
    """Too many wrong passwords or codes for this account from one address. Recorded once per lock."""
    since = datetime.now(UTC) - settings.AXES_COOLOFF_TIME
    note("account", account.pk, until=until)
    if not AuditEntry.objects.filter(
        operation="identity.lock_sign_in", subject_type="account", subject_id=str(account.pk), at__gt=since
    ).exists():
        emit(SignInLocked(account_id=account.pk, until=until.isoformat()))


# --- device keys ------------------------------------------------------------------------------------------------------


@operation("identity.issue_device_key", policy=policies.may_issue_device_key)
def issue_device_key(
    *,
    actor: Actor,
    name: str,
    grants: Sequence[dict[str, Any]] | None = None,
    agency: Agency | None = None,
    expires_at: datetime | None = None,
) -> tuple[DeviceKey, str]:
    """Make a key for a device or program. Returns it with its secret text, which is never shown again.

    `grants` as in positions; default: the role `device` within the agency, or the whole city without one."""
    versions.touch("identity")
    name = name.strip()
    if grants is None:
        grants = [
            {"role": "device", "scope": "agency", "code": agency.code}
            if agency
            else {"role": "device", "scope": "city"}
        ]
    for grant in grants:
        if grant.get("role") not in ROLES or grant.get("role") in policies.POWERFUL:
            raise Invalid(
                _("A key cannot have this role. Nothing was changed."),
                code="unknown_role",
                field="role",
                item=str(grant.get("role")),
            )
        if grant.get("scope", "city") not in SCOPES:
            raise Invalid(
                _("This scope is not known. Nothing was changed."),
                code="unknown_scope",
                field="scope",
                item=str(grant.get("scope")),
            )
        if grant.get("scope") in {"region", "agency"} and not (
            grant.get("code") or (agency and grant["scope"] == "agency")
        ):
            raise Invalid(_("This scope needs a code. Nothing was changed."), code="code_missing", field="code")
    if not name or DeviceKey.objects.filter(name=name).exists():
        raise Conflict(
            _("A key of this name exists. Nothing was changed. Choose another name."),
            code="name_taken",
            field="name",
            item=name,
        )
    secret = keys.PREFIX + secrets.token_urlsafe(32)
    row = DeviceKey.objects.create(
        name=name,
        prefix=secret[:12],
        digest=keys.digest_of(secret),
        agency=agency,
        grants=list(grants),
        expires_at=expires_at,
    )
    note("device_key", row.pk, name=name, grants=list(grants), expires_at=expires_at)
    return row, secret


@operation("identity.revoke_device_key", policy=policies.may_revoke_device_key)
def revoke_device_key(*, actor: Actor, key: DeviceKey) -> None:
    """The key stops working: at once here, within a second in the gateway."""
    versions.touch("identity")
    if not DeviceKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=datetime.now(UTC)):
        raise Conflict(_("This key was revoked already. Nothing was changed."), code="already_done")
    note("device_key", key.pk, name=key.name)
    transaction.on_commit(keys.forget)


_noticed: datetime | None = None


def notice_time() -> bool:
    """Job: when a holding began or ended by the clock alone, make pages that were kept for sessions stale."""
    global _noticed
    now = datetime.now(UTC)
    since, _noticed = _noticed or now - timedelta(minutes=2), now
    turned = Holding.objects.filter(Q(starts_at__gt=since, starts_at__lte=now) | Q(ends_at__gt=since, ends_at__lte=now))
    if turned.exists():
        versions.touch("identity")
        return True
    return False


def clear_old_sessions() -> int:
    """Job: delete sessions that ended more than a day ago."""
    ended, _by_model = SignInSession.objects.filter(expire_date__lt=datetime.now(UTC) - timedelta(days=1)).delete()
    return ended
