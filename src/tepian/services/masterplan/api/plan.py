"""The plan for programs: where every action stands, what it adds up to, and the door for agencies' own systems.

Reading is public where the plan is; a plan that is not public yet is for those who read it at work. Writing goes through
the same operations as the pages, so a program meets the same questions as a person."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Schema
from pydantic import Field

from tepian.kernel.actors import Actor, Conflict, Invalid, NotFound
from tepian.kernel.catalogue.city import today

from .. import operations, policies, queries, states
from ..models import Plan, Report
from ..queries import reporting as reports
from ..queries import rollup
from ..states import Quarter

router = Router(tags=["plan"])
QUARTER = Query("", max_length=7, description="2026-Q3; without it the newest whose reports are due")
PLAN = Query("", max_length=60, description="Code of a plan; without it the one of this year")
BIGGEST = 1e15
TEXT = 4000


class StandingOut(Schema):
    key: UUID = Field(description="Stays the same through all revisions of the plan")
    code: str
    title: str
    title_en: str
    agency: str = Field(description="The agency that it belongs to now")
    dimension: str
    subdimension: str
    programme: UUID | None
    goal: UUID | None
    unit: str
    direction: str = Field(description="up: more is better; down: less is")
    rule: str = Field(description="last: the value is where the year stands; sum: quarters add up")
    year: int = Field(description="The year whose target counts")
    target: float | None
    claimed: float | None = Field(description="As the agency says; None where it never did")
    verified: float | None = Field(description="Accepted by both offices")
    computed: float | None = Field(description="From the platform's own figures")
    computed_state: str = Field(description="Empty: nothing is followed; known, none, unknown (the source is silent)")
    computed_period: str
    claimed_percent: float | None = Field(description="Of the target, not cut at 100")
    verified_percent: float | None
    computed_percent: float | None
    differs: bool = Field(description="Claim and computed value are further apart than the tolerance")
    weight: int
    status: str = Field(description="late, stale, overdue, behind, no_target, on_track, finished or not_begun")
    report_state: str = Field(description="Of this quarter's report: empty, draft, sent, returned or verified")
    milestones: int
    milestones_passed: int
    milestones_late: int
    budget: dict[str, int] = Field(description="Source → rupiah of the quarter's year")
    spent: int | None = Field(description="Rupiah of the year so far")
    evidence: int
    evidence_broken: int


class StandingPage(Schema):
    plan: str
    revision: int | None
    quarter: str
    simulated: bool = Field(description="True: a demonstration, nothing in it is real")
    items: list[StandingOut]
    count: int


class TotalOut(Schema):
    code: str = Field(description="Of the dimension, agency …; empty for the whole plan")
    actions: int
    measured: int = Field(description="Actions that have a target in that year; only these are in the means")
    weight: int = Field(description="Theirs together: means weighted by it give the mean of the whole")
    verified: float | None = Field(
        description="Weighted mean of percent, each action 0 to 100; without a value it is 0"
    )
    claimed: float | None
    computed: float | None = Field(description="Mean of the `followed` actions only")
    followed: int
    without_value: int
    statuses: dict[str, int]
    budget: dict[str, int]
    spent: int


class RollupOut(Schema):
    plan: str
    quarter: str
    simulated: bool
    total: TotalOut
    groups: list[TotalOut]


class MilestoneIn(Schema):
    key: UUID
    reached_on: date


class LinkIn(Schema):
    url: str = Field(max_length=600)
    title: str = Field("", max_length=200)
    public: bool = True


class ReportIn(Schema):
    action: UUID
    quarter: str = Field(max_length=7, description="2026-Q3")
    value: float | None = Field(None, gt=-BIGGEST, lt=BIGGEST)
    spent: int | None = Field(None, ge=0, lt=int(BIGGEST), description="Rupiah of the year so far")
    obstacle: str = Field("", max_length=TEXT)
    next_step: str = Field("", max_length=TEXT)
    difference_reason: str = Field("", max_length=TEXT, description="Why it is far from the computed value")
    milestones: list[MilestoneIn] | None = Field(None, max_length=200, description="None leaves them as they are")
    links: list[LinkIn] = Field(default_factory=list, max_length=10, description="Evidence that everybody can open")
    revision: int | None = Field(
        None, ge=1, le=2_000_000_000, description="Of the draft that you saw; 409 if it changed"
    )
    confirmed: bool = Field(False, description="The value is right although it is far above the target")
    send: bool = Field(True, description="Send it to be verified; false leaves it a draft")


class MissingOut(Schema):
    code: str
    field: str
    message: str


class ReportOut(Schema):
    action: UUID
    quarter: str
    agency: str
    state: str
    value: float | None
    spent: int | None
    computed: float | None
    computed_period: str
    revision: int
    evidence: int
    missing: list[MissingOut] = Field(description="What keeps a draft from being sent")


def _plan(request: HttpRequest, code: str) -> Plan:
    """Public plans for everybody; others for their readers, and for everybody else they do not exist."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    reads = actor.is_system or actor.has(*policies.READERS)
    plan = queries.plan_by(code) if code else queries.current(public=not reads)
    public = plan is not None and plan.public_since is not None and plan.public_since <= today()
    if plan is None or not (reads or public):
        raise NotFound(_("There is no such plan."), code="no_plan", item=code[:60])
    return plan


def _quarter(plan: Plan, text: str) -> Quarter:
    first = Quarter(plan.first_year, 1)
    if not text:
        return max(first, rollup.shown_quarter())
    found = reports.read_quarter(text)
    if found is None or not first <= found <= reports.running_quarter():
        raise Invalid(
            _("There is nothing to report for this quarter."), code="quarter", field="quarter", item=text[:10]
        )
    return found


@router.get("/plan/actions", response=StandingPage, summary="Where every action of the plan stands in a quarter")
def list_actions(
    request: HttpRequest,
    quarter: str = QUARTER,
    plan: str = PLAN,
    agency: str = Query("", max_length=60),
    dimension: str = Query("", max_length=40),
    status: str = Query("", max_length=20),
    limit: int = Query(200, ge=1, le=1000),
    offset: int = Query(0, ge=0, le=1_000_000),
) -> dict[str, Any]:
    found = _plan(request, plan)
    asked = _quarter(found, quarter)
    revision = rollup.revision_at(found, asked, today())
    rows = [
        row
        for row in rollup.standings(found, asked, revision=revision)
        if agency in ("", row.agency) and dimension in ("", row.dimension) and status in ("", row.status)
    ]
    return {
        "plan": found.code,
        "revision": revision.number if revision else None,
        "quarter": str(asked),
        "simulated": found.simulated,
        "items": [_standing(row) for row in rows[offset : offset + limit]],
        "count": len(rows),
    }


def _standing(row: rollup.Standing) -> dict[str, Any]:
    same = {name: getattr(row, name) for name in StandingOut.model_fields if hasattr(row, name)}
    return same | {
        "budget": dict(row.budget),
        "milestones_passed": row.passed,
        "milestones_late": row.late_milestones,
        "evidence_broken": row.broken,
    }


@router.get("/plan/rollup", response=RollupOut, summary="What the actions add up to, as a whole and by a level")
def roll_up(
    request: HttpRequest,
    by: Literal["dimension", "subdimension", "programme", "goal", "agency"] = Query("dimension"),
    quarter: str = QUARTER,
    plan: str = PLAN,
) -> dict[str, Any]:
    found = _plan(request, plan)
    asked = _quarter(found, quarter)
    rows = rollup.standings(found, asked)
    return {
        "plan": found.code,
        "quarter": str(asked),
        "simulated": found.simulated,
        "total": _total(rollup.total(rows)),
        "groups": [_total(each) for each in rollup.by(rows, by).values()],
    }


def _total(total: rollup.Total) -> dict[str, Any]:
    return {name: getattr(total, name) for name in TotalOut.model_fields}


@router.put("/plan/reports", response=ReportOut, summary="Write an action's report of a quarter, and send it")
def write_report(request: HttpRequest, given: ReportIn) -> dict[str, Any]:
    """Begins the report or goes on with its draft. What keeps it from being sent is listed under `missing`; the draft is
    kept then. A report that was sent already answers 409."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    plan = queries.current()
    quarter = reports.read_quarter(given.quarter)
    if plan is None or quarter is None:
        raise Invalid(_("There is nothing to report for this quarter."), code="quarter", field="quarter")
    report = operations.start_report(actor=actor, plan=plan, key=given.action, quarter=quarter)
    report = operations.save_report(
        actor=actor,
        report=report,
        revision=given.revision or report.revision,
        value=given.value,
        spent=given.spent,
        obstacle=given.obstacle,
        next_step=given.next_step,
        difference_reason=given.difference_reason,
        reached=None if given.milestones is None else {each.key: each.reached_on for each in given.milestones},
    )
    for link in given.links:
        try:
            operations.add_link(actor=actor, report=report, url=link.url, title=link.title, public=link.public)
        except Conflict as refusal:
            if refusal.code != "there_already":  # the same program sends the same links again
                raise
    part = reports.action_of(plan, given.action, quarter)
    missing = operations.missing_for_sending(
        report, reports.computed_of(plan, part, quarter), confirmed=given.confirmed
    )
    if given.send and not missing:
        report = operations.send_report(actor=actor, report=report, revision=report.revision, confirmed=given.confirmed)
    return _report(report, missing)


def _report(report: Report, missing: list[tuple[str, str, Any]]) -> dict[str, Any]:
    return {
        "action": report.key,
        "quarter": str(reports.quarter_of(report)),
        "agency": report.agency_code,
        "state": report.state,
        "value": report.value,
        "spent": report.spent,
        "computed": report.computed,
        "computed_period": report.computed_period,
        "revision": report.revision,
        "evidence": report.evidence.filter(withdrawn_at=None).count(),
        "missing": [{"code": code, "field": field, "message": str(text)} for code, field, text in missing]
        if report.state in states.WITH_REPORTER
        else [],
    }


@router.get("/plan/reports/{action}/{quarter}", response=ReportOut, summary="An action's report of a quarter")
def read_report(request: HttpRequest, action: UUID, quarter: str, plan: str = PLAN) -> dict[str, Any]:
    """Verified reports are public with the plan; the others are for those who read the plan at work."""
    found = _plan(request, plan)
    asked = reports.read_quarter(quarter)
    if asked is None:
        raise NotFound(
            _("There is no report of this action for this quarter yet."), code="no_report", item=quarter[:10]
        )
    report = reports.report_by(found, action, asked)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if report.state != states.VERIFIED and not (actor.is_system or actor.has(*policies.READERS)):
        raise NotFound(_("There is no report of this action for this quarter yet."), code="no_report", item=str(action))
    missing: list[tuple[str, str, Any]] = []
    if report.state in states.WITH_REPORTER:
        part = reports.action_of(found, action, asked)
        missing = operations.missing_for_sending(report, reports.computed_of(found, part, asked))
    return _report(report, missing)
