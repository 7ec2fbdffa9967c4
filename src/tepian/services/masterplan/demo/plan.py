"""A made-up plan, decided, reported for each quarter until now and looked at by two offices, by the same verbs as a real
one. Every page says that it is a demonstration.

How an action's reports end (`ends`): verified by both offices unless it says `claimed` (one office is still to look),
`missing` (the last report did not come), `silent` (no report after the first year), `returned` (the last one went back),
`obstacle` (no value, only what stands in the way), `overclaim` (more is claimed than the evidence shows)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction

from tepian.kernel.actors import Actor, system
from tepian.kernel.catalogue.city import today
from tepian.kernel.organisations import queries as organisations

from .. import operations, states
from ..models import Part, Plan, Report
from ..queries import rollup
from ..queries.plan import current, part_by
from ..states import Quarter
from .projects import drawn_photo

DATA = Path(__file__).with_name("plan.toml")
CODE = "peragaan"
MILLION = 1_000_000
OFFICES = {
    "planner": system("demo.planner", "Bappeda (demo)"),
    "plan_verifier": system("demo.verifier", "Diskominfo (demo)"),
}


@transaction.atomic  # whole or not at all: a plan that is there is never filled up later
def demo_plan(*, actor: Actor) -> Plan | None:
    """The plan with its reports; None when the city has a plan of its own or this one already."""
    if current() is not None or Plan.objects.filter(code=CODE).exists():
        return None
    given = tomllib.loads(DATA.read_text(encoding="utf-8"))
    first = today().year - 1
    plan = operations.create_plan(
        actor=actor,
        code=CODE,
        first_year=first,
        last_year=first + given["years"] - 1,
        simulated=True,
        **{name: given[name] for name in ("title", "title_en", "vision", "vision_en", "basis")},
    )
    revision = operations.start_revision(actor=actor, plan=plan)
    stories: list[tuple[Part, Mapping[str, Any]]] = []
    for goal in given["goal"]:
        top = operations.add_part(actor=actor, revision=revision, kind=states.GOAL, values=_words(goal))
        for programme in goal["programme"]:
            middle = operations.add_part(
                actor=actor,
                revision=revision,
                kind=states.PROGRAMME,
                values=_words(programme) | _place(programme),
                parent=top.key,
            )
            for action in programme["action"]:
                values = _words(action) | _place(programme) | _place(action) | _measures(action, plan)
                part = operations.add_part(
                    actor=actor, revision=revision, kind=states.ACTION, values=values, parent=middle.key
                )
                stories.append((part, action))
    revision.refresh_from_db()
    revision = operations.propose_revision(actor=actor, revision=revision, edits=revision.edits)
    revision = operations.put_in_force(
        actor=actor,
        revision=revision,
        decision="Nomor 1 (dibuat-buat)",
        decided_on=date(first, 9, 20),
        in_force_from=date(first, 10, 1),
    )
    operations.publish_plan(actor=actor, plan=plan, since=date(first, 10, 1))
    photo = drawn_photo("#cfe4ea", "#8fae7e", "Foto lapangan")  # the same for all: it is stored once
    parts = [(part_by(revision, part.key), action) for part, action in stories]
    newest = rollup.shown_quarter()
    for quarter in rollup.quarters_of(plan, newest):
        if quarter.year < newest.year and quarter.number < 4:
            continue  # a year that is over is told in one report, so that the demonstration starts soon
        for part, action in parts:
            _report(actor, plan, part, action, quarter, photo)
    return plan


def _words(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in ("title", "title_en", "outcome", "impact") if name in given}


def _place(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in ("dimension", "subdimension") if name in given}


def _measures(action: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    known = {each.code for each in organisations.agencies()}
    first = plan.first_year
    return {
        "agency_code": next((code for code in action["agency"] if code in known), sorted(known)[0]),
        "direction": action.get("direction", states.UP),
        "targets": {first + number: value for number, value in enumerate(action["targets"])},
        "money": {
            (first + number, action.get("source", states.APBD)): MILLION * amount
            for number, amount in enumerate(action["budget"])
            if amount
        },
        "milestones": [
            {"title": title, "due_on": _month_end(first, months)} for title, months in action.get("milestones", [])
        ],
        "risks": [],
        **{name: action[name] for name in ("unit", "rule", "baseline", "figure", "quick_win") if name in action},
    }


def _month_end(first: int, months: int) -> date:
    """The last day of a month, counted from the plan's first (1)."""
    year, month = first + months // 12, months % 12 + 1
    return date(year, month, 1) - timedelta(days=1)


def _reached(action: Mapping[str, Any], year: int, number: int, pace: float, *, over: bool) -> float:
    """Where the action stands after a quarter; where quarters add up, what the quarter adds (the year, once it is over)."""
    targets: Sequence[float] = action["targets"]
    if action.get("rule") == states.SUM:
        return round(targets[year] * pace * (1 if over else 1 / 4))
    before = action["baseline"]
    for each in range(year):
        before += (targets[each] - before) * pace
    return round(before + (targets[year] - before) * pace * number / 4, 1)


def _report(actor: Actor, plan: Plan, part: Part, action: Mapping[str, Any], quarter: Quarter, photo: bytes) -> None:
    ends, newest = action.get("ends", ""), quarter == rollup.shown_quarter()
    if (ends == "silent" and quarter.year > plan.first_year) or (ends == "missing" and newest):
        return
    year = quarter.year - plan.first_year
    pace = 1.0 if ends == "overclaim" else action["pace"]
    report = operations.start_report(actor=actor, plan=plan, key=part.key, quarter=quarter)
    value = (
        None
        if ends == "obstacle"
        else _reached(action, year, quarter.number, pace, over=quarter.year < rollup.shown_quarter().year)
    )
    report = operations.save_report(
        actor=actor,
        report=report,
        revision=report.revision,
        value=value,
        spent=round(MILLION * action["budget"][year] * quarter.number / 4 * min(1.0, 0.5 + pace / 2)),
        obstacle="Naskah masih dibahas bersama bagian hukum." if ends == "obstacle" else "",
        next_step="Dilanjutkan pada triwulan berikut." if not newest else "",
        difference_reason="Sebagian kegiatan dicatat di buku hadir kertas." if part.figure else "",
        reached={
            each.key: each.due_on
            for each in part.milestones.all()
            if each.due_on <= quarter.last and action["pace"] >= 0.7
        },
    )
    operations.add_file(
        actor=actor,
        report=report,
        content=photo,
        name=f"{part.code}-{quarter}.png",
        title=f"Foto lapangan {quarter} (gambar peragaan)",
        taken_on=min(quarter.last, today()),
    )
    report = Report.objects.get(pk=report.pk)
    report = operations.send_report(actor=actor, report=report, revision=report.revision, confirmed=True)
    _looked_at(report, ends, newest)


def _looked_at(report: Report, ends: str, newest: bool) -> None:
    offices = list(OFFICES)
    if ends == "overclaim" or (ends == "claimed" and newest):
        offices = offices[:1]
    for office in offices:
        back = ends == "returned" and newest and office == "plan_verifier"
        report = operations.verify(
            actor=OFFICES[office],
            report=report,
            revision=report.revision,
            office=office,
            verdict=states.SENT_BACK if back else states.ACCEPTED,
            text="Bukti tidak menunjukkan jumlah penerima. Lampirkan daftar per kelurahan." if back else "",
        )
