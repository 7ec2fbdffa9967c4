"""Everything that is asked of this room."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db.models import Case, Count, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.kept import Kept
from tepian.kernel.regions import queries as regions
from tepian.toolkit.identifiers import read_code
from tepian.toolkit.text import plain
from tepian.ui import words
from tepian.ui.words import english

from .. import states
from ..models import AgencyTask, Block, Call, ClockTarget, Deployment, Entry, Incident, IncidentType, Neighbour, Unit

STATE_LABELS = {
    states.WAITING: gettext_lazy("waiting"),
    states.DISPATCHED: gettext_lazy("unit on the way"),
    states.ON_SCENE: gettext_lazy("unit on scene"),
    states.CLOSED: gettext_lazy("closed"),
    states.MERGED: gettext_lazy("merged"),
}
CALL_LABELS = {
    states.RINGING: gettext_lazy("ringing"),
    states.ANSWERED: gettext_lazy("answered"),
    states.ENDED: gettext_lazy("hung up"),
    states.LOST: gettext_lazy("lost"),
}
KIND_LABELS = {
    states.REAL: gettext_lazy("needs help"),
    states.PRANK: gettext_lazy("prank"),
    states.GHOST: gettext_lazy("silent call"),
    states.INFORMATION: gettext_lazy("information"),
}
STAGE_LABELS = {
    "menu": gettext_lazy("at the announcement"),
    "queue": gettext_lazy("in the waiting line"),
    "ring": gettext_lazy("while a desk rang"),
}
STEP_LABELS = {
    states.ASKED: gettext_lazy("asked"),
    states.ACCEPTED: gettext_lazy("accepted"),
    states.UNDER_WAY: gettext_lazy("under way"),
    states.ARRIVED: gettext_lazy("arrived"),
    states.DONE: gettext_lazy("done"),
    states.DECLINED: gettext_lazy("declined"),
    states.EXPIRED: gettext_lazy("did not answer"),
    states.CANCELLED: gettext_lazy("called off"),
}
# Why a crew's step no longer changes anything.
ENDED = {
    states.CANCELLED: gettext_lazy("This task was called off. The time is written down; you are free."),
    states.DECLINED: gettext_lazy("This task went to another unit. The time is written down."),
    states.EXPIRED: gettext_lazy("This task went to another unit. The time is written down."),
}
UNIT_LABELS = {
    "off_duty": gettext_lazy("off duty"),
    "available": gettext_lazy("available"),
    "asked": gettext_lazy("asked"),
    "under_way": gettext_lazy("under way"),
    "on_scene": gettext_lazy("on scene"),
    "out_of_service": gettext_lazy("out of service"),
}
DESK_LABELS = {
    "available": gettext_lazy("available"),
    "busy": gettext_lazy("on a call"),
    "after_call": gettext_lazy("writing up"),
    "pause": gettext_lazy("pause"),
    "away": gettext_lazy("away"),
}
OUTCOME_LABELS = {
    "helped": gettext_lazy("Help was given"),
    "nothing_found": gettext_lazy("Nothing was found"),
    "false_alarm": gettext_lazy("False alarm"),
    "cancelled": gettext_lazy("The caller called it off"),
    "handed_over": gettext_lazy("Handed over to another city"),
}
VICTIM_LABELS = {
    "injured": gettext_lazy("injured"),
    "trapped": gettext_lazy("trapped"),
    "missing": gettext_lazy("missing"),
    "dead": gettext_lazy("dead"),
}
CLOCK_LABELS = {
    "answer": gettext_lazy("Answered"),
    "dispatch": gettext_lazy("Unit asked"),
    "accept": gettext_lazy("Accepted"),
    "arrival": gettext_lazy("Arrived"),
}
SENTENCES = {
    "opened": gettext_lazy("Opened: %(type)s, %(place)s."),
    "telephone_point": gettext_lazy(
        "The point on the map is the telephone's: somewhere in a circle of %(metres)s m. The caller says where."
    ),
    "opened_hazard": gettext_lazy("Opened because the city's incident %(hazard)s was confirmed."),
    "changed": gettext_lazy("Changed: %(type)s, severity %(severity)s, %(place)s."),
    "call_joined": gettext_lazy("A further call (%(call)s) tells of the same thing."),
    "note": gettext_lazy("Note"),
    "asked": gettext_lazy("%(unit)s asked (%(seconds)s s away, %(basis)s)."),
    "accepted": gettext_lazy("%(unit)s accepted."),
    "under_way": gettext_lazy("%(unit)s is under way."),
    "arrived": gettext_lazy("%(unit)s arrived."),
    "done": gettext_lazy("%(unit)s is done."),
    "declined": gettext_lazy("%(unit)s declined: %(reason)s"),
    "expired": gettext_lazy("%(unit)s did not answer in %(seconds)s s."),
    "cancelled": gettext_lazy("%(unit)s was called off."),
    "next": gettext_lazy("Next unit asked: %(unit)s."),
    "supervisor": gettext_lazy("Nobody could take it: the supervisor was told."),
    "agency_asked": gettext_lazy("Asked %(agency)s: %(task)s"),
    "agency_accepted": gettext_lazy("%(agency)s accepted: %(task)s"),
    "agency_done": gettext_lazy("%(agency)s finished: %(task)s"),
    "agency_silent": gettext_lazy("%(agency)s has not answered: %(task)s"),
    "merged_here": gettext_lazy("%(number)s is the same thing and was merged into this."),
    "merged": gettext_lazy("Merged into %(number)s."),
    "split": gettext_lazy("Taken apart from %(number)s again."),
    "handed_over": gettext_lazy("Handed over to %(neighbour)s (%(contact)s). Taken over by: %(who)s"),
    "warning_linked": gettext_lazy("This place lies inside the public warning %(number)s."),
    "hazard_linked": gettext_lazy("Belongs to the city's incident %(number)s."),
    "warning_proposed": gettext_lazy("A public warning was proposed; the duty officer decides."),
    "closed": gettext_lazy("Closed: %(outcome)s."),
    "lesson": gettext_lazy("After-action note"),
    "follow_up": gettext_lazy("A follow-up case was opened for %(agency)s."),
    "picture": gettext_lazy("A picture was added: %(name)s"),
}


# --- dated rows -------------------------------------------------------------------------------------------------------


def _in_force(rows: QuerySet[Any], day: date) -> QuerySet[Any]:
    return rows.filter(valid_from__lte=day).filter(Q(valid_to=None) | Q(valid_to__gte=day)).order_by("valid_from")


_types = Kept(dict[date, dict[str, IncidentType]], "dispatch-types")


def types_on(day: date | None = None) -> dict[str, IncidentType]:
    """Code → the version of the type in force on a day (today when none is given)."""
    day = day or timezone.localdate()
    kept = _types()
    if day not in kept:
        kept[day] = {row.code: row for row in _in_force(IncidentType.objects.all(), day)}
    return kept[day]


def type_of(incident: Incident) -> IncidentType | None:
    """The version of the type that the incident was opened with."""
    return types_on(incident.type_from).get(incident.type_code) if incident.type_code else None


def type_name(code: str, day: date | None = None) -> str:
    row = types_on(day).get(code)
    if row is None:
        return code or str(_("type not yet known"))
    return row.name_en if english() else row.name


_targets = Kept(dict[date, dict[tuple[str, str], ClockTarget]], "dispatch-types")


def targets_on(day: date | None = None) -> dict[tuple[str, str], ClockTarget]:
    """(clock, severity or "") → the target in force on a day (today when none is given)."""
    day = day or timezone.localdate()
    kept = _targets()
    if day not in kept:
        kept[day] = {(row.clock, row.severity): row for row in _in_force(ClockTarget.objects.all(), day)}
    return kept[day]


def seconds_for(clock: str, severity: str = "", default: int = 60) -> int:
    """How long a step may take before the desk is told: the severity's own target, else the one for all."""
    rows = targets_on()
    row = rows.get((clock, severity)) or rows.get((clock, ""))
    return row.seconds if row else default


# --- calls ------------------------------------------------------------------------------------------------------------


def call_by(key: int, *, lock: bool = False) -> Call:
    """`lock`: nobody else changes it until the transaction ends."""
    rows = Call.objects.select_for_update(of=("self",), no_key=True) if lock else Call.objects.all()
    row = rows.select_related("incident").filter(pk=key).first()
    if row is None:
        raise NotFound(_("There is no such call."), code="call_unknown", item=str(key))
    return row


def open_calls() -> QuerySet[Call]:
    """Calls that somebody must still deal with: blocked numbers last, then who waits longest."""
    return Call.objects.filter(closed_at=None).exclude(state=states.LOST).order_by("blocked", "first_at", "id")


def history(call: Call, limit: int = 5) -> list[Call]:
    """Earlier calls from the same number, newest first."""
    if not call.number_key:
        return []
    rows = Call.objects.filter(number_key=call.number_key, first_at__lt=call.first_at).exclude(pk=call.pk)
    return list(rows.select_related("incident").order_by("-first_at")[:limit])


def lost_today(since: datetime | None = None) -> dict[str, int]:
    """Lost calls by the stage at which they were lost, since the day began in the city."""
    since = since or timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Call.objects.filter(state=states.LOST, first_at__gte=since).values("lost_stage").annotate(n=Count("id"))
    found = dict.fromkeys(states.LOST_STAGES, 0)
    for row in rows.order_by():
        found[row["lost_stage"] or "ring"] = found.get(row["lost_stage"] or "ring", 0) + row["n"]
    return found


def block_of(number_key: str, at: datetime | None = None) -> Block | None:
    at = at or timezone.now()
    if not number_key:
        return None
    return Block.objects.filter(number_key=number_key, until__gt=at, lifted_at=None).order_by("-until").first()


def blocks_now() -> list[Block]:
    return list(Block.objects.filter(until__gt=timezone.now(), lifted_at=None).order_by("until"))


# --- incidents --------------------------------------------------------------------------------------------------------


def incident_by(number: str, *, lock: bool = False) -> Incident:
    """The incident with this number, as people type it. `lock`: nobody else changes it until the transaction ends.
    Raises `NotFound`."""
    code = read_code(number, "D", 5) or plain(number)
    rows = Incident.objects.select_for_update(no_key=True) if lock else Incident.objects.all()
    row = rows.filter(number=code).first()
    if row is None:
        raise NotFound(
            _("There is no incident with the number %(number)s. Check the number.") % {"number": number[:20]},
            code="incident_unknown",
            field="number",
            item=number[:20],
        )
    return row


def open_incidents() -> QuerySet[Incident]:
    """What nobody could take first, then the gravest, then who waits longest for a unit; those with help on scene last.
    Sorted by the database, so that a list reads only what it shows."""
    stage = Case(*(When(state=state, then=Value(n)) for n, state in enumerate(states.OPEN_STATES)), default=Value(9))
    rows = Incident.objects.filter(state__in=states.OPEN_STATES)
    return rows.order_by("-escalation", stage, "-severity", "opened_at", "id")


def where(incident: Incident) -> str:
    """The place in words, with the ward when the words do not say it."""
    name = regions.names().get(incident.region_code, "") if incident.region_code else ""
    if incident.place and name and name not in incident.place:
        return f"{incident.place}, {name}"
    return incident.place or name or str(_("place not yet known"))


def sentence(entry: Entry) -> str:
    """The entry as a sentence in the reader's language."""
    params = {key: str(value) for key, value in entry.params.items() if isinstance(value, str | int | float)}
    if entry.kind == "handed_over":
        params.setdefault("who", entry.text or "–")  # as it was written before the name had a place of its own
    if "type" in params:
        params["type"] = type_name(params["type"])
    if "outcome" in params:
        params["outcome"] = str(OUTCOME_LABELS.get(params["outcome"], params["outcome"]))
    if "basis" in params:
        params["basis"] = str(_("by road") if params["basis"] == "road" else _("straight line"))
    if english() and entry.params.get("task_en"):
        params["task"] = str(entry.params["task_en"])
    template = str(SENTENCES.get(entry.kind, entry.kind))
    try:
        return template % params
    except (KeyError, ValueError):
        return template


def clocks(incident: Incident) -> list[dict[str, Any]]:
    """Every moment that counts with the seconds since the first ring, and the target it was measured against."""
    calls = list(incident.calls.all())
    first = min((call.first_at for call in calls), default=incident.opened_at)
    answered = min((call.answered_at for call in calls if call.answered_at), default=None)
    deployments = list(incident.deployments.all())
    accepted = min((row.accepted_at for row in deployments if row.accepted_at), default=None)
    moments: list[tuple[str, datetime | None, str]] = [
        (str(_("First ring")), first if calls else None, ""),
        (str(_("Answered")), answered, "answer"),
        (str(_("Opened")), incident.opened_at, ""),
        (str(_("First unit asked")), incident.dispatched_at, "dispatch"),
        (str(_("First unit accepted")), accepted, "accept"),
        (str(_("First unit arrived")), incident.arrived_at, "arrival"),
        (str(_("Closed")), incident.closed_at, ""),
    ]
    rows = targets_on(timezone.localdate(incident.opened_at))
    found = []
    for label, at, clock in moments:
        if at is None:
            continue
        target = rows.get((clock, incident.severity)) or rows.get((clock, ""))
        begin = incident.dispatched_at if clock == "accept" and incident.dispatched_at else first
        seconds = int((at - begin).total_seconds())
        found.append(
            {
                "label": label,
                "at": at,
                "seconds": int((at - first).total_seconds()),
                "target": target.seconds if target else None,
                "kept": seconds <= target.seconds if target else None,
            }
        )
    return found


neighbours = Kept(lambda: list(Neighbour.objects.filter(active=True).order_by("name")), "dispatch-types")


# --- units ------------------------------------------------------------------------------------------------------------


def unit_by(call_sign: str) -> Unit:
    row = Unit.objects.filter(call_sign=plain(call_sign), active=True).first()
    if row is None:
        raise NotFound(_("There is no unit with this call sign."), code="unit_unknown", item=call_sign[:20])
    return row


def deployment_by(key: int) -> Deployment:
    row = Deployment.objects.select_related("unit", "incident").filter(pk=key).first()
    if row is None:
        raise NotFound(_("This deployment does not exist."), code="deployment_unknown", item=str(key))
    return row


def active_deployment(unit: Unit) -> Deployment | None:
    return unit.deployments.filter(state__in=states.ACTIVE_STEPS).select_related("incident").first()


def overdue_deployments(now: datetime) -> list[Deployment]:
    """Units that were asked and have not answered in time."""
    return list(
        Deployment.objects.filter(state=states.ASKED, answer_by__lte=now).select_related("unit", "incident")[:100]
    )


def overdue_tasks(now: datetime) -> list[AgencyTask]:
    return list(
        AgencyTask.objects.filter(
            accepted_at=None, cancelled_at=None, escalated_at=None, answer_by__lte=now
        ).select_related("incident")[:100]
    )


def victims_text(victims: dict[str, int]) -> str:
    """“2 injured, 1 trapped”."""
    return ", ".join(f"{words.number(victims[key])} {VICTIM_LABELS[key]}" for key in states.VICTIMS if victims.get(key))


def stages_text(lost: dict[str, int]) -> str:
    return ", ".join(f"{words.number(n)} {STAGE_LABELS.get(stage, stage)}" for stage, n in lost.items() if n)


def find_types(text: str) -> Iterable[IncidentType]:
    """Types whose code, name or words begin with what was typed; the code first."""
    text = plain(text).lower()
    rows = types_on().values()
    if not text:
        return list(rows)

    def rank(row: IncidentType) -> tuple[int, str] | None:
        if row.code.lower() == text:
            return (0, row.code)
        if row.code.lower().startswith(text):
            return (1, row.code)
        if any(word.startswith(text) for word in f"{row.name} {row.name_en} {row.words}".lower().split()):
            return (2, row.code)
        return None

    ranked = [(key, row) for row in rows if (key := rank(row)) is not None]
    return [row for _key, row in sorted(ranked, key=lambda pair: pair[0])]
