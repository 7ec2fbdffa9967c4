"""What waits for whom: reports that are due, returned or to be verified, agencies without a successor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Max, Prefetch, QuerySet

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.city import today
from tepian.kernel.organisations import queries as organisations

from .. import policies, states
from ..models import Plan, Report, Verification
from ..states import Quarter
from . import reporting, rollup
from .plan import current
from .rollup import Standing

TO_REPORT, RETURNED, WITH_OFFICES, DONE, QUIET = "to_report", "returned", "with_offices", "done", "quiet"


def agencies_of(actor: Actor) -> set[str] | None:
    """The agencies that this actor reports for; None for every agency."""
    mine = [grant for grant in actor.grants if grant.role == policies.REPORTER]
    if any(grant.scope == "city" for grant in mine):
        return None
    return {grant.code for grant in mine if grant.scope == "agency"}


def reports_it(actor: Actor, row: Standing) -> bool:
    """Is this action the actor's own to report (a planner only stands in)?"""
    return actor.has(policies.REPORTER, agency=row.agency) if row.agency else False


def step(row: Standing) -> str:
    """Where this quarter's report of an action is."""
    if row.report_state == states.RETURNED:
        return RETURNED
    if row.report_state in (states.SENT, states.VERIFIED):
        return WITH_OFFICES if row.report_state == states.SENT else DONE
    return QUIET if row.status in (rollup.NOT_BEGUN, rollup.FINISHED) else TO_REPORT


@dataclass(frozen=True, slots=True)
class Completeness:
    """An agency in a quarter: how many of its actions are reported, wait, are verified, are missing."""

    agency: str
    name: str
    actions: int
    asked: int
    sent: int
    verified: int
    returned: int
    overdue: int
    stale: int
    ended: bool

    @property
    def percent(self) -> int:
        return 100 * (self.sent + self.verified) // self.asked if self.asked else 100


def completeness(rows: Iterable[Standing], on: date | None = None) -> list[Completeness]:
    """One line an agency, the least complete first."""
    day = on or today()
    groups: dict[str, list[Standing]] = {}
    for row in rows:
        groups.setdefault(row.agency, []).append(row)
    found = [_complete(code, members, day) for code, members in groups.items()]
    return sorted(found, key=lambda each: (each.percent, -each.stale, each.name))


def _complete(code: str, rows: Sequence[Standing], day: date) -> Completeness:
    steps = [step(row) for row in rows]
    return Completeness(
        code,
        organisations.agency_name(code),
        len(rows),
        len(rows) - steps.count(QUIET),
        steps.count(WITH_OFFICES),
        steps.count(DONE),
        steps.count(RETURNED),
        sum(row.overdue for row in rows),
        sum(row.stale for row in rows),
        is_gone(code, day),
    )


def is_gone(agency: str, on: date) -> bool:
    """Is this no agency of the city (any more) on that day?"""
    found = organisations.chart().agencies.get(agency)
    return bool(agency) and (found is None or not found.exists(on))


def orphans(plan: Plan, on: date | None = None) -> dict[str, int]:
    """Agencies that are no more, and how many actions of the plan in force still wait for a successor."""
    day = on or today()
    counting = rollup.revision_at(plan, Quarter.of(day), day)
    if counting is None:
        return {}
    handovers = list(plan.handovers.filter(on__lte=day))
    found: dict[str, int] = {}
    for key, code in counting.parts.filter(kind=states.ACTION).values_list("key", "agency_code"):
        agency = reporting.after_handovers(handovers, key, code)
        if is_gone(agency, day):
            found[agency] = found.get(agency, 0) + 1
    return found


# --- what the offices have to say their word on -----------------------------------------------------------------------


def sent_reports(plan: Plan | None = None) -> QuerySet[Report]:
    """Sent reports, the oldest first, with what the offices said."""
    rows = Report.objects.filter(state=states.SENT).select_related("plan")
    if plan is not None:
        rows = rows.filter(plan=plan)
    return rows.prefetch_related(Prefetch("verifications", Verification.objects.order_by("at", "id"))).order_by(
        "sent_at", "id"
    )


def offices_that_wait(actor: Actor, report: Report) -> list[str]:
    """The offices of this actor that have not said their word on the report as it is now, and for which it may."""
    present = reporting.standing_verifications(report)
    if report.sent_by_id == actor.id or any(each.by_id == actor.id for each in present.values()):
        return []
    return [office for office in policies.offices_of(actor) if office not in present]


def to_verify(actor: Actor, plan: Plan | None = None) -> list[Report]:
    if not policies.offices_of(actor):
        return []
    return [row for row in sent_reports(plan) if offices_that_wait(actor, row)]


# --- how old it is ----------------------------------------------------------------------------------------------------


def newest_report(plan: Plan | None = None) -> datetime | None:
    """When the newest report of the plan was sent."""
    plan = plan or current()
    if plan is None:
        return None
    found: datetime | None = Report.objects.filter(plan=plan).aggregate(newest=Max("sent_at"))["newest"]
    return found
