"""Run cards: agencies that an incident needs beside units, and their clocks."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid, NotFound, checked_text
from tepian.kernel.actors import system as system_actor
from tepian.kernel.events import emit, note, operation
from tepian.kernel.organisations import queries as organisations

from .. import policies, queries
from ..events import HelpRefused
from ..models import AgencyTask, Incident, IncidentType
from .parts import changed, still_open, write

CLOCK = system_actor("dispatch.clock", "112")


def ask_run_card(actor: Actor, incident: Incident, kind: IncidentType) -> None:
    """Ask every agency of the type's run card; asking again changes nothing."""
    for line in kind.tasks:
        _ask(actor, incident, line["agency"], line["task"], line.get("task_en", ""), bool(line.get("before_entry")))


def _ask(actor: Actor, incident: Incident, agency: str, task: str, task_en: str, before_entry: bool) -> AgencyTask:
    now = timezone.now()
    name = organisations.agency_name(agency) or agency
    row, created = AgencyTask.objects.get_or_create(
        incident=incident,
        agency_code=agency,
        task=task[:300],
        defaults={
            "agency_name": name[:200],
            "task_en": task_en[:300],
            "before_entry": before_entry,
            "asked_at": now,
            "asked_by": actor.label[:200],
            "answer_by": now + timedelta(seconds=queries.seconds_for("accept", incident.severity, 120)),
        },
    )
    if created:
        write(actor, incident, "agency_asked", agency=name, task=task, task_en=task_en)
    return row


@operation("dispatch.ask_agency", policy=policies.may_dispatch)
def ask_agency(*, actor: Actor, number: str, agency: str, task: str, before_entry: bool = False) -> AgencyTask:
    """Ask a further agency for something."""
    incident = still_open(number)
    note("dispatch", incident.number, agency=agency)
    if not organisations.agency_name(agency):
        raise Invalid(_("Choose an agency from the list."), code="agency_unknown", field="agency", item=agency)
    row = _ask(actor, incident, agency, checked_text(task, "task", limit=300), "", before_entry)
    changed(incident, "agency_asked")
    return row


@operation("dispatch.answer_task", policy=policies.may_answer_task)
def answer_task(*, actor: Actor, task: int, done: bool = False) -> AgencyTask:
    """The agency accepts, or is done (and so has accepted). Repeating changes nothing."""
    row = AgencyTask.objects.select_related("incident").filter(pk=task).first()
    if row is None:
        raise NotFound(_("There is no such task."), code="task_unknown", item=str(task))
    note("dispatch", row.incident.number, task=task, done=done)
    now = timezone.now()
    was = (row.accepted_at, row.done_at)
    if row.accepted_at is None:
        row.accepted_at, row.accepted_by = now, actor.label[:200]
    if done and row.done_at is None:
        row.done_at, row.done_by = now, actor.label[:200]
    if (row.accepted_at, row.done_at) == was:
        return row
    row.save()
    kind = "agency_done" if done else "agency_accepted"
    write(actor, row.incident, kind, agency=row.agency_name, task=row.task, task_en=row.task_en)
    changed(row.incident, kind)
    return row


def escalate_tasks() -> int:
    """Agencies that have not answered in time: the supervisor sees it, once. Returns how many."""
    rows = queries.overdue_tasks(timezone.now())
    for row in rows:
        _silent(actor=CLOCK, task=row)
    return len(rows)


@operation("dispatch.agency_silent", policy=policies.may_dispatch)
def _silent(*, actor: Actor, task: AgencyTask) -> None:
    now = timezone.now()
    note("dispatch", task.incident.number, task=task.pk)
    if not AgencyTask.objects.filter(pk=task.pk, accepted_at=None, escalated_at=None).update(escalated_at=now):
        return
    incident = task.incident
    write(actor, incident, "agency_silent", agency=task.agency_name, task=task.task, task_en=task.task_en)
    emit(
        HelpRefused(
            number=incident.number, type_code=incident.type_code, severity=incident.severity,
            simulated=incident.simulated, who=task.agency_name, reason="silent", level="supervisor",
        )
    )  # fmt: skip
    changed(incident, "agency_silent")
