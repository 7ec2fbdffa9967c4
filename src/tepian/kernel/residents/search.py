"""Finding a resident whose name or day of birth is not written as the register has it.

With a day of birth: first everybody born on that day (some thirty of a million), then, when nobody there is alike enough,
those born on a day that is easily written instead (day and month swapped, one digit wrong, a year off), and those who
share two words of the name by sound. By name alone: the entries of its words two by two, of its rarest word otherwise.
Names are compared by `names.likeness`; the score is the name's, less what the day of birth is off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from django.db.models import Q, QuerySet

from . import names
from .models import Resident, ResidentKey, Status

ENOUGH = 0.90  # alike enough to stop looking among the less likely days
LEAST = 0.72  # less alike than this is not shown
MOST_CANDIDATES = 3000
NAMESAKES = 1500  # compared for one word alone: more of them tell nobody apart, and a clerk would wait
OFF_SWAPPED, OFF_DIGIT, OFF_OTHER = 0.04, 0.06, 0.25


@dataclass(frozen=True, slots=True)
class Match:
    """`score` is 0 to 1; `day` says how the day of birth fits: same, swapped, digit, other, or empty when none was asked."""

    resident: int
    score: float
    day: str


@lru_cache(maxsize=4096)
def easily_written(on: date) -> dict[date, str]:
    """Days that somebody may have written instead: swapped day and month, one digit of DDMMYYYY wrong."""
    found: dict[date, str] = {}
    text = f"{on:%d%m%Y}"
    for place in range(8):
        for digit in "0123456789":
            if digit != text[place]:
                other = f"{text[:place]}{digit}{text[place + 1 :]}"
                try:
                    found[date(int(other[4:]), int(other[2:4]), int(other[:2]))] = "digit"
                except ValueError:
                    continue
    if on.day <= 12 and on.day != on.month:
        found[date(on.year, on.day, on.month)] = "swapped"
    return {day: how for day, how in found.items() if 1890 <= day.year <= 2100}


def find(name: str, born_on: date | None = None, *, among: Q | None = None, limit: int = 10) -> list[Match]:
    """The best matches, best first. `among` narrows to what the actor may see, before anything is compared."""
    wanted = names.folded(name)
    if not wanted:
        return []
    rows: QuerySet[Any, Any] = _known(among)
    if born_on is None:
        return _best(_scored(wanted, _by_name(rows.values_list("pk", "folded"), wanted), None, {}), limit)
    rows = rows.values_list("pk", "folded", "born_on")
    same = _scored(wanted, rows.filter(born_on=born_on), born_on, {})
    if same and max(match.score for match in same) >= ENOUGH:
        return _best(same, limit)
    others = easily_written(born_on)
    near = _scored(wanted, rows.filter(born_on__in=list(others)), born_on, others)
    known = {match.resident for match in (*same, *near)}
    if not near or max(match.score for match in near) < ENOUGH - OFF_DIGIT:
        near += [
            match for match in _scored(wanted, _by_name(rows, wanted), born_on, others) if match.resident not in known
        ]
    return _best([*same, *near], limit)


def at_address(words: Sequence[str], region: str, *, among: Q | None, limit: int) -> list[int]:
    """Residents whose street has all these words, by family. `region` is a ward, an RT, or empty for all in `among`."""
    rows = _known(among)
    if region:
        rows = rows.filter(Q(ward_code=region) | Q(region__code=region))
    for word in words:
        rows = rows.filter(street__icontains=word)
    return list(rows.order_by("street", "family", "relation", "pk").values_list("pk", flat=True)[:limit])


def _known(among: Q | None) -> QuerySet[Resident]:
    rows = Resident.objects.exclude(status=Status.MERGED)
    return rows if among is None else rows.filter(among)


def _by_name(rows: QuerySet[Any, Any], wanted: str) -> Iterable[tuple[Any, ...]]:
    """Those who share two words by sound; for one word, or when nobody does, those who share the first word that not
    everybody has."""
    words = wanted.split()
    pairs = names.pair_keys(words)
    if pairs:
        found = list(_with_keys(rows, pairs))
        if found:
            return found
    for key in names.word_keys(sorted(words, key=len, reverse=True)):
        found = list(_with_keys(rows, [key], NAMESAKES))
        if found:
            return found
    return []


def _with_keys(rows: QuerySet[Any, Any], keys: Sequence[int], most: int = MOST_CANDIDATES) -> Iterable[tuple[Any, ...]]:
    """At most so many of those whom the actor may see: the limit comes after `among`, or a ward's own would be crowded out."""
    ids = ResidentKey.objects.filter(key__in=keys).values("resident")
    return rows.filter(pk__in=ids)[:most]


def _scored(wanted: str, rows: Iterable[tuple[Any, ...]], born_on: date | None, others: dict[date, str]) -> list[Match]:
    found = []
    alike: dict[str, float] = {}  # namesakes are many
    for pk, folded, *born in rows:
        score = alike.get(folded)
        if score is None:
            score = alike[folded] = names.likeness(wanted, folded)
        day = ""
        if born_on is not None:
            day = "same" if born[0] == born_on else others.get(born[0], "other")
            score -= {"same": 0.0, "swapped": OFF_SWAPPED, "digit": OFF_DIGIT, "other": OFF_OTHER}[day]
        if score >= LEAST:
            found.append(Match(pk, round(score, 4), day))
    return found


def _best(matches: Iterable[Match], limit: int) -> list[Match]:
    return sorted(matches, key=lambda match: (-match.score, match.resident))[:limit]
