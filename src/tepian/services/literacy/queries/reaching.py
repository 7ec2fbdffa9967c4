"""Whom the programmes reach: by ward, group and month, against the aim. Every person counts once a year and programme, at
the first session they came to; a paper list cannot tell, so there everybody counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, QuerySet, Sum

from tepian.kernel.catalogue.city import city_timezone
from tepian.toolkit.cube import suppress

from .. import states
from ..models import Attendance, AttendanceCount, Programme, Session, YearResult
from . import catalogue

WHOLE = "_T"
Cell = tuple[str, str]  # ward, group; "" is a person from outside the city


@dataclass(frozen=True, slots=True)
class Reach:
    """`cells`: people by (ward, group), with `WHOLE` for all of either; None where the public sees no number. `months`:
    (first day's `YYYY-MM`, people). `wards`: reached ones of `all_wards`. Aims are None where none is set."""

    people: int | None
    attendances: int | None
    sessions: int
    cells: Mapping[Cell, int | None]
    groups: tuple[str, ...]
    wards: tuple[str, ...]
    all_wards: int
    months: tuple[tuple[str, int | None], ...]
    ages: Mapping[str, int | None]
    genders: Mapping[str, int | None]
    aim_people: int | None = None
    aim_wards: int | None = None

    @property
    def ward_share(self) -> float | None:
        """In percent; None in a city without wards."""
        return 100 * len(self.wards) / self.all_wards if self.all_wards else None

    def of_ward(self, code: str) -> int | None:
        return self.cells.get((code, WHOLE), 0)


def counted(
    programme: Programme | None = None,
    year: int | None = None,
    *,
    public: bool = True,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Session]:
    """The sessions whose people count: held ones for the public, open ones too for staff."""
    rows = Session.objects.filter(state__in=(states.HELD,) if public else (states.HELD, states.OPEN))
    if programme is not None:
        rows = rows.filter(programme=programme)
    if year is not None:
        rows = rows.filter(year=year)
    if since is not None:
        rows = rows.filter(starts_at__gte=since)
    if until is not None:
        rows = rows.filter(starts_at__lt=until)
    return rows


def people_by_code(rows: QuerySet[Session], chosen: QuerySet[Session] | None = None) -> list[tuple[int, str, str, int]]:
    """(session's key, ward, group, people) of those who scanned a code: everybody at the first of the sessions `rows` they
    came to; of that what belongs to `chosen` (all, where none are)."""
    first = (
        Attendance.objects.filter(session__in=rows)
        .order_by()
        .values("token")  # the token holds programme and year
        .annotate(first=Min("pk"))
        .values("first")
    )
    found = Attendance.objects.filter(pk__in=first, session__in=rows if chosen is None else chosen).order_by()
    return list(found.values_list("session_id", "region_code", "group").annotate(n=Count("pk")))


def people(rows: QuerySet[Session], chosen: QuerySet[Session] | None = None) -> list[tuple[int, str, str, int]]:
    """As `people_by_code`, with those of paper lists and of years whose rows were dropped."""
    counts = AttendanceCount.objects.filter(session__in=rows if chosen is None else chosen).order_by()
    return [
        *people_by_code(rows, chosen),
        *counts.values_list("session_id", "region_code", "group", "people"),
    ]


def reach(programme: Programme | None, year: int, *, public: bool = True) -> Reach:
    """A programme's year, or all programmes' together. With `public`, small cells have no number, nor has the whole where
    it would give one away."""
    rows = counted(programme, year, public=public)
    starts = dict(rows.values_list("pk", "starts_at"))
    zone = city_timezone()
    cells: dict[Cell, int] = defaultdict(int)
    months: dict[str, int] = defaultdict(int)
    for key, ward, group, n in people(rows):
        cells[ward, group] += n
        months[f"{starts[key].astimezone(zone):%Y-%m}"] += n
    attendances = Attendance.objects.filter(session__in=rows).count()
    attendances += AttendanceCount.objects.filter(session__in=rows).aggregate(n=Sum("attendances"))["n"] or 0
    known = catalogue.wards()
    groups = tuple(dict.fromkeys([*catalogue.group_names(), *sorted({group for _ward, group in cells})]))
    groups = tuple(group for group in groups if any(group == mine for _ward, mine in cells))
    ages, genders = _said(rows, programme, year)
    floor = states.SMALL_CELL if public else 0
    told, by_month = _told(cells, floor), _told({(month, ""): n for month, n in months.items()}, floor)
    whole = 0 if not cells else None if by_month[WHOLE, WHOLE] is None else told[WHOLE, WHOLE]
    aims = [programme] if programme else list(catalogue.programmes())
    return Reach(
        people=whole,
        attendances=None if whole is None else attendances,
        sessions=len(starts),
        cells=told,
        groups=groups,
        wards=tuple(sorted({ward for (ward, _group), n in cells.items() if n and ward in known})),
        all_wards=len(known),
        months=tuple((month, by_month[month, WHOLE]) for month in sorted(months)),
        ages=_together(ages, floor),
        genders=_together(genders, floor),
        aim_people=_sum(row.aim_people for row in aims),
        aim_wards=programme.aim_wards if programme else None,
    )


def _sum(aims: Iterable[int | None]) -> int | None:
    known = [aim for aim in aims if aim is not None]
    return sum(known) if known else None


def _told(cells: Mapping[Cell, int], floor: int) -> dict[Cell, int | None]:
    """Cells with their sums; small ones, and those that would give them away, are None."""
    sums: dict[Cell, int] = defaultdict(int)
    for (ward, group), n in cells.items():
        for key in ((ward, group), (ward, WHOLE), (WHOLE, group), (WHOLE, WHOLE)):
            sums[key] += n
    if not floor:
        return dict(sums)
    rows = suppress(
        [(ward, group, float(n), "") for (ward, group), n in sorted(sums.items())],
        ("region", "group", "value", "status"),
        dimensions=("region", "group"),
        threshold=floor,
        totals={"region": WHOLE, "group": WHOLE},
    )
    return {
        (str(ward), str(group)): None if value is None else int(float(value)) for ward, group, value, _status in rows
    }


def _together(found: Mapping[str, int], floor: int) -> dict[str, int | None]:
    """Parts of a whole that is not shown, so hiding the small ones is enough."""
    return {key: n if n >= floor else None for key, n in found.items() if key and n}


def _said(rows: QuerySet[Session], programme: Programme | None, year: int) -> tuple[dict[str, int], dict[str, int]]:
    """Attendances by age and gender of those who said it; of years whose rows were dropped, as kept."""
    ages: dict[str, int] = defaultdict(int)
    genders: dict[str, int] = defaultdict(int)
    said = Attendance.objects.filter(session__in=rows).order_by()
    for age, gender, n in said.values_list("age", "gender").annotate(n=Count("pk")):
        ages[age] += n
        genders[gender] += n
    kept = YearResult.objects.filter(year=year)
    for row in kept.filter(programme=programme) if programme else kept:
        for mine, part in ((ages, "ages"), (genders, "genders")):
            for key, n in row.people.get(part, {}).items():
                mine[key] += n
    return (
        {key: ages[key] for key in states.AGES if key in ages},
        {key: genders[key] for key in states.GENDERS if key in genders},
    )


def by_programme(year: int, *, public: bool = True) -> dict[int, tuple[int | None, int, int]]:
    """Programme's key → (people, wards, sessions that were held) in a year; too few people for the public are None."""
    rows = counted(None, year, public=public)
    owner = dict(rows.values_list("pk", "programme_id"))
    reached: dict[int, int] = defaultdict(int)
    places: dict[int, set[str]] = defaultdict(set)
    held: dict[int, int] = defaultdict(int)
    for key in owner.values():
        held[key] += 1
    known = set(catalogue.wards())
    for session, ward, _group, n in people(rows):
        reached[owner[session]] += n
        if n and ward in known:
            places[owner[session]].add(ward)
    floor = states.SMALL_CELL if public else 0
    return {key: (None if 0 < reached[key] < floor else reached[key], len(places[key]), held[key]) for key in held}


def in_period(since: datetime, until: datetime) -> tuple[int, int, int] | None:
    """(people, wards, sessions) of held sessions that began in these moments; people for the first time in their year.
    None where no session was held."""
    chosen = counted(since=since, until=until)
    years = set(chosen.values_list("year", flat=True))
    if not years:
        return None
    found = people(counted().filter(year__in=years), chosen)
    known = set(catalogue.wards())
    return (
        sum(n for *_rest, n in found),
        len({ward for _key, ward, _group, n in found if n and ward in known}),
        chosen.count(),
    )
