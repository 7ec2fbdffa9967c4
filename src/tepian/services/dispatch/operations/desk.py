"""The desk itself: who sits there, which numbers wait last, how calls were served, who looked at a number."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Denied, Invalid, NotFound, checked_text
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation, record_view
from tepian.toolkit.text import plain

from .. import policies, queries, states
from ..models import Block, Call, Desk, Review
from .parts import TOPIC, end_block

BLOCK_HOURS = 24
MARKS = ("greeting", "place", "type", "calm")


@operation("dispatch.set_desk", policy=policies.at_desk)
def set_desk(*, actor: Actor, state: str, extension: str | None = None) -> Desk:
    """Say whether calls may come to this desk, and which telephone stands on it."""
    note("desk", actor.id, state=state)
    if state not in Desk.STATES:
        raise Invalid(_("Choose available, pause or away."), code="state_unknown", field="state")
    values = {"label": actor.label[:200], "state": state, "since": timezone.now()}
    if extension is not None:
        values["extension"] = plain(extension, 30)
        if values["extension"]:
            Desk.objects.filter(extension=values["extension"]).exclude(actor_id=actor.id).update(extension="")
    row, _new = Desk.objects.update_or_create(actor_id=actor.id, defaults=values)
    touch(TOPIC)
    return row


@operation("dispatch.block_number", policy=policies.may_supervise)
def block_number(*, actor: Actor, call: int, reason: str) -> Block:
    """For 24 hours calls from this number wait behind all others (they are still answered). Only a person does this,
    with a reason; a silent call is no reason, for who is silent may be in danger."""
    row = queries.call_by(call)
    note("call", row.pk)
    if not row.number_key:
        raise Invalid(_("This call came without a number."), code="no_number", item=str(call))
    if row.kind != states.PRANK:
        raise Invalid(
            _("Only numbers of calls that were closed as pranks can be blocked. A silent caller may be in danger."),
            code="not_a_prank",
            item=str(call),
        )
    now = timezone.now()
    if (known := queries.block_of(row.number_key, now)) is not None:
        return known
    made = Block.objects.create(
        number_key=row.number_key,
        number_end=row.number_end,
        reason=checked_text(reason, "reason", limit=300),
        made_at=now,
        made_by=actor.label[:200],
        until=now + timedelta(hours=BLOCK_HOURS),
        call=row,
    )
    Call.objects.filter(number_key=row.number_key, closed_at=None).update(blocked=True)
    touch(TOPIC)
    return made


@operation("dispatch.lift_block", policy=policies.may_supervise)
def lift_block(*, actor: Actor, block: int) -> Block:
    """End a block early. Repeating changes nothing."""
    row = Block.objects.filter(pk=block).first()
    if row is None:
        raise NotFound(_("There is no such block."), code="block_unknown", item=str(block))
    note("block", block)
    end_block(actor, row)
    touch(TOPIC)
    return row


@operation("dispatch.review_call", policy=policies.may_supervise)
def review_call(*, actor: Actor, call: int, marks: dict[str, int], text: str = "") -> Review:
    """Marks for how a call was served, 1 (poor) to 4 (very good); a later review replaces an earlier one."""
    row = queries.call_by(call)
    note("call", row.pk)
    if set(marks) - set(MARKS) or not marks or any(mark not in (1, 2, 3, 4) for mark in marks.values()):
        raise Invalid(_("Give 1 to 4 for each point."), code="marks", field="marks")
    review, _new = Review.objects.update_or_create(
        call=row,
        defaults={
            "marks": marks,
            "note": checked_text(text, "text", needed=False),
            "at": timezone.now(),
            "by": actor.label[:200],
        },
    )
    return review


def view_call(*, actor: Actor, call: Call, purpose: str) -> str:
    """The caller's number in clear, after the view was recorded; empty when there is none."""
    if not policies.may_see_numbers(actor, call.incident):
        raise Denied(_("Callers' numbers are for the desk that serves the call."), policies.HELPER)
    if not call.number_sealed:
        return ""
    record_view(actor=actor, subject_type="call", subject_id=call.pk, purpose=purpose)
    return call.number


def view_caller(*, actor: Actor, number: str) -> list[str]:
    """Numbers of an incident's callers, for the crew that must call back; recorded with the incident as purpose."""
    incident = queries.incident_by(number)
    if not policies.may_see_numbers(actor, incident):
        raise Denied(_("Callers' numbers are for the desk and the crew that is on this incident."), policies.HELPER)
    return [
        found for call in incident.calls.all() if (found := view_call(actor=actor, call=call, purpose=incident.number))
    ]
