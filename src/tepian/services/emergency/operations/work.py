"""Units are asked and answer; the story is written down."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid, NotFound, checked_text
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation
from tepian.kernel.organisations.models import Agency
from tepian.toolkit.text import plain

from .. import policies, queries
from ..models import Assignment, TimelineEntry
from .parts import confirmed, noted, write


@operation("emergency.assign", policy=policies.may_decide)
def assign(*, actor: Actor, number: str, agency: str, task: str, unit: str = "") -> Assignment:
    """Ask an agency (by code) for something. The same open task for the same agency is not asked twice."""
    incident = confirmed(number)
    note("incident", incident.number, agency=agency)
    task = checked_text(task, "task", limit=300)
    unit = plain(unit, 200)
    row = Agency.objects.filter(code=plain(agency)).first()
    if row is None:
        raise Invalid(_("Choose an agency from the list."), code="agency_unknown", field="agency", item=agency)
    existing = incident.assignments.filter(agency_code=agency, task=task, unit=unit, done_at=None).first()
    if existing is not None:
        return existing
    made = Assignment.objects.create(
        incident=incident,
        agency_code=row.code,
        agency_name=str(row),
        unit=unit,
        task=task,
        assigned_at=timezone.now(),
        assigned_by=actor.label[:200],
    )
    write(actor, incident, "assigned", agency=f"{row} {unit}".strip(), task=task)
    noted(incident, "assigned")
    touch("emergency")
    return made


@operation("emergency.accept", policy=policies.may_answer)
def accept(*, actor: Actor, assignment: int) -> Assignment:
    """The unit takes the task on. Repeating changes nothing."""
    return _answer(actor, assignment, "accepted")


@operation("emergency.finish", policy=policies.may_answer)
def finish(*, actor: Actor, assignment: int) -> Assignment:
    """The unit is done. A task that nobody accepted counts as accepted now."""
    return _answer(actor, assignment, "done")


def _answer(actor: Actor, assignment: int, kind: str) -> Assignment:
    row = Assignment.objects.select_related("incident").filter(pk=assignment).first()
    if row is None:
        raise NotFound(_("There is no such task."), code="assignment_unknown", item=str(assignment))
    note("incident", row.incident.number, assignment=assignment, step=kind)
    now = timezone.now()
    if kind == "done" and row.accepted_at is None:
        Assignment.objects.filter(pk=row.pk, accepted_at=None).update(accepted_at=now, accepted_by=actor.label[:200])
    changed = Assignment.objects.filter(pk=row.pk, **{f"{kind}_at": None}).update(
        **{f"{kind}_at": now, f"{kind}_by": actor.label[:200]}
    )
    row.refresh_from_db()
    if changed:
        write(actor, row.incident, kind, agency=f"{row.agency_name} {row.unit}".strip(), task=row.task)
        noted(row.incident, kind)
        touch("emergency")
    return row


@operation("emergency.add_note", policy=policies.may_note)
def add_note(*, actor: Actor, number: str, text: str) -> TimelineEntry:
    """Write in the time line. Allowed in every state: the story may be completed after the end."""
    incident = queries.incident_by(number)
    note("incident", incident.number)
    entry = write(actor, incident, "note", text=checked_text(text, "text"))
    noted(incident, "note")
    touch("emergency")
    return entry


@operation("emergency.record_warning", policy=None)
def record_warning(*, actor: Actor, number: str, warning: str, what: str, key: str) -> None:
    """Write in the time line what happened to the warning of this incident. Once for each `key`; system only."""
    if not actor.is_system:
        raise Invalid(_("Only the system writes this entry."), code="system_only")
    incident = queries.incident_by(number)
    note("incident", incident.number, warning=warning, what=what)
    if incident.timeline.filter(kind="warning", params__key=key).exists():
        return
    write(actor, incident, "warning", number=warning, what=what, key=key)
    noted(incident, "warning")
    touch("emergency")
