"""A plan's structure without its figures, for another city to start from (`blueprint.schema.json` describes the format).

What is taken home: dimensions, goals, programmes, actions with their words, indicators, units, milestones as months
after the action's start, risks, dependencies, and what agencies are called. What stays: targets, money, baselines, the
codes of agencies, the names of persons, and the city's own title and vision."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from tepian.kernel.organisations import queries as organisations

from .. import states
from ..models import Revision
from .differences import State, tree_of

FORMAT, VERSION = "tepian-plan-blueprint", 1
WORDS = ("code", "title", "title_en", "description", "dimension", "subdimension")
OF_ACTIONS = ("planning_code", "indicator", "unit", "direction", "rule", "outcome", "impact")


def blueprint(revision: Revision) -> dict[str, Any]:
    """The structure of a revision as JSON."""
    plan, tree = revision.plan, tree_of(revision)
    framework = plan.framework
    used = dict.fromkeys(state["agency_code"] for state in tree.values() if state["agency_code"])
    agencies = {code: f"agency-{number}" for number, code in enumerate(used, 1)}
    ids = {key: f"part-{number}" for number, key in enumerate(tree, 1)}
    made: dict[UUID, dict[str, Any]] = {}
    goals: list[dict[str, Any]] = []
    for key, state in tree.items():
        made[key] = _part(state, ids, agencies, plan.first_year)
        if state.kind == states.GOAL:
            goals.append(made[key])
        elif state.parent in made:
            made[state.parent]["programmes" if state.kind == states.PROGRAMME else "actions"].append(made[key])
    return {
        "format": FORMAT,
        "version": VERSION,
        "years": plan.last_year - plan.first_year + 1,
        "framework": {
            "code": framework.code,
            "title": framework.title,
            "title_en": framework.title_en,
            "source": framework.source,
            "valid_from": framework.valid_from.isoformat(),
            "dimensions": framework.dimensions,
        },
        "agencies": [{"id": agencies[code], **_agency(code)} for code in agencies],
        "goals": goals,
    }


def _agency(code: str) -> dict[str, str]:
    known = organisations.chart().agencies.get(code)
    return {"name": known.name, "short_name": known.short_name} if known else {"name": "?", "short_name": ""}


def _part(state: State, ids: dict[UUID, str], agencies: dict[str, str], first_year: int) -> dict[str, Any]:
    told: dict[str, Any] = {"id": ids[state.key], **{name: state[name] for name in WORDS if state[name]}}
    if state["agency_code"]:
        told["agency"] = agencies[state["agency_code"]]
    for name, limit in (("first_year", "from_year"), ("last_year", "to_year")):
        if state[name]:
            told[limit] = state[name] - first_year + 1
    if state.kind == states.GOAL:
        return told | {"programmes": []}
    if state.kind == states.PROGRAMME:
        return told | {"actions": []}
    told |= {name: state[name] for name in OF_ACTIONS if state[name]}
    told |= {"quick_win": state["quick_win"], "weight": state["weight"]}
    start = state["first_year"] or first_year
    if state.milestones:
        told["milestones"] = [
            {"title": title, "month": months_after(start, due), "weight": weight}
            for title, due, weight in state.milestones.values()
        ]
    if state.risks:
        told["risks"] = [
            {"text": text, "likelihood": likelihood, "severity": severity, "response": response}
            for text, (likelihood, severity, response) in state.risks.items()
        ]
    if waits := [{"id": ids[key], "note": note} for key, note in state.dependencies.items() if key in ids]:
        told["waits_for"] = waits
    return told


def months_after(start: int, due: date) -> int:
    """0 is January of the action's first year."""
    return 12 * (due.year - start) + due.month - 1
