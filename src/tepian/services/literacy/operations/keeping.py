"""After its year nothing is kept of a person: attendances become counts, tests become the effect that was measured."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.city import city_timezone
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation

from .. import policies, states
from ..models import Arrivals, Attendance, AttendanceCount, Programme, Session, Sitting, YearResult
from ..queries import TOPIC, learning, reaching


def due_years(now: datetime | None = None) -> list[tuple[Programme, int]]:
    """Programmes and years that still have rows of persons and are over long enough."""
    now = now or timezone.now()
    zone = city_timezone()
    years = {
        year
        for year in Session.objects.values_list("year", flat=True).distinct()
        if datetime.combine(datetime(year + 1, 1, 1).date(), time(), zone) + states.FORGET_AFTER <= now
    }
    found = set(
        Attendance.objects.filter(session__year__in=years)
        .order_by()
        .values_list("session__programme", "session__year")
        .distinct()
    ) | set(Sitting.objects.filter(year__in=years).order_by().values_list("programme", "year").distinct())
    rows = Programme.objects.in_bulk({key for key, _year in found})
    return [(rows[key], year) for key, year in sorted(found)]


@operation("literacy.forget_year", policy=policies.only_the_system)
def forget_year(*, actor: Actor, programme: Programme, year: int) -> int:
    """Drop the tokens and answers of a programme's year, keeping the sums. Returns how many rows of persons went."""
    sessions = Session.objects.filter(programme=programme, year=year)
    measured = learning.effect(programme, year)
    seen = reaching.reach(programme, year)
    first = Counter[tuple[int, str, str]]()
    own = Attendance.objects.filter(session__in=sessions)
    for key, ward, group, n in reaching.people_by_code(sessions):
        first[key, ward, group] = n
    now = timezone.now()
    for key, ward, group, n in own.order_by().values_list("session_id", "region_code", "group").annotate(n=Count("pk")):
        AttendanceCount.objects.create(
            session_id=key,
            region_code=ward,
            group=group,
            source=AttendanceCount.QR,
            people=first[key, ward, group],
            attendances=n,
            at=now,
        )
    YearResult.objects.create(
        programme=programme,
        year=year,
        effect=measured.as_dict(),
        people={
            "ages": {key: n for key, n in seen.ages.items() if n},
            "genders": {key: n for key, n in seen.genders.items() if n},
        },
        at=now,
    )
    gone = own.delete()[0] + Sitting.objects.filter(programme=programme, year=year).delete()[0]
    note("programme", programme.code, year=year, rows=gone)
    touch(TOPIC)
    return gone


def forget_arrivals() -> int:
    """Drop what was counted for networks whose time is long over."""
    with transaction.atomic():
        return Arrivals.objects.filter(since__lt=timezone.now() - timedelta(hours=1)).delete()[0]
