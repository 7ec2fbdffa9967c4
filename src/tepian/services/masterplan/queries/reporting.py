"""Reports of one action: which part of the plan it is, who answers for it on a day, what was said before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.city import today
from tepian.ui import words
from tepian.ui.words import in_language

from .. import states
from ..models import Evidence, Handover, MilestoneReached, Part, Plan, Report, Verification
from ..states import Quarter
from . import figures
from .plan import parts, revision_on

REPORT_LABELS = {
    states.REPORT_DRAFT: gettext_lazy("draft"),
    states.SENT: gettext_lazy("waits for verification"),
    states.RETURNED: gettext_lazy("returned"),
    states.VERIFIED: gettext_lazy("verified"),
}
OFFICE_LABELS = {"planner": gettext_lazy("Bappeda"), "plan_verifier": gettext_lazy("Diskominfo")}
VERDICT_LABELS = {states.ACCEPTED: gettext_lazy("accepted"), states.SENT_BACK: gettext_lazy("sent back")}


def quarter_label(quarter: Quarter) -> str:
    return _("Q%(number)s %(year)s") % {"number": quarter.number, "year": quarter.year}


def quarter_of(report: Report) -> Quarter:
    return Quarter(report.year, report.quarter)


def read_quarter(text: str) -> Quarter | None:
    """2026-Q3 as an address writes it; None for anything else."""
    year, mark, number = text[:4], text[4:6], text[6:]
    if len(text) == 7 and mark == "-Q" and year.isdecimal() and year.isascii() and number in ("1", "2", "3", "4"):
        return Quarter(int(year), int(number)) if 1990 <= int(year) <= 2200 else None
    return None


def running_quarter(on: date | None = None) -> Quarter:
    return Quarter.of(on or today())


def quarter_to_report(on: date | None = None) -> Quarter:
    """The quarter that agencies report now: the newest that has ended."""
    return running_quarter(on).before


# --- the action -------------------------------------------------------------------------------------------------------


def action_of(plan: Plan, key: UUID | str, quarter: Quarter | None = None) -> Part:
    """The action as it stood at the quarter's end (now, while it runs or when none is given), else as it stood last: an
    action that a later revision took out stays readable. Raises `NotFound`."""
    day = min(today(), quarter.last) if quarter else today()
    counting = revision_on(plan, day)
    rows = parts_of(plan, key)
    found = rows.filter(revision=counting).first() if counting else None
    if found is None:
        found = (
            rows.filter(revision__state__in=(states.IN_FORCE, states.SUPERSEDED)).order_by("-revision__number").first()
        )
    if found is None:
        raise NotFound(_("There is no such action in the plan."), code="no_action", item=str(key))
    return found


def parts_of(plan: Plan, key: UUID | str) -> QuerySet[Part]:
    """The action in every revision that holds it."""
    return (
        Part.objects.filter(revision__plan=plan, key=key, kind=states.ACTION)
        .select_related("revision", "parent", "parent__parent")
        .prefetch_related("targets", "money", "milestones", "risks", "dependencies")
    )


def is_in_force(plan: Plan, key: UUID, on: date | None = None) -> bool:
    counting = revision_on(plan, on or today())
    return counting is not None and parts(counting).filter(key=key, kind=states.ACTION).exists()


def agency_on(plan: Plan, part: Part, on: date | None = None) -> str:
    """The agency that the action belongs to on a day."""
    return after_handovers(plan.handovers.filter(on__lte=on or today()), part.key, part.agency_code)


def after_handovers(handovers: Iterable[Handover], key: UUID, agency: str) -> str:
    """Where an action of an agency is, when all these handovers have happened."""
    for each in sorted(handovers, key=lambda row: (row.on, row.pk)):
        if each.from_agency == agency and each.key in (None, key):
            agency = each.to_agency
    return agency


def target_of(part: Part, year: int) -> float | None:
    return next((each.value for each in part.targets.all() if each.year == year), None)


def year_of_account(part: Part, plan: Plan, quarter: Quarter) -> int:
    """The year whose target counts: the quarter's, or the action's last when its years are over."""
    return min(quarter.year, part.last_year or plan.last_year)


def tolerance_of(part: Part) -> float:
    return states.TOLERANCE if part.tolerance is None else part.tolerance


# --- reports ----------------------------------------------------------------------------------------------------------


def reports_of(plan: Plan, key: UUID | str) -> QuerySet[Report]:
    """All reports of an action, newest first, with evidence, milestones and what the offices said."""
    return (
        Report.objects.filter(plan=plan, key=key)
        .select_related("plan")
        .prefetch_related(
            Prefetch("evidence", Evidence.objects.order_by("added_at", "id")),
            Prefetch("verifications", Verification.objects.order_by("at", "id")),
            Prefetch("reached", MilestoneReached.objects.order_by("reached_on")),
        )
        .order_by("-year", "-quarter")
    )


def report_for(plan: Plan, key: UUID | str, quarter: Quarter) -> Report | None:
    return reports_of(plan, key).filter(year=quarter.year, quarter=quarter.number).first()


def report_by(plan: Plan, key: UUID | str, quarter: Quarter) -> Report:
    """Raises `NotFound`."""
    found = report_for(plan, key, quarter)
    if found is None:
        raise NotFound(_("There is no report of this action for this quarter yet."), code="no_report", item=str(key))
    return found


def before(plan: Plan, key: UUID | str, quarter: Quarter) -> Report | None:
    """The newest sent report of an earlier quarter."""
    return (
        Report.objects.filter(plan=plan, key=key, state__in=(states.SENT, states.VERIFIED))
        .filter(Q(year__lt=quarter.year) | Q(year=quarter.year, quarter__lt=quarter.number))
        .order_by("-year", "-quarter")
        .first()
    )


def claimed_until(plan: Plan, part: Part, quarter: Quarter) -> float | None:
    """What the sent reports of the year before this quarter add up to (rule `sum`), or say last."""
    year = year_of_account(part, plan, quarter)
    rows = (
        Report.objects.filter(plan=plan, key=part.key, state__in=(states.SENT, states.VERIFIED), year__gte=year)
        .filter(Q(year__lt=quarter.year) | Q(year=quarter.year, quarter__lt=quarter.number))
        .exclude(value=None)
        .order_by("year", "quarter")
        .values_list("value", flat=True)
    )
    values = [value for value in rows if value is not None]
    if not values:
        return None
    return sum(values) if part.rule == states.SUM else values[-1]


def claim_of(plan: Plan, part: Part, quarter: Quarter, value: float | None) -> float | None:
    """What a quarter's value makes of the year: itself, or with the quarters before."""
    if value is None or part.rule != states.SUM:
        return value
    return value + (claimed_until(plan, part, quarter) or 0)


def computed_of(plan: Plan, part: Part, quarter: Quarter) -> figures.Value:
    """What the platform says of the year so far, to stand beside the claim. Asks other rooms: not in a transaction."""
    since = date(year_of_account(part, plan, quarter), 1, 1)
    return figures.value_of(part.figure, since, quarter, part.rule)


def computed_in(part: Part, quarter: Quarter) -> figures.Value:
    """What the platform says of this quarter alone, to start a report from."""
    return figures.value_of(part.figure, quarter.first, quarter, part.rule)


@dataclass(frozen=True, slots=True)
class MilestoneState:
    key: UUID
    title: str
    due_on: date
    reached_on: date | None
    here: bool  # said by this quarter's report
    verified: bool

    @property
    def is_late(self) -> bool:
        return self.reached_on is None and self.due_on < today()


def milestones_of(plan: Plan, part: Part, report: Report | None = None) -> list[MilestoneState]:
    """The action's milestones with the day each was passed, by any report that was sent or by this one."""
    rows = MilestoneReached.objects.filter(report__plan=plan, report__key=part.key).select_related("report")
    found: dict[UUID, MilestoneReached] = {}
    for row in rows:
        if report is not None and row.report_id == report.pk:
            found[row.key] = row
        elif row.report.state in (states.SENT, states.VERIFIED):
            found.setdefault(row.key, row)
    return [
        MilestoneState(
            each.key,
            each.title,
            each.due_on,
            said.reached_on if said else None,
            bool(said and report is not None and said.report_id == report.pk),
            bool(said and said.report.state == states.VERIFIED),
        )
        for each in part.milestones.all()
        for said in [found.get(each.key)]
    ]


def standing_verifications(report: Report) -> dict[str, Verification]:
    """Office → its word on the report as it is now; words on an earlier state no longer count."""
    return {each.office: each for each in report.verifications.all() if each.report_revision == report.revision}


def amount(value: float | None, unit: str = "") -> str:
    """The value as people write it, with its unit; the dash that means “unknown” for none."""
    return words.number(value) if value is None else f"{words.number(value)} {unit}".strip()


def titles_of(rows: Iterable[Report]) -> dict[tuple[int, UUID], str]:
    """(plan, action) → its code and title as it stood last, of some reports."""
    wanted = list(rows)
    found: dict[tuple[int, UUID], str] = {}
    parts = Part.objects.filter(
        key__in={row.key for row in wanted}, revision__plan__in={row.plan_id for row in wanted}, kind=states.ACTION
    )
    for part in parts.select_related("revision").order_by("revision__number"):
        found[part.revision.plan_id, part.key] = f"{part.code} {in_language(part, 'title')}"
    return found
