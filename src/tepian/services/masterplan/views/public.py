"""For everybody: how far the plan is, dimension by dimension and action by action, what is late, and where the money went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.identity.access import public_page
from tepian.kernel.organisations import queries as organisations
from tepian.toolkit import csvfile
from tepian.ui import charts, words
from tepian.ui.progress import progress_bar
from tepian.ui.words import in_language

from .. import queries, states
from ..models import Evidence, Part, Plan, Report, Revision
from ..queries import meetings, public, rollup
from ..queries.figures import FIGURES_TOPIC
from ..queries.plan import TOPIC
from ..queries.rollup import Standing, Total
from ..states import Quarter

TOPICS = (TOPIC, FIGURES_TOPIC, "organisations")
SHOWN = 8  # of the late things on the first page; all stand on the pages of the dimensions


@dataclass(frozen=True, slots=True)
class Look:
    """A plan at a quarter."""

    plan: Plan
    revision: Revision
    quarter: Quarter
    newest: Quarter
    rows: list[Standing]

    @property
    def quarters(self) -> list[Quarter]:
        return rollup.quarters_of(self.plan, self.newest)


def _public_plan() -> Plan:
    plan = queries.shown()
    if plan is None:
        raise NotFound(_("No plan of the city is public yet."), code="no_plan")
    return plan


def look(request: HttpRequest, plan: Plan) -> Look:
    """?triwulan=2026-Q3 goes back to an earlier quarter; anything else shows the newest whose reports are due."""
    newest = max(min(rollup.shown_quarter(), Quarter(plan.last_year, 4)), Quarter(plan.first_year, 1))
    quarter = next(
        (each for each in rollup.quarters_of(plan, newest) if str(each) == request.GET.get("triwulan", "")), newest
    )
    day = today()
    revision = rollup.revision_at(plan, quarter, day) or queries.revision_on(plan, day)
    if revision is None:
        raise NotFound(_("No plan of the city is public yet."), code="no_plan")
    return Look(plan, revision, quarter, newest, rollup.standings(plan, quarter, revision=revision))


def _bar(total: Total, name: str) -> SafeString:
    title = _("%(name)s: proven %(verified)s, claimed %(claimed)s") % {
        "name": name,
        "verified": public.percent(total.verified),
        "claimed": public.percent(total.claimed),
    }
    return progress_bar(total.verified, total.claimed, title=title)


def _address(plan: Plan, code: str) -> str:
    return public.slug_of(plan.framework, code)


# --- the whole plan ---------------------------------------------------------------------------------------------------


@public_page
@cached_page(*TOPICS)
def plan(request: HttpRequest) -> HttpResponse:
    """/rencana?triwulan="""
    found = queries.shown()
    if found is None:
        return render(request, "masterplan/public/none.html")
    seen = look(request, found)
    city, split = rollup.total(seen.rows), rollup.by(seen.rows, rollup.DIMENSION)
    named = [(each.name, split[each.code]) for each in queries.dimensions(found.framework) if each.code in split]
    if "" in split:
        named.append((_("Without a dimension"), split[""]))
    late = public.urgent(seen.rows)
    return render(
        request,
        "masterplan/public/plan.html",
        {
            "look": seen,
            "plan": found,
            "ended": found.last_year < today().year,
            "title": in_language(found, "title"),
            "vision": in_language(found, "vision"),
            "finding": public.finding(city),
            "quarter_name": public.quarter_name(seen.quarter),
            "total": city,
            "percents": {
                "verified": public.percent(city.verified),
                "claimed": public.percent(city.claimed),
                "computed": public.percent(city.computed),
            },
            "formula": public.formula(named, city),
            "dimensions": [_card(found, each, split.get(each.code)) for each in queries.dimensions(found.framework)],
            "late": [_line(found, row) for row in late[:SHOWN]],
            "late_count": len(late),
            "disagreeing": [_line(found, row) for row in public.disagreeing(seen.rows)[:SHOWN]],
            "money": _money(city),
            "decisions": meetings.open_resolutions().count(),
            "chart": _history_chart(found, seen.quarter),
            "history": _revisions(found),
        },
    )


def _card(plan: Plan, dimension: queries.Dimension, total: Total | None) -> dict[str, Any]:
    total = total or rollup.total([], dimension.code)
    return {
        "name": dimension.name,
        "slug": _address(plan, dimension.code),
        "total": total,
        "bar": _bar(total, dimension.name),
        "verified": public.percent(total.verified),
        "claimed": public.percent(total.claimed),
        "late": total.count(*public.URGENT),
    }


def _line(plan: Plan, row: Standing) -> dict[str, Any]:
    """An action in a list."""
    return {
        "row": row,
        "status": rollup.STATUS_LABELS[row.status],
        "level": rollup.LEVELS.get(row.status, "normal"),
        "why": public.why(row),
        "agency": organisations.agency_name(row.agency) if row.agency else "",
        "target": public.amount(row.target, row.unit),
        "verified": public.amount(row.verified, row.unit),
        "claimed": public.amount(row.claimed, row.unit),
        "computed": public.amount(row.computed, row.unit),
        "percent": public.percent(row.verified_percent),
        "bar": progress_bar(row.verified_percent, row.claimed_percent),
    }


def _money(total: Total) -> dict[str, Any]:
    """Budgets of the year by source, and what the agencies say is spent."""
    share = 100 * total.spent / total.budgeted if total.budgeted else None
    return {
        "sources": [(queries.SOURCE_LABELS[source], amount) for source, amount in total.budget.items() if amount],
        "budgeted": total.budgeted,
        "spent": total.spent,
        "share": public.percent(share),
        "bar": progress_bar(share, title=_("Spent: %(share)s of the year's budget") % {"share": public.percent(share)}),
    }


def _history_chart(plan: Plan, until: Quarter) -> dict[str, Any]:
    """Proven and claimed, quarter by quarter, as a chart and a table."""
    points = rollup.history(plan, rollup.quarters_of(plan, until))
    names = [f"{quarter.number}/{quarter.year % 100:02d}" for quarter, _total in points]
    rows = [
        (public.quarter_name(quarter), public.percent(total.verified), public.percent(total.claimed))
        for quarter, total in points
    ]
    title = _change_words([total.verified for _quarter, total in points])
    drawing = charts.period_chart(
        names,
        [
            (_("Proven"), [total.verified for _quarter, total in points]),
            (_("Claimed"), [total.claimed for _quarter, total in points]),
        ],
        decimals=0,
        unit="%",
        title=title,
    )
    return {"title": title, "svg": drawing if len(points) > 1 else "", "rows": rows[::-1]}


def _change_words(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if len(known) < 2 or round(known[-1]) == round(known[-2]):
        return _("Proven progress stands where it stood a quarter before")
    step = words.number(abs(round(known[-1]) - round(known[-2])), 0)
    if known[-1] > known[-2]:
        return _("Proven progress rose by %(step)s points in a quarter") % {"step": step}
    return _(
        "Proven progress fell by %(step)s points in a quarter: a new year's targets count, or reports went back"
    ) % {"step": step}


def _revisions(plan: Plan) -> list[Revision]:
    return list(plan.revisions.filter(state__in=(states.IN_FORCE, states.SUPERSEDED)).order_by("-number"))


# --- a dimension ------------------------------------------------------------------------------------------------------


@public_page
@cached_page(*TOPICS)
def dimension(request: HttpRequest, slug: str) -> HttpResponse:
    """/rencana/<pilar>?triwulan="""
    plan = _public_plan()
    found = public.dimension_by(plan, slug)
    seen = look(request, plan)
    rows = [row for row in seen.rows if row.dimension == found.code]
    total, parts = rollup.total(rows), rollup.by(rows, rollup.SUBDIMENSION)
    names = {f"{found.code}/{code}": name for code, name in found.parts}
    titles = {
        part.key: part
        for part in Part.objects.filter(
            revision=seen.revision, key__in={row.programme for row in rows if row.programme}
        )
    }
    return render(
        request,
        "masterplan/public/dimension.html",
        {
            "look": seen,
            "plan": plan,
            "name": found.name,
            "finding": public.finding(total),
            "quarter_name": public.quarter_name(seen.quarter),
            "total": total,
            "bar": _bar(total, found.name),
            "parts": [
                (
                    names.get(code, _("Not sorted further")),
                    each,
                    _bar(each, names.get(code, "")),
                    public.percent(each.verified),
                )
                for code, each in parts.items()
            ],
            "programmes": [
                (
                    in_language(titles[key], "title") if key in titles else "",
                    [_line(plan, row) for row in rows if row.programme == key],
                )
                for key in dict.fromkeys(row.programme for row in rows)
            ],
            "money": _money(total),
            "others": [
                (each.name, _address(plan, each.code)) for each in queries.dimensions(plan.framework) if each != found
            ],
        },
    )


# --- an action --------------------------------------------------------------------------------------------------------


@public_page
@cached_page(*TOPICS)
def action(request: HttpRequest, key: UUID) -> HttpResponse:
    """/rencana/aksi/<key>: its targets, what was said and proven each quarter, with the evidence."""
    plan = _public_plan()
    seen = look(request, plan)
    row = next((each for each in seen.rows if each.key == key), None)
    if row is None:
        raise NotFound(_("There is no such action in the plan that is in force."), code="no_action", item=str(key))
    part = queries.part_by(seen.revision, key)
    reports = (
        Report.objects.filter(plan=plan, key=key, state__in=(states.SENT, states.VERIFIED))
        .prefetch_related("evidence", "reached")
        .order_by("-year", "-quarter")
    )
    passed = {each.key: each.reached_on for report in reports for each in report.reached.all()}
    due = today()
    return render(
        request,
        "masterplan/public/action.html",
        {
            "look": seen,
            "plan": plan,
            "row": row,
            "line": _line(plan, row),
            "part": part,
            "title": in_language(part, "title"),
            "bar": progress_bar(row.verified_percent, row.claimed_percent),
            "dimension": next(
                (each for each in queries.dimensions(plan.framework) if each.code == row.dimension), None
            ),
            "dimension_slug": _address(plan, row.dimension) if row.dimension else "",
            "targets": [
                (each.year, public.amount(each.value, part.unit), each.year == row.year) for each in part.targets.all()
            ],
            "money": [(each.year, queries.SOURCE_LABELS[each.source], each.amount) for each in part.money.all()],
            "milestones": [
                {
                    "title": each.title,
                    "due": each.due_on,
                    "reached": passed.get(each.key),
                    "late": each.key not in passed and each.due_on < due,
                }
                for each in part.milestones.all()
            ],
            "reports": [_report(report, part) for report in reports],
        },
    )


def _report(report: Report, part: Part) -> dict[str, Any]:
    verified = report.state == states.VERIFIED
    return {
        "row": report,
        "quarter": public.quarter_name(Quarter(report.year, report.quarter)),
        "agency": organisations.agency_name(report.agency_code),
        "verified": verified,
        "value": public.amount(report.value, part.unit),
        "computed": public.amount(report.computed, part.unit) if report.computed is not None else "",
        "evidence": [each for each in report.evidence.all() if _is_public(each, verified)],
        "not_shown": sum(not _is_public(each, verified) for each in report.evidence.all() if not each.withdrawn_at),
        "withdrawn": [each for each in report.evidence.all() if each.withdrawn_at],
    }


def _is_public(evidence: Evidence, verified: bool) -> bool:
    return evidence.public and verified and not evidence.withdrawn_at


# --- files ------------------------------------------------------------------------------------------------------------


@public_page
@cached_page(*TOPICS)
def as_csv(request: HttpRequest) -> HttpResponse:
    """/rencana/aksi.csv?triwulan=: every action with its target and the three values, as pages show them."""
    plan = _public_plan()
    seen = look(request, plan)
    names = {each.code: each.name for each in queries.dimensions(plan.framework)}
    table: list[Sequence[object]] = [
        [
            _("Code"), _("Action"), _("Dimension"), _("Agency"), _("Quarter"), _("Unit"), _("The target"), _("Proven"),
            _("Claimed"), _("Computed"), _("Proven, percent of the target"), _("Claimed, percent of the target"),
            _("Status"), _("Budget of the year, rupiah"), _("Spent, rupiah"),
        ],
        *(
            [
                row.code, row.label, names.get(row.dimension, ""),
                organisations.agency_name(row.agency) if row.agency else "", str(seen.quarter), row.unit, row.target,
                row.verified, row.claimed, row.computed, row.verified_percent, row.claimed_percent,
                str(rollup.STATUS_LABELS[row.status]), sum(row.budget.values()), row.spent,
            ]
            for row in seen.rows
        ),
    ]  # fmt: skip
    response = HttpResponse([csvfile.MARK, *csvfile.lines(table)], content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{plan.code}-{seen.quarter}.csv"'
    return response
