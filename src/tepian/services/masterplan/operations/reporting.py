"""A report's way: begun with what is known, written, sent by the agency, accepted or sent back by two offices.

`start_report`, `save_report`, `send_report`, `verify`, `reopen_report`. Values of other rooms are read before the
operation begins, so that no transaction waits for them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Denied, Invalid, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.rows import held
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit, note, operation

from .. import policies, states
from ..events import ReportReturned, ReportSent, ReportVerified
from ..models import Evidence, MilestoneReached, Part, Plan, Report, Verification
from ..queries import figures
from ..queries import reporting as queries
from ..queries.plan import TOPIC
from ..states import Quarter

MOST = 1e15  # a value beyond this is a slip of the hand
FAR = 200.0  # percent of the target above which a claim is asked for twice
TEXT = 4000


def _report(report: Report, **options: Any) -> Report:
    return held(report, next_states=states.REPORT_NEXT, labels=queries.REPORT_LABELS, **options)


def tell(kind: type[Any], report: Report, **more: Any) -> None:
    """Emit an event about a report and make what shows it stale."""
    emit(
        kind(
            plan=report.plan.code,
            action=str(report.key),
            agency=report.agency_code,
            year=report.year,
            quarter=report.quarter,
            **more,
        )
    )
    touch(TOPIC)


# --- the agency's side ------------------------------------------------------------------------------------------------


def start_report(*, actor: Actor, plan: Plan, key: UUID | str, quarter: Quarter) -> Report:
    """The report of this quarter: the one that is there, or a new draft that begins with what the platform computes,
    else with what was said last. Raises `NotFound`, `Denied`, `Invalid` (`future`, `not_begun`, `not_in_plan`)."""
    found = queries.report_for(plan, key, quarter)
    if found is not None:
        if not actor.is_system:
            policies.may_change_report(actor, found)
        return found
    part = queries.action_of(plan, key)
    agency = queries.agency_on(plan, part)
    if not actor.is_system:
        policies.may_report(actor, agency)
    computed = queries.computed_in(part, quarter)
    return open_report(actor=actor, plan=plan, part=part, agency=agency, quarter=quarter, computed=computed)


@operation("masterplan.start_report", policy=policies.may_report)
def open_report(
    *, actor: Actor, plan: Plan, part: Part, agency: str, quarter: Quarter, computed: figures.Value = figures.NOTHING
) -> Report:
    """A new draft. Of two people who begin at once both get the same one."""
    note("plan_action", part.key, plan=plan.code, quarter=str(quarter))
    _reportable(plan, part, quarter)
    if agency != queries.agency_on(plan, part):
        raise Conflict(
            _("This action belongs to another agency now. Nothing was changed. Open the list again."), code="too_late"
        )
    last = queries.before(plan, part.key, quarter)
    report, new = Report.objects.get_or_create(
        plan=plan,
        key=part.key,
        year=quarter.year,
        quarter=quarter.number,
        defaults={
            **beginning(part, quarter, last, computed),
            "agency_code": agency,
            "created_by": actor.label[:200],
            "created_at": timezone.now(),
        },
    )
    if new:
        touch(TOPIC)
    return report


def beginning(part: Part, quarter: Quarter, last: Report | None, computed: figures.Value) -> dict[str, Any]:
    """What a new report begins with: the computed value, else the last claim (a quarter that adds up begins empty), and
    the words of the last report. Money spent only goes on within a year."""
    value = computed.value
    if value is None and last is not None and part.rule == states.LAST:
        value = last.value
    return {
        "value": value,
        "spent": last.spent if last and last.year == quarter.year else None,
        "obstacle": last.obstacle if last else "",
        "next_step": last.next_step if last else "",
        "computed": computed.value,
        "computed_period": computed.period[:12],
    }


def _reportable(plan: Plan, part: Part, quarter: Quarter) -> None:
    if quarter.first > today():
        raise Invalid(
            format_lazy(_("{quarter} has not begun. Choose a quarter that has."), quarter=str(quarter)),
            code="future",
            field="quarter",
        )
    if quarter.year < (part.first_year or plan.first_year):
        raise Invalid(
            format_lazy(_("This action begins in {year}."), year=part.first_year or plan.first_year),
            code="not_begun",
            field="quarter",
        )
    if not queries.is_in_force(plan, part.key):
        raise Invalid(
            _("This action is no longer in the plan. Its reports stay readable; new ones are not needed."),
            code="not_in_plan",
        )


@operation("masterplan.save_report", policy=policies.may_change_report)
def save_report(
    *,
    actor: Actor,
    report: Report,
    revision: int,
    value: float | None,
    spent: int | None = None,
    obstacle: str = "",
    next_step: str = "",
    difference_reason: str = "",
    reached: Mapping[UUID, date] | None = None,
) -> Report:
    """Keep what is written so far; the same again changes nothing. `reached`: milestone → day it was passed; None leaves
    them as they are. Of two people the slower gets `Conflict` and keeps what was typed."""
    row = _report(report, revision=revision, among=states.WITH_REPORTER)
    note("plan_action", row.key, quarter=str(queries.quarter_of(row)), value=value)
    _plausible_number(value)
    if spent is not None and not 0 <= spent < MOST:
        raise Invalid(_("Money spent is 0 or more, in rupiah."), code="spent", field="spent")
    wanted = {
        "value": value,
        "spent": spent,
        "obstacle": checked_text(obstacle, "obstacle", limit=TEXT, needed=False),
        "next_step": checked_text(next_step, "next_step", limit=TEXT, needed=False),
        "difference_reason": checked_text(difference_reason, "difference_reason", limit=TEXT, needed=False),
    }
    changed = {name for name, given in wanted.items() if getattr(row, name) != given}
    moved = reached is not None and _mark_reached(row, reached)
    if not changed and not moved:
        return row
    for name in changed:
        setattr(row, name, wanted[name])
    row.changed_by, row.changed_at = actor.label[:200], timezone.now()
    row.revision += 1
    row.save()
    touch(TOPIC)
    return row


def _plausible_number(value: float | None) -> None:
    if value is not None and (not math.isfinite(value) or abs(value) >= MOST):
        raise Invalid(_("This is not a number that can be right. Write it again."), code="value", field="value")


def _mark_reached(row: Report, reached: Mapping[UUID, date]) -> bool:
    """Does it change anything?"""
    part = queries.action_of(row.plan, row.key, queries.quarter_of(row))
    known = {each.key: each for each in part.milestones.all()}
    for key, on in reached.items():
        if key not in known:
            raise Invalid(_("There is no such milestone in this action."), code="milestone", field="milestone")
        if on > today():
            raise Invalid(
                format_lazy(_("“{title}” cannot be passed on a day that has not come."), title=known[key].title),
                code="milestone_future",
                field=f"milestone-{key}",
            )
    present = {each.key: each.reached_on for each in row.reached.all()}
    if present == dict(reached):
        return False
    row.reached.exclude(key__in=list(reached)).delete()
    for key, on in reached.items():
        if present.get(key) != on:
            MilestoneReached.objects.update_or_create(report=row, key=key, defaults={"reached_on": on})
    return True


def send_report(*, actor: Actor, report: Report, revision: int, confirmed: bool = False) -> Report:
    """To the two offices. Raises `Invalid` with all that is missing; see `missing_for_sending`."""
    if not actor.is_system:
        policies.may_change_report(actor, report)
    part = queries.action_of(report.plan, report.key, queries.quarter_of(report))
    computed = queries.computed_of(report.plan, part, queries.quarter_of(report))
    return hand_in(actor=actor, report=report, revision=revision, computed=computed, confirmed=confirmed)


@operation("masterplan.send_report", policy=policies.may_change_report)
def hand_in(
    *, actor: Actor, report: Report, revision: int, computed: figures.Value = figures.NOTHING, confirmed: bool = False
) -> Report:
    """`computed` is what the platform says of the year so far; it is kept beside the claim as it was on this day."""
    row = _report(report, revision=revision, to=states.SENT)
    note("plan_action", row.key, quarter=str(queries.quarter_of(row)), value=row.value, computed=computed.value)
    missing = missing_for_sending(row, computed, confirmed=confirmed)
    if missing:
        code, field, sentence = missing[0]
        words = (
            sentence if len(missing) == 1 else format_lazy(" ".join(["{}"] * len(missing)), *(m[2] for m in missing))
        )
        raise Invalid(words, code=code, field=field, item=str(row.key))
    row.computed, row.computed_period = computed.value, computed.period[:12]
    row.state, row.sent_at = states.SENT, timezone.now()
    row.sent_by, row.sent_by_id = actor.label[:200], actor.id
    row.revision += 1
    row.save()
    tell(ReportSent, row)
    return row


def missing_for_sending(
    report: Report, computed: figures.Value, *, confirmed: bool = False
) -> list[tuple[str, str, Any]]:
    """What keeps a report from being sent, as (code, field, sentence): no value and no word why, a claim far from the
    computed value without a reason, progress without evidence, evidence that does not open, a value beyond belief."""
    plan, quarter = report.plan, queries.quarter_of(report)
    part = queries.action_of(plan, report.key, quarter)
    claim = queries.claim_of(plan, part, quarter, report.value)
    found: list[tuple[str, str, Any]] = []
    if report.value is None and not report.obstacle.strip():
        found.append(("value", "value", _("Write the value, or what keeps you from having one.")))
    apart = states.differs(claim, computed.value, queries.tolerance_of(part))
    if apart and not report.difference_reason.strip():
        found.append(
            (
                "difference_reason",
                "difference_reason",
                format_lazy(
                    _(
                        "You say {claim}, the platform computes {computed}. Write why they differ, or correct the value."
                    ),
                    claim=queries.amount(claim, part.unit),
                    computed=queries.amount(computed.value, part.unit),
                ),
            )
        )
    evidence = list(Evidence.objects.filter(report=report, withdrawn_at=None))
    proven = computed.value is not None and claim is not None and not apart
    milestones = report.reached.exists()
    if not evidence and (milestones or (not proven and _rose(plan, part, quarter, report.value))):
        found.append(("evidence", "evidence", _("The value got better: add a file, a photo or a link that shows it.")))
    elif evidence and all(each.reachable is False for each in evidence):
        found.append(("evidence_closed", "evidence", CLOSED))
    if not confirmed and _beyond_belief(plan, part, quarter, claim):
        found.append(
            (
                "implausible",
                "confirmed",
                format_lazy(
                    _("{claim} is far above the target. If it is right, tick the box and send again."),
                    claim=queries.amount(claim, part.unit),
                ),
            )
        )
    return found


CLOSED = _("Evidence cannot be opened by the public. Upload the file or change who may see the link.")


def _rose(plan: Plan, part: Part, quarter: Quarter, value: float | None) -> bool:
    """Is this better than what was said last (or than the baseline)?"""
    if value is None:
        return False
    if part.rule == states.SUM:
        return value > 0
    last = queries.before(plan, part.key, quarter)
    earlier = last.value if last and last.value is not None else part.baseline
    if earlier is None:
        return part.direction == states.DOWN or value > 0
    return value < earlier if part.direction == states.DOWN else value > earlier


def _beyond_belief(plan: Plan, part: Part, quarter: Quarter, claim: float | None) -> bool:
    if claim is None:
        return False
    if part.unit.strip() in ("%", "persen") and not -100 <= claim <= 100:
        return True
    target = queries.target_of(part, queries.year_of_account(part, plan, quarter))
    reached = states.attained(claim, target, part.baseline, part.direction)
    return reached is not None and reached > FAR and part.direction != states.DOWN


# --- the offices' side ------------------------------------------------------------------------------------------------


@operation("masterplan.verify_report", policy=policies.may_verify)
def verify(*, actor: Actor, report: Report, revision: int, office: str, verdict: str, text: str = "") -> Report:
    """An office's word on a sent report: `accepted`, or `returned` with what should change. When both have accepted what
    stands there now, it counts as verified. One person never speaks for both."""
    row = _report(report, revision=revision, among=(states.SENT,))
    note("plan_action", row.key, quarter=str(queries.quarter_of(row)), office=office, verdict=verdict)
    if office not in states.OFFICES or verdict not in (states.ACCEPTED, states.SENT_BACK):
        raise Invalid(_("Choose the office and what it says."), code="verdict", field="verdict")
    words = checked_text(text, "text", limit=2000, needed=verdict == states.SENT_BACK)
    present = queries.standing_verifications(row)
    if office in present and verdict == present[office].verdict:
        raise Conflict(_("Your office has already said so. Nothing was changed."), code="said_already")
    if any(each.by_id == actor.id and each.office != office for each in present.values()):
        raise Denied(
            _("You have already accepted this for the other office. Somebody else does it for this one."),
            policies.HELPER,
        )
    Verification.objects.create(
        report=row,
        office=office,
        verdict=verdict,
        note=words,
        by=actor.label[:200],
        by_id=actor.id,
        at=timezone.now(),
        report_revision=row.revision,
    )
    if verdict == states.SENT_BACK:
        return give_back(row, words)
    present = {each.office: each for each in row.verifications.filter(report_revision=row.revision)}
    if all(office in present and present[office].verdict == states.ACCEPTED for office in states.OFFICES):
        row.state = states.VERIFIED
        row.save(update_fields=["state"])
        tell(ReportVerified, row)
    else:
        touch(TOPIC)
    return row


def give_back(row: Report, reason: str) -> Report:
    """Inside an operation: to the agency that answers for the action today, which may not be the one that sent it."""
    part = queries.action_of(row.plan, row.key)
    row.state = states.RETURNED
    row.agency_code = queries.agency_on(row.plan, part)
    row.revision += 1
    row.save(update_fields=["state", "agency_code", "revision"])
    tell(ReportReturned, row, reason=reason[:500])
    return row


@operation("masterplan.reopen_report", policy=policies.may_verify)
def reopen_report(*, actor: Actor, report: Report, text: str) -> Report:
    """A verified report turned out wrong: back to the agency, with what was found."""
    row = _report(report, to=states.RETURNED, among=(states.VERIFIED,))
    note("plan_action", row.key, quarter=str(queries.quarter_of(row)))
    words = checked_text(text, "text", limit=2000)
    office = (*policies.offices_of(actor), states.OFFICES[0])[0]
    Verification.objects.create(
        report=row,
        office=office,
        verdict=states.SENT_BACK,
        note=words,
        by=actor.label[:200],
        by_id=actor.id,
        at=timezone.now(),
        report_revision=row.revision,
    )
    return give_back(row, words)


@operation("masterplan.take_new_figures", policy=policies.only_the_system, recorded=False)
def take_new_figures(*, actor: Actor) -> None:
    """A room has published figures that actions may follow: what was shown beside claims is old now."""
    touch(TOPIC, figures.FIGURES_TOPIC)
