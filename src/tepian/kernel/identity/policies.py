"""Who may look after accounts. An administrator of an agency reaches that agency and the units under it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor, Denied, require
from tepian.kernel.organisations.models import Agency, Position

from . import queries
from .models import Account, DeviceKey, Holding

POWERFUL = {"administrator", "auditor"}


def _reaches(actor: Actor, agency: Agency | None) -> bool:
    for grant in actor.grants:
        if grant.role != "administrator":
            continue
        if grant.scope == "city":
            return True
        if (
            grant.scope == "agency"
            and agency
            and (agency.code == grant.code or agency.code.startswith(f"{grant.code}."))
        ):
            return True
    return False


def _city_wide(actor: Actor) -> bool:
    return any(grant.role == "administrator" and grant.scope == "city" for grant in actor.grants)


def _require_administrator(actor: Actor) -> None:
    require(
        actor.has("administrator"),
        _("Only administrators look after accounts, positions and keys. Nothing was changed."),
        queries.who_can_help("administrator") if not actor.has("administrator") else "",
    )


def _require_reach(actor: Actor, agency: Agency | None) -> None:
    _require_administrator(actor)
    if not _reaches(actor, agency):
        raise Denied(
            _("Your administration does not reach %(agency)s. Nothing was changed.")
            % {"agency": agency or _("the whole city")},
            queries.who_can_help("administrator"),
        )


def may_create_account(*, actor: Actor, position: Position | None = None, **kwargs: Any) -> None:
    """An administrator of an agency makes accounts only together with a position of that agency."""
    if position is not None:
        may_assign_position(actor=actor, position=position)
    else:
        _require_reach(actor, None)


def may_assign_position(*, actor: Actor, position: Position, account: Account | None = None, **kwargs: Any) -> None:
    """An administrator whose reach covers the position's agency, never to the own account; positions that look after
    accounts or read the record only with a reach over the whole city."""
    _require_reach(actor, position.agency)
    if account is not None and account.pk == actor.account_id:
        raise Denied(
            _("Nobody gives a position to the own account. Nothing was changed; another administrator can do it."),
            queries.who_can_help("administrator"),
        )
    powerful = {grant.get("role") for grant in position.grants} & POWERFUL
    if powerful and not _city_wide(actor):
        raise Denied(
            _(
                "This position looks after accounts or reads the record; "
                "only an administrator of the whole city gives it."
            ),
            queries.who_can_help("administrator"),
        )


def may_end_holding(*, actor: Actor, holding: Holding, **kwargs: Any) -> None:
    """An administrator whose reach covers the position's agency."""
    _require_reach(actor, holding.position.agency)


def may_manage_account(*, actor: Actor, account: Account, **kwargs: Any) -> None:
    """City-wide, or all positions that the account holds lie within reach (and there is at least one)."""
    _require_administrator(actor)
    if _city_wide(actor):
        return
    held = [holding.position for holding in queries.current_holdings().filter(account=account)]
    if not held or not all(_reaches(actor, position.agency) for position in held):
        _require_reach(actor, None)


def may_deactivate_account(*, actor: Actor, account: Account, **kwargs: Any) -> None:
    """As `may_manage_account`, but never the own account."""
    may_manage_account(actor=actor, account=account)
    if account.pk == actor.account_id:
        raise Denied(
            _("Nobody switches off the own account. Nothing was changed; another administrator can do it."),
            queries.who_can_help("administrator"),
        )


def may_issue_device_key(*, actor: Actor, agency: Agency | None = None, **kwargs: Any) -> None:
    """An administrator whose reach covers the agency; a key of no agency, one of the whole city."""
    _require_reach(actor, agency)


def may_revoke_device_key(*, actor: Actor, key: DeviceKey, **kwargs: Any) -> None:
    """An administrator whose reach covers the key's agency."""
    _require_reach(actor, key.agency)


def is_own_account(*, actor: Actor, **kwargs: Any) -> None:
    """Everybody who is signed in, for the own account."""
    require(actor.account_id is not None, _("Sign in first. Nothing was changed."))


def is_demonstration(*, actor: Actor, **kwargs: Any) -> None:
    """Only the system itself, loading a demonstration."""
    raise Denied(_("Only the system restores demo accounts. Nothing was changed."))


def may_end_sessions(*, actor: Actor, account: Account, **kwargs: Any) -> None:
    """Everybody their own; an administrator those of accounts within reach."""
    if account.pk != actor.account_id:
        may_manage_account(actor=actor, account=account)


def may_read_record(*, actor: Actor, **kwargs: Any) -> None:
    """Auditors and administrators."""
    require(
        actor.has("auditor", "administrator"),
        _("The record is read by auditors and administrators."),
        "" if actor.has("auditor", "administrator") else queries.who_can_help("auditor"),
    )
