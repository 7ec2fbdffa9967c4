"""Figures of the 112 desk, computed from the rows each time: live, for a period, for the public and for the nation."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from threading import Lock
from typing import Any

from django.db.models import Count, Min
from django.db.models.functions import TruncDate, TruncHour
from django.utils import timezone
from django.utils.translation import gettext_lazy, override

from tepian.kernel.actors import Invalid
from tepian.kernel.catalogue.city import city_timezone
from tepian.kernel.catalogue.kept import Kept

from .. import policies, states
from ..models import Call, ClockTarget, Deployment, Desk, Incident, Review, Unit
from . import targets_on

SMALL = 5  # public counts below this are not told for a ward and a day
CELL = 0.0045  # degrees, about 500 m


def day_start(now: datetime | None = None) -> datetime:
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


EARLIEST, LATEST = date(2000, 1, 1), date(2200, 1, 1)
LONGEST = 366  # days of one report


def span(since: date | None, until: date | None) -> tuple[datetime, datetime]:
    """Both days inclusive in the city's time; the last 30 days when nothing is given."""
    zone = city_timezone()
    until = until or datetime.now(zone).date()
    if not all(EARLIEST < day < LATEST for day in (until, since or until)):
        raise Invalid(policies.BAD_SPAN, code="span", field="since")
    since = since or until - timedelta(days=30)
    if since > until or (until - since).days > LONGEST:
        raise Invalid(policies.BAD_SPAN, code="span", field="since")
    return datetime.combine(since, clock(), zone), datetime.combine(until + timedelta(days=1), clock(), zone)


def measured(seconds: list[float], target: ClockTarget | None = None) -> dict[str, Any]:
    """Median and ninth decile in seconds, and the share that kept the target; None of nothing."""
    kept = [value for value in seconds if target and value <= target.seconds]
    return {
        "count": len(seconds),
        "median": states.percentile(seconds, 0.5),
        "p90": states.percentile(seconds, 0.9),
        "target": target.seconds if target else None,
        "wanted": target.share if target else None,
        "share": _share(len(kept), len(seconds)) if target else None,
    }


def _share(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


Targets = dict[tuple[str, str], ClockTarget]


def _graded(clock: str, rows: dict[str, list[float]], targets: Targets) -> tuple[dict[str, Any], dict[str, Any]]:
    """A clock over all severities, and by severity, gravest first. Each case is held against the target of its own
    severity, else against the one for all; cases without a target do not count in the share."""
    by = {
        severity: measured(values, targets.get((clock, severity)) or targets.get((clock, "")))
        for severity, values in sorted(rows.items(), reverse=True)
    }
    judged = [(severity, each) for severity, each in by.items() if each["target"] is not None]
    kept = sum(value <= each["target"] for severity, each in judged for value in rows[severity])
    every = measured([value for values in rows.values() for value in values], targets.get((clock, "")))
    return every | {"share": _share(kept, sum(each["count"] for _severity, each in judged))}, by


def period(since: datetime, until: datetime, *, simulated: bool = False) -> dict[str, Any]:
    """Everything that is counted for a period, in four reads. Real and simulated rows never mix. Clocks run from the
    first ring, or from the opening where nobody called, against the targets of the period's first day."""
    calls = Call.objects.filter(first_at__gte=since, first_at__lt=until, simulated=simulated)
    by_state: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    stages: Counter[str] = Counter()
    for state, stage, kind, n in calls.values_list("state", "lost_stage", "kind").annotate(n=Count("id")).order_by():
        by_state[state] += n
        if kind:
            kinds[kind] += n
        if state == states.LOST:
            stages[stage or "ring"] += n
    total, told = sum(by_state.values()), sum(kinds.values())
    targets = targets_on(timezone.localdate(since))
    answers = [
        (answered - first).total_seconds()
        for first, answered in calls.exclude(answered_at=None).order_by().values_list("first_at", "answered_at")
        if answered
    ]
    dispatch: dict[str, list[float]] = defaultdict(list)
    arrival: dict[str, list[float]] = defaultdict(list)
    incidents: Counter[str] = Counter()
    rows = (
        Incident.objects.filter(opened_at__gte=since, opened_at__lt=until, simulated=simulated)
        .exclude(state=states.MERGED)
        .annotate(ring=Min("calls__first_at"))
        .order_by()
        .values_list("state", "severity", "opened_at", "ring", "dispatched_at", "arrived_at")
    )
    for state, severity, opened, ring, dispatched, arrived in rows:
        incidents[state] += 1
        first = ring or opened
        if dispatched:
            dispatch[severity].append((dispatched - first).total_seconds())
        if arrived:
            arrival[severity].append((arrived - first).total_seconds())
    asked, asked_by_severity = _graded("dispatch", dispatch, targets)
    arrived_all, arrived_by_severity = _graded("arrival", arrival, targets)
    return {
        "calls": total,
        "by_state": dict(by_state),
        "answer": measured(answers, targets.get(("answer", ""))),
        "dispatch": asked,
        "dispatch_by_severity": asked_by_severity,
        "arrival": arrived_all,
        "arrival_by_severity": arrived_by_severity,
        "lost": by_state[states.LOST],
        "lost_share": _share(by_state[states.LOST], total),
        "stages": dict(stages),
        "kinds": dict(kinds),
        "prank_share": _share(kinds[states.PRANK], told),
        "real_share": _share(kinds[states.REAL], told),
        "incidents": sum(incidents.values()),
        "closed": incidents[states.CLOSED],
    }


def calls_per_hour(since: datetime, until: datetime, *, simulated: bool = False) -> list[tuple[datetime, int]]:
    """(beginning of the hour in the city, calls), hours without a call too. For a day or a few."""
    zone = city_timezone()
    found = dict(
        Call.objects.filter(first_at__gte=since, first_at__lt=until, simulated=simulated)
        .annotate(hour=TruncHour("first_at", tzinfo=zone))
        .values_list("hour")
        .annotate(n=Count("id"))
        .order_by()
    )
    at = since.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    hours = []
    while at < until:
        hours.append((at.astimezone(zone), found.get(at, 0)))
        at += timedelta(hours=1)
    return hours


def hot_spots(since: datetime, until: datetime, *, limit: int = 12, simulated: bool = False) -> list[dict[str, Any]]:
    """Cells of about 500 m with the most incidents: the middle of the cell, how many, and the ward. What was merged
    into another counts there, once."""
    cells: Counter[tuple[int, int]] = Counter()
    wards: dict[tuple[int, int], str] = {}
    rows = _happened(since, until, simulated).exclude(lat=None).values_list("lon", "lat", "region_code")
    for lon, lat, ward in rows.order_by("opened_at"):
        cell = (int(lon // CELL), int(lat // CELL))
        cells[cell] += 1
        wards.setdefault(cell, ward)
    return [
        {"lon": (x + 0.5) * CELL, "lat": (y + 0.5) * CELL, "count": n, "region": wards[(x, y)]}
        for (x, y), n in cells.most_common(limit)
    ]


def hot_wards(since: datetime, until: datetime, *, simulated: bool = False) -> list[dict[str, Any]]:
    """Incidents of each ward, most first; without a ward under ""."""
    rows = _happened(since, until, simulated).values_list("region_code").annotate(n=Count("id"))
    return [{"region": ward, "count": n} for ward, n in rows.order_by("-n", "region_code")]


def _happened(since: datetime, until: datetime, simulated: bool) -> Any:
    rows = Incident.objects.filter(opened_at__gte=since, opened_at__lt=until, simulated=simulated)
    return rows.exclude(state=states.MERGED)


def marks_by_desk(since: datetime) -> list[dict[str, Any]]:
    """Average marks of the reviews since then, for each desk by its label: {label, reviews, marks: {key: average}}."""
    found: dict[str, list[dict[str, int]]] = defaultdict(list)
    for label, marks in Review.objects.filter(at__gte=since).values_list("call__desk_label", "marks"):
        found[label].append(marks)
    return [
        {
            "label": label,
            "reviews": len(rows),
            "marks": {
                key: sum(given) / len(given)
                for key in sorted({key for marks in rows for key in marks})
                if (given := [marks[key] for marks in rows if key in marks])
            },
        }
        for label, rows in sorted(found.items())
    ]


# --- live -------------------------------------------------------------------------------------------------------------

REST = 2.0  # seconds for which fifty desks share one computation
OLDEST = 30.0  # seconds after which figures are made anew although nothing was told
WAITS = 5  # longest waits that are shown
SPOT_DAYS = 30
_live = Kept(dict[str, Any], "dispatch")
_made: list[Any] = [0.0, None]
_lock = Lock()


def live() -> dict[str, Any]:
    """The board's figures. Computed at most once in two seconds however many desks look; who comes while they are made
    waits for them."""
    if (figures := _rested()) is not None:
        return dict(figures)
    with _lock:
        if (figures := _rested()) is None:
            kept = _live()
            if "figures" not in kept or time.monotonic() - kept["made"] > OLDEST:
                kept["figures"], kept["made"] = _compute(), time.monotonic()
            figures = kept["figures"]
            _made[:] = [time.monotonic(), figures]
    return dict(figures)


def _rested() -> dict[str, Any] | None:
    at, figures = _made
    return figures if figures is not None and time.monotonic() - at < REST else None


def forget_live() -> None:
    """For tests: compute anew at the next look."""
    _made[:] = [0.0, None]
    _live.forget()
    _public.clear()


def _compute() -> dict[str, Any]:
    """Real rows; only where nothing real rang, waits or is open, simulated ones, and the board says so."""
    now = timezone.now()
    since = day_start()
    waiting: dict[bool, list[datetime]] = {True: [], False: []}
    rows = Call.objects.filter(state=states.RINGING, closed_at=None, desk="").order_by("first_at")
    for first, is_simulated in rows.values_list("first_at", "simulated")[:1000]:
        waiting[is_simulated].append(first)
    going: dict[bool, dict[str, int]] = {True: {}, False: {}}
    opened = Incident.objects.filter(state__in=states.OPEN_STATES).values_list("simulated", "state")
    for is_simulated, state, n in opened.annotate(n=Count("id")).order_by():
        going[is_simulated][state] = n
    units: dict[bool, dict[str, int]] = {True: {}, False: {}}
    fleet = Unit.objects.filter(active=True).values_list("simulated", "state")
    for is_simulated, state, n in fleet.annotate(n=Count("id")).order_by():
        units[is_simulated][state] = n
    rang = set(Call.objects.filter(first_at__gte=since).order_by().values_list("simulated", flat=True).distinct())
    alive = {kind: kind in rang or bool(waiting[kind]) or bool(going[kind]) for kind in (True, False)}
    simulated = not alive[False] and (alive[True] or bool(units[True] and not units[False]))
    until = now + timedelta(seconds=1)
    recent = now - timedelta(days=SPOT_DAYS)
    return period(since, until, simulated=simulated) | {
        "at": now,
        "simulated": simulated,
        "waiting": len(waiting[simulated]),
        "longest": waiting[simulated][0] if waiting[simulated] else None,
        "waits": waiting[simulated][:WAITS],
        "desks": list(Desk.objects.exclude(state="away").order_by("label")),
        "open": going[simulated],
        "units": units[simulated],
        "unanswered": Deployment.objects.filter(
            state=states.ASKED, answer_by__lt=now, incident__simulated=simulated
        ).count(),
        "hours": calls_per_hour(since, until, simulated=simulated),
        "spots": hot_spots(recent, until, simulated=simulated),
        "wards": hot_wards(recent, until, simulated=simulated),
    }


# --- for others -------------------------------------------------------------------------------------------------------


INDICATORS = (
    ("112.answered_in_time", gettext_lazy("Calls answered in time"), "%", "up"),
    ("112.dispatch_p90", gettext_lazy("Time to the first unit asked, 90 %"), "s", "down"),
    ("112.arrival_p90", gettext_lazy("Time to the first unit on scene, 90 %"), "s", "down"),
    ("112.prank_share", gettext_lazy("Share of prank calls"), "%", "down"),
    ("112.lost_share", gettext_lazy("Share of lost calls"), "%", "down"),
    ("112.incidents_closed", gettext_lazy("Incidents closed"), "", ""),
)


def indicators(since: datetime, until: datetime) -> list[dict[str, Any]]:
    """What the plan and the wall may use: each with its unit, target and direction ("up": more is better); computed,
    never typed. A ninth decile has a target only where the city's target speaks of 90 % of all cases."""
    figures = period(since, until)
    answer, dispatch, arrival = figures["answer"], figures["dispatch"], figures["arrival"]
    found = {
        "112.answered_in_time": (answer["share"], answer["wanted"]),
        "112.dispatch_p90": (dispatch["p90"], dispatch["target"] if dispatch["wanted"] == 90 else None),
        "112.arrival_p90": (arrival["p90"], arrival["target"] if arrival["wanted"] == 90 else None),
        "112.prank_share": (figures["prank_share"], None),
        "112.lost_share": (figures["lost_share"], None),
        "112.incidents_closed": (figures["closed"], None),
    }
    names: dict[str, dict[str, str]] = {}
    for language in ("id", "en"):
        with override(language):
            names[language] = {key: str(name) for key, name, _unit, _direction in INDICATORS}
    return [
        {
            "key": key,
            "name": names["id"][key],
            "name_en": names["en"][key],
            "unit": unit,
            "value": found[key][0],
            "target": found[key][1],
            "direction": direction,
            "at": until,
        }
        for key, _name, unit, direction in INDICATORS
    ]


PUBLIC_REST = 60.0  # seconds for which the public figures of the same days are told again
PUBLIC_KEPT = 32
_public: dict[tuple[datetime, datetime], tuple[float, dict[str, Any]]] = {}


def public_figures(since: datetime, until: datetime) -> dict[str, Any]:
    """Real, closed incidents: counts by day and type, casualties without names. A count of one ward on one day below
    five is told as None; totals of the city are whole."""
    here = timezone.get_current_timezone()
    rows = Incident.objects.filter(
        opened_at__gte=since, opened_at__lt=until, simulated=False, state=states.CLOSED
    ).order_by()
    dated = rows.annotate(day=TruncDate("opened_at", tzinfo=here))
    by_day = sorted(dated.values_list("day", "type_code").annotate(n=Count("id")))
    by_ward = sorted(dated.values_list("day", "region_code").annotate(n=Count("id")))
    victims: Counter[str] = Counter()
    for hurt in rows.exclude(victims={}).values_list("victims", flat=True):
        victims.update({key: int(n) for key, n in (hurt or {}).items()})
    return {
        "since": since,
        "until": until,
        "incidents": sum(n for _day, _kind, n in by_day),
        "casualties": {key: victims.get(key, 0) for key in states.VICTIMS},
        "by_day": [{"day": day.isoformat(), "type": kind, "count": n} for day, kind, n in by_day],
        "by_ward": [
            {"day": day.isoformat(), "region": ward, "count": n if n >= SMALL else None} for day, ward, n in by_ward
        ],
        "indicators": indicators(since, until),
    }


def told_figures(since: datetime, until: datetime) -> dict[str, Any]:
    """`public_figures` for whoever asks: the same days are computed once a minute."""
    kept = _public.get((since, until))
    if kept is None or time.monotonic() - kept[0] > PUBLIC_REST:
        if len(_public) >= PUBLIC_KEPT:
            _public.clear()
        kept = _public[(since, until)] = (time.monotonic(), public_figures(since, until))
    return kept[1]


COLUMNS = (
    "call", "channel", "first_at", "answered_at", "ended_at", "state", "lost_stage", "kind", "incident", "type",
    "severity", "region", "answer_seconds", "dispatch_seconds", "arrival_seconds", "outcome",
)  # fmt: skip


_COLUMN_OF = {
    "incident": "incident__number",
    "type": "incident__type_code",
    "severity": "incident__severity",
    "region": "incident__region_code",
    "outcome": "incident__outcome",
}


def report_rows(since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    """One row a real call for national monitoring; read in parts, and only the columns that are told: no number, no
    name, no note.

    `call`: our number of the call. `channel`: voice or text. `first_at`, `answered_at`, `ended_at`: in UTC, to the
    second; empty where it did not happen. `state`: ringing, answered, ended, lost. `lost_stage`: menu, queue, ring.
    `kind`: real, prank, ghost (silent), information; empty while nobody has judged it. `incident`, `type`, `severity`
    (A to E, E gravest), `region` (the ward's code), `outcome`: of the incident the call belongs to. `answer_seconds`,
    `dispatch_seconds`, `arrival_seconds`: from this call's first ring to the answer, to the first unit asked and to the
    first unit on scene; negative where the unit was sent because of an earlier call."""
    fields = (
        "id", "channel", "first_at", "answered_at", "ended_at", "state", "lost_stage", "kind", *_COLUMN_OF.values(),
        "incident__dispatched_at", "incident__arrived_at",
    )  # fmt: skip
    rows = Call.objects.filter(first_at__gte=since, first_at__lt=until, simulated=False).values(*fields)
    for row in rows.order_by("first_at", "id").iterator(500):
        first = row["first_at"]

        def after(at: datetime | None, first: datetime = first) -> int | None:
            return int((at - first).total_seconds()) if at else None

        yield {
            "call": row["id"],
            "channel": row["channel"],
            **{key: _second(row[key]) for key in ("first_at", "answered_at", "ended_at")},
            **{key: row[key] for key in ("state", "lost_stage", "kind")},
            **{column: row[field] or "" for column, field in _COLUMN_OF.items() if column != "outcome"},
            "answer_seconds": after(row["answered_at"]),
            "dispatch_seconds": after(row["incident__dispatched_at"]),
            "arrival_seconds": after(row["incident__arrived_at"]),
            "outcome": row["incident__outcome"] or "",
        }


def _second(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds") if at else ""
