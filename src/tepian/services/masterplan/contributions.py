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
    MapLayer,
    MenuEntry,
    PackSection,
    Search,
    WallTile,
    WorkList,
    offer,
)
from tepian.kernel.documents import access

from . import operations, policies, states
from .jobs import JOBS
from .queries import hall, meetings, proposals, wall, work

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


PLAN_KEYS = ("code", "title", "framework", "first_year", "last_year", "goal")


def check_plans(pack: Any) -> Iterable[Any]:
    """Problems of `[[plan]]` in `masterplan.toml`."""
    given = [*operations.shipped_frameworks(), *pack.tables("masterplan", "framework", FRAMEWORK_KEYS)]
    frameworks = {
        row["code"]: {each["code"]: {part["code"] for part in each.get("part", [])} for each in row["dimension"]}
        for row in given
    }
    agencies = {row["code"] for row in pack.csv("agencies", ("code",))}
    for row in pack.tables("masterplan", "plan", PLAN_KEYS):
        if row["framework"] not in frameworks:
            yield pack.problem(
                "masterplan", _("unknown framework: %(code)s") % {"code": row["framework"]}, str(row["code"])
            )
            continue
        for message, where in operations.problems_of(row, agencies, frameworks[row["framework"]]):
            yield pack.problem("masterplan", message, where)


def load_plans(pack: Any, actor: Actor) -> dict[str, int]:
    return operations.load_plans(actor=actor, plans=pack.tables("masterplan", "plan", PLAN_KEYS))


BODY_KEYS = ("code", "kind", "title", "valid_from")
INSULT_KEYS = ("code", "language", "valid_from", "words")


def check_bodies(pack: Any) -> Iterable[Any]:
    """Problems of `[[body]]` and `[[insults]]` in `masterplan.toml`."""
    posts = {row["code"] for row in pack.tables("positions", "positions", ("code",))}
    for row in pack.tables("masterplan", "body", BODY_KEYS):
        code = str(row["code"])
        if row["kind"] not in states.BODY_KINDS:
            yield pack.problem("masterplan", _("a body is a council or a team"), code)
        for seat in row.get("member", []):
            if seat.get("position") and seat["position"] not in posts:
                yield pack.problem("masterplan", _("unknown position: %(code)s") % {"code": seat["position"]}, code)
            if bool(seat.get("position")) == bool(seat.get("institution")):
                yield pack.problem("masterplan", _("a seat belongs to a position or to an institution"), code)
            if seat.get("seat", "member") not in meetings.SEAT_LABELS:
                yield pack.problem("masterplan", _("a seat is chair, deputy, secretary or member"), code)
    for row in pack.tables("masterplan", "insults", INSULT_KEYS):
        if not all(isinstance(word, str) and word.strip() for word in row["words"]):
            yield pack.problem("masterplan", _("a list of insults holds words"), str(row["code"]))


def load_bodies(pack: Any, actor: Actor) -> dict[str, int]:
    counts = operations.load_bodies(actor=actor, bodies=pack.tables("masterplan", "body", BODY_KEYS))
    lists = [*operations.shipped_word_lists(), *pack.tables("masterplan", "insults", INSULT_KEYS)]
    more = operations.load_word_lists(actor=actor, lists=lists)
    return {name: counts[name] + more[name] for name in counts}


access.allow("plan_project", policies.may_read_file)
access.allow("plan_comment", policies.may_read_file)
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
    MenuEntry(
        "staff",
        gettext_lazy("Plans"),
        "/kerja/rencana/susun",
        icon="document",
        roles=(policies.PLANNER, "head"),
        order=48,
    ),
    WallTile("plan-proven", wall.proven_tile, order=60),
    WallTile("plan-late", wall.late_tile, order=61),
    WallTile("plan-missing", wall.missing_tile, order=62),
    WallTile("plan-disagreeing", wall.disagreeing_tile, order=63),
    WallTile("plan-money", wall.money_tile, order=64),
    WallTile("plan-projects", wall.projects_tile, order=65),
    WallTile("plan-resolutions", wall.decisions_tile, order=66),
    PackSection("masterplan", check_pack, load_pack, order=70),
    WorkList("masterplan", work.items),
    WorkList("masterplan.revisions", proposals.items),
    Search("masterplan.plan", proposals.find),
    MenuEntry(
        "public",
        gettext_lazy("City projects"),
        "/rencana/proyek",
        icon="building",
        hint=gettext_lazy("Parks, markets, piers: photos, money, and how late"),
        order=66,
    ),
    MenuEntry(
        "staff",
        gettext_lazy("City projects"),
        "/kerja/rencana/proyek",
        icon="building",
        roles=policies.READERS,
        order=46,
    ),
    MenuEntry(
        "staff", gettext_lazy("Meetings"), "/kerja/rencana/rapat", icon="calendar", roles=policies.READERS, order=47
    ),
    WorkList("masterplan.projects", hall.work),
    MapLayer("projects", gettext_lazy("City projects"), hall.map_features, audience="public", order=40),
    Search("masterplan.projects", hall.find),
    PackSection("masterplan.plans", check_plans, load_plans, order=72),
    PackSection("masterplan.bodies", check_bodies, load_bodies, order=71),
    Freshness("plan", gettext_lazy("City plan"), work.freshness),
    ConfigurationCheck("plan", work.check),
    *JOBS,
)
