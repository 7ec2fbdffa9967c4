"""Finding entries that may be one person twice, and saying why.

Two entries are worth a look when their names sound alike, their days of birth are the same or easily written for each
other, and something else speaks for it: a parent's name, the family card, the address. A mother with another name speaks
against it. NIKs that are nearly the same say nothing: they hold the day of birth, and their serials are small. Nothing is
decided here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import names
from .models import CivilEvent, Resident, Status
from .search import easily_written

REASONS = {
    "same_name": _("the same name"),
    "similar_name": _("names that sound alike"),
    "same_birth": _("born on the same day"),
    "swapped_birth": _("day and month of birth are swapped"),
    "digit_birth": _("the days of birth differ in one digit"),
    "mother": _("mothers of the same name"),
    "father": _("fathers of the same name"),
    "family": _("on the same family card"),
    "street": _("at the same address"),
    "twins": _("Careful: on one family card with the same day of birth, these may be twins."),
}
NAMES_ALIKE = 0.88
_WEIGHTS = {"mother": 0.5, "family": 0.5, "father": 0.3, "street": 0.3}
_BIRTHS = {"same": 1.0, "swapped": 0.8, "digit": 0.7}
COLUMNS = ("pk", "folded", "sex", "born_on", "mother", "father", "family_id", "street", "ward_code")
DAYS = 366  # days of birth that are compared in one go
RECENT = timedelta(days=3)
MOST_RECENT = 2000  # after a load of a city, `everywhere` is the way


@dataclass(frozen=True, slots=True)
class Entry:
    """What is compared of an entry."""

    pk: int
    folded: str
    sex: str
    born_on: date
    mother: str
    father: str
    family: int | None
    street: str
    ward: str


@dataclass(frozen=True, slots=True)
class Pair:
    """`first` is the smaller key; `score` 0 to 1; `reasons` are keys of `REASONS`."""

    first: int
    second: int
    score: float
    reasons: tuple[str, ...]


def compare(a: Entry, b: Entry) -> Pair | None:
    """Whether two entries are worth a person's look, and why."""
    if a.sex != b.sex:
        return None
    birth = "same" if a.born_on == b.born_on else easily_written(a.born_on).get(b.born_on)
    if birth is None:
        return None
    alike = names.likeness(a.folded, b.folded)
    if alike < NAMES_ALIKE:
        return None
    mothers = _parents(a.mother, b.mother)
    if mothers is False:
        return None
    reasons = ["same_name" if a.folded == b.folded else "similar_name", f"{birth}_birth"]
    if mothers:
        reasons.append("mother")
    if _parents(a.father, b.father):
        reasons.append("father")
    if a.family is not None and a.family == b.family:
        reasons.append("family")
    elif a.street and a.ward == b.ward and a.street.casefold() == b.street.casefold():
        reasons.append("street")
    others = sum(_WEIGHTS.get(reason, 0.0) for reason in reasons)
    if not others and (mothers is not None or birth != "same" or alike < 0.97):
        return None
    score = 0.5 * alike + 0.2 * _BIRTHS[birth] + 0.3 * min(1.0, others)
    if "family" in reasons and birth == "same":
        reasons.append("twins")
        score -= 0.1
    first, second = sorted((a.pk, b.pk))
    return Pair(first, second, round(score, 3), tuple(reasons))


def _parents(a: str, b: str) -> bool | None:
    """Whether two parents' names are one; None where one of them is not known."""
    left, right = names.folded(a), names.folded(b)
    if not left or not right:
        return None
    return names.likeness(left, right) >= NAMES_ALIKE


def everywhere() -> Iterator[list[Pair]]:
    """Pairs of the whole register, a year of birth days at a time: born on the same day, or day and month swapped."""
    days = list(
        Resident.objects.exclude(status=Status.MERGED).order_by("born_on").values_list("born_on", flat=True).distinct()
    )
    for begin in range(0, len(days), DAYS):
        yield of_days(days[begin : begin + DAYS])


def of_days(days: Sequence[date]) -> list[Pair]:
    """Pairs of which one was born on one of these days."""
    swapped = {day: date(day.year, day.day, day.month) for day in days if day.day <= 12 and day.day != day.month}
    by_day: dict[date, list[Entry]] = defaultdict(list)
    for entry in _entries(Q(born_on__in={*days, *swapped.values()})):
        by_day[entry.born_on].append(entry)
    found: dict[tuple[int, int], Pair] = {}
    for day in days:
        here = by_day.get(day, [])
        groups = [(a, b) for index, a in enumerate(here) for b in here[index + 1 :]]
        if day in swapped:
            groups += [(a, b) for a in here for b in by_day.get(swapped[day], [])]
        for a, b in groups:
            if pair := compare(a, b):
                found[pair.first, pair.second] = pair
    return list(found.values())


def recent() -> list[Pair]:
    """Pairs of those who came into the register or were corrected in the last days, also with a digit of the day of birth
    that differs. At most `MOST_RECENT` of them, the newest."""
    since = timezone.now() - RECENT
    corrected = CivilEvent.objects.filter(kind=CivilEvent.Kind.CORRECTION, recorded_at__gte=since)
    found: dict[tuple[int, int], Pair] = {}
    changed = Resident.objects.filter(Q(recorded_at__gte=since) | Q(pk__in=corrected.values("resident")))
    new = list(_entries(Q(pk__in=list(changed.order_by("-pk").values_list("pk", flat=True)[:MOST_RECENT]))))
    for begin in range(0, len(new), 50):
        some = new[begin : begin + 50]
        days = {day for entry in some for day in (entry.born_on, *easily_written(entry.born_on))}
        by_day: dict[date, list[Entry]] = defaultdict(list)
        for entry in _entries(Q(born_on__in=days)):
            by_day[entry.born_on].append(entry)
        for entry in some:
            for day in (entry.born_on, *easily_written(entry.born_on)):
                for other in by_day.get(day, []):
                    if other.pk != entry.pk and (pair := compare(entry, other)):
                        found[pair.first, pair.second] = pair
    return list(found.values())


def _entries(which: Q) -> Iterable[Entry]:
    rows: Any = Resident.objects.exclude(status=Status.MERGED).filter(which).order_by("pk").values_list(*COLUMNS)
    return (Entry(*row) for row in rows.iterator(chunk_size=5000))
