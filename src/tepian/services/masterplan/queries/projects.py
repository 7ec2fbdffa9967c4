"""The city's projects: how far, how late, what it cost, and when it will end at this pace. Everything is computed from
stages and monthly points at each look."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.city import today
from tepian.ui import words
from tepian.ui.words import in_language

from .. import states
from ..models import ProgressPoint, Project, ProjectPhoto, ProjectStep, Stage

PROJECT_LABELS = {
    states.PLANNED: gettext_lazy("planned"),
    states.RUNNING: gettext_lazy("being built"),
    states.PAUSED: gettext_lazy("stopped for now"),
    states.DONE: gettext_lazy("finished"),
    states.CANCELLED: gettext_lazy("cancelled"),
}
PHASE_LABELS = {
    states.BEFORE: gettext_lazy("Before"),
    states.DURING: gettext_lazy("During the work"),
    states.AFTER: gettext_lazy("After"),
}
LATE, STOPPED, CRITICAL, SILENT, BEHIND, AS_PLANNED, WAITING, FINISHED, ENDED = (
    "late", "stopped", "critical", "silent", "behind", "as_planned", "waiting", "finished", "ended",
)  # fmt: skip
STATUSES = (LATE, STOPPED, CRITICAL, SILENT, BEHIND, AS_PLANNED, WAITING, FINISHED, ENDED)  # the worst first
STATUS_LABELS = {
    LATE: gettext_lazy("late"),
    STOPPED: gettext_lazy("stopped for now"),
    CRITICAL: gettext_lazy("far behind its plan"),
    SILENT: gettext_lazy("report missing"),
    BEHIND: gettext_lazy("behind its plan"),
    AS_PLANNED: gettext_lazy("going as planned"),
    WAITING: gettext_lazy("not begun"),
    FINISHED: gettext_lazy("finished"),
    ENDED: gettext_lazy("cancelled"),
}
TAGS = {
    LATE: "danger",
    STOPPED: "danger",
    CRITICAL: "danger",
    SILENT: "warn",
    BEHIND: "warn",
    AS_PLANNED: "ok",
    FINISHED: "ok",
}
URGENT = (LATE, STOPPED, CRITICAL, SILENT, BEHIND)
PACE_MONTHS = 3  # how far back the pace is looked at
DAYS_A_MONTH = 365.25 / 12
BEHIND_POINTS = 5.0  # of percent below the plan from which “as planned” would be too kind
BEHIND_DAYS = 31  # that the forecast may pass the promise, for it is no more than an estimate


# --- months -----------------------------------------------------------------------------------------------------------


def month_of(day: date) -> date:
    return day.replace(day=1)


def month_after(month: date, count: int = 1) -> date:
    number = 12 * month.year + month.month - 1 + count
    return date(number // 12, number % 12 + 1, 1)


def end_of(month: date) -> date:
    return month_after(month) - timedelta(days=1)


def months_between(first: date, last: date) -> int:
    return 12 * (last.year - first.year) + last.month - first.month


def month_name(month: date, *, short: bool = False) -> str:
    """Maret 2026; short: Mar 26."""
    return formats.date_format(month, "M y" if short else "F Y")


def month_by(text: str) -> date | None:
    """2026-03 as its first day; None for anything else."""
    try:
        return date.fromisoformat(f"{text}-01") if len(text) == 7 else None
    except ValueError:
        return None


# --- finding ----------------------------------------------------------------------------------------------------------


def projects(*, public: bool = False) -> QuerySet[Project]:
    """With stages and points; `public`: only what everybody may see."""
    rows = Project.objects.prefetch_related(
        Prefetch("stages", Stage.objects.order_by("position")),
        Prefetch("points", ProgressPoint.objects.order_by("month")),
    ).order_by("title", "id")
    return rows.filter(public=True) if public else rows


def project_by(slug: str, *, public: bool = False) -> Project:
    """Raises `NotFound`; what is not public does not exist for the public."""
    found = projects(public=public).filter(slug=slug).first()
    if found is None:
        raise NotFound(_("There is no such project."), code="no_project", item=slug)
    return found


def photo_by(key: UUID | str) -> ProjectPhoto:
    """Raises `NotFound`."""
    found = ProjectPhoto.objects.select_related("project").filter(key=key).first()
    if found is None:
        raise NotFound(_("There is no such photo."), code="no_photo", item=str(key))
    return found


# --- how it stands ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the work ends if it goes on as in the last months. `pace` in points of percent a month."""

    ends: date | None
    pace: float
    months: float
    since: date  # the month whose end it is counted from
    left: float


@dataclass(frozen=True, slots=True)
class ProjectStanding:
    """A project on a day. Physical values in percent, money in rupiah, `days_late` against the first promise.

    `physical` is what the agency reported last (`month`), `stages` what the finished stages weigh: the two stand side by
    side. `deviation` is actual minus planned in points, at that month."""

    project: Project
    status: str
    month: date | None
    physical: float | None
    planned: float | None
    deviation: float | None
    stages: float | None
    spent: int | None
    planned_money: int | None
    days_late: int
    missing: tuple[date, ...]
    stages_late: int
    forecast: Forecast | None
    over_budget: int

    @property
    def title(self) -> str:
        return in_language(self.project, "title")

    @property
    def urgent(self) -> bool:
        return self.status in URGENT


def stage_percent(stages: Sequence[Stage]) -> float | None:
    """What the finished stages weigh of all, in percent; a stage that is not finished counts nothing."""
    whole = sum(stage.weight for stage in stages)
    return 100 * sum(stage.weight for stage in stages if stage.ended_on) / whole if whole else None


def told(points: Iterable[ProgressPoint]) -> list[ProgressPoint]:
    """The points that were reported, in order."""
    return [point for point in points if point.physical is not None]


def planned_at(points: Sequence[ProgressPoint], month: date) -> ProgressPoint | None:
    """The newest planned point that is not after the month."""
    return next((p for p in reversed(points) if p.planned_physical is not None and p.month <= month), None)


def missing_months(project: Project, points: Sequence[ProgressPoint], day: date) -> list[date]:
    """Months of work whose report is overdue: from its start to the last month that is due on this day."""
    if project.state not in (states.RUNNING, states.PAUSED) or project.started_on is None:
        return []
    last = month_after(month_of(day), -1 if day.day > states.REPORT_BY_DAY else -2)
    known = {point.month for point in told(points)}
    month, found = month_of(project.started_on), []
    while month <= last:
        if month not in known:
            found.append(month)
        month = month_after(month)
    return found


def forecast(points: Sequence[ProgressPoint]) -> Forecast | None:
    """By the mean pace of the last three reported months; None with fewer than two reports or when nothing is left. A
    pace of 0 or less gives a forecast without an end."""
    known = told(points)
    if len(known) < 2 or (known[-1].physical or 0) >= 100:
        return None
    last = known[-1]
    first = next((p for p in known if months_between(p.month, last.month) <= PACE_MONTHS), known[-2])
    if first is last:
        first = known[-2]
    pace = ((last.physical or 0) - (first.physical or 0)) / months_between(first.month, last.month)
    left = 100 - (last.physical or 0)
    if pace <= 0:
        return Forecast(None, pace, math.inf, last.month, left)
    months = left / pace
    days = months * DAYS_A_MONTH
    ends = end_of(last.month) + timedelta(days=round(days)) if days < 36500 else None
    return Forecast(ends, pace, months, last.month, left)


def standing(project: Project, on: date | None = None) -> ProjectStanding:
    day = on or today()
    stages, points = list(project.stages.all()), list(project.points.all())
    known = told(points)
    last = known[-1] if known else None
    plan = planned_at(points, last.month) if last else None
    planned = plan.planned_physical if plan else None
    physical = last.physical if last else None
    deviation = physical - planned if physical is not None and planned is not None else None
    money = [point.money for point in points if point.money is not None]
    spent = money[-1] if money else None
    missing = missing_months(project, points, day)
    promised = project.promised_on or project.ends_on
    until = project.ended_on if project.state == states.DONE and project.ended_on else day
    late = max(0, (until - promised).days) if promised and project.state != states.CANCELLED else 0
    if project.state == states.PLANNED and project.starts_on:
        late = max(late, (day - project.starts_on).days)
    ahead = forecast(points) if project.state == states.RUNNING else None
    stages_late = sum(stage.ended_on is None and stage.ends_on < day for stage in stages)
    slips = ahead is not None and (
        ahead.ends is None or (promised is not None and ahead.ends > promised + timedelta(days=BEHIND_DAYS))
    )
    behind = bool(stages_late) or slips or (deviation is not None and deviation < -BEHIND_POINTS)
    return ProjectStanding(
        project=project,
        status=_status(project, late, states.critical(planned, physical), missing, behind),
        month=last.month if last else None,
        physical=physical,
        planned=planned,
        deviation=deviation,
        stages=stage_percent(stages),
        spent=spent,
        planned_money=plan.planned_money if plan else None,
        days_late=late,
        missing=tuple(missing),
        stages_late=stages_late,
        forecast=ahead,
        over_budget=max(0, (spent or 0) - project.budget) if project.budget else 0,
    )


def _status(project: Project, late: int, critical: bool, missing: Sequence[date], behind: bool) -> str:
    if project.state == states.DONE:
        return FINISHED
    if project.state == states.CANCELLED:
        return ENDED
    if late:
        return LATE
    if project.state == states.PAUSED:
        return STOPPED
    if project.state == states.PLANNED:
        return WAITING
    if critical:
        return CRITICAL
    return SILENT if missing else BEHIND if behind else AS_PLANNED


def standings(*, public: bool = False, on: date | None = None) -> list[ProjectStanding]:
    """All projects, the worst first, among equals the one that is later."""
    rows = [standing(project, on) for project in projects(public=public)]
    return sorted(rows, key=lambda row: (STATUSES.index(row.status), -row.days_late, row.title))


# --- in words ---------------------------------------------------------------------------------------------------------


def points_of(value: float) -> str:
    """12 points, 4.5 points"""
    return words.number(value, 0 if float(value).is_integer() else 1)


def percent(value: float | None) -> str:
    return words.DASH if value is None else f"{words.number(value, 0 if float(value).is_integer() else 1)}%"


def finding(row: ProjectStanding) -> str:
    """The project in one sentence: late first, then how far."""
    far = _far(row)
    if row.status == FINISHED:
        if row.days_late:
            return ngettext("Finished, %(n)d day late", "Finished, %(n)d days late", row.days_late) % {
                "n": row.days_late
            }
        return _("Finished in time")
    if row.status == ENDED:
        return _("Cancelled")
    if row.status == WAITING:
        return _("Work has not begun")
    if row.status == LATE:
        if row.project.state == states.PLANNED:
            return ngettext(
                "Work should have begun %(n)d day ago", "Work should have begun %(n)d days ago", row.days_late
            ) % {"n": row.days_late}
        late = ngettext("%(n)d day late", "%(n)d days late", row.days_late) % {"n": row.days_late}
        return f"{late[0].upper()}{late[1:]}, {far}"
    if row.status == STOPPED:
        return _("Stopped for now, %(far)s") % {"far": far}
    if row.status in (CRITICAL, BEHIND) and row.deviation is not None and row.deviation < -BEHIND_POINTS:
        return _("%(points)s points behind its plan, %(far)s") % {"points": points_of(-row.deviation), "far": far}
    if row.status == SILENT:
        return _("No report for %(month)s, %(far)s") % {"month": month_name(row.missing[0]), "far": far}
    if row.status == BEHIND and row.stages_late:
        return ngettext("%(n)d stage is late, %(far)s", "%(n)d stages are late, %(far)s", row.stages_late) % {
            "n": row.stages_late,
            "far": far,
        }
    if row.status == BEHIND:
        return _("At this pace it ends later than promised, %(far)s") % {"far": far}
    return f"{far[0].upper()}{far[1:]}"


def _far(row: ProjectStanding) -> str:
    if row.physical is None or row.month is None:
        return _("never reported")
    return _("%(percent)s built at the end of %(month)s") % {
        "percent": percent(row.physical),
        "month": month_name(row.month),
    }


def forecast_words(row: ProjectStanding) -> str:
    """The forecast with its arithmetic: (100 − 62) ÷ 4,5 points a month = 8,4 months after March 2026."""
    found = row.forecast
    if found is None:
        return ""
    if found.ends is None:
        return _("It did not move forward in the last months, so nobody can say when it ends.")
    return _(
        "At the pace of the last months it ends around %(day)s: %(left)s percent left ÷ %(pace)s percent a month = "
        "%(months)s months after the end of %(since)s."
    ) % {
        "day": month_name(found.ends),
        "left": words.number(found.left, 0 if found.left.is_integer() else 1),
        "pace": words.number(found.pace, 1),
        "months": words.number(found.months, 1),
        "since": month_name(found.since),
    }


# --- curves -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Curve:
    """Planned and actual by month, both since the start; None where nothing is known."""

    months: list[date]
    planned: list[float | None]
    actual: list[float | None]

    @property
    def drawable(self) -> bool:
        return sum(value is not None for value in (*self.planned, *self.actual)) > 1


def curves(project: Project) -> tuple[Curve, Curve]:
    """Physical in percent, money in rupiah; every month from the first to the last, also those without a point."""
    points = {point.month: point for point in project.points.all()}
    if not points:
        return Curve([], [], []), Curve([], [], [])
    month, last, months = min(points), max(points), []
    while month <= last:
        months.append(month)
        month = month_after(month)

    def row(name: str) -> list[float | None]:
        return [getattr(points[each], name) if each in points else None for each in months]

    return (
        Curve(months, row("planned_physical"), row("physical")),
        Curve(months, row("planned_money"), row("money")),
    )


def curve_rows(project: Project) -> list[dict[str, Any]]:
    """One row a month, for files and the API."""
    return [
        {
            "month": f"{point.month:%Y-%m}",
            "planned_physical": point.planned_physical,
            "physical": point.physical,
            "planned_money": point.planned_money,
            "money": point.money,
            "note": point.note,
        }
        for point in project.points.all()
    ]


# --- photos and steps -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    """One spot: how it was first, and how it is now (None while there is only one photo)."""

    spot: str
    before: ProjectPhoto | None
    after: ProjectPhoto | None
    others: list[ProjectPhoto]


def photos(project: Project) -> list[ProjectPhoto]:
    """Those that stand, by spot and day."""
    return list(project.photos.filter(withdrawn_at=None).order_by("spot", "taken_on", "id"))


def pairs(rows: Iterable[ProjectPhoto]) -> list[Pair]:
    """By spot: the oldest “before” beside the newest “after”, or the newest of the work while there is none."""
    spots: dict[str, list[ProjectPhoto]] = {}
    for photo in rows:
        spots.setdefault(photo.spot, []).append(photo)
    found = []
    for spot, taken in spots.items():
        before = next((photo for photo in taken if photo.phase == states.BEFORE), None)
        newest = [p for phase in (states.DURING, states.AFTER) for p in taken if p.phase == phase]
        after = newest[-1] if newest else None
        found.append(Pair(spot, before, after, [photo for photo in taken if photo not in (before, after)]))
    return sorted(found, key=lambda pair: (pair.before is None or pair.after is None, pair.spot))


def steps(project: Project) -> list[ProjectStep]:
    return list(project.steps.order_by("on", "id"))


def changes_reason_needed(points: Sequence[ProgressPoint], month: date, physical: float, money: int | None) -> bool:
    """Does a report fall below what was told for an earlier month, or rise above a later one?"""
    for point in told(points):
        if point.month < month:
            if physical < (point.physical or 0) or (
                money is not None and point.money is not None and money < point.money
            ):
                return True
        elif point.month > month and physical > (point.physical or 0):
            return True
    return False
