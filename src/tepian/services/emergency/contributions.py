"""What this room hangs in the hall."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.contributions import (
    ConfigurationCheck,
    MapFeature,
    MapLayer,
    MenuEntry,
    PackSection,
    Search,
    SearchHit,
    Tile,
    WallTile,
    WorkItem,
    WorkList,
    offer,
)

from . import operations, policies, queries, states
from .models import Assignment, Incident, Sign

WORK_LEVELS = {"waspada": "notice", "siaga": "warning", "awas": "danger"}


def _address(incident: Incident) -> str:
    return reverse("emergency-incident", args=[incident.number])


def _title(incident: Incident) -> str:
    title = incident.title_en if queries.english() else incident.title
    return f"{_('SIMULATION')} · {title}" if incident.simulated else title


def work(actor: Actor) -> Iterable[WorkItem]:
    """Drafts and suggestions for duty officers and heads; tasks for units."""
    if actor.has("duty_officer", "head"):
        for incident in queries.drafts():
            yield WorkItem(
                key=f"incident/{incident.number}",
                title=_title(incident),
                url=_address(incident),
                detail=_("Draft %(number)s, level %(level)s: confirm or dismiss.")
                % {"number": incident.number, "level": queries.LEVEL_LABELS[incident.level]},
                level=WORK_LEVELS.get(incident.level, "normal"),
                since=incident.opened_at,
                decision=True,
                icon="alert",
            )
    if actor.has("duty_officer"):
        for incident in Incident.objects.filter(state__in=states.CONFIRMED).exclude(suggested_level=""):
            yield WorkItem(
                key=f"incident/{incident.number}/level",
                title=_title(incident),
                url=_address(incident),
                detail=_("The sources now speak for level %(level)s.")
                % {"level": queries.LEVEL_LABELS[incident.suggested_level]},
                level=WORK_LEVELS.get(incident.suggested_level, "notice"),
                since=incident.decided_at,
                icon="alert",
            )
        for incident in Incident.objects.filter(state__in=states.CONFIRMED, valid_until__lte=timezone.now()):
            yield WorkItem(
                key=f"incident/{incident.number}/validity",
                title=_title(incident),
                url=_address(incident),
                detail=_("The warning's time has run out: extend it or close the incident."),
                level="warning",
                since=incident.valid_until,
                icon="alert",
            )
    if actor.has("responder"):
        open_tasks = Assignment.objects.filter(done_at=None, incident__state__in=states.CONFIRMED).select_related(
            "incident"
        )
        for task in open_tasks:
            if actor.has("responder", agency=task.agency_code):
                yield WorkItem(
                    key=f"assignment/{task.pk}",
                    title=task.task,
                    url=_address(task.incident),
                    detail=f"{task.incident.number} · {task.incident.place}",
                    since=task.assigned_at,
                    icon="task",
                    level="warning" if task.accepted_at is None else "notice",
                )


def features(actor: Actor) -> Iterable[MapFeature]:
    """Active incidents, for those who may read them."""
    if not (actor.is_system or actor.has(*policies.READERS)):
        return
    for incident in queries.incidents(state="active"):
        yield MapFeature(
            key=f"incident/{incident.number}",
            label=_title(incident),
            lon=incident.lon,
            lat=incident.lat,
            regions=tuple(incident.areas),
            level=incident.level,
            value=str(queries.STATE_LABELS[incident.state]),
            url=_address(incident),
            symbol="alert",
            detail=incident.number,
            at=incident.opened_at,
        )


def active_tile() -> Tile:
    rows = list(queries.incidents(state="active").exclude(state=states.DRAFT))
    worst = max((row.level for row in rows), key=states.rank, default="normal")
    return Tile(
        title=_("Active incidents"),
        value=str(len(rows)),
        level=worst,
        at=timezone.now(),
        detail=_title(rows[0]) if rows else _("Nothing is going on"),
        url="/kerja/kejadian?state=active",
    )


def draft_tile() -> Tile:
    rows = queries.drafts()
    return Tile(
        title=_("Waiting for a decision"),
        value=str(len(rows)),
        level=rows[0].level if rows else "normal",
        at=timezone.now(),
        detail=_title(rows[0]) if rows else _("Nobody waits"),
        url="/kerja/kejadian?state=draft",
    )


def find(text: str, actor: Actor) -> Iterable[SearchHit]:
    if len(text.strip()) < 3 or not actor.has(*policies.READERS):
        return
    for incident in queries.incidents(text=text.strip())[:5]:
        yield SearchHit(
            title=_title(incident),
            url=_address(incident),
            kind=str(_("Incident")),
            detail=f"{incident.number} · {queries.STATE_LABELS[incident.state]}",
            score=80.0,
        )


# --- the pack ---------------------------------------------------------------------------------------------------------


def check_pack(pack: Any) -> Iterable[Any]:
    """Problems of `emergency.toml`."""
    kinds = {kind for kind, _label in Sign.KINDS}
    for rule in pack.tables("emergency", "rule", ("hazard", "name", "name_en", "valid_from")):
        hazard = str(rule["hazard"])
        if int(rule.get("min_sources", 2)) < 2:
            yield pack.problem(
                "emergency", _("min_sources must be at least 2: one source alone opens no incident"), hazard
            )
        for key in ("anchor_level", "support_level"):
            if states.rank(str(rule.get(key, "siaga"))) < 1:
                yield pack.problem("emergency", _("%(key)s must be waspada, siaga or awas") % {"key": key}, hazard)
        unknown = set(rule.get("anchor_kinds", ["station"])) - kinds
        if unknown:
            yield pack.problem(
                "emergency", _("unknown kind of source: %(kind)s") % {"kind": ", ".join(sorted(unknown))}, hazard
            )
        for key in ("window_minutes", "max_distance_m"):
            if int(rule.get(key, 1)) < 1:
                yield pack.problem("emergency", _("%(key)s must be above 0") % {"key": key}, hazard)


def load_pack(pack: Any, actor: Actor) -> dict[str, int]:
    return operations.load_rules(
        actor=actor, rules=pack.tables("emergency", "rule", ("hazard", "name", "name_en", "valid_from"))
    )


def check_configuration() -> tuple[bool, str, str]:
    if queries.rule_on("flood") is None:
        return (
            False,
            _("No rule says when signs of flood open a draft: none will."),
            _("Load a city pack with emergency.toml."),
        )
    return True, _("Rules in force: %(rules)s.") % {"rules": ", ".join(rule.hazard for rule in queries.rules_now())}, ""


offer(
    MenuEntry("staff", gettext_lazy("Incidents"), "/kerja/kejadian", icon="alert", roles=policies.READERS, order=10),
    WorkList("emergency", work),
    MapLayer("incidents", gettext_lazy("Incidents"), features, audience="staff", order=15),
    WallTile("incidents", active_tile, order=20),
    WallTile("drafts", draft_tile, order=5),
    Search("incidents", find),
    PackSection("emergency", check_pack, load_pack, order=55),
    ConfigurationCheck("emergency", check_configuration),
)
