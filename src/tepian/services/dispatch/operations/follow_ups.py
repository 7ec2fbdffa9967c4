"""Follow-up cases of agencies (contact tracing): counts, never names."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, NotFound, checked_text
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation

from .. import policies
from ..models import FollowUp
from .parts import TOPIC


def _case(case: int, agency: str) -> FollowUp:
    row = FollowUp.objects.select_related("incident").filter(pk=case, agency_code=agency).first()
    if row is None:
        raise NotFound(_("There is no such follow-up case."), code="case_unknown", item=str(case))
    note("dispatch", row.incident.number, case=case)
    return row


@operation("dispatch.count_contacts", policy=policies.may_follow_up)
def count_contacts(*, actor: Actor, case: int, agency: str, contacts: int, reached: int, text: str = "") -> FollowUp:
    """How many people were in contact and how many of them were reached."""
    row = _case(case, agency)
    _count(row, contacts, reached)
    row.note = checked_text(text, "text", needed=False) or row.note
    row.save()
    touch(TOPIC)
    return row


def _count(row: FollowUp, contacts: int, reached: int) -> None:
    if not 0 <= reached <= contacts <= 100_000:
        raise Invalid(
            _("More people were reached than were in contact. Check the numbers."), code="counts", field="reached"
        )
    if row.closed_at is not None:
        raise Conflict(_("This case is closed. Nothing was changed."), code="case_closed", item=str(row.pk))
    row.contacts, row.reached = contacts, reached


@operation("dispatch.close_follow_up", policy=policies.may_follow_up)
def close_follow_up(
    *, actor: Actor, case: int, agency: str, contacts: int | None = None, reached: int | None = None
) -> FollowUp:
    """The case is over, with the last numbers where they are given. Repeating changes nothing."""
    row = _case(case, agency)
    if row.closed_at is None:
        _count(row, row.contacts if contacts is None else contacts, row.reached if reached is None else reached)
        row.closed_at = timezone.now()
        row.save()
        touch(TOPIC)
    return row
