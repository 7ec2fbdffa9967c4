"""What this room hangs in the hall."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.contributions import (
    ConfigurationCheck,
    Freshness,
    MenuEntry,
    PackSection,
    WallTile,
    WorkList,
    offer,
)
from tepian.kernel.documents import access

from . import operations, policies
from .jobs import JOBS
from .queries import wall, work

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


access.allow("plan_evidence", policies.may_read_file)
offer(
    MenuEntry(
        "public",
        gettext_lazy("City plan"),
        "/rencana",
        icon="list",
        hint=gettext_lazy("What the city promised, what is done, what is late"),
        order=65,
    ),
    MenuEntry("staff", gettext_lazy("City plan"), "/kerja/rencana", icon="list", roles=policies.READERS, order=45),
    WallTile("plan-proven", wall.proven_tile, order=60),
    WallTile("plan-late", wall.late_tile, order=61),
    WallTile("plan-missing", wall.missing_tile, order=62),
    WallTile("plan-disagreeing", wall.disagreeing_tile, order=63),
    WallTile("plan-money", wall.money_tile, order=64),
    PackSection("masterplan", check_pack, load_pack, order=70),
    WorkList("masterplan", work.items),
    Freshness("plan", gettext_lazy("City plan"), work.freshness),
    ConfigurationCheck("plan", work.check),
    *JOBS,
)
