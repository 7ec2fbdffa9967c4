"""What this room hangs in the hall."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.contributions import PackSection, offer

from . import operations

FRAMEWORK_KEYS = ("code", "title", "valid_from", "dimension")


def check_pack(pack: Any) -> Iterable[Any]:
    """Problems of `masterplan.toml`."""
    for row in pack.tables("masterplan", "framework", FRAMEWORK_KEYS):
        codes = [each.get("code", "") for each in row["dimension"]]
        if len(set(codes)) != len(codes) or not all(codes):
            yield pack.problem("masterplan", _("every dimension needs a code of its own"), str(row["code"]))


def load_pack(pack: Any, actor: Actor) -> dict[str, int]:
    given = [*operations.shipped_frameworks(), *pack.tables("masterplan", "framework", FRAMEWORK_KEYS)]
    return operations.load_frameworks(actor=actor, frameworks=given)


offer(PackSection("masterplan", check_pack, load_pack, order=70))
