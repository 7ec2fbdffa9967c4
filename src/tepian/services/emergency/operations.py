"""The verbs: signs come and go, a person decides, units act, the story is written down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, NotFound
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit, note, operation
from tepian.kernel.organisations.models import Agency
from tepian.kernel.regions import queries as regions
from tepian.toolkit.identifiers import new_code

from . import policies, queries, states
from .events import (
    DraftDismissed,
    DraftOpened,
    IncidentChanged,
    IncidentClosed,
    IncidentConfirmed,
    IncidentNoted,
    LevelSuggested,
    SignReported,
)
from .models import Assignment, HazardRule, Incident, Sign, TimelineEntry

TEXT_LIMIT = 4000
LONGEST_VALIDITY = timedelta(hours=72)
CLOCK_SKEW = timedelta(minutes=5)  # a device's clock may run ahead of ours by this much
GUARD_MESSAGES = {
    "has_reason": ("reason", lambda: _("Say why. The reason stays in the record.")),
    "has_areas": ("areas", lambda: _("Choose at least one ward that is affected.")),
    "has_message": ("headline", lambda: _("Write the headline and what people should do.")),
    "has_level": ("level", lambda: _("Choose a level: Waspada, Siaga or Awas.")),
    "has_outcome": ("outcome", lambda: _("Choose how it ended.")),
}


# --- signs ------------------------------------------------------------------------------------------------------------


@operation("emergency.report_sign", policy=policies.may_report)
def report_sign(
    *,
    actor: Actor,
    hazard: str,
    source_kind: str,
    source_key: str,
    label: str,
    level: str,
    observed_at: datetime,
    label_en: str = "",
    region_code: str = "",
    lon: float | None = None,
    lat: float | None = None,
    value: str = "",
    stream: str = "",
    evidence: dict[str, Any] | None = None,
    simulated: bool = False,
) -> Sign:
    """A source sees danger at `level` (waspada, siaga or awas). Safe to repeat: what is older than what is known changes
    nothing. In the same transaction the rule of independent sources is applied: the sign joins the incident that it is
    near, or opens a draft together with others, or waits."""
    note("sign", f"{source_kind}/{source_key}", hazard=hazard, level=level, observed_at=observed_at.isoformat())
    rule = _locked_rule(hazard)
    if states.rank(level) < 1:
        raise Invalid(_("A sign has the level Waspada, Siaga or Awas."), code="level_unknown", field="level", item=level)
    if (source_kind, source_kind) not in Sign.KINDS:
        raise Invalid(_("Unknown kind of source: %(kind)s.") % {"kind": source_kind}, code="kind_unknown",
                      field="source_kind", item=source_kind)
    if observed_at > timezone.now() + CLOCK_SKEW:
        raise Invalid(_("The time of the sign lies in the future. Check the device's clock."), code="time_in_future",
                      field="observed_at", item=source_key)
    same = {"hazard": hazard, "source_kind": source_kind, "source_key": source_key, "stream": stream, "simulated": simulated}
    sign = queries.active_sign(**same)
    lasting = source_kind in Sign.LASTING
    if sign is None:
        later = Sign.objects.filter(**same, ended_at__gte=observed_at).order_by("-ended_at").first()
        if later is not None:
            return later  # delivered late: the sign is over already
        sign = Sign.objects.create(
            **same, label=label[:200], label_en=label_en[:200], region_code=region_code, lon=lon, lat=lat, level=level,
            value=value[:100], began_at=observed_at, observed_at=observed_at, evidence=evidence or {},
            ended_at=None if lasting else observed_at,
        )
        before = ""
    else:
        if observed_at < sign.observed_at or (observed_at == sign.observed_at and level == sign.level):
            return sign
        before = sign.level
        sign.level, sign.value, sign.observed_at, sign.silent_since = level, value[:100], observed_at, None
        sign.evidence = sign.evidence | (evidence or {})
        sign.save()
    emit(SignReported(hazard=hazard, source_kind=source_kind, source_key=source_key, level=level, simulated=simulated))
    _weigh(actor, rule, sign, before)
    touch("emergency")
    return sign


@operation("emergency.end_sign", policy=policies.may_report)
def end_sign(
    *, actor: Actor, hazard: str, source_kind: str, source_key: str, at: datetime, stream: str = "", simulated: bool = False
) -> Sign | None:
    """A source sees no danger any more. Safe to repeat; None when there was no sign."""
    note("sign", f"{source_kind}/{source_key}", hazard=hazard, level="normal", observed_at=at.isoformat())
    _locked_rule(hazard)
    sign = queries.active_sign(
        hazard=hazard, source_kind=source_kind, source_key=source_key, stream=stream, simulated=simulated
    )
    if sign is None or at < sign.observed_at:
        return None
    sign.ended_at = at
    sign.silent_since = None
    sign.save(update_fields=["ended_at", "silent_since"])
    for incident in sign.incidents.filter(state__in=states.ACTIVE):
        _write(actor, incident, "sign_ended", **_about(sign))
        if not incident.signs.filter(ended_at=None).exists():
            _write(actor, incident, "signs_all_ended")
        _suggest(actor, incident)
    touch("emergency")
    return sign


@operation("emergency.mark_silence", policy=policies.may_report)
def mark_silence(*, actor: Actor, source_key: str, since: datetime | None) -> int:
    """A source fell silent at `since`, or reports again (None). Its signs stay, but count as known only until then.
    Returns the number of signs concerned."""
    note("sign", source_key, silent_since=since.isoformat() if since else "")
    changed = 0
    for sign in Sign.objects.filter(source_key=source_key, ended_at=None):
        if (since is None) == (sign.silent_since is None):
            continue
        sign.silent_since = max(since, sign.observed_at) if since else None
        sign.save(update_fields=["silent_since"])
        changed += 1
        for incident in sign.incidents.filter(state__in=states.ACTIVE):
            _write(actor, incident, "source_silent" if since else "source_returned", **_about(sign))
    if changed:
        touch("emergency")
    return changed


def _locked_rule(hazard: str) -> HazardRule:
    """The rule in force, locked: signs of one hazard are weighed one after the other, so that two that arrive together
    see each other. On SQLite the write transaction is the lock."""
    rule = queries.rule_on(hazard)
    if rule is None:
        raise Invalid(_("No rule is in force for the hazard %(hazard)s. Nothing was recorded.") % {"hazard": hazard},
                      code="hazard_unknown", field="hazard", item=hazard)
    if connection.vendor == "postgresql":
        HazardRule.objects.select_for_update().get(pk=rule.pk)
    return rule


def _weigh(actor: Actor, rule: HazardRule, sign: Sign, before: str) -> None:
    """Join an incident, open a draft, or wait for a second source."""
    own = sign.incidents.filter(state__in=states.ACTIVE).first()
    if own is not None:
        if before:
            _write(actor, own, "sign_changed", before=before, **_about(sign))
        _suggest(actor, own)
        return
    nearby = _incident_near(rule, sign)
    if nearby is not None:
        nearby.signs.add(sign)
        _write(actor, nearby, "sign_joined", **_about(sign))
        _widen(nearby, sign)
        _suggest(actor, nearby)
        return
    signs = {row.pk: row for row in queries.candidates(rule, simulated=sign.simulated, at=sign.observed_at)}
    group = states.opens_draft(rule.rule(), [row.as_evidence() for row in signs.values()])
    if group:
        _open_draft(actor, rule, [signs[evidence.id] for evidence in group if evidence.id])


def _incident_near(rule: HazardRule, sign: Sign) -> Incident | None:
    """The active incident of the hazard that this sign belongs to: near one of its signs, or in its areas."""
    active = Incident.objects.filter(state__in=states.ACTIVE, hazard=rule.hazard, simulated=sign.simulated)
    this, conditions = sign.as_evidence(), rule.rule()
    for incident in active.prefetch_related("signs").order_by("opened_at"):
        if sign.region_code and sign.region_code in incident.areas:
            return incident
        if any(states.near(conditions, this, other.as_evidence()) for other in incident.signs.all()):
            return incident
    return None


def _open_draft(actor: Actor, rule: HazardRule, signs: Sequence[Sign]) -> Incident:
    anchor = signs[0]
    areas = list(dict.fromkeys(sign.region_code for sign in signs if sign.region_code))
    place = ", ".join(queries.area_names(areas)) or anchor.label
    level = max((sign.level for sign in signs), key=states.rank)
    incident = _numbered(
        hazard=rule.hazard, level=level, title=f"{rule.name}: {place}"[:200], title_en=f"{rule.name_en}: {place}"[:200],
        place=place[:200], lon=anchor.lon, lat=anchor.lat, areas=areas, opened_at=timezone.now(), simulated=anchor.simulated,
    )
    incident.signs.set(signs)
    for sign in sorted(signs, key=lambda sign: sign.observed_at):
        _write(actor, incident, "sign_joined", **_about(sign))
    _write(actor, incident, "draft_opened", level=level, count=len({sign.source_key for sign in signs}),
           rule={"valid_from": rule.valid_from.isoformat(), "min_sources": rule.min_sources,
                 "window_minutes": rule.window_minutes, "max_distance_m": rule.max_distance_m,
                 "same_district": rule.same_district})
    note("incident", incident.number, opened=True, level=level)
    emit(DraftOpened(number=incident.number, hazard=rule.hazard, level=level, place=incident.place, areas=areas,
                     simulated=incident.simulated, opened_at=incident.opened_at.isoformat()))
    return incident


def _numbered(**fields: Any) -> Incident:
    for _attempt in range(20):
        try:
            with transaction.atomic():
                return Incident.objects.create(number=new_code("K"), **fields)
        except IntegrityError:
            continue
    raise RuntimeError("no free incident number after twenty attempts")


def _widen(incident: Incident, sign: Sign) -> None:
    """A draft grows with its signs; what a person confirmed is widened by a person."""
    if incident.state == states.DRAFT and sign.region_code and sign.region_code not in incident.areas:
        incident.areas = [*incident.areas, sign.region_code]
        incident.save(update_fields=["areas"])


def _suggest(actor: Actor, incident: Incident) -> None:
    """Compare the incident's level with what its signs say now."""
    levels = [sign.level for sign in incident.signs.filter(ended_at=None)]
    worst = max(levels, key=states.rank, default="normal")
    if incident.state == states.DRAFT:
        if states.rank(worst) > states.rank(incident.level):
            _write(actor, incident, "level_raised", before=incident.level, level=worst)
            incident.level = worst
            incident.save(update_fields=["level"])
            _noted(incident, "level_raised")
        return
    suggested = "" if worst == incident.level else worst
    if suggested == incident.suggested_level:
        return
    incident.suggested_level = suggested
    incident.save(update_fields=["suggested_level"])
    if states.rank(suggested) > states.rank(incident.level):
        _write(actor, incident, "level_suggested", before=incident.level, level=suggested)
        emit(LevelSuggested(number=incident.number, hazard=incident.hazard, level=incident.level, place=incident.place,
                            simulated=incident.simulated, suggested=suggested))
    else:
        _noted(incident, "level_suggested")


# --- decisions --------------------------------------------------------------------------------------------------------


@operation("emergency.confirm_draft", policy=policies.may_decide)
def confirm_draft(
    *,
    actor: Actor,
    number: str,
    level: str,
    areas: Sequence[str],
    headline: str,
    instruction: str,
    valid_until: datetime,
    headline_en: str = "",
    instruction_en: str = "",
    automatic: bool = False,
) -> Incident:
    """The draft is real: tell the public. Of two officers who confirm at once one wins; the other gets `Conflict` with
    who and when. `valid_until` lies at most 72 hours ahead."""
    incident = queries.incident_by(number)
    note("incident", incident.number, level=level, areas=list(areas), automatic=automatic)
    now = timezone.now()
    fields = _public_fields(level, areas, headline, headline_en, instruction, instruction_en, valid_until)
    _guard(states.CONFIRM, fields)
    won = Incident.objects.filter(pk=incident.pk, state__in=states.CONFIRM.sources).update(
        state=states.CONFIRM.target, decided_at=now, decided_by=actor.label[:200], automatic=automatic,
        version=F("version") + 1, suggested_level="", **fields,
    )
    if not won:
        raise _too_late(incident.number)
    incident.refresh_from_db()
    _write(actor, incident, "confirmed_automatically" if automatic else "confirmed", **_scope(incident))
    _suggest(actor, incident)
    emit(IncidentConfirmed(**_public(incident)))
    touch("emergency")
    return incident


@operation("emergency.dismiss_draft", policy=policies.may_decide)
def dismiss_draft(*, actor: Actor, number: str, reason_code: str, reason: str) -> Incident:
    """The draft is not real. Needs a reason from the list and words. The same signs open no new draft until they end or
    get worse."""
    incident = queries.incident_by(number)
    note("incident", incident.number, reason=reason_code)
    if reason_code not in states.DISMISS_REASONS:
        raise Invalid(_("Choose a reason from the list."), code="reason_unknown", field="reason_code", item=reason_code)
    reason = _text(reason, "reason")
    _guard(states.DISMISS, {"reason": reason})
    now = timezone.now()
    won = Incident.objects.filter(pk=incident.pk, state__in=states.DISMISS.sources).update(
        state=states.DISMISS.target, decided_at=now, decided_by=actor.label[:200], closed_at=now, reason_code=reason_code,
        reason=reason,
    )
    if not won:
        raise _too_late(incident.number)
    incident.refresh_from_db()
    _mute(incident)
    _write(actor, incident, "dismissed", text=reason, reason=reason_code)
    emit(DraftDismissed(number=incident.number, hazard=incident.hazard, level=incident.level, place=incident.place,
                        simulated=incident.simulated, reason=reason_code, by=actor.label))
    touch("emergency")
    return incident


@operation("emergency.request_warning_update", policy=policies.may_decide)
def request_warning_update(
    *,
    actor: Actor,
    number: str,
    version: int,
    level: str,
    areas: Sequence[str],
    headline: str,
    instruction: str,
    valid_until: datetime,
    headline_en: str = "",
    instruction_en: str = "",
) -> Incident:
    """Change level, areas or words of a confirmed incident. `version` is the one that the officer saw; if somebody has
    changed the incident since, nothing happens and `Conflict` says who and when."""
    incident = queries.incident_by(number)
    before = incident.level
    note("incident", incident.number, level=level, areas=list(areas), before=before)
    fields = _public_fields(level, areas, headline, headline_en, instruction, instruction_en, valid_until)
    _guard(states.CHANGE, fields)
    won = Incident.objects.filter(pk=incident.pk, state__in=states.CHANGE.sources, version=version).update(
        state=states.CHANGE.target, version=F("version") + 1, suggested_level="", **fields,
    )
    if not won:
        raise _too_late(incident.number)
    incident.refresh_from_db()
    _write(actor, incident, "changed", before=before, **_scope(incident))
    _suggest(actor, incident)
    emit(IncidentChanged(**(_public(incident) | {"by": actor.label})))
    touch("emergency")
    return incident


@operation("emergency.mark_under_control", policy=policies.may_decide)
def mark_under_control(*, actor: Actor, number: str) -> Incident:
    """The danger no longer grows. The warning stays until the incident is closed or changed."""
    incident = queries.incident_by(number)
    note("incident", incident.number)
    now = timezone.now()
    if not Incident.objects.filter(pk=incident.pk, state__in=states.CONTROL.sources).update(
        state=states.CONTROL.target, under_control_at=now
    ):
        raise _too_late(incident.number)
    incident.refresh_from_db()
    _write(actor, incident, "under_control")
    _noted(incident, "under_control")
    touch("emergency")
    return incident


@operation("emergency.close_incident", policy=policies.may_decide)
def close_incident(*, actor: Actor, number: str, outcome: str, text: str = "") -> Incident:
    """It is over. `outcome` (happened, did_not_happen, handed_over) is what the measured hit rate counts."""
    incident = queries.incident_by(number)
    note("incident", incident.number, outcome=outcome)
    if outcome and outcome not in states.OUTCOMES:
        raise Invalid(_("Choose how it ended."), code="outcome_unknown", field="outcome", item=outcome)
    _guard(states.CLOSE, {"outcome": outcome})
    text = _text(text, "text", needed=False)
    won = Incident.objects.filter(pk=incident.pk, state__in=states.CLOSE.sources).update(
        state=states.CLOSE.target, closed_at=timezone.now(), reason_code=outcome, reason=text, version=F("version") + 1,
        suggested_level="",
    )
    if not won:
        raise _too_late(incident.number)
    incident.refresh_from_db()
    _mute(incident)
    _write(actor, incident, "closed", text=text, outcome=outcome)
    emit(IncidentClosed(number=incident.number, hazard=incident.hazard, level=incident.level, place=incident.place,
                        simulated=incident.simulated, version=incident.version, outcome=outcome, by=actor.label))
    touch("emergency")
    return incident


@operation("emergency.reopen_incident", policy=policies.may_decide)
def reopen_incident(*, actor: Actor, number: str, reason: str, valid_until: datetime) -> Incident:
    """It was not over: open the incident again with its last words and a new end. The public is told anew."""
    incident = queries.incident_by(number)
    note("incident", incident.number)
    reason = _text(reason, "reason")
    _guard(states.REOPEN, {"reason": reason})
    _check_validity(valid_until)
    won = Incident.objects.filter(pk=incident.pk, state__in=states.REOPEN.sources).update(
        state=states.REOPEN.target, closed_at=None, under_control_at=None, reason_code="", reason="",
        valid_until=valid_until, version=F("version") + 1, decided_by=actor.label[:200], automatic=False,
    )
    if not won:
        raise _too_late(incident.number)
    incident.refresh_from_db()
    _write(actor, incident, "reopened", text=reason, level=incident.level)
    emit(IncidentConfirmed(**_public(incident)))
    touch("emergency")
    return incident


# --- work -------------------------------------------------------------------------------------------------------------


@operation("emergency.assign", policy=policies.may_decide)
def assign(*, actor: Actor, number: str, agency: str, task: str, unit: str = "") -> Assignment:
    """Ask an agency (by code) for something. The same open task for the same agency is not asked twice."""
    incident = _confirmed(number)
    note("incident", incident.number, agency=agency)
    task = _text(task, "task", limit=300)
    row = Agency.objects.filter(code=agency).first()
    if row is None:
        raise Invalid(_("Choose an agency from the list."), code="agency_unknown", field="agency", item=agency)
    existing = incident.assignments.filter(agency_code=agency, task=task, unit=unit[:200], done_at=None).first()
    if existing is not None:
        return existing
    made = Assignment.objects.create(
        incident=incident, agency_code=row.code, agency_name=str(row), unit=unit[:200], task=task,
        assigned_at=timezone.now(), assigned_by=actor.label[:200],
    )
    _write(actor, incident, "assigned", agency=f"{row} {unit}".strip(), task=task)
    _noted(incident, "assigned")
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
        _write(actor, row.incident, kind, agency=f"{row.agency_name} {row.unit}".strip(), task=row.task)
        _noted(row.incident, kind)
        touch("emergency")
    return row


@operation("emergency.add_note", policy=policies.may_note)
def add_note(*, actor: Actor, number: str, text: str) -> TimelineEntry:
    """Write in the time line. Allowed in every state: the story may be completed after the end."""
    incident = queries.incident_by(number)
    note("incident", incident.number)
    entry = _write(actor, incident, "note", text=_text(text, "text"))
    _noted(incident, "note")
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
    _write(actor, incident, "warning", number=warning, what=what, key=key)
    _noted(incident, "warning")
    touch("emergency")


# --- parts ------------------------------------------------------------------------------------------------------------


def _confirmed(number: str) -> Incident:
    incident = queries.incident_by(number)
    if incident.state not in states.CONFIRMED:
        raise _too_late(incident.number)
    return incident


def _text(value: str, field: str, *, limit: int = TEXT_LIMIT, needed: bool = True) -> str:
    value = (value or "").replace("\x00", "").strip()
    if needed and not value:
        raise Invalid(_("Write something here. It stays in the record."), code="text_missing", field=field)
    if len(value) > limit:
        raise Invalid(
            _("This text has %(length)s characters; at most %(limit)s fit. Shorten it.")
            % {"length": len(value), "limit": limit}, code="text_too_long", field=field,
        )  # fmt: skip
    return value


def _check_validity(valid_until: datetime) -> None:
    now = timezone.now()
    if valid_until <= now:
        raise Invalid(_("The end of validity must lie in the future."), code="validity_past", field="valid_until")
    if valid_until > now + LONGEST_VALIDITY:
        raise Invalid(_("A warning is valid for at most 72 hours. Extend it later if needed."), code="validity_long",
                      field="valid_until")


def _public_fields(
    level: str, areas: Sequence[str], headline: str, headline_en: str, instruction: str, instruction_en: str,
    valid_until: datetime,
) -> dict[str, Any]:
    areas = list(dict.fromkeys(areas))
    unknown = [code for code in areas if not regions.exists(code)]
    if unknown:
        raise Invalid(_("Unknown region: %(code)s.") % {"code": unknown[0]}, code="region_unknown", field="areas",
                      item=unknown[0])
    _check_validity(valid_until)
    if level not in states.LEVELS:
        level = ""
    return {
        "level": level, "areas": areas, "headline": _text(headline, "headline", limit=300),
        "headline_en": _text(headline_en, "headline_en", limit=300, needed=False),
        "instruction": _text(instruction, "instruction"),
        "instruction_en": _text(instruction_en, "instruction_en", needed=False),
        "valid_until": valid_until,
    }  # fmt: skip


def _guard(transition: states.Transition, facts: dict[str, Any]) -> None:
    for name in transition.missing(facts):
        field, message = GUARD_MESSAGES[name]
        raise Invalid(message(), code=name, field=field)


def _too_late(number: str) -> Conflict:
    """Who was faster, and when."""
    incident = Incident.objects.get(number=number)
    last = incident.timeline.exclude(kind__in=("sign_joined", "sign_changed", "note")).last()
    return Conflict(
        _("%(who)s was faster (%(when)s): the incident is now “%(state)s”. Nothing was changed by you. Read it again.")
        % {
            "who": queries.actor_label(last.actor_kind, last.actor_label) if last else _("Somebody"),
            "when": date_format(timezone.localtime(last.at), "TIME_FORMAT") if last else "",
            "state": queries.STATE_LABELS[incident.state],
        },
        code="too_late", item=number,
    )  # fmt: skip


def _mute(incident: Incident) -> None:
    """The incident's signs have been judged at their present level."""
    for sign in incident.signs.all():
        if states.rank(sign.level) > states.rank(sign.judged_level):
            sign.judged_level = sign.level
            sign.save(update_fields=["judged_level"])


def _about(sign: Sign) -> dict[str, Any]:
    return {"label": sign.label, "label_en": sign.label_en or sign.label, "value": sign.value, "level": sign.level,
            "source_kind": sign.source_kind, "source_key": sign.source_key,
            "observed_at": sign.observed_at.isoformat()}


def _scope(incident: Incident) -> dict[str, Any]:
    return {"level": incident.level, "areas": incident.areas, "area_names": queries.area_names(incident.areas),
            "headline": incident.headline, "version": incident.version}


def _public(incident: Incident) -> dict[str, Any]:
    signs = list(incident.signs.all())
    return {
        "number": incident.number, "hazard": incident.hazard, "level": incident.level, "place": incident.place,
        "simulated": incident.simulated, "version": incident.version, "areas": incident.areas,
        "message": {key: getattr(incident, key) for key in ("headline", "headline_en", "instruction", "instruction_en")},
        "valid_until": incident.valid_until.isoformat() if incident.valid_until else "",
        "onset_at": min((sign.began_at for sign in signs), default=incident.opened_at).isoformat(),
        "by": incident.decided_by, "automatic": incident.automatic, "lon": incident.lon, "lat": incident.lat,
        "sources": [sign.summary() for sign in signs],
    }  # fmt: skip


def _write(actor: Actor, incident: Incident, kind: str, text: str = "", **params: Any) -> TimelineEntry:
    return TimelineEntry.objects.create(
        incident=incident, at=timezone.now(), actor_kind=actor.kind, actor_label=actor.label[:200], kind=kind,
        params=params, text=text,
    )


def _noted(incident: Incident, kind: str) -> None:
    emit(IncidentNoted(number=incident.number, hazard=incident.hazard, level=incident.level, place=incident.place,
                       simulated=incident.simulated, kind=kind))


# --- settings ---------------------------------------------------------------------------------------------------------


@operation("emergency.load_rules", policy=policies.may_configure)
def load_rules(*, actor: Actor, rules: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Rules from a city pack. Loading again changes nothing."""
    counts = {"created": 0, "changed": 0, "unchanged": 0}
    for given in rules:
        values = {
            "name": given["name"], "name_en": given["name_en"], "min_sources": max(2, int(given.get("min_sources", 2))),
            "window_minutes": int(given.get("window_minutes", 60)), "max_distance_m": int(given.get("max_distance_m", 5000)),
            "same_district": bool(given.get("same_district", True)),
            "anchor_kinds": list(given.get("anchor_kinds", ["station"])), "anchor_level": given.get("anchor_level", "siaga"),
            "support_level": given.get("support_level", "waspada"), "basis": given.get("basis", ""),
            "valid_to": given.get("valid_to"),
        }  # fmt: skip
        row, created = HazardRule.objects.get_or_create(hazard=given["hazard"], valid_from=given["valid_from"], defaults=values)
        changed = not created and any(getattr(row, name) != value for name, value in values.items())
        if changed:
            HazardRule.objects.filter(pk=row.pk).update(**values)
        counts["created" if created else "changed" if changed else "unchanged"] += 1
    note("hazard_rules", "", **counts)
    if counts["created"] or counts["changed"]:
        touch("emergency")
    return counts
