"""A recording of emergency calls: a CSV file without a header with latitude, longitude, "GROUP: KIND",
"YYYY-MM-DD HH:MM", township, crossing (the shape of Montgomery County's 911 calls).

Its places are not this city's: every position is moved onto a street of the gazetteer, the same position always onto
the same street. Times are written to the minute; a call's second within it is drawn. Its kinds are looked up among the
city's types by words, so that no city stands here.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import cos, pi, radians, sin
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Invalid
from tepian.kernel.regions.models import Place

from .. import queries
from ..models import IncidentType

LONGEST_GAP_S = 2 * 3600.0
ANOTHER_END_M = 500.0
# Words of the recording's kind (and its group) -> words to look for among the city's types, best first.
KINDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("EMS", "VEHICLE ACCIDENT", ("crash", "accident", "tabrakan")),
    ("FIRE", "VEHICLE ACCIDENT", ("crash", "accident", "tabrakan")),
    ("TRAFFIC", "VEHICLE ACCIDENT", ("senggolan", "accident", "tabrakan")),
    ("", "DISABLED VEHICLE", ("disabled", "macet")),
    ("", "ROAD", ("obstruction", "macet")),
    ("", "DEBRIS", ("debris", "macet")),
    ("", "VEHICLE FIRE", ("mobil", "fire", "api")),
    ("", "WOODS", ("semak", "hutan", "fire", "api")),
    ("", "ELECTRICAL FIRE OUTSIDE", ("kabel", "electrical", "fire", "api")),
    ("", "TRANSFORMER", ("transformer", "kabel")),
    ("", "GAS-ODOR", ("gas", "bocor")),
    ("", "HAZARDOUS MATERIALS", ("kimia", "hazardous")),
    ("", "CARBON MONOXIDE", ("gas", "hazardous")),
    ("", "LEAKING FUEL", ("kimia", "hazardous")),
    ("", "RESCUE - WATER", ("tenggelam", "drowning", "rescue")),
    ("", "ELEVATOR", ("elevator", "lift", "rescue")),
    ("", "RESCUE", ("rescue", "terjebak")),
    ("", "CARDIAC ARREST", ("unconscious", "pingsan")),
    ("", "UNCONSCIOUS", ("unconscious", "pingsan")),
    ("", "UNRESPONSIVE", ("unresponsive", "unconscious", "pingsan")),
    ("", "SYNCOPAL", ("syncopal", "pingsan")),
    ("", "CVA", ("stroke", "pingsan")),
    ("", "CARDIAC", ("jantung", "cardiac", "sakit")),
    ("", "RESPIRATORY", ("sesak", "respiratory", "sakit")),
    ("", "CHOKING", ("sesak", "respiratory", "sakit")),
    ("", "ALLERGIC", ("allergic", "sesak", "sakit")),
    ("", "MATERNITY", ("maternity", "melahirkan")),
    ("", "ANIMAL BITE", ("animal", "luka")),
    ("", "ASSAULT", ("assault", "luka")),
    ("", "SHOOTING", ("shooting", "luka")),
    ("", "STABBING", ("stabbing", "luka")),
    ("", "FALL", ("fall", "jatuh", "luka")),
    ("", "INJURY", ("injury", "luka")),
    ("", "FRACTURE", ("fracture", "luka")),
    ("", "LACERATION", ("laceration", "luka")),
    ("", "HEMORRHAG", ("hemorrhage", "darah", "luka")),
    ("", "BURN", ("burn", "luka")),
    ("EMS", "", ("sakit", "medical", "illness")),
    ("FIRE", "", ("api", "fire")),
    ("TRAFFIC", "", ("macet", "traffic", "accident")),
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One row of the recording. `at` is seconds since the first call's minute."""

    row: int
    at: float
    group: str
    kind: str
    position: tuple[str, str]
    crossing: str


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a call is moved to."""

    name: str
    lon: float
    lat: float


def drawn(low: float, high: float, *what: Any) -> float:
    """A number between two bounds that is the same in every run."""
    digest = hashlib.blake2b("/".join(map(str, what)).encode(), digest_size=8).digest()
    return low + (high - low) * int.from_bytes(digest, "big") / 2**64


def read(path: Path, day: date | None = None) -> tuple[list[Recorded], int]:
    """The calls in the order of their times, and how many rows could not be read. Raises `Invalid`."""
    found: list[tuple[datetime, Recorded]] = []
    skipped = 0
    try:
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
            for number, row in enumerate(csv.reader(file), 1):
                try:
                    moment = datetime.strptime(row[3].strip(), "%Y-%m-%d %H:%M")
                    position = (f"{float(row[0]):.5f}", f"{float(row[1]):.5f}")
                    group, _sep, kind = row[2].partition(":")
                except (IndexError, ValueError):
                    skipped += bool(row)
                    continue
                if day is None or moment.date() == day:
                    crossing = row[5].strip() if len(row) > 5 else ""
                    found.append(
                        (
                            moment,
                            Recorded(number, 0.0, group.strip().upper(), kind.strip(" -").upper(), position, crossing),
                        )
                    )
    except (OSError, csv.Error) as error:
        raise Invalid(_("The file cannot be read: %(why)s") % {"why": error}, code="bad_file", field="path") from None
    if not found:
        raise Invalid(
            _("The file has no calls of that day. Expected are rows of lat, lng, “GROUP: KIND”, “YYYY-MM-DD HH:MM”."),
            code="no_calls",
            field="path",
        )
    first = min(moment for moment, _row in found)
    rows = [
        Recorded(
            row.row, (moment - first).total_seconds() + drawn(0, 60, "second", row.row), row.group, row.kind,
            row.position, row.crossing,
        )
        for moment, row in found
    ]  # fmt: skip
    return _without_gaps(sorted(rows, key=lambda row: (row.at, row.row))), skipped


def _without_gaps(rows: Sequence[Recorded]) -> list[Recorded]:
    """Months between two recorded days are no part of anybody's work: a longer silence becomes two hours."""
    found: list[Recorded] = []
    cut, last = 0.0, rows[0].at
    for row in rows:
        cut += max(0.0, row.at - last - LONGEST_GAP_S)
        last = row.at
        found.append(replace(row, at=row.at - cut))
    return found


def type_for(group: str, kind: str) -> IncidentType | None:
    """The city's type for a recorded kind; None where nothing fits (the desk sends it without a type)."""
    for in_group, in_kind, words in KINDS:
        if (not in_group or in_group == group) and in_kind in kind:
            for word in words:
                if found := list(queries.find_types(word)):
                    return found[0]
    return None


def streets_for(rows: Sequence[Recorded]) -> tuple[dict[tuple[str, str], Spot], int]:
    """Recorded position -> spot on a street, and how many streets there are. Every street is used once before one is
    used twice; its second position lies half a kilometre off, so that it is not mistaken for the first."""
    streets = list(Place.objects.filter(kind="street").order_by("key"))
    if not streets:
        raise Invalid(
            _("The gazetteer has no streets to move the calls to. Load a city pack first."), code="no_streets", field=""
        )
    found: dict[tuple[str, str], Spot] = {}
    taken: set[int] = set()
    turn = 0
    for position in sorted({row.position for row in rows}):
        if len(taken) == len(streets):
            taken.clear()
            turn += 1
        at = int(drawn(0, len(streets), "street", *position))
        while at in taken:
            at = (at + 1) % len(streets)
        taken.add(at)
        street, angle = streets[at], drawn(0, 2 * pi, "angle", *position)
        off = turn * ANOTHER_END_M / 111_195
        lat = street.lat + off * cos(angle)
        found[position] = Spot(street.name, street.lon + off * sin(angle) / cos(radians(street.lat)), lat)
    return found, len(streets)
