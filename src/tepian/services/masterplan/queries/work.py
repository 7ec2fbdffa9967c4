"""What the plan puts on people's desks, how old it is, and whether it is set up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.city import city_timezone, today
from tepian.kernel.catalogue.contributions import WorkItem
from tepian.kernel.organisations import queries as organisations

from .. import policies, states
from ..models import Plan, Report
from ..states import Quarter
from . import desk, reporting, rollup
from .plan import current

SHOWN = 20
LATE, SILENT = timedelta(days=100), timedelta(days=200)  # ages of the newest report: one quarter missed, two


def items(actor: Actor) -> Iterable[WorkItem]:
    """Reports that are due or were returned; reports to verify; agencies without a successor."""
    if not actor.has(*policies.STAFF):
        return
    plan = current()
    if plan is None:
        return
    if actor.has(policies.REPORTER):
        yield from _due(actor, plan)
        yield from _returned(actor, plan)
    if policies.offices_of(actor):
        yield from _to_verify(actor)
    if actor.has(policies.PLANNER):
        yield from _orphans(plan)


def _due(actor: Actor, plan: Plan) -> Iterable[WorkItem]:
    quarter = max(reporting.quarter_to_report(), Quarter(plan.first_year, 1))
    if quarter > min(Quarter.of(today()), Quarter(plan.last_year, 4)):
        return
    rows = rollup.standings(plan, quarter, computed=False)
    due = sum(desk.reports_it(actor, row) and desk.step(row) == desk.TO_REPORT for row in rows)
    if not due:
        return
    last_day = quarter.due(rollup.report_days())
    yield WorkItem(
        key=f"masterplan/due/{plan.code}/{quarter}",
        title=ngettext("%(n)s action to report", "%(n)s actions to report", due) % {"n": due},
        detail=reporting.quarter_label(quarter),
        url=f"{reverse('masterplan-desk')}?triwulan={quarter}",
        level="warning" if today() > last_day else "notice",
        due=datetime.combine(last_day, time(23, 59), city_timezone()),
        icon="list",
    )


def _returned(actor: Actor, plan: Plan) -> Iterable[WorkItem]:
    rows = [
        row
        for row in Report.objects.filter(plan=plan, state=states.RETURNED).order_by("sent_at")
        if actor.has(policies.REPORTER, agency=row.agency_code)
    ][:SHOWN]
    titles = reporting.titles_of(rows)
    for row in rows:
        yield WorkItem(
            key=f"masterplan/returned/{row.pk}",
            title=_("Sent back: %(title)s") % {"title": titles.get((row.plan_id, row.key), "")},
            detail=reporting.quarter_label(reporting.quarter_of(row)),
            url=f"{reverse('masterplan-report', args=[row.key])}?triwulan={reporting.quarter_of(row)}",
            level="warning",
            since=row.sent_at,
            icon="undo",
        )


def _to_verify(actor: Actor) -> Iterable[WorkItem]:
    waiting = desk.to_verify(actor)
    if waiting:
        yield WorkItem(
            key="masterplan/verify",
            title=ngettext("%(n)s report of the plan to verify", "%(n)s reports of the plan to verify", len(waiting))
            % {"n": len(waiting)},
            url=reverse("masterplan-verify"),
            level="notice",
            since=waiting[0].sent_at,
            icon="check",
        )


def _orphans(plan: Plan) -> Iterable[WorkItem]:
    for code, count in desk.orphans(plan).items():
        yield WorkItem(
            key=f"masterplan/orphan/{code}",
            title=_("%(agency)s is no more: its actions need a successor")
            % {"agency": organisations.agency_name(code)},
            detail=ngettext("%(n)s action", "%(n)s actions", count) % {"n": count},
            url=f"{reverse('masterplan-handover')}?dari={code}",
            level="warning",
            icon="alert",
        )


def freshness() -> tuple[datetime | None, str, str]:
    """The newest report of the plan: late after a quarter without any, silent after two."""
    newest = desk.newest_report()
    if newest is None:
        return None, "silent", _("No report of the plan was sent yet.")
    age = datetime.now(newest.tzinfo) - newest
    if age > SILENT:
        return newest, "silent", _("For two quarters nobody has reported the plan.")
    return newest, "late" if age > LATE else "ok", _("Agencies report each quarter.")


def check() -> tuple[bool, str, str]:
    """Is there a plan in force for this year, and does every action belong to an agency that exists?"""
    plan = current()
    if plan is None or not plan.revisions.filter(state=states.IN_FORCE).exists():
        return True, _("No plan is in force for this year; a city that has one imports it."), ""
    gone = desk.orphans(plan)
    if gone:
        return (
            False,
            _("Agencies that are no more still have actions: %(codes)s.") % {"codes": ", ".join(sorted(gone))},
            _("Hand their actions over at /kerja/rencana/alih."),
        )
    return True, _("The plan %(code)s is in force.") % {"code": plan.code}, ""
