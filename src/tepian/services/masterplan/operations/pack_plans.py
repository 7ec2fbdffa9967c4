"""Whole plans that a city pack brings: made once by the same verbs that people use, never written over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor
from tepian.kernel.events import note, operation

from .. import policies, states
from ..models import Plan
from ..queries.given import Given, actions
from . import tree
from .plan import create_plan, propose_revision, publish_plan, put_in_force, start_revision

MILLION = 1_000_000
BELOW = {states.GOAL: (states.PROGRAMME, "programme"), states.PROGRAMME: (states.ACTION, "action")}
SAME = (
    "title", "title_en", "description", "dimension", "subdimension", "quick_win", "planning_code", "renstra", "first_year",
    "last_year", "indicator", "unit", "direction", "rule", "baseline", "figure", "tolerance", "weight", "outcome", "impact",
    "milestones", "risks",
)  # fmt: skip
INHERITED = ("dimension", "subdimension", "agency")


def goals_of(given: Mapping[str, Any]) -> list[Given]:
    """The tree of a `[[plan]]` of `masterplan.toml`. An action takes its programme's agency and dimension unless it says
    otherwise; targets and money (million rupiah) are one a year from the plan's first."""
    keys: dict[str, UUID] = {}
    goals = [_given(states.GOAL, each, {}, given, keys) for each in given.get("goal", [])]
    for action in actions(goals):
        waits = action.values["dependencies"]
        action.values = {**action.values, "dependencies": [{"on_key": keys[each]} for each in waits if each in keys]}
    return goals


def _given(
    kind: str, row: Mapping[str, Any], above: Mapping[str, Any], plan: Mapping[str, Any], keys: dict[str, UUID]
) -> Given:
    known = {name: row.get(name, above.get(name, "")) for name in INHERITED}
    values = {name: row[name] for name in SAME if name in row}
    values |= {
        "dimension": known["dimension"], "subdimension": known["subdimension"], "agency_code": known["agency"]
    }  # fmt: skip
    made = Given(kind, values, uuid4(), where=str(row.get("title", "")))
    if kind == states.ACTION:
        first = plan["first_year"]
        values["direction"] = row.get("direction", states.UP)
        values["targets"] = dict(enumerate(row.get("targets", []), first))
        values["money"] = {
            (year, source): amount * MILLION
            for source, amounts in row.get("money", {}).items()
            for year, amount in enumerate(amounts, first)
            if amount
        }
        values["dependencies"] = row.get("waits_for", [])
        keys[made.where] = made.key or uuid4()
        return made
    below, name = BELOW[kind]
    made.below = [_given(below, each, known, plan, keys) for each in row.get(name, [])]
    return made


def problems_of(
    given: Mapping[str, Any], agencies: set[str], dimensions: Mapping[str, set[str]]
) -> Iterator[tuple[str, str]]:
    """(what is wrong, where) of a `[[plan]]`, before anything is loaded."""
    years = given["last_year"] - given["first_year"] + 1
    goals = goals_of(given)
    titles = {action.where for action in actions(goals)}
    for action in actions(goals):
        values = action.values
        if values["agency_code"] not in agencies:
            yield _("unknown agency: %(code)s") % {"code": values["agency_code"]}, action.where
        if values["dimension"] not in dimensions:
            yield _("unknown dimension: %(code)s") % {"code": values["dimension"]}, action.where
        elif values["subdimension"] and values["subdimension"] not in dimensions[values["dimension"]]:
            yield _("unknown sub-dimension: %(code)s") % {"code": values["subdimension"]}, action.where
        if len(values["targets"]) > years or any(year > given["last_year"] for year, _source in values["money"]):
            yield _("more targets or money than the plan has years"), action.where
    for row in _rows(given):
        for name in row.get("waits_for", []):
            if name not in titles:
                yield (
                    _("it waits for an action that is not there: %(name)s") % {"name": name},
                    str(row.get("title", "")),
                )


def _rows(given: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for goal in given.get("goal", []):
        for programme in goal.get("programme", []):
            yield from programme.get("action", [])


@operation("masterplan.load_plans", policy=policies.may_keep_plan)
def load_plans(*, actor: Actor, plans: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Each plan once: made, proposed, in force and public as the pack says. A plan whose code is there stays as people
    have made it."""
    counts: dict[str, int] = {"created": 0, "changed": 0, "unchanged": 0}
    for given in plans:
        if Plan.objects.filter(code=given["code"]).exists():
            counts["unchanged"] += 1
            continue
        plan = create_plan(
            actor=actor,
            code=given["code"],
            title=given["title"],
            title_en=given.get("title_en", ""),
            vision=given.get("vision", ""),
            vision_en=given.get("vision_en", ""),
            basis=given.get("basis", ""),
            framework=given["framework"],
            first_year=given["first_year"],
            last_year=given["last_year"],
            simulated=bool(given.get("simulated")),
        )
        revision = start_revision(actor=actor, plan=plan)
        tree.write_tree(tree.build_tree(revision, goals_of(given)))
        tree.count(revision)
        if given.get("decision"):
            revision = propose_revision(actor=actor, revision=revision, edits=revision.edits)
            put_in_force(
                actor=actor,
                revision=revision,
                decision=given["decision"],
                decided_on=given["decided_on"],
                in_force_from=given.get("in_force_from"),
            )
            if given.get("public_since"):
                publish_plan(actor=actor, plan=plan, since=given["public_since"])
        counts["created"] += 1
    note("masterplan_pack", plans=counts)
    return counts
