"""Incidents: opened with a place, brought up to date, merged, taken apart, handed over, closed, learnt from."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.documents import operations as documents
from tepian.kernel.events import emit, note, operation
from tepian.kernel.organisations import queries as organisations
from tepian.toolkit.identifiers import new_code
from tepian.toolkit.text import plain

from .. import policies, queries, states
from ..events import IncidentClosed, IncidentMerged, IncidentOpened
from ..models import FollowUp, Incident, IncidentType, Neighbour
from .parts import TOPIC, changed, check_point, clean_victims, hold, settle, still_open, ward_of, write
from .tasks import ask_run_card


def _typed(code: str) -> IncidentType | None:
    code = plain(code).upper()
    if not code:
        return None
    row = queries.types_on().get(code)
    if row is None:
        raise Invalid(
            _("There is no type %(code)s. Leave it empty if it is not yet clear.") % {"code": code[:10]},
            code="type_unknown",
            field="type",
            item=code[:10],
        )
    return row


def _graded(severity: str, kind: IncidentType | None) -> str:
    severity = plain(severity).upper()
    if severity and severity not in states.SEVERITIES:
        raise Invalid(_("Severity is one of A, B, C, D, E."), code="severity_unknown", field="severity")
    return severity or (kind.severity if kind else "")


@operation("dispatch.open_incident", policy=policies.at_desk)
def open_incident(
    *,
    actor: Actor,
    place: str = "",
    lon: float | None = None,
    lat: float | None = None,
    radius_m: float | None = None,
    type_code: str = "",
    severity: str = "",
    victims: dict[str, Any] | None = None,
    text: str = "",
    source: str = "staff",
    source_key: str = "",
    key: str = "",
    hazard_number: str = "",
    simulated: bool = False,
) -> Incident:
    """Open an incident. A place in words or a point is enough. `key` makes a repeated request one incident."""
    if key and (known := Incident.objects.filter(key=key[:60]).first()):
        return known
    place = plain(place, 200)
    check_point(lon, lat)
    if not place and lat is None:
        raise Invalid(
            _("Where is help needed? Write a street, a landmark or choose a point. The rest can follow."),
            code="place_missing",
            field="place",
        )
    kind = _typed(type_code)
    values = {
        "type_code": kind.code if kind else "",
        "type_from": timezone.localdate() if kind else None,
        "severity": _graded(severity, kind),
        "place": place,
        "lon": lon,
        "lat": lat,
        "radius_m": radius_m,
        "region_code": ward_of(lon, lat),
        "victims": clean_victims(victims),
        "source": source,
        "source_key": plain(source_key, 60),
        "opened_at": timezone.now(),
        "opened_by": actor.label[:200],
        "hazard_number": hazard_number,
        "key": key[:60] or None,
        "changed_by": actor.id,
        "simulated": simulated,
    }
    incident = _numbered(values)
    note("dispatch", incident.number, type=incident.type_code, severity=incident.severity)
    if hazard_number:
        write(actor, incident, "opened_hazard", hazard=hazard_number)
    write(
        actor,
        incident,
        "opened",
        type=incident.type_code,
        place=queries.where(incident),
        text=checked_text(text, "note", needed=False),
    )
    if kind:
        ask_run_card(actor, incident, kind)
    emit(
        IncidentOpened(
            number=incident.number,
            type_code=incident.type_code,
            severity=incident.severity,
            simulated=simulated,
            place=incident.place,
            region=incident.region_code,
            lon=lon,
            lat=lat,
            opened_at=incident.opened_at.isoformat(),
            hazard=kind.hazard if kind else "",
            level=kind.hazard_level if kind else "",
            source=source,
        )
    )
    touch(TOPIC)
    return incident


def _numbered(values: dict[str, Any]) -> Incident:
    for _try in range(20):
        try:
            with transaction.atomic():
                return Incident.objects.create(number=new_code("D", 5), **values)
        except IntegrityError:
            known = Incident.objects.filter(key=values["key"]).first() if values["key"] else None
            if known is not None:
                return known  # the same request came twice at once
    raise Invalid(_("No free number was found. Try again."), code="number")


def _changed_meanwhile(incident: Incident) -> Conflict:
    """Who changed what is known, and how it stands now."""
    last = incident.entries.filter(kind__in=("opened", "changed")).last()
    return Conflict(
        _(
            "%(who)s changed this incident since you opened it. It is now: %(type)s, severity %(severity)s, %(place)s. "
            "Nothing was changed by you. Compare, then send again."
        )
        % {
            "who": last.actor_label if last else _("Somebody"),
            "type": queries.type_name(incident.type_code, incident.type_from),
            "severity": incident.severity or "–",
            "place": queries.where(incident),
        },
        code="too_late",
        item=incident.number,
    )


@operation("dispatch.change_incident", policy=policies.at_desk)
def change_incident(
    *,
    actor: Actor,
    number: str,
    place: str = "",
    lon: float | None = None,
    lat: float | None = None,
    radius_m: float | None = None,
    type_code: str = "",
    severity: str = "",
    victims: dict[str, Any] | None = None,
    text: str = "",
    version: int | None = None,
) -> Incident:
    """Bring what is known up to date; what is left empty stays. With `version` a change on top of an unseen one of
    somebody else is refused with `Conflict`; one's own may come again or come late, and what changes nothing is no
    conflict."""
    incident = still_open(number)
    note("dispatch", incident.number)
    check_point(lon, lat)
    before = (incident.type_code, incident.severity, incident.place, incident.lon, incident.lat, incident.victims)
    kind = _typed(type_code)
    values: dict[str, Any] = {}
    if kind and kind.code != incident.type_code:
        values |= {"type_code": kind.code, "type_from": timezone.localdate(), "severity": _graded(severity, kind)}
    elif severity:
        values |= {"severity": _graded(severity, None)}
    if place:
        values |= {"place": plain(place, 200)}
    if lat is not None:
        values |= {"lon": lon, "lat": lat, "radius_m": radius_m, "region_code": ward_of(lon, lat)}
    if victims is not None:
        values |= {"victims": clean_victims(victims)}
    text = checked_text(text, "note", needed=False)
    unseen = version is not None and version != incident.version and incident.changed_by != actor.id
    refusal = _changed_meanwhile(incident) if unseen else None
    for name, value in values.items():
        setattr(incident, name, value)
    after = (incident.type_code, incident.severity, incident.place, incident.lon, incident.lat, incident.victims)
    if after != before:
        if refusal is not None:
            raise refusal
        incident.version, incident.changed_by = incident.version + 1, actor.id
        incident.save(update_fields=[*values, "version", "changed_by"])
        write(
            actor, incident, "changed",
            type=incident.type_code, severity=incident.severity or "–", place=queries.where(incident),
            victims=incident.victims, text=text,
        )  # fmt: skip
        if kind and kind.code != before[0]:
            ask_run_card(actor, incident, kind)
    elif text and not incident.entries.filter(text=text).exists():
        write(actor, incident, "note", text=text)
    else:
        return incident
    changed(incident, "changed")
    return incident


@operation("dispatch.join_call", policy=policies.at_desk)
def join_call(*, actor: Actor, number: str, call: int, text: str = "") -> Incident:
    """A further call about this incident."""
    incident = still_open(number)
    note("dispatch", incident.number, call=call)
    write(actor, incident, "call_joined", call=call, text=text)
    changed(incident, "call_joined")
    return incident


@operation("dispatch.add_note", policy=policies.may_write)
def add_note(*, actor: Actor, number: str, text: str) -> Incident:
    """Write in the story; also after the end."""
    incident = queries.incident_by(number)
    note("dispatch", incident.number)
    write(actor, incident, "note", text=checked_text(text, "text"))
    changed(incident, "note")
    return incident


@operation("dispatch.add_picture", policy=policies.may_write)
def add_picture(*, actor: Actor, number: str, content: Any, name: str) -> Incident:
    """A picture from the scene; kept with the incident, seen by who reads incidents."""
    incident = queries.incident_by(number)
    note("dispatch", incident.number)
    stored = documents.store_file(
        actor=actor, content=content, name=name, subject_type="dispatch", subject_id=incident.number
    )
    write(actor, incident, "picture", name=stored.name, file=str(stored.pk))
    changed(incident, "picture")
    return incident


@operation("dispatch.merge_incident", policy=policies.at_desk)
def merge_incident(*, actor: Actor, number: str, into: str) -> Incident:
    """`number` is the same thing as `into`: its calls, units and tasks count there, and nothing of it is lost. Units
    that are on their way go on; the story says so."""
    part, whole = queries.incident_by(number), queries.incident_by(into)
    hold(part.pk, whole.pk, *part.parts.values_list("pk", flat=True))
    part, whole = still_open(number), still_open(into)
    note("dispatch", whole.number, part=part.number)
    if part.pk == whole.pk:
        raise Invalid(_("An incident cannot be merged into itself."), code="same", field="into", item=number)
    Incident.objects.filter(pk=part.pk).update(state=states.MERGED, merged_into=whole)
    part.parts.update(merged_into=whole)
    moved = [row.pk for row in part.deployments.filter(state__in=states.ACTIVE_STEPS)]
    part.deployments.filter(pk__in=moved).update(incident=whole)
    calls = list(part.calls.values_list("pk", flat=True))
    part.calls.update(incident=whole)
    tasks, same = _bring_tasks(part, whole)
    write(actor, part, "merged", number=whole.number, deployments=moved, calls=calls, tasks=tasks, same_tasks=same)
    write(actor, whole, "merged_here", number=part.number)
    settle(whole)
    emit(
        IncidentMerged(
            number=part.number,
            type_code=part.type_code,
            severity=part.severity,
            simulated=part.simulated,
            into=whole.number,
        )
    )
    changed(whole, "merged")
    return whole


def _bring_tasks(part: Incident, whole: Incident) -> tuple[list[int], list[int]]:
    """What agencies were asked for counts in the whole. What the whole has asked for too is asked once, and whichever
    was answered first stands. Returns the tasks that moved and those that were the same."""
    moved: list[int] = []
    same: list[int] = []
    known = {(task.agency_code, task.task): task for task in whole.tasks.all()}
    for task in part.tasks.filter(cancelled_at=None):
        other = known.get((task.agency_code, task.task))
        (moved if other is None else same).append(task.pk)
        for step in ("accepted", "done") if other else ():
            if getattr(other, f"{step}_at") is None:
                setattr(other, f"{step}_at", getattr(task, f"{step}_at"))
                setattr(other, f"{step}_by", getattr(task, f"{step}_by"))
        if other:
            other.save()
    part.tasks.filter(pk__in=moved).update(incident=whole)
    part.tasks.filter(pk__in=same).update(cancelled_at=timezone.now())
    return moved, same


@operation("dispatch.split_incident", policy=policies.at_desk)
def split_incident(*, actor: Actor, number: str) -> Incident:
    """Take a merged incident apart again: it was something else. Its calls, tasks and the units that came with it return,
    unless they are done."""
    part = queries.incident_by(number)
    into = part.merged_into_id
    if into is not None:
        hold(part.pk, into)
        part.refresh_from_db()
    if part.state != states.MERGED or part.merged_into is None or part.merged_into_id != into:
        raise Conflict(_("This incident is not merged with another."), code="not_merged", item=part.number)
    whole = part.merged_into
    note("dispatch", part.number, whole=whole.number)
    entry = part.entries.filter(kind="merged").last()
    brought = entry.params if entry else {}
    Incident.objects.filter(pk=part.pk).update(state=states.WAITING, merged_into=None)
    whole.calls.filter(pk__in=brought.get("calls", [])).update(incident=part)
    whole.deployments.filter(pk__in=brought.get("deployments", []), state__in=states.ACTIVE_STEPS).update(incident=part)
    whole.tasks.filter(pk__in=brought.get("tasks", [])).update(incident=part)
    part.tasks.filter(pk__in=brought.get("same_tasks", [])).update(cancelled_at=None)
    part.refresh_from_db()
    settle(part)
    settle(whole)
    write(actor, part, "split", number=whole.number)
    write(actor, whole, "split", number=part.number)
    emit(
        IncidentMerged(
            number=part.number, type_code=part.type_code, severity=part.severity, simulated=part.simulated, into=""
        )
    )
    changed(part, "split")
    return part


@operation("dispatch.hand_over", policy=policies.may_dispatch)
def hand_over(*, actor: Actor, number: str, neighbour: str, text: str = "") -> Incident:
    """It belongs to a neighbouring city: its desk was called, `text` says who took it over there, and the incident ends
    here as handed over."""
    incident = still_open(number)
    note("dispatch", incident.number, neighbour=neighbour)
    if not plain(text):
        raise Invalid(
            _("Who took it over? Call the other city's desk first, then write the desk or post that answered."),
            code="who_missing",
            field="text",
        )
    row = Neighbour.objects.filter(code=neighbour, active=True).first()
    if row is None:
        raise Invalid(_("Choose a neighbouring city from the list."), code="neighbour_unknown", field="neighbour")
    incident.neighbour = row
    incident.save(update_fields=["neighbour"])
    write(
        actor,
        incident,
        "handed_over",
        neighbour=row.name,
        contact=row.contact,
        who=checked_text(text, "text", limit=300),
    )
    return close_incident(actor=actor, number=incident.number, outcome="handed_over")


@operation("dispatch.close_incident", policy=policies.may_dispatch)
def close_incident(
    *, actor: Actor, number: str, outcome: str, text: str = "", victims: dict[str, Any] | None = None
) -> Incident:
    """It is over. Units still asked or on their way are called off; a type that asks for it opens a follow-up case."""
    from .units import end_deployment

    incident = still_open(number)
    note("dispatch", incident.number, outcome=outcome)
    if outcome not in states.OUTCOMES:
        raise Invalid(_("Choose how it ended."), code="outcome_unknown", field="outcome", item=outcome)
    on_scene = incident.deployments.filter(state=states.ARRIVED).select_related("unit")
    if on_scene:
        raise Conflict(
            _("%(unit)s is still on scene. Close when it is done.") % {"unit": on_scene[0].unit.call_sign},
            code="unit_on_scene",
            item=incident.number,
        )
    for row in incident.deployments.filter(state__in=(states.ASKED, states.ACCEPTED, states.UNDER_WAY)):
        end_deployment(actor, row, states.CANCELLED, reason="")
    now = timezone.now()
    won = Incident.objects.filter(pk=incident.pk, state__in=states.OPEN_STATES).update(
        state=states.CLOSED,
        closed_at=now,
        closed_by=actor.label[:200],
        outcome=outcome,
        escalation="",
    )
    incident.refresh_from_db()
    if not won:
        still_open(number)
    if victims is not None:
        incident.victims = clean_victims(victims)
        incident.save(update_fields=["victims"])
    incident.tasks.filter(done_at=None, cancelled_at=None).update(cancelled_at=now)
    incident.calls.filter(closed_at=None).update(closed_at=now)
    write(actor, incident, "closed", outcome=outcome, text=checked_text(text, "text", needed=False))
    kind = queries.type_of(incident)
    follow_up = kind.follow_up if kind and outcome == "helped" else ""
    if follow_up:
        FollowUp.objects.get_or_create(incident=incident, agency_code=follow_up, defaults={"opened_at": now})
        write(actor, incident, "follow_up", agency=organisations.agency_name(follow_up))
    first = min((call.first_at for call in incident.calls.all()), default=incident.opened_at)
    emit(
        IncidentClosed(
            number=incident.number,
            type_code=incident.type_code,
            severity=incident.severity,
            simulated=incident.simulated,
            outcome=outcome,
            region=incident.region_code,
            opened_at=incident.opened_at.isoformat(),
            dispatch_seconds=(incident.dispatched_at - first).total_seconds() if incident.dispatched_at else None,
            arrival_seconds=(incident.arrived_at - first).total_seconds() if incident.arrived_at else None,
            victims=incident.victims,
            follow_up=follow_up,
        )
    )
    touch(TOPIC)
    return incident


@operation("dispatch.add_lesson", policy=policies.at_desk)
def add_lesson(*, actor: Actor, number: str, text: str) -> Incident:
    """What to do better next time. Replaces the earlier note; the story keeps both."""
    incident = queries.incident_by(number)
    note("dispatch", incident.number)
    incident.lesson = checked_text(text, "lesson")
    incident.save(update_fields=["lesson"])
    write(actor, incident, "lesson", text=incident.lesson)
    changed(incident, "lesson")
    return incident


@operation("dispatch.link_hazard", policy=policies.at_desk)
def link_hazard(*, actor: Actor, number: str, hazard_number: str) -> Incident:
    """This is part of one of the city's hazard incidents. Repeating changes nothing."""
    incident = queries.incident_by(number)
    note("dispatch", incident.number, hazard=hazard_number)
    if incident.hazard_number != hazard_number:
        Incident.objects.filter(pk=incident.pk).update(hazard_number=hazard_number)
        incident.refresh_from_db()
        write(actor, incident, "hazard_linked", number=hazard_number)
        changed(incident, "hazard_linked")
    return incident


@operation("dispatch.link_warning", policy=policies.at_desk)
def link_warning(*, actor: Actor, number: str, warning: str) -> Incident:
    """The place lies inside a public warning's area. Repeating changes nothing."""
    incident = queries.incident_by(number)
    note("dispatch", incident.number, warning=warning)
    if incident.warning_number != warning:
        Incident.objects.filter(pk=incident.pk).update(warning_number=warning[:30])
        incident.refresh_from_db()
        write(actor, incident, "warning_linked", number=warning)
        changed(incident, "warning_linked")
    return incident


@operation("dispatch.propose_warning", policy=policies.at_desk)
def propose_warning(*, actor: Actor, number: str) -> Incident:
    """Ask that the public be warned of this. The emergency room weighs it; a duty officer decides."""
    incident = still_open(number)
    note("dispatch", incident.number)
    kind = queries.type_of(incident)
    if kind is None or not kind.hazard:
        raise Invalid(
            _("The city has no public warning for this type of incident. Tell the duty officer by telephone."),
            code="no_hazard",
            item=incident.number,
        )
    write(actor, incident, "warning_proposed")
    changed(incident, "warning_proposed")
    return incident
