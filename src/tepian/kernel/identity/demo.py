"""Demo accounts of a city pack: one for each function, with passwords that everybody may read. Only in demo mode."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor, Invalid
from tepian.kernel.organisations.models import Position

from .models import Account, Holding
from .operations import ALPHABET, assign_position, create_account, restore_demo_account

FILE = "demo-accounts.json"
KEYS = ("role", "username", "password", "start_url")


def demo_accounts() -> list[dict[str, str]]:
    """What the sign-in page lists in demo mode: role, username, password, start_url, title; empty otherwise."""
    path = settings.HOME / FILE
    if not settings.DEMO or not path.exists():
        return []
    try:
        listed = [{key: str(item[key]) for key in KEYS} for item in json.loads(path.read_text())]
    except (ValueError, KeyError, TypeError):
        return []
    titles = dict(Account.objects.values_list("username", "display_name"))
    return [item | {"title": titles.get(item["username"], item["role"])} for item in listed]


def _wanted(pack: Any) -> list[dict[str, Any]]:
    demo: Any = pack.toml("demo")
    return list((demo or {}).get("accounts", []))


def check(pack: Any) -> Iterator[str]:
    """Problems of the section `accounts` in demo.toml, as sentences."""
    seen = set()
    posts = {item.get("code") for item in (pack.toml("positions") or {}).get("positions", [])}
    for number, item in enumerate(_wanted(pack), start=1):
        place = f"demo.toml, account {number}"
        for key in ("username", "role"):
            if not isinstance(item.get(key), str) or not item[key].strip():
                yield f"{place}: `{key}` is missing"
        username = item.get("username")
        if username in seen:
            yield f"{place}: username {username!r} is used twice"
        seen.add(username)
        try:
            codes = _codes(item)
        except TypeError:
            yield f"{place}: `positions` must be a list of position codes"
            continue
        for code in codes:
            if posts and code not in posts:
                yield f"{place}: position {code!r} is not in positions.toml"


def _codes(item: dict[str, Any]) -> list[str]:
    """The positions of an account: `position = "code"` or `positions = ["code", …]`."""
    codes = item.get("positions", [item["position"]] if item.get("position") else [])
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise TypeError
    return codes


def load(pack: Any, actor: Actor) -> dict[str, int]:
    """Pack section `accounts`: makes what is missing; accounts and passwords that work are kept."""
    return (
        {"accounts": len(write_demo_accounts(pack, settings.HOME / FILE, actor))} if settings.DEMO else {"accounts": 0}
    )


def write_demo_accounts(pack: Any, path: Path, actor: Actor) -> list[dict[str, str]]:
    """Make the pack's demo accounts and write them to `path` as a list of {role, username, password, start_url}."""
    known: dict[str, str] = {}
    if path.exists():
        try:
            known = {item["username"]: item["password"] for item in json.loads(path.read_text())}
        except (ValueError, KeyError, TypeError):
            known = {}
    listed = []
    for item in _wanted(pack):
        account, password = _account(actor, item, known.get(item["username"], ""))
        for code in _codes(item):
            position = Position.objects.filter(code=code).first()
            if position is None:
                raise Invalid(
                    _("The position %(code)s does not exist. Nothing was loaded. Load positions first.")
                    % {"code": code},
                    code="unknown_position",
                    item=code,
                )
            if not Holding.objects.filter(account=account, position=position, ends_at__isnull=True).exists():
                assign_position(actor=actor, account=account, position=position)
        listed.append(
            {
                "role": str(item["role"]),
                "username": account.username,
                "password": password,
                "start_url": str(item.get("start_url", "/kerja")),
            }
        )
    _write(path, listed)
    return listed


def _account(actor: Actor, item: dict[str, Any], known: str) -> tuple[Account, str]:
    password = known or "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(3))
    account = Account.objects.filter(username=item["username"].lower()).first()
    if account is None:
        return create_account(
            actor=actor,
            username=item["username"],
            display_name=item.get("name") or item["role"],
            language=item.get("language", "id"),
            password=password,
            temporary=False,
        )
    if not (known and account.is_active and check_password(known, account.password)):
        restore_demo_account(actor=actor, account=account, password=password)
    return account, password


def _write(path: Path, listed: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        json.dump(listed, file, indent=2, ensure_ascii=False)
        file.write("\n")
    Path(name).chmod(0o600)
    Path(name).replace(path)
