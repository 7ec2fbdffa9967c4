"""The plan's numbers for the wall: what is proven, what is late, what is missing, where figures disagree, and the money."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _

from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.contributions import Tile
from tepian.kernel.catalogue.kept import Kept
from tepian.kernel.organisations import queries as organisations
from tepian.ui import words

from ..models import Plan
from ..states import Quarter
from . import meetings, projects, public, rollup
from .figures import FIGURES_TOPIC
from .plan import TOPIC, current
from .rollup import Standing, Total


@dataclass(frozen=True, slots=True)
class Numbers:
    """The plan at the newest quarter whose reports are due, as of a day."""

    day: date
    plan: Plan | None
    quarter: Quarter
    rows: list[Standing]
    total: Total


def _read() -> Numbers:
    day, quarter = today(), rollup.shown_quarter()
    plan = current()
    rows = rollup.standings(plan, max(quarter, Quarter(plan.first_year, 1))) if plan else []
    return Numbers(day, plan, quarter, rows, rollup.total(rows))


_numbers = Kept(_read, TOPIC, FIGURES_TOPIC)


def numbers() -> Numbers:
    """Kept until the plan, a figure or the day changes."""
    kept = _numbers()
    if kept.day != today():
        _numbers.forget()
        kept = _numbers()
    return kept


def _tile(
    title: str, value: str | None, *, level: str = "normal", detail: str = "", unit: str = "", url: str = ""
) -> Tile:
    label = _("DEMONSTRATION") if (plan := numbers().plan) and plan.simulated else ""
    return Tile(
        title=title,
        value=value,
        unit=unit,
        level=level,
        detail=" · ".join(each for each in (label, detail) if each),
        at=timezone.now(),
        url=url or "/kerja/rencana",
    )


def proven_tile() -> Tile:
    """The mean of what is proven, with the claim beside it."""
    total = numbers().total
    if total.verified is None:
        return _tile(_("Targets proven"), None, detail=public.finding(total), level="unknown", url="/rencana")
    return _tile(
        _("Targets proven"),
        words.number(round(total.verified), 0),
        unit="%",
        detail=_("the agencies say %(percent)s") % {"percent": public.percent(total.claimed)},
        url="/rencana",
    )


def late_tile() -> Tile:
    rows = [row for row in public.urgent(numbers().rows) if row.status == rollup.LATE]
    return _count(_("Actions late"), rows, "siaga")


def missing_tile() -> Tile:
    """Reports that did not come, and the agency that owes most of them."""
    rows = [row for row in numbers().rows if row.overdue or row.stale]
    if not rows:
        return _count(_("Reports missing"), rows, "waspada")
    agency, count = Counter(row.agency for row in rows).most_common(1)[0]
    detail = f"{organisations.agency_name(agency)}: {count}" if agency else ""
    return _tile(_("Reports missing"), str(len(rows)), level="waspada", detail=detail)


def disagreeing_tile() -> Tile:
    return _count(_("Figures that disagree"), public.disagreeing(numbers().rows), "waspada")


def money_tile() -> Tile:
    """The share of the year's budget that is reported as spent."""
    total = numbers().total
    if not total.budgeted:
        return _tile(_("Money spent"), None, level="unknown", detail=_("No budget is written for this year."))
    return _tile(
        _("Money spent"),
        words.number(round(100 * total.spent / total.budgeted), 0),
        unit="%",
        detail=_("of %(budget)s") % {"budget": words.rupiah(total.budgeted, short=True)},
    )


def projects_tile() -> Tile:
    """Public projects that are late, stopped or far behind."""
    rows = [projects.standing(row) for row in projects.projects().filter(public=True)]
    late = [row for row in rows if row.status in (projects.LATE, projects.STOPPED, projects.CRITICAL)]
    return _tile(
        _("Projects late"),
        str(len(late)) if rows else None,
        level=("siaga" if late else "normal") if rows else "unknown",
        detail=late[0].title if late else "",
        url="/rencana/proyek",
    )


def decisions_tile() -> Tile:
    """What meetings decided and nobody has done in time."""
    late = [row for row in meetings.open_resolutions() if row.due_on < today()]
    return _tile(
        _("Decisions overdue"),
        str(len(late)),
        level="siaga" if late else "normal",
        detail=late[0].text[:80] if late else _("none"),
        url="/kerja/rencana/rapat",
    )


def _count(title: str, rows: list[Standing], level: str) -> Tile:
    if numbers().plan is None:
        return _tile(title, None, level="unknown")
    return _tile(title, str(len(rows)), level=level if rows else "normal", detail=rows[0].label if rows else _("none"))
