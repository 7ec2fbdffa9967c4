"""Figures of the 112 desk, computed from the rows each time: live, for a period, for the public and for the nation."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import Any

from django.db.models import Count, Min
from django.utils import timezone
from django.utils.translation import gettext as _

from tepian.kernel.actors import Invalid
from tepian.kernel.catalogue.city import city_timezone
from tepian.kernel.catalogue.kept import Kept

from .. import policies, states
from ..models import Call, Deployment, Desk, Incident, Unit
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


def measured(seconds: list[float], target: Any = None) -> dict[str, Any]:
    """Median and ninth decile in seconds, and the share that kept the target; None of nothing."""
    kept = [value for value in seconds if target and value <= target.seconds]
    return {
        "count": len(seconds),
        "median": states.percentile(seconds, 0.5),
        "p90": states.percentile(seconds, 0.9),
        "target": target.seconds if target else None,
        "wanted": target.share if target else None,
        "share": round(100 * len(kept) / len(seconds)) if target and seconds else None,
    }


def _share(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


def period(since: datetime, until: datetime, *, simulated: bool = False) -> dict[str, Any]:
    """Everything that is counted for a period. Real and simulated rows never mix."""
    calls = Call.objects.filter(first_at__gte=since, first_at__lt=until, simulated=simulated)
    total = calls.count()
    by_state = dict(calls.values_list("state").annotate(n=Count("id")).order_by())
    kinds = Counter({kind: n for kind, n in calls.values_list("kind").annotate(n=Count("id")).order_by() if kind})
    stages = Counter(dict(calls.filter(state=states.LOST).values_list("lost_stage").annotate(n=Count("id")).order_by()))
    targets = targets_on(timezone.localdate(since))
    answers = [
        (answered - first).total_seconds() if answered else 0.0
        for first, answered in calls.exclude(answered_at=None).values_list("first_at", "answered_at")
    ]
    closed = sum(kinds.values())
    incidents = Incident.objects.filter(opened_at__gte=since, opened_at__lt=until, simulated=simulated).exclude(
        state=states.MERGED
    )
    dispatch: list[float] = []
    arrival: dict[str, list[float]] = defaultdict(list)
    kept = arrived_in_time = 0
    rows = incidents.annotate(ring=Min("calls__first_at")).values_list(
        "severity", "opened_at", "ring", "dispatched_at", "arrived_at"
    )
    for severity, opened, ring, dispatched, arrived in rows:
        first = ring or opened
        if dispatched:
            dispatch.append((dispatched - first).total_seconds())
        if arrived:
            seconds = (arrived - first).total_seconds()
            arrival[severity].append(seconds)
            target = targets.get(("arrival", severity)) or targets.get(("arrival", ""))
            arrived_in_time += bool(target and seconds <= target.seconds)
            kept += 1
    every = [value for values in arrival.values() for value in values]
    return {
        "calls": total,
        "by_state": by_state,
        "answer": measured(answers, targets.get(("answer", ""))),
        "dispatch": measured(dispatch, targets.get(("dispatch", ""))),
        "arrival": measured(every) | {"share": _share(arrived_in_time, kept)},
        "arrival_by_severity": {
            severity: measured(values, targets.get(("arrival", severity)) or targets.get(("arrival", "")))
            for severity, values in sorted(arrival.items(), reverse=True)
        },
        "lost": by_state.get(states.LOST, 0),
        "lost_share": _share(by_state.get(states.LOST, 0), total),
        "stages": dict(stages),
        "kinds": dict(kinds),
        "prank_share": _share(kinds[states.PRANK], closed),
        "real_share": _share(kinds[states.REAL], closed),
        "incidents": incidents.count(),
        "closed": incidents.filter(state=states.CLOSED).count(),
    }


def hot_spots(since: datetime, until: datetime, *, limit: int = 12, simulated: bool = False) -> list[dict[str, Any]]:
    """Cells of about 500 m with the most incidents: the middle of the cell, how many, and the ward."""
    cells: Counter[tuple[int, int]] = Counter()
    wards: dict[tuple[int, int], str] = {}
    rows = Incident.objects.filter(opened_at__gte=since, opened_at__lt=until, simulated=simulated).values_list(
        "lon", "lat", "region_code"
    )
    for lon, lat, ward in rows:
        if lon is None or lat is None:
            continue
        cell = (int(lon // CELL), int(lat // CELL))
        cells[cell] += 1
        wards.setdefault(cell, ward)
    return [
        {"lon": (x + 0.5) * CELL, "lat": (y + 0.5) * CELL, "count": n, "region": wards[(x, y)]}
        for (x, y), n in cells.most_common(limit)
    ]


# --- live -------------------------------------------------------------------------------------------------------------

REST = 2.0  # seconds for which fifty desks share one computation
_live = Kept(dict[str, Any], "dispatch")
_made: list[Any] = [0.0, None]


def live() -> dict[str, Any]:
    """The board's figures. Computed at most once in two seconds however many desks look."""
    if _made[1] is not None and time.monotonic() - _made[0] < REST:
        return dict(_made[1])
    kept = _live()
    if "figures" not in kept or time.monotonic() - kept["made"] > 30:
        kept["figures"], kept["made"] = _compute(), time.monotonic()
    _made[:] = [time.monotonic(), kept["figures"]]
    return dict(kept["figures"])


def forget_live() -> None:
    """For tests: compute anew at the next look."""
    _made[:] = [0.0, None]


def _compute() -> dict[str, Any]:
    now = timezone.now()
    since = day_start()
    real = Call.objects.filter(first_at__gte=since, simulated=False).exists()
    simulated = not real and Call.objects.filter(first_at__gte=since, simulated=True).exists()
    waiting = list(
        Call.objects.filter(state=states.RINGING, closed_at=None, desk="", simulated=simulated)
        .order_by("first_at")
        .values_list("first_at", flat=True)[:1000]
    )
    return period(since, now + timedelta(seconds=1), simulated=simulated) | {
        "at": now,
        "simulated": simulated,
        "waiting": len(waiting),
        "longest": waiting[0] if waiting else None,
        "desks": list(Desk.objects.exclude(state="away").order_by("label")),
        "open": dict(
            Incident.objects.filter(state__in=states.OPEN_STATES, simulated=simulated)
            .values_list("state")
            .annotate(n=Count("id"))
            .order_by()
        ),
        "units": dict(
            Unit.objects.filter(active=True, simulated=simulated)
            .values_list("state")
            .annotate(n=Count("id"))
            .order_by()
        ),
        "unanswered": Deployment.objects.filter(state=states.ASKED, answer_by__lt=now).count(),
        "spots": hot_spots(now - timedelta(days=30), now, simulated=simulated),
    }


# --- for others -------------------------------------------------------------------------------------------------------


def indicators(since: datetime, until: datetime) -> list[dict[str, Any]]:
    """What the plan and the wall may use: each with its unit, target and direction; computed, never typed."""
    figures = period(since, until)
    answer, dispatch, arrival = figures["answer"], figures["dispatch"], figures["arrival"]
    rows = (
        ("112.answered_in_time", _("Calls answered in time"), "%", answer["share"], answer["wanted"], "up"),
        ("112.dispatch_p90", _("Time to the first unit asked, 90 %"), "s", dispatch["p90"], dispatch["target"], "down"),
        ("112.arrival_p90", _("Time to the first unit on scene, 90 %"), "s", arrival["p90"], None, "down"),
        ("112.prank_share", _("Share of prank calls"), "%", figures["prank_share"], None, "down"),
        ("112.lost_share", _("Share of lost calls"), "%", figures["lost_share"], None, "down"),
        ("112.incidents_closed", _("Incidents closed"), "", figures["closed"], None, ""),
    )
    return [
        {"key": key, "name": name, "unit": unit, "value": value, "target": target, "direction": direction, "at": until}
        for key, name, unit, value, target, direction in rows
    ]


def public_figures(since: datetime, until: datetime) -> dict[str, Any]:
    """Real, closed incidents: counts by day and type, casualties without names. A count of one ward on one day below
    five is told as None, and so many others that none can be worked out from the total (`states.told_counts`); totals
    of the city are whole."""
    by_day: Counter[tuple[str, str]] = Counter()
    by_ward: dict[str, Counter[str]] = defaultdict(Counter)
    victims: Counter[str] = Counter()
    rows = Incident.objects.filter(
        opened_at__gte=since, opened_at__lt=until, simulated=False, state=states.CLOSED
    ).values_list("opened_at", "type_code", "region_code", "victims")
    for opened, kind, ward, hurt in rows:
        day = timezone.localdate(opened).isoformat()
        by_day[(day, kind)] += 1
        by_ward[day][ward] += 1
        victims.update({key: int(n) for key, n in (hurt or {}).items()})
    return {
        "since": since,
        "until": until,
        "incidents": sum(by_day.values()),
        "casualties": {key: victims.get(key, 0) for key in states.VICTIMS},
        "by_day": [{"day": day, "type": kind, "count": n} for (day, kind), n in sorted(by_day.items())],
        "by_ward": [
            {"day": day, "region": ward, "count": n}
            for day, counts in sorted(by_ward.items())
            for ward, n in sorted(states.told_counts(counts, SMALL).items())
        ],
        "indicators": indicators(since, until),
    }


COLUMNS = (
    "call", "channel", "first_at", "answered_at", "ended_at", "state", "lost_stage", "kind", "incident", "type",
    "severity", "region", "answer_seconds", "dispatch_seconds", "arrival_seconds", "outcome",
)  # fmt: skip


def report_rows(since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    """One row a real call for national monitoring: times in UTC, clocks in seconds from the first ring; no number, no
    name, no note."""
    rows = Call.objects.filter(first_at__gte=since, first_at__lt=until, simulated=False).select_related("incident")
    for call in rows.order_by("first_at", "id").iterator(500):
        incident = call.incident

        def after(at: datetime | None, first: datetime = call.first_at) -> int | None:
            return int((at - first).total_seconds()) if at else None

        yield {
            "call": call.pk,
            "channel": call.channel,
            "first_at": call.first_at.isoformat(),
            "answered_at": call.answered_at.isoformat() if call.answered_at else "",
            "ended_at": call.ended_at.isoformat() if call.ended_at else "",
            "state": call.state,
            "lost_stage": call.lost_stage,
            "kind": call.kind,
            "incident": incident.number if incident else "",
            "type": incident.type_code if incident else "",
            "severity": incident.severity if incident else "",
            "region": incident.region_code if incident else "",
            "answer_seconds": after(call.answered_at),
            "dispatch_seconds": after(incident.dispatched_at) if incident else None,
            "arrival_seconds": after(incident.arrived_at) if incident else None,
            "outcome": incident.outcome if incident else "",
        }
