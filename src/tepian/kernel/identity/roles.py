"""The fixed vocabulary of roles. A position's grants name them; what each may do is said by the rooms' policies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

ROLES: dict[str, Any] = {
    "duty_officer": _("Duty officer"),
    "responder": _("Responder"),
    "call_taker": _("Call-taker"),
    "dispatcher": _("Dispatcher"),
    "supervisor": _("112 supervisor"),
    "head": _("Head"),
    "sensor_steward": _("Sensor steward"),
    "data_producer": _("Data producer"),
    "data_steward": _("Data steward (walidata)"),
    "data_supervisor": _("Data supervisor (pembina data)"),
    "data_forum": _("Satu Data forum secretariat"),
    "planner": _("Planner (Bappeda)"),
    "plan_reporter": _("Plan reporter"),
    "plan_verifier": _("Plan verifier (Diskominfo)"),
    "assessor": _("Assessor"),
    "literacy_organiser": _("Literacy organiser"),
    "registrar": _("Civil registrar"),
    "ward_clerk": _("Ward clerk"),
    "ward_head": _("Ward head (lurah)"),
    "neighbourhood_head": _("Chair of an RT or RW"),
    "administrator": _("Administrator"),
    "auditor": _("Auditor"),
    "viewer": _("Viewer"),
    "device": _("Device"),
}

TASKS: dict[str, Any] = {
    "duty_officer": _("confirms or dismisses drafts and publishes warnings"),
    "responder": _("handles incidents assigned to the unit"),
    "call_taker": _("answers 112 calls"),
    "dispatcher": _("sends units to incidents"),
    "supervisor": _("leads the 112 desk"),
    "head": _("reads the wall and gives dispositions"),
    "sensor_steward": _("looks after stations and thresholds"),
    "data_producer": _("sends the agency's figures"),
    "data_steward": _("checks and publishes figures of all agencies"),
    "data_supervisor": _("advises on figures and their metadata"),
    "data_forum": _("keeps the release calendar"),
    "planner": _("keeps the city's plan and verifies reports"),
    "plan_reporter": _("reports the agency's actions"),
    "plan_verifier": _("verifies reports and evidence of all agencies"),
    "assessor": _("reads the evidence room and scores"),
    "literacy_organiser": _("runs literacy programmes"),
    "registrar": _("keeps the register of residents"),
    "ward_clerk": _("serves residents of the ward"),
    "ward_head": _("signs letters of the ward"),
    "neighbourhood_head": _("vouches for residents of the neighbourhood"),
    "administrator": _("looks after accounts, positions and keys"),
    "auditor": _("reads the record"),
    "viewer": _("reads staff pages"),
    "device": _("writes observations"),
}

SCOPES: dict[str, Any] = {"city": _("whole city"), "agency": _("agency"), "region": _("region")}


def role_name(role: str) -> str:
    """The role in the reader's language; an unknown one as it is written."""
    return str(ROLES.get(role, role))


def names(roles: Iterable[str]) -> str:
    """Several roles in one line."""
    return ", ".join(role_name(role) for role in roles)
