"""Calls: what the telephone exchange tells, and what the desk does with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit, note, operation
from tepian.toolkit.text import plain

from .. import policies, queries, states
from ..events import CallChanged
from ..models import Call, CallEvent, Desk, Incident, seal
from .incidents import change_incident, join_call, open_incident
from .parts import TOPIC, changed, end_block, held, ward_of, write

DRAFT_FIELDS = ("place", "lon", "lat", "radius_m", "type", "severity", "victims", "note", "region")
DRAFT_LIMIT = 20_000  # characters of one draft


def tell(call: Call) -> None:
    emit(CallChanged(call=call.pk, state=call.state, kind=call.kind, desk=call.desk_label))
    touch(TOPIC)


@operation("dispatch.receive_call_event", policy=policies.may_tell_call_events)
def receive_call_event(
    *,
    actor: Actor,
    id: str,  # noqa: A002 - the words of the port
    type: str,  # noqa: A002
    call: str,
    at: datetime,
    number: str = "",
    line: str = "",
    agent: str = "",
    stage: str = "",
    lon: float | None = None,
    lat: float | None = None,
    radius_m: float | None = None,
    location_source: str = "",
    simulated: bool = False,
) -> tuple[Call, bool]:
    """One event of the exchange. Idempotent by `id`, and right in whatever order events come: a call's state follows
    from the moments that are known, each the earliest told. `at` is the exchange's clock; its future is our present.

    Returns the call and whether the event was new."""
    event, key = plain(id, 100), plain(call, 100)
    if not event or not key:
        raise Invalid(_("An event needs its own id and the id of its call."), code="id_missing", field="id")
    if type not in states.CALL_EVENTS:
        raise Invalid(
            _("Unknown kind of event: %(type)s. Known are ringing, answered, ended, lost, location.")
            % {"type": type[:20]},
            code="type_unknown",
            field="type",
            item=event,
        )
    now = timezone.now()
    at = min(at, now)
    known = CallEvent.objects.filter(pk=event).select_related("call").first()
    if known is not None:
        return known.call, False
    row = _call(key, at, plain(number, 40), line, simulated)
    note("call", row.pk, event=type)
    try:
        with transaction.atomic():
            CallEvent.objects.create(id=event, call=row, type=type, at=at, received_at=now)
    except IntegrityError:  # the same event came twice at once
        return CallEvent.objects.select_related("call").get(pk=event).call, False
    row = held(Call.objects.filter(pk=row.pk)) or row
    row.line = row.line or plain(line, 30)
    _take_in(row, type, at, stage=stage, agent=agent)
    if number and not row.number_key:
        _keep_number(row, number)
    if lat is not None and lon is not None:
        row.lon, row.lat, row.radius_m = lon, lat, radius_m
        row.location_source = plain(location_source, 20) or "network"
    row.save()
    _place_by_telephone(actor, row)
    tell(row)
    return row, True


def _place_by_telephone(actor: Actor, row: Call) -> None:
    """The telephone's circle often comes after the voice (AML is a message of its own): an incident that was sent without
    a point gets it, so that units can be advised. The incident is held already."""
    incident = row.incident and (row.incident.merged_into or row.incident)
    if incident is None or row.lat is None or incident.lat is not None or incident.state not in states.OPEN_STATES:
        return
    incident.lon, incident.lat, incident.radius_m = row.lon, row.lat, row.radius_m
    incident.region_code = ward_of(row.lon, row.lat)
    incident.save(update_fields=["lon", "lat", "radius_m", "region_code"])
    write(actor, incident, "telephone_point", metres=round(row.radius_m) if row.radius_m else "?")
    changed(incident, "changed")


def _call(key: str, at: datetime, number: str, line: str, simulated: bool) -> Call:
    row, created = Call.objects.get_or_create(
        key=key, defaults={"first_at": at, "line": plain(line, 30), "simulated": simulated}
    )
    if created and number:
        _keep_number(row, number)
    return row


def _keep_number(row: Call, number: str) -> None:
    """Digits only, Indonesian numbers in one form, sealed; the fingerprint finds earlier calls."""
    digits = "".join(character for character in number if character.isdigit())
    if digits.startswith("0"):
        digits = "62" + digits[1:]
    row.number_sealed = seal().close(f"+{digits}" if digits else "")
    row.number_key = seal().fingerprint(digits)
    row.number_end = digits[-3:]
    row.blocked = queries.block_of(row.number_key) is not None
    row.save(update_fields=["number_sealed", "number_key", "number_end", "blocked"])


def _take_in(row: Call, kind: str, at: datetime, *, stage: str, agent: str) -> None:
    row.first_at = min(row.first_at, at)
    if kind in states.CALL_STATES:
        before = getattr(row, f"{kind}_at")
        setattr(row, f"{kind}_at", at if before is None else min(before, at))
    if kind == states.LOST:
        row.lost_stage = stage if stage in states.LOST_STAGES else row.lost_stage or "ring"
    if agent:
        desk = Desk.objects.filter(extension=plain(agent, 30)).first()
        if desk is not None and not row.desk:
            row.desk, row.desk_label = desk.actor_id, desk.label
    row.state = states.call_state(answered=row.answered_at, ended=row.ended_at, lost=row.lost_at)
    if kind == states.ANSWERED and row.state == states.ANSWERED and row.desk:
        Desk.objects.filter(actor_id=row.desk).update(state="busy", since=timezone.now())
    if row.state == states.LOST and not row.kind:
        row.closed_at = row.lost_at or row.ended_at
    if row.state != states.LOST and row.closed_at is not None and not row.kind:
        row.closed_at = None  # it was answered after all: the events came out of order


@operation("dispatch.claim_call", policy=policies.at_desk)
def claim_call(*, actor: Actor, call: int) -> Call:
    """Take a call to this desk. Of two desks one wins; the other gets `Conflict` with who. Repeating changes nothing."""
    row = queries.call_by(call)
    note("call", row.pk)
    if row.desk == actor.id:
        return row
    now = timezone.now()
    won = Call.objects.filter(pk=row.pk, desk="", closed_at=None).update(desk=actor.id, desk_label=actor.label[:200])
    row.refresh_from_db()
    if not won:
        raise Conflict(
            _("%(who)s has this call already. Nothing was changed; take the next one.")
            % {"who": row.desk_label or _("Somebody")},
            code="call_taken",
            item=str(row.pk),
        )
    if row.answered_at is None and row.channel == "text":
        Call.objects.filter(pk=row.pk).update(answered_at=now, state=states.ANSWERED)
        row.refresh_from_db()
    Desk.objects.update_or_create(
        actor_id=actor.id, defaults={"label": actor.label[:200], "state": "busy", "since": now}
    )
    tell(row)
    return row


@operation("dispatch.release_call", policy=policies.at_desk)
def release_call(*, actor: Actor, call: int) -> Call:
    """Give a call that this desk took back to the line; what was typed stays with it."""
    row = queries.call_by(call)
    note("call", row.pk)
    if row.closed_at is None and row.incident_id is None and row.desk == actor.id:
        Call.objects.filter(pk=row.pk).update(desk="", desk_label="")
        row.refresh_from_db()
        tell(row)
    return row


@operation("dispatch.save_draft", policy=policies.at_desk)
def save_draft(*, actor: Actor, call: int, draft: dict[str, Any], version: int) -> Call:
    """Keep what was typed so far. `version` counts up at the desk: an older one that arrives late changes nothing."""
    row = queries.call_by(call)
    note("call", row.pk)
    _mine(actor, row)
    kept = {key: draft[key] for key in DRAFT_FIELDS if key in draft}
    if len(str(kept)) > DRAFT_LIMIT:
        raise Invalid(
            _("The note is too long. Shorten it; what was kept before is safe."), code="draft_too_long", field="note"
        )
    Call.objects.filter(pk=row.pk, draft_version__lt=version).update(
        draft=kept, draft_version=version, draft_at=timezone.now()
    )
    row.refresh_from_db()
    return row


def _mine(actor: Actor, row: Call) -> None:
    if row.desk and row.desk != actor.id and not actor.has("supervisor"):
        raise Conflict(
            _("%(who)s serves this call. Nothing was changed.") % {"who": row.desk_label},
            code="call_taken",
            item=str(row.pk),
        )


@operation("dispatch.send_call", policy=policies.at_desk)
def send_call(
    *,
    actor: Actor,
    call: int,
    place: str = "",
    lon: float | None = None,
    lat: float | None = None,
    radius_m: float | None = None,
    type_code: str = "",
    severity: str = "",
    victims: dict[str, Any] | None = None,
    text: str = "",
    key: str = "",
    version: int | None = None,
) -> Incident:
    """Open an incident from the call, or, sent again, bring the incident up to date: a place is enough, questions go on
    while help rolls. Without a point the telephone's circle is where units are sent, and the story says so. Sent twice
    (the connection broke), it is one incident. `version` is the incident's that the sender saw, 0 when there was none
    yet: see `change_incident`."""
    row = held(Call.objects.filter(pk=call)) or queries.call_by(call)  # which says that there is none
    note("call", row.pk)
    _mine(actor, row)
    if row.kind and row.kind != states.REAL:
        raise Conflict(
            _("This call was closed as “%(kind)s”. Open it again first.") % {"kind": queries.KIND_LABELS[row.kind]},
            code="call_closed",
            item=str(row.pk),
        )
    text = checked_text(text, "note", needed=False)
    if row.incident is not None:
        return change_incident(
            actor=actor,
            number=(row.incident.merged_into or row.incident).number,
            place=place, lon=lon, lat=lat, radius_m=radius_m,
            type_code=type_code, severity=severity, victims=victims, text=text, version=version,
        )  # fmt: skip
    of_telephone = lat is None and row.lat is not None
    if of_telephone:
        lon, lat, radius_m = row.lon, row.lat, row.radius_m
    incident = open_incident(
        actor=actor,
        place=place, lon=lon, lat=lat, radius_m=radius_m,
        type_code=type_code, severity=severity, victims=victims, text=text,
        source="text" if row.channel == "text" else "call",
        key=key or f"call-{row.pk}",
        simulated=row.simulated,
    )  # fmt: skip
    if of_telephone:
        write(actor, incident, "telephone_point", metres=round(radius_m) if radius_m else "?")
    _belongs(row, incident, actor)
    return incident


def _belongs(row: Call, incident: Incident, actor: Actor) -> None:
    now = timezone.now()
    row.incident, row.kind, row.desk = incident, states.REAL, row.desk or actor.id
    row.desk_label = row.desk_label or actor.label[:200]
    if row.channel == "voice":
        row.closed_at = row.closed_at or now  # a text conversation stays in the line until its incident is over
    row.save(update_fields=["incident", "kind", "closed_at", "desk", "desk_label"])
    tell(row)


def _no_prank(actor: Actor, row: Call) -> None:
    """A block that rests on this call has lost its reason."""
    for block in row.blocks.filter(lifted_at=None, until__gt=timezone.now()):
        note(block_lifted=block.pk)
        end_block(actor, block)


@operation("dispatch.attach_call", policy=policies.at_desk)
def attach_call(*, actor: Actor, call: int, number: str, text: str = "") -> Incident:
    """The caller tells of something that is known: the call joins that incident, and what was noted stands there."""
    note("call", call, incident=number)
    incident = queries.incident_by(number, lock=True)
    row = queries.call_by(call, lock=True)
    _mine(actor, row)
    if row.incident_id == incident.pk:
        return incident
    if row.incident_id is not None:
        raise Conflict(
            _("This call has its own incident. Merge the two incidents."), code="call_sent", item=str(row.pk)
        )
    _no_prank(actor, row)
    incident = join_call(
        actor=actor, number=incident.number, call=row.pk, text=checked_text(text, "note", needed=False)
    )
    _belongs(row, incident, actor)
    return incident


@operation("dispatch.close_call", policy=policies.at_desk)
def close_call(*, actor: Actor, call: int, kind: str) -> Call:
    """Not an emergency: prank, silent or information, in one key. `kind` empty opens it again. Once it is no prank any
    more, a block of the number that rests on this call ends with it; the record names the block."""
    row = queries.call_by(call)
    note("call", row.pk, kind=kind)
    if kind not in ("", states.PRANK, states.GHOST, states.INFORMATION):
        raise Invalid(_("Choose prank, silent or information."), code="kind_unknown", field="kind")
    _mine(actor, row)
    if row.incident_id is not None:
        raise Conflict(
            _("Help is already on its way for this call. Close the incident."), code="call_sent", item=str(row.pk)
        )
    now = timezone.now()
    Call.objects.filter(pk=row.pk, incident=None).update(
        kind=kind,
        closed_at=now if kind else None,
        desk=row.desk or actor.id,
        desk_label=row.desk_label or actor.label[:200],
        draft_version=F("draft_version"),
    )
    if kind:
        Desk.objects.filter(actor_id=actor.id).update(state="available", since=now)
    if kind != states.PRANK:
        _no_prank(actor, row)
    row.refresh_from_db()
    tell(row)
    return row
