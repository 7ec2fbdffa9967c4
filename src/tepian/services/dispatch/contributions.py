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
    Indicators,
    MapFeature,
    MapLayer,
    MenuEntry,
    PackSection,
    Search,
    SearchHit,
    Tile,
    UrgentPath,
    WallTile,
    WorkItem,
    WorkList,
    offer,
)
from tepian.kernel.documents import access
from tepian.ui import words

from . import jobs, live, operations, policies, queries, states
from .models import FollowUp, Incident, IncidentType, Unit
from .queries import board
from .views.board import CASE_ROLES, WATCHERS

LEVELS = {"A": "normal", "B": "normal", "C": "waspada", "D": "siaga", "E": "awas"}
WORK_LEVELS = {"A": "normal", "B": "notice", "C": "warning", "D": "danger", "E": "danger"}


def title(incident: Incident) -> str:
    text = f"{queries.type_name(incident.type_code, incident.type_from)} · {queries.where(incident)}"
    return f"{_('SIMULATION')} · {text}" if incident.simulated else text


def work(actor: Actor) -> Iterable[WorkItem]:
    """Incidents without a unit for dispatchers, what nobody could take for supervisors, cases for agencies."""
    if actor.has("dispatcher", "supervisor"):
        for row in queries.open_incidents()[:50]:
            if row.escalation or row.state == states.WAITING:
                yield WorkItem(
                    key=f"dispatch/{row.number}",
                    title=title(row),
                    url=reverse("dispatch-incident", args=[row.number]),
                    detail=str(_("Nobody could take it: decide.") if row.escalation else _("No unit was asked yet.")),
                    level=WORK_LEVELS.get(row.severity, "notice"),
                    since=row.opened_at,
                    icon="siren",
                )
    if actor.has("responder", "head"):
        for case in FollowUp.objects.filter(closed_at=None).select_related("incident")[:50]:
            if actor.has("responder", "head", agency=case.agency_code):
                yield WorkItem(
                    key=f"follow-up/{case.pk}",
                    title=str(_("Follow-up of incident %(number)s") % {"number": case.incident.number}),
                    url="/kerja/112/lanjutan",
                    level="notice",
                    since=case.opened_at,
                    icon="heart",
                )


def incident_features(actor: Actor) -> Iterable[MapFeature]:
    if not (actor.is_system or actor.has(*policies.READERS)):
        return
    for row in queries.open_incidents():
        if row.lat is not None:
            yield MapFeature(
                key=f"dispatch/{row.number}",
                label=title(row),
                lon=row.lon,
                lat=row.lat,
                level=LEVELS.get(row.severity, "unknown"),
                value=row.type_code,
                url=reverse("dispatch-incident", args=[row.number]),
                symbol="siren",
                detail=str(queries.STATE_LABELS[row.state]),
                at=row.opened_at,
            )


def unit_features(actor: Actor) -> Iterable[MapFeature]:
    if not (actor.is_system or actor.has(*policies.READERS)):
        return
    for unit in Unit.objects.filter(active=True).exclude(state="off_duty"):
        yield MapFeature(
            key=f"unit/{unit.call_sign}",
            label=f"{unit.call_sign} · {unit.name}",
            lon=unit.lon,
            lat=unit.lat,
            value=unit.call_sign,
            symbol="unit",
            detail=str(queries.UNIT_LABELS[unit.state]),
            at=unit.position_at,
        )


def waiting_tile() -> Tile:
    """Calls that wait for somebody now."""
    rows = list(queries.open_calls().filter(desk="", state=states.RINGING).values_list("first_at", flat=True)[:500])
    longest = words.span(timezone.now() - rows[0]) if rows else ""
    return Tile(
        title=_("112 calls waiting"),
        value=str(len(rows)),
        level="normal" if not rows else "waspada" if len(rows) < 5 else "siaga",
        at=timezone.now(),
        detail=_("longest %(time)s") % {"time": longest} if rows else _("Nobody waits"),
        url="/kerja/112/langsung",
    )


def find(text: str, actor: Actor) -> Iterable[SearchHit]:
    text = text.strip()
    if len(text) < 3 or not actor.has(*policies.READERS):
        return
    for row in Incident.objects.filter(number__iexact=text)[:1] or Incident.objects.filter(place__icontains=text)[:5]:
        yield SearchHit(
            title=title(row),
            url=reverse("dispatch-incident", args=[row.number]),
            kind=str(_("112 incident")),
            detail=f"{row.number} · {queries.STATE_LABELS[row.state]}",
            score=75.0,
        )


# --- the pack ---------------------------------------------------------------------------------------------------------

TYPE_KEYS = ("code", "name", "name_en", "severity", "valid_from")
TARGET_KEYS = ("clock", "seconds", "valid_from")
UNIT_KEYS = ("call_sign", "name", "kind", "agency", "lon", "lat")
NEIGHBOUR_KEYS = ("code", "name", "contact")


def check_pack(pack: Any) -> Iterable[Any]:
    """Problems of `dispatch.toml`."""
    types = pack.tables("dispatch", "type", TYPE_KEYS)
    agencies = {row["code"] for row in pack.csv("agencies", ("code", "name"))} if pack.has("agencies.csv") else set()
    skills: set[str] = set()
    for unit in pack.tables("dispatch", "unit", UNIT_KEYS):
        skills |= set(unit.get("skills", []))
        if unit["agency"] not in agencies:
            yield pack.problem("dispatch", _("unknown agency: %(code)s") % {"code": unit["agency"]}, unit["call_sign"])
        if not (-180 <= float(unit["lon"]) <= 180 and -90 <= float(unit["lat"]) <= 90):
            yield pack.problem("dispatch", _("lon or lat is not on the globe"), unit["call_sign"])
        if float(unit.get("speed_kmh", 30)) <= 0:
            yield pack.problem("dispatch", _("speed_kmh must be above 0"), unit["call_sign"])
    for kind in types:
        code = str(kind["code"])
        if str(kind["severity"]) not in states.SEVERITIES:
            yield pack.problem("dispatch", _("severity must be A, B, C, D or E"), code)
        for task in kind.get("task", []):
            if task.get("agency") not in agencies:
                yield pack.problem("dispatch", _("unknown agency: %(code)s") % {"code": task.get("agency")}, code)
        for skill in set(kind.get("skills", [])) - skills:
            yield pack.problem(
                "dispatch", _("no unit of this pack has the skill %(skill)s") % {"skill": skill}, code, "warning"
            )
        for key in ("duplicate_m", "duplicate_minutes"):
            if int(kind.get(key, 1)) < 1:
                yield pack.problem("dispatch", _("%(key)s must be above 0") % {"key": key}, code)
    for target in pack.tables("dispatch", "target", TARGET_KEYS):
        if target["clock"] not in states.CLOCKS:
            yield pack.problem(
                "dispatch", _("unknown clock: %(clock)s") % {"clock": target["clock"]}, str(target["clock"])
            )


def load_pack(pack: Any, actor: Actor) -> dict[str, int]:
    return operations.load_pack(
        actor=actor,
        types=pack.tables("dispatch", "type", TYPE_KEYS),
        targets=pack.tables("dispatch", "target", TARGET_KEYS),
        units=pack.tables("dispatch", "unit", UNIT_KEYS),
        neighbours=pack.tables("dispatch", "neighbour", NEIGHBOUR_KEYS),
    )


def check_configuration() -> tuple[bool, str, str]:
    types, units = IncidentType.objects.count(), Unit.objects.filter(active=True).count()
    if not types or not units:
        return (
            False,
            _("The 112 desk knows no types of incidents or no units."),
            _("Load a city pack with dispatch.toml."),
        )
    return True, _("112: %(types)s types of incidents, %(units)s units.") % {"types": types, "units": units}, ""


access.allow("dispatch", policies.may_see_picture, personal=True, purpose="dispatch.picture")
offer(
    MenuEntry("staff", gettext_lazy("112 calls"), "/kerja/112", icon="phone", roles=policies.DESK, order=5),
    MenuEntry(
        "staff", gettext_lazy("Dispatch"), "/kerja/dispatch", icon="siren", roles=("dispatcher", "supervisor"), order=6
    ),
    MenuEntry("staff", gettext_lazy("112 live"), "/kerja/112/langsung", icon="chart", roles=WATCHERS, order=7),
    MenuEntry("staff", gettext_lazy("My unit"), "/unit", icon="unit", roles=("responder",), order=8),
    MenuEntry(
        "staff", gettext_lazy("Follow-up cases"), "/kerja/112/lanjutan", icon="heart", roles=(*CASE_ROLES, "supervisor"),
        order=9,
    ),
    WorkList("dispatch", work),
    MapLayer("dispatch", gettext_lazy("112 incidents"), incident_features, audience="staff", order=14),
    MapLayer("units", gettext_lazy("Units"), unit_features, audience="staff", order=13),
    WallTile("calls", waiting_tile, order=15),
    Search("dispatch", find),
    Indicators("dispatch", board.indicators),
    PackSection("dispatch", check_pack, load_pack, order=60),
    ConfigurationCheck("dispatch", check_configuration),
    jobs.CLOCKS,
    jobs.FORGET,
    live.ROADS,
    live.UNITS,
    UrgentPath("/api/v1/emergency/call-events"),
    UrgentPath("/kerja/112"),
    UrgentPath("/kerja/dispatch"),
    UrgentPath("/unit"),
    UrgentPath("/api/v1/units/"),
)  # fmt: skip
