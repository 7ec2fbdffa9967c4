"""Signs come and go, join incidents and open drafts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit, note, operation
from tepian.toolkit.identifiers import new_code
from tepian.toolkit.text import plain

from .. import policies, queries, states
from ..events import DraftOpened, SignReported
from ..models import HazardRule, Incident, Sign
from .parts import about, suggest, write

CLOCK_SKEW = timedelta(minutes=5)  # a device's clock may run ahead of ours by this much


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
    """A source sees danger at `level` (waspada, siaga or awas). Safe to repeat: what is older than what is known
    changes nothing. In the same transaction the rule of independent sources is applied: the sign joins the incident
    that it is near, or opens a draft together with others, or waits."""
    source_key, stream, value = plain(source_key, 150), plain(stream, 100), plain(value, 100)
    label, label_en, region_code = plain(label, 200), plain(label_en, 200), plain(region_code, 30)
    note("sign", f"{source_kind}/{source_key}", hazard=hazard, level=level, observed_at=observed_at.isoformat())
    rule = _locked_rule(hazard)
    if not source_key or not label:
        raise Invalid(_("A sign needs the key and the name of its source."), code="source_missing", field="source_key")
    if states.rank(level) < 1:
        raise Invalid(
            _("A sign has the level Waspada, Siaga or Awas."), code="level_unknown", field="level", item=level
        )
    if (source_kind, source_kind) not in Sign.KINDS:
        raise Invalid(
            _("Unknown kind of source: %(kind)s.") % {"kind": source_kind},
            code="kind_unknown",
            field="source_kind",
            item=source_kind,
        )
    if observed_at > timezone.now() + CLOCK_SKEW:
        raise Invalid(
            _("The time of the sign lies in the future. Check the device's clock."),
            code="time_in_future",
            field="observed_at",
            item=source_key,
        )
    same: dict[str, Any] = {
        "hazard": hazard,
        "source_kind": source_kind,
        "source_key": source_key,
        "stream": stream,
        "simulated": simulated,
    }
    sign = queries.active_sign(**same)
    lasting = source_kind in Sign.LASTING
    if sign is None:
        later = Sign.objects.filter(**same, ended_at__gte=observed_at).order_by("-ended_at").first()
        if later is not None:
            return later  # delivered late: the sign is over already
        sign = Sign.objects.create(
            **same,
            label=label,
            label_en=label_en,
            region_code=region_code,
            lon=lon,
            lat=lat,
            level=level,
            value=value,
            began_at=observed_at,
            observed_at=observed_at,
            evidence=evidence or {},
            ended_at=None if lasting else observed_at,
        )
        before = ""
    else:
        if observed_at < sign.observed_at or (observed_at == sign.observed_at and level == sign.level):
            return sign
        before = sign.level
        if _judgement_is_over(rule, sign, level, observed_at):
            sign.judged_level = ""
        sign.level, sign.value, sign.observed_at, sign.silent_since = level, value, observed_at, None
        sign.evidence = sign.evidence | (evidence or {})
        sign.save()
    emit(SignReported(hazard=hazard, source_kind=source_kind, source_key=source_key, level=level, simulated=simulated))
    _weigh(actor, rule, sign, before)
    touch("emergency")
    return sign


@operation("emergency.propose_draft", policy=policies.may_report)
def propose_draft(*, actor: Actor, hazard: str, **sign: Any) -> Sign:
    """Somebody who answers for it (the 112 desk) wants a duty officer to decide now, without waiting for a second
    source: the sign is reported, and if it belongs to no active incident it opens a draft alone. Takes what
    `report_sign` takes; repeating opens nothing twice."""
    row = report_sign(actor=actor, hazard=hazard, **sign)
    note("sign", f"{row.source_kind}/{row.source_key}", hazard=hazard, proposed=True)
    if not row.incidents.filter(state__in=states.ACTIVE).exists():
        _open_draft(actor, _locked_rule(hazard), [row])
        touch("emergency")
    return row


@operation("emergency.end_sign", policy=policies.may_report)
def end_sign(
    *,
    actor: Actor,
    hazard: str,
    source_kind: str,
    source_key: str,
    at: datetime,
    stream: str = "",
    simulated: bool = False,
) -> Sign | None:
    """A source sees no danger any more. Safe to repeat; None when there was no sign."""
    source_key, stream = plain(source_key, 150), plain(stream, 100)
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
        write(actor, incident, "sign_ended", **about(sign))
        if not incident.signs.filter(ended_at=None).exists():
            write(actor, incident, "signs_all_ended")
        suggest(actor, incident)
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
            write(actor, incident, "source_silent" if since else "source_returned", **about(sign))
    if changed:
        touch("emergency")
    return changed


def _locked_rule(hazard: str) -> HazardRule:
    """The rule in force, locked: signs of one hazard are weighed one after the other, so that two that arrive together
    see each other. On SQLite the write transaction is the lock."""
    hazard = plain(hazard, 40)
    rule = queries.rule_on(hazard)
    if rule is None:
        raise Invalid(
            _("No rule is in force for the hazard %(hazard)s. Nothing was recorded.") % {"hazard": hazard},
            code="hazard_unknown",
            field="hazard",
            item=hazard,
        )
    if connection.vendor == "postgresql":
        HazardRule.objects.select_for_update().get(pk=rule.pk)
    return rule


def _judgement_is_over(rule: HazardRule, sign: Sign, level: str, at: datetime) -> bool:
    """The sign had fallen below the level at which it was judged, stayed there for the rule's window, and rises again:
    that is news. A gauge that only flickers round a limit is not."""
    if states.rank(sign.level) >= states.rank(sign.judged_level) or states.rank(level) <= states.rank(sign.level):
        return False
    return at - sign.observed_at >= rule.rule().window


def _weigh(actor: Actor, rule: HazardRule, sign: Sign, before: str) -> None:
    """Join an incident, open a draft, or wait for a second source."""
    own = sign.incidents.filter(state__in=states.ACTIVE).first()
    if own is not None:
        if before and before != sign.level:
            write(actor, own, "sign_changed", before=before, **about(sign))
        suggest(actor, own)
        return
    nearby = _incident_near(rule, sign)
    if nearby is not None:
        nearby.signs.add(sign)
        write(actor, nearby, "sign_joined", **about(sign))
        _widen(rule, nearby, sign)
        suggest(actor, nearby)
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
    place = queries.place_of(areas) or anchor.label
    level = max((sign.level for sign in signs), key=states.rank)
    incident = _numbered(
        hazard=rule.hazard,
        level=level,
        title=f"{rule.name}: {place}"[:200],
        title_en=f"{rule.name_en}: {place}"[:200],
        place=place[:200],
        lon=anchor.lon,
        lat=anchor.lat,
        areas=areas,
        opened_at=timezone.now(),
        simulated=anchor.simulated,
    )
    incident.signs.set(signs)
    for sign in sorted(signs, key=lambda sign: sign.observed_at):
        write(actor, incident, "sign_joined", **about(sign))
    write(
        actor,
        incident,
        "draft_opened",
        level=level,
        count=len({sign.source_key for sign in signs}),
        rule={
            "valid_from": rule.valid_from.isoformat(),
            "min_sources": rule.min_sources,
            "window_minutes": rule.window_minutes,
            "max_distance_m": rule.max_distance_m,
            "same_district": rule.same_district,
        },
    )
    note("incident", incident.number, opened=True, level=level)
    emit(
        DraftOpened(
            number=incident.number,
            hazard=rule.hazard,
            level=level,
            place=incident.place,
            areas=areas,
            simulated=incident.simulated,
            opened_at=incident.opened_at.isoformat(),
        )
    )
    return incident


def _numbered(**fields: Any) -> Incident:
    for _attempt in range(20):
        try:
            with transaction.atomic():
                return Incident.objects.create(number=new_code("K"), **fields)
        except IntegrityError:
            continue
    raise RuntimeError("no free incident number after twenty attempts")


def _widen(rule: HazardRule, incident: Incident, sign: Sign) -> None:
    """A draft grows with its signs; what a person confirmed is widened by a person."""
    if incident.state == states.DRAFT and sign.region_code and sign.region_code not in incident.areas:
        incident.areas = [*incident.areas, sign.region_code]
        incident.place = queries.place_of(incident.areas)[:200]
        incident.title = f"{rule.name}: {incident.place}"[:200]
        incident.title_en = f"{rule.name_en}: {incident.place}"[:200]
        incident.save(update_fields=["areas", "place", "title", "title_en"])
