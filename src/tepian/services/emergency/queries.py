"""What is going on, and what was done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from tepian.kernel.actors import NotFound
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.catalogue import contributions
from tepian.kernel.regions import queries as regions
from tepian.toolkit.identifiers import read_code
from tepian.toolkit.text import plain
from tepian.ui import levels, words
from tepian.ui.words import english

from . import states
from .models import HazardRule, Incident, Sign, TimelineEntry

STATE_LABELS = {
    states.DRAFT: gettext_lazy("Waiting for a decision"),
    states.OPEN: gettext_lazy("Confirmed"),
    states.UNDER_CONTROL: gettext_lazy("Under control"),
    states.CLOSED: gettext_lazy("Closed"),
    states.DISMISSED: gettext_lazy("Dismissed"),
}
LEVEL_LABELS = levels.LEVELS
KIND_LABELS = {
    "station": gettext_lazy("Water level station"),
    "rain": gettext_lazy("Rain station"),
    "camera": gettext_lazy("Camera"),
    "call": gettext_lazy("112 call"),
    "report": gettext_lazy("Citizen report"),
}
REASON_LABELS = {
    "sensor_fault": gettext_lazy("A sensor is faulty"),
    "maintenance": gettext_lazy("Maintenance at the station"),
    "exercise": gettext_lazy("Exercise or test"),
    "nothing_seen": gettext_lazy("Checked on site or by camera: nothing there"),
    "duplicate": gettext_lazy("Already handled under another number"),
    "other": gettext_lazy("Another reason"),
}
OUTCOME_LABELS = {
    "happened": gettext_lazy("It happened and is over"),
    "did_not_happen": gettext_lazy("It did not happen"),
    "handed_over": gettext_lazy("Handed over to another office"),
}

# One sentence for each kind of time line entry; its parameters come from the entry.
SENTENCES = {
    "draft_opened": gettext_lazy("%(count)s independent sources agree. A draft was opened at level %(level)s."),
    "sign_joined": gettext_lazy("%(label)s: %(value)s, %(level)s."),
    "sign_changed": gettext_lazy("%(label)s: from %(before)s to %(level)s, %(value)s."),
    "sign_ended": gettext_lazy("%(label)s is back to normal."),
    "signs_all_ended": gettext_lazy("All sources are back to normal."),
    "source_silent": gettext_lazy("%(label)s has stopped reporting. Its last value was %(value)s."),
    "source_returned": gettext_lazy("%(label)s reports again."),
    "level_raised": gettext_lazy("The draft's level rose from %(before)s to %(level)s."),
    "level_suggested": gettext_lazy("The sources now speak for level %(level)s; the incident stands at %(before)s."),
    "confirmed": gettext_lazy("Confirmed at level %(level)s for %(areas)s."),
    "confirmed_automatically": gettext_lazy(
        "Confirmed by the system at level %(level)s for %(areas)s, because the city's settings allow it here."
    ),
    "dismissed": gettext_lazy("Dismissed: %(reason)s."),
    "changed": gettext_lazy("Changed: level %(before)s to %(level)s, for %(areas)s."),
    "under_control": gettext_lazy("Under control."),
    "closed": gettext_lazy("Closed: %(outcome)s."),
    "reopened": gettext_lazy("Opened again at level %(level)s."),
    "assigned": gettext_lazy("Asked %(agency)s: %(task)s"),
    "accepted": gettext_lazy("%(agency)s accepted: %(task)s"),
    "done": gettext_lazy("%(agency)s finished: %(task)s"),
    "note": gettext_lazy("Note"),
    "warning": gettext_lazy("Warning %(number)s: %(what)s."),
}

WARNING_STEPS = {
    "published": gettext_lazy("published"),
    "updated": gettext_lazy("updated"),
    "cancelled": gettext_lazy("ended"),
    "expired": gettext_lazy("ran out"),
}


# --- rules and labels -------------------------------------------------------------------------------------------------


def rule_on(hazard: str, day: date | None = None) -> HazardRule | None:
    """The rule of a hazard that is in force on a day (today when none is given)."""
    day = day or timezone.localdate()
    return (
        HazardRule.objects.filter(hazard=hazard, valid_from__lte=day)
        .filter(Q(valid_to=None) | Q(valid_to__gte=day))
        .order_by("-valid_from")
        .first()
    )


def rules_now() -> list[HazardRule]:
    """The rules in force today, one for each hazard."""
    hazards = HazardRule.objects.order_by("hazard").values_list("hazard", flat=True).distinct()
    return [rule for hazard in hazards if (rule := rule_on(hazard))]


def hazard_label(hazard: str) -> str:
    """The hazard's name in the reader's language."""
    row = HazardRule.objects.filter(hazard=hazard).order_by("-valid_from").first()
    if row is None:
        return hazard
    return row.name_en if english() else row.name


def area_names(codes: Iterable[str]) -> list[str]:
    """Names of regions by code, in the codes' order; a code without a name stays a code."""
    names = regions.names()
    return [names.get(code, code) for code in codes]


def place_of(codes: Iterable[str]) -> str:
    """Where that is, short enough for a headline: the wards when they are few, otherwise their districts."""
    codes = list(codes)
    if len(codes) > 3:
        above = [
            next((a for a in regions.ancestors(code) if regions.find(a).level == "district"), code) for code in codes
        ]
        codes = list(dict.fromkeys(above))
    return ", ".join(area_names(codes))


def measured(source: dict[str, Any]) -> str:
    """What a source measured, in the reader's language: “21,7 mm”. Words stay as they came."""
    amount, unit = source.get("amount"), str(source.get("unit") or "")
    if isinstance(amount, int | float):
        return f"{words.number(amount, 1 if unit.startswith('mm') else 2)} {unit}".strip()
    return str(source.get("value") or "")


def strongest_first(signs: Iterable[Sign]) -> list[Sign]:
    """Signs that still hold first, then by level, then the newest."""
    return sorted(
        signs, key=lambda sign: (sign.ended_at is not None, -states.rank(sign.level), -sign.began_at.timestamp())
    )


# --- signs ------------------------------------------------------------------------------------------------------------


def active_sign(
    *, hazard: str, source_kind: str, source_key: str, stream: str = "", simulated: bool = False
) -> Sign | None:
    return Sign.objects.filter(
        hazard=hazard, source_kind=source_kind, source_key=source_key, stream=stream, simulated=simulated, ended_at=None
    ).first()


def active_signs(hazard: str = "", *, simulated: bool | None = None) -> QuerySet[Sign]:
    rows = Sign.objects.filter(ended_at=None)
    if hazard:
        rows = rows.filter(hazard=hazard)
    if simulated is not None:
        rows = rows.filter(simulated=simulated)
    return rows


def candidates(rule: HazardRule, *, simulated: bool, at: datetime) -> list[Sign]:
    """Signs that may still open a draft: not part of an active incident, and not over for longer than the window."""
    since = at - timedelta(minutes=rule.window_minutes)
    busy = Incident.objects.filter(state__in=states.ACTIVE).values("signs__id").filter(signs__id__isnull=False)
    return list(
        Sign.objects.filter(hazard=rule.hazard, simulated=simulated)
        .filter(Q(ended_at=None) | Q(ended_at__gte=since))
        .filter(Q(source_kind__in=Sign.LASTING) | Q(observed_at__gte=since))
        .exclude(pk__in=busy)
    )


# --- incidents --------------------------------------------------------------------------------------------------------


def incident_by(number: str) -> Incident:
    """The incident with this number, as people type it. Raises `NotFound`."""
    code = read_code(number, "K") or plain(number)
    incident = Incident.objects.filter(number=code).first()
    if incident is None:
        raise NotFound(
            _("There is no incident with the number %(number)s. Check the number.") % {"number": number[:20]},
            code="incident_unknown",
            field="number",
            item=number[:20],
        )
    return incident


def incidents(
    *,
    state: str = "",
    hazard: str = "",
    level: str = "",
    text: str = "",
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[Incident]:
    """Incidents, newest first. `state` may be `active`, `decided` or one state; unknown filters give nothing."""
    state, hazard, level, text = plain(state), plain(hazard), plain(level), plain(text)
    rows = Incident.objects.order_by("-opened_at", "-id")
    if state == "active":
        rows = rows.filter(state__in=states.ACTIVE)
    elif state:
        rows = rows.filter(state=state)
    if hazard:
        rows = rows.filter(hazard=hazard)
    if level:
        rows = rows.filter(level=level)
    if since:
        rows = rows.filter(opened_at__date__gte=since)
    if until:
        rows = rows.filter(opened_at__date__lte=until)
    if text:
        code = read_code(text, "K")
        matches = Q(title__icontains=text) | Q(title_en__icontains=text) | Q(place__icontains=text)
        rows = rows.filter(Q(number=code) if code else matches | Q(number__icontains=text))
    return rows


def counts() -> dict[str, int]:
    """Number of incidents in each active state."""
    found = dict.fromkeys(states.ACTIVE, 0)
    rows = Incident.objects.filter(state__in=states.ACTIVE).values("state").annotate(n=Count("id")).order_by()
    found.update({row["state"]: row["n"] for row in rows})
    return found


def drafts() -> list[Incident]:
    """Drafts that wait for a decision: worst first, then the one that waits longest."""
    rows = list(Incident.objects.filter(state=states.DRAFT))
    return sorted(rows, key=lambda row: (-states.rank(row.level), row.opened_at))


def sentence(entry: TimelineEntry) -> str:
    """The entry as a sentence in the reader's language."""
    params = {key: str(value) for key, value in entry.params.items() if isinstance(value, str | int | float)}
    for key in ("level", "before"):
        if key in params:
            params[key] = str(LEVEL_LABELS.get(params[key], params[key]))
    if "value" in params:
        params["value"] = measured(entry.params)
    if english() and entry.params.get("label_en"):
        params["label"] = entry.params["label_en"]
    if "areas" in entry.params:
        params["areas"] = ", ".join(entry.params.get("area_names") or entry.params["areas"])
    if "reason" in params:
        params["reason"] = str(REASON_LABELS.get(params["reason"], params["reason"]))
    if "outcome" in params:
        params["outcome"] = str(OUTCOME_LABELS.get(params["outcome"], params["outcome"]))
    if "what" in params:
        params["what"] = str(WARNING_STEPS.get(params["what"], params["what"]))
    template = str(SENTENCES.get(entry.kind, entry.kind))
    try:
        return template % params
    except (KeyError, ValueError):
        return template


def actor_label(kind: str, label: str) -> str:
    return str(_("The system")) if kind == "system" else label


def clocks(incident: Incident, signs: Iterable[Sign]) -> list[dict[str, Any]]:
    """Every moment that counts, in order, with the seconds since the first sign."""
    entries = list(incident.timeline.all())
    signs = list(signs)
    moments: list[tuple[str, datetime]] = []
    if signs:
        moments.append(("first_sign", min(sign.began_at for sign in signs)))
    moments.append(("draft_opened", incident.opened_at))
    wanted = {
        "confirmed": "decided",
        "confirmed_automatically": "decided",
        "dismissed": "decided",
        "warning": "warning",
        "assigned": "assigned",
        "accepted": "accepted",
        "done": "done",
        "under_control": "under_control",
        "closed": "closed",
    }
    seen: set[str] = set()
    for entry in entries:
        name = wanted.get(entry.kind)
        if name and (name not in seen or name == "closed"):
            seen.add(name)
            moments.append((name, entry.at))
    moments.sort(key=lambda moment: moment[1])
    start = moments[0][1]
    return [
        {"name": name, "label": str(CLOCK_LABELS[name]), "at": at, "seconds": int((at - start).total_seconds())}
        for name, at in moments
    ]


CLOCK_LABELS = {
    "first_sign": gettext_lazy("First sign"),
    "draft_opened": gettext_lazy("Draft opened"),
    "decided": gettext_lazy("Decided"),
    "warning": gettext_lazy("Public told"),
    "assigned": gettext_lazy("First unit asked"),
    "accepted": gettext_lazy("First unit accepted"),
    "done": gettext_lazy("First task finished"),
    "under_control": gettext_lazy("Under control"),
    "closed": gettext_lazy("Closed"),
}


# --- the record -------------------------------------------------------------------------------------------------------


def record(incident: Incident) -> dict[str, Any]:
    """Everything that is known about an incident, as plain values in both languages, with the positions of the audit
    entries behind it and the SHA-256 of all of it (canonical JSON without `hash`)."""
    signs = list(incident.signs.all())
    parts = [
        section
        for offered in contributions.offered(contributions.RecordPart)
        if (section := offered.part(incident.number)) is not None
    ]
    subjects = [("incident", incident.number), *(subject for section in parts for subject in section.subjects)]
    where = Q()
    for kind, key in subjects:
        where |= Q(subject_type=kind, subject_id=key)
    content: dict[str, Any] = {
        "number": incident.number,
        "hazard": incident.hazard,
        "state": incident.state,
        "level": incident.level,
        "simulated": incident.simulated,
        "title": {"id": incident.title, "en": incident.title_en},
        "place": incident.place,
        "position": [incident.lon, incident.lat],
        "areas": [
            {"code": code, "name": name} for code, name in zip(incident.areas, area_names(incident.areas), strict=True)
        ],
        "decided_by": incident.decided_by,
        "automatic": incident.automatic,
        "reason": {"code": incident.reason_code, "text": incident.reason},
        "message": {
            "headline": {"id": incident.headline, "en": incident.headline_en},
            "instruction": {"id": incident.instruction, "en": incident.instruction_en},
            "valid_until": incident.valid_until,
        },
        "version": incident.version,
        "clocks": [{key: clock[key] for key in ("name", "at", "seconds")} for clock in clocks(incident, signs)],
        "signs": [
            sign.summary()
            | {
                "began_at": sign.began_at,
                "ended_at": sign.ended_at,
                "region": sign.region_code,
                "position": [sign.lon, sign.lat],
                "evidence": sign.evidence,
            }
            for sign in signs
        ],
        "timeline": [_both(entry) for entry in incident.timeline.all()],
        "assignments": [
            {
                "agency": row.agency_code,
                "name": row.agency_name,
                "unit": row.unit,
                "task": row.task,
                "assigned_at": row.assigned_at,
                "assigned_by": row.assigned_by,
                "accepted_at": row.accepted_at,
                "accepted_by": row.accepted_by,
                "done_at": row.done_at,
                "done_by": row.done_by,
            }
            for row in incident.assignments.all()
        ],
        "parts": [section.data for section in parts],
        "audit": [
            {
                "position": entry.position,
                "at": entry.at,
                "operation": entry.operation,
                "actor": entry.actor_label,
                "hash": entry.hash,
            }
            for entry in AuditEntry.objects.filter(where).order_by("position")
        ],
    }
    canonical = orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    content["hash"] = hashlib.sha256(canonical).hexdigest()
    return content


def record_sections(number: str) -> list[contributions.RecordSection]:
    """What other rooms add to the printed record."""
    return [
        section
        for offered in contributions.offered(contributions.RecordPart)
        if (section := offered.part(number)) is not None
    ]


def _both(entry: TimelineEntry) -> dict[str, Any]:
    texts = {}
    for language in ("id", "en"):
        with override(language):
            texts[language] = sentence(entry)
    return {
        "at": entry.at,
        "actor": entry.actor_label,
        "actor_kind": entry.actor_kind,
        "kind": entry.kind,
        "params": entry.params,
        "sentence": texts,
        "text": entry.text,
    }


def evidence_html(sign: Sign, until: datetime | None = None) -> str:
    """What the sign's source looked like, from two hours before it began; empty when no room can show it."""
    for panel in contributions.offered(contributions.EvidencePanel):
        if panel.source_kind == sign.source_kind:
            return panel.render(sign.source_key, sign.began_at - timedelta(hours=2), until or timezone.now())
    return ""


def default_words(hazard: str, level: str, place: str) -> dict[str, Any]:
    """Words to start from for the public; empty strings when nobody offers any."""
    for wording in contributions.offered(contributions.PublicWording):
        if found := wording.words(hazard, level, place):
            return found
    return {"headline": "", "headline_en": "", "instruction": "", "instruction_en": "", "hours": 6}
