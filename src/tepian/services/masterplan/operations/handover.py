"""An agency is dissolved, merged or renamed: its actions pass to another from a day on, by a decision.

Reports that were sent before stay the old agency's; what is still open passes along."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit, note, operation
from tepian.kernel.organisations import queries as organisations

from .. import policies, states
from ..events import ActionsHandedOver
from ..models import Handover, Plan, Report
from ..queries import reporting as queries
from ..queries.plan import TOPIC, revision_on


@operation("masterplan.hand_over", policy=policies.may_hand_over)
def hand_over(
    *,
    actor: Actor,
    plan: Plan,
    from_agency: str,
    to_agency: str,
    on: date,
    decision: str,
    key: UUID | None = None,
    reason: str = "",
) -> Handover:
    """All actions of an agency, or one, are another's from this day on. Raises `NotFound` for an unknown agency,
    `Invalid` (`same_agency`, `successor_gone`, `nothing_to_hand_over`), `Conflict` when it is already so."""
    note("plan", plan.code, given=from_agency, taken=to_agency, on=on.isoformat(), action=str(key or ""))
    Plan.objects.select_for_update().get(pk=plan.pk)  # two planners at once: one after the other
    given, taken = organisations.agency(from_agency), organisations.agency(to_agency)
    if from_agency == to_agency:
        raise Invalid(_("Choose another agency than the one that gives."), code="same_agency", field="to_agency")
    if not taken.exists(on):
        raise Invalid(
            format_lazy(_("{agency} does not exist on that day. Choose one that does."), agency=taken.label),
            code="successor_gone",
            field="to_agency",
        )
    decided = checked_text(decision, "decision", limit=200)
    counting = revision_on(plan, max(on, today())) or revision_on(plan)
    known = list(plan.handovers.filter(on__lte=on))
    actions = [
        part.key
        for part in (counting.parts.filter(kind=states.ACTION) if counting else ())
        if key in (None, part.key) and queries.after_handovers(known, part.key, part.agency_code) == from_agency
    ]
    if not actions:
        raise Conflict(
            format_lazy(
                _("{agency} has no such action on that day. Perhaps it was handed over already."), agency=given.label
            ),
            code="nothing_to_hand_over",
            field="from_agency",
        )
    row = Handover.objects.create(
        plan=plan,
        key=key,
        from_agency=from_agency,
        to_agency=to_agency,
        on=on,
        decision=decided,
        reason=checked_text(reason, "reason", limit=500, needed=False),
        by=actor.label[:200],
        at=timezone.now(),
    )
    pass_open_reports()
    emit(
        ActionsHandedOver(
            plan=plan.code, from_agency=from_agency, to_agency=to_agency, on=on.isoformat(), actions=len(actions)
        )
    )
    touch(TOPIC)
    return row


def pass_open_reports() -> int:
    """Inside an operation: what an agency had not sent when its day came is its successor's to finish."""
    moved = 0
    for each in Handover.objects.filter(on__lte=today()).order_by("on", "id"):
        rows = Report.objects.filter(
            plan=each.plan_id,
            agency_code=each.from_agency,
            state__in=states.WITH_REPORTER,
            created_at__date__lte=each.on,
        )
        if each.key:
            rows = rows.filter(key=each.key)
        moved += rows.update(agency_code=each.to_agency)
    return moved


@operation("masterplan.pass_open_reports", policy=policies.only_the_system, recorded=False)
def take_effect(*, actor: Actor) -> int:
    """Handovers whose day has come."""
    moved = pass_open_reports()
    if moved:
        touch(TOPIC)
    return moved
