"""A small plan made by the verbs themselves."""

from __future__ import annotations

from datetime import date
from typing import Any

from tepian.kernel.actors import Actor, system

from .. import operations, queries
from ..models import Part, Plan, Revision

MACHINE = system("tests")


def new_plan(code: str = "kota-2025", first: int = 2025, last: int = 2029, **options: Any) -> Plan:
    return operations.create_plan(
        actor=MACHINE, code=code, title="Rencana kota", first_year=first, last_year=last, **options
    )


def action_values(title: str = "Aksi", **values: Any) -> dict[str, Any]:
    """Everything that a proposal asks of an action."""
    return {
        "title": title,
        "agency_code": "diskominfo",
        "dimension": "governance",
        "unit": "layanan",
        "direction": "up",
        "baseline": 0,
        "targets": {2025: 1, 2026: 2},
        "money": {(2025, "APBD"): 100_000_000},
        **values,
    }


def new_draft(plan: Plan, *titles: str, actor: Actor = MACHINE) -> Revision:
    """A draft with one goal, one programme, and an action for each title."""
    revision = operations.start_revision(actor=actor, plan=plan)
    goal = operations.add_part(actor=actor, revision=revision, kind="goal", values={"title": "Tujuan"})
    programme = operations.add_part(
        actor=actor, revision=revision, kind="programme", parent=goal.key, values={"title": "Program"}
    )
    for title in titles:
        operations.add_part(
            actor=actor, revision=revision, kind="action", parent=programme.key, values=action_values(title)
        )
    revision.refresh_from_db()
    return revision


def found(revision: Revision, title: str) -> Part:
    return queries.part_by(revision, revision.parts.get(title=title).key)


def decide(revision: Revision, on: date = date(2025, 1, 2), **options: Any) -> Revision:
    """Proposed and in force."""
    revision.refresh_from_db()
    revision = operations.propose_revision(actor=MACHINE, revision=revision, edits=revision.edits)
    return operations.put_in_force(
        actor=MACHINE, revision=revision, decision="Perwali 1/2025", decided_on=on, in_force_from=on, **options
    )
