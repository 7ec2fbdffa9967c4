"""A pack's delegations (`signatures.toml`), and in demo mode keys for the demo accounts that sign."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.conf import settings

from tepian.kernel.actors import Actor
from tepian.kernel.identity.demo import demo_accounts
from tepian.kernel.identity.models import Account
from tepian.kernel.identity.queries import actor_for
from tepian.kernel.organisations.models import Position
from tepian.toolkit.pades import keys

from . import certifying, queries
from .models import SigningDelegation
from .operations import activate_key, delegate, make_root, offer_key, revoke_key

SIGNS = {"ward_head", "head"}


def _wanted(pack: Any) -> list[dict[str, Any]]:
    return list((pack.toml("signatures") or {}).get("delegation", []))


def check(pack: Any) -> Iterator[str]:
    """Problems of `[[delegation]]` in signatures.toml, as sentences."""
    posts = {item.get("code") for item in (pack.toml("positions") or {}).get("positions", [])}
    for number, item in enumerate(_wanted(pack), 1):
        place = f"signatures.toml, delegation {number}"
        if item.get("form") not in SigningDelegation.Form.values:
            yield f"{place}: `form` must be an or ub"
        for name in ("for", "by", *(["via"] if item.get("form") == "ub" else [])):
            if item.get(name) not in posts:
                yield f"{place}: position {item.get(name)!r} ({name}) is not in positions.toml"
        if not isinstance(item.get("basis"), str) or not item["basis"].strip():
            yield f"{place}: `basis` is missing: the decision behind it"
        if not isinstance(item.get("valid_from"), date):
            yield f"{place}: `valid_from` must be a date"


def load(pack: Any, actor: Actor) -> dict[str, int]:
    """Pack section `signatures`: adds what is missing. A delegation that somebody ended stays ended."""
    added = 0
    for item in _wanted(pack):
        known = SigningDelegation.objects.filter(
            for_position__code=item["for"], by_position__code=item["by"], valid_from=item["valid_from"]
        )
        if known.exists():
            continue
        delegate(
            actor=actor,
            for_position=item["for"],
            by_position=item["by"],
            via=item.get("via", ""),
            form=item["form"],
            basis=item["basis"],
            kinds=item.get("kinds", []),
            valid_from=item["valid_from"],
            valid_to=item.get("valid_to"),
        )
        added += 1
    return {"delegations": added, "keys": give_demo_keys(actor) if settings.DEMO and settings.SIGNER == "local" else 0}


def give_demo_keys(actor: Actor) -> int:
    """Every demo account that signs gets a key whose passphrase is its demo password, which the sign-in page shows. How
    many were made; a key that this passphrase opens stays."""
    if certifying.current_root() is None:
        make_root(actor=actor)
    made = 0
    for item in demo_accounts():
        account = Account.objects.filter(username=item["username"], is_active=True).first()
        if account is None or not _signs(account):
            continue
        key = queries.active_key(account.pk)
        if key is not None:
            try:
                keys.open_key(bytes(key.closed_key or b""), item["password"])
                continue
            except keys.WrongPassphrase:
                revoke_key(actor=actor, key=key, reason="lost")
        offer_key(actor=actor, account=account)
        activate_key(actor=actor_for(account), passphrase=item["password"])
        made += 1
    return made


def _signs(account: Account) -> bool:
    codes = [one.position for one in queries.signatories(actor_for(account))]
    positions = Position.objects.filter(code__in=codes).values_list("grants", flat=True)
    return any(grant.get("role") in SIGNS for grants in positions for grant in grants)
