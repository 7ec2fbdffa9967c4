"""City projects for programs: where each stands, its curves, and the door for an agency's own system."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Router, Schema
from pydantic import Field

from tepian.kernel.actors import Invalid

from .. import operations, policies
from ..models import Project
from ..queries import comments, projects

router = Router(tags=["plan"])


class ProjectOut(Schema):
    slug: str
    title: str
    title_en: str
    agency: str
    dimension: str
    place: str
    lon: float | None = Field(description="Degrees, WGS 84")
    lat: float | None
    state: str = Field(description="planned, running, paused, done or cancelled")
    status: str = Field(description="late, stopped, critical, silent, behind, as_planned, waiting, finished or ended")
    days_late: int = Field(description="Against `promised_on`, the end that was promised when work began")
    physical: float | None = Field(description="Percent built, as reported for `month`")
    planned: float | None = Field(description="Percent planned for that month")
    stages_percent: float | None = Field(description="What the stages weigh that have ended")
    month: str = Field(description="2026-03; empty: never reported")
    budget: int | None = Field(description="Rupiah")
    spent: int | None = Field(description="Rupiah since the start")
    contractor: str
    contract: str
    contract_amount: int | None
    starts_on: date | None
    ends_on: date | None = Field(description="As planned now")
    promised_on: date | None
    started_on: date | None
    ended_on: date | None
    forecast_end: date | None = Field(description="At the pace of the last three reported months")
    missing_months: list[str]
    simulated: bool = Field(description="True: a demonstration, nothing in it is real")
    revision: int = Field(description="Send it back with a change; an old one is refused")
    url: str


class ProjectPage(Schema):
    items: list[ProjectOut]
    count: int


class StageOut(Schema):
    title: str
    title_en: str
    weight: int
    starts_on: date
    ends_on: date
    started_on: date | None
    ended_on: date | None


class PointOut(Schema):
    month: str
    planned_physical: float | None
    physical: float | None
    planned_money: int | None
    money: int | None
    note: str


class ModerationOut(Schema):
    shown: int
    waiting: int
    answered: int
    hidden: dict[str, int] = Field(description="Reason → how many are not shown for it")


class ProjectDetail(ProjectOut):
    summary: str
    summary_en: str
    stages: list[StageOut]
    points: list[PointOut]
    comments: ModerationOut


class MonthIn(Schema):
    revision: int = Field(description="Of the project, as it was read")
    month: str = Field(pattern=r"^\d{4}-\d{2}$", description="2026-03")
    physical: float = Field(ge=0, le=100, description="Percent built since the start")
    money: int | None = Field(None, ge=0, lt=10**15, description="Rupiah spent since the start")
    note: str = Field("", max_length=500, description="Needed when a value falls")


def _project(row: projects.ProjectStanding) -> dict[str, Any]:
    project, ahead = row.project, row.forecast
    same = (
        "slug", "title", "title_en", "dimension", "place", "lon", "lat", "state", "budget", "contractor", "contract",
        "contract_amount", "starts_on", "ends_on", "promised_on", "started_on", "ended_on", "simulated", "revision",
    )  # fmt: skip
    return {name: getattr(project, name) for name in same} | {
        "agency": project.agency_code,
        "status": row.status,
        "days_late": row.days_late,
        "physical": row.physical,
        "planned": row.planned,
        "stages_percent": row.stages,
        "month": f"{row.month:%Y-%m}" if row.month else "",
        "spent": row.spent,
        "forecast_end": ahead.ends if ahead else None,
        "missing_months": [f"{month:%Y-%m}" for month in row.missing],
        "url": f"/rencana/proyek/{project.slug}",
    }


def _seen(request: HttpRequest, slug: str) -> Project:
    """What is not public is for those who read the plan at work."""
    staff = request.actor.has(*policies.READERS)  # type: ignore[attr-defined]
    return projects.project_by(slug, public=not staff)


@router.get("/plan/projects", summary="City projects, late ones first", response=ProjectPage, auth=None)
def listing(request: HttpRequest) -> dict[str, Any]:
    """Public projects."""
    items = [_project(row) for row in projects.standings(public=True)]
    return {"items": items, "count": len(items)}


@router.get("/plan/projects/{slug}", summary="A project with its stages and curves", response=ProjectDetail, auth=None)
def one(request: HttpRequest, slug: str) -> dict[str, Any]:
    found = _seen(request, slug)
    said = comments.moderation(found)
    return _project(projects.standing(found)) | {
        "summary": found.summary,
        "summary_en": found.summary_en,
        "stages": list(found.stages.all()),
        "points": projects.curve_rows(found),
        "comments": {
            "shown": said.shown, "waiting": said.waiting, "answered": said.answered, "hidden": said.hidden,
        },
    }  # fmt: skip


@router.post(
    "/plan/projects/{slug}/months", summary="Report where a project stands at a month's end", response=ProjectOut
)
def report(request: HttpRequest, slug: str, body: MonthIn) -> dict[str, Any]:
    """For the agency that builds it. The same again changes nothing."""
    found = _seen(request, slug)
    month = projects.month_by(body.month)
    if month is None:
        raise Invalid(_("Write the month as in 2026-03."), code="month", field="month")
    operations.report_month(
        actor=request.actor,  # type: ignore[attr-defined]
        project=found,
        revision=body.revision,
        month=month,
        physical=body.physical,
        money=body.money,
        text=body.note,
    )
    return _project(projects.standing(_seen(request, slug)))
