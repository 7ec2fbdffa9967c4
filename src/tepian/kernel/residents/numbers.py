"""The two numbers of the civil registry: NIK of a resident, KK of a family card. Text, never numbers.

NIK: district of the first registration (6 digits, never changed by moving), day of birth with 40 added for women, month
and year in two digits each, serial from 0001. There is no check digit. KK: district, day of recording, serial. Sources:
dukcapil.klaten.go.id; a wrong date in a NIK is never corrected by a new number, so a mismatch is a warning."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Invalid

LENGTH = 16
OLDEST = 125  # years; two digits of a year mean the century that makes somebody younger than this
MALE, FEMALE = "L", "P"  # as identity cards write them: laki-laki, perempuan
_SPACES = re.compile(r"[\s.\-]+")


@dataclass(frozen=True, slots=True)
class Nik:
    """A NIK taken apart. `district` is dotted (64.72.05); `births` are the days that its date can mean, the younger
    first; `serial` is 1 to 9999."""

    text: str
    district: str
    sex: str
    births: tuple[date, ...]
    serial: int


@dataclass(frozen=True, slots=True)
class Kk:
    """The number of a family card taken apart; `recorded` are the days that its date can mean."""

    text: str
    district: str
    recorded: tuple[date, ...]
    serial: int


def digits(text: str, name: str, field: str) -> str:
    """Sixteen digits; people write spaces, dots and hyphens between them. Raises `Invalid`."""
    cleaned = _SPACES.sub("", text or "")
    if not re.fullmatch(r"[0-9]*", cleaned):
        raise Invalid(
            format_lazy(_("{name} has digits only. Look at the card again."), name=name),
            code=f"{field}_digits",
            field=field,
        )
    if len(cleaned) != LENGTH:
        raise Invalid(
            format_lazy(_("{name} has 16 digits. You wrote {count}."), name=name, count=len(cleaned)),
            code=f"{field}_length",
            field=field,
        )
    return cleaned


def _days(day: int, month: int, year: int, today: date) -> tuple[date, ...]:
    found = []
    for century in (today.year // 100 * 100, today.year // 100 * 100 - 100):
        try:
            on = date(century + year, month, day)
        except ValueError:
            continue
        if on <= today and today.year - on.year <= OLDEST:
            found.append(on)
    return tuple(found)


def read_nik(text: str, *, today: date, field: str = "nik") -> Nik:
    """Raises `Invalid` with the code `nik_digits`, `nik_length`, `nik_date` or `nik_serial`."""
    cleaned = digits(text, "NIK", field)
    day, month, year, serial = int(cleaned[6:8]), int(cleaned[8:10]), int(cleaned[10:12]), int(cleaned[12:])
    births = _days(day - 40 if day > 40 else day, month, year, today)
    if not births:
        raise Invalid(
            _("The date inside this NIK does not exist. Look at the card again."), code="nik_date", field=field
        )
    if serial == 0:
        raise Invalid(_("A NIK never ends in 0000. Look at the card again."), code="nik_serial", field=field)
    return Nik(cleaned, dotted(cleaned), FEMALE if day > 40 else MALE, births, serial)


def read_kk(text: str, *, today: date, field: str = "kk") -> Kk:
    """Raises `Invalid` with the code `kk_digits`, `kk_length`, `kk_date` or `kk_serial`."""
    cleaned = digits(text, "KK", field)
    recorded = _days(int(cleaned[6:8]), int(cleaned[8:10]), int(cleaned[10:12]), today)
    if not recorded:
        raise Invalid(
            _("The date inside this family card's number does not exist. Look at the card again."),
            code="kk_date",
            field=field,
        )
    if cleaned.endswith("0000"):
        raise Invalid(
            _("A family card's number never ends in 0000. Look at the card again."), code="kk_serial", field=field
        )
    return Kk(cleaned, dotted(cleaned), recorded, int(cleaned[12:]))


def dotted(number: str) -> str:
    """The district of a NIK or KK as regions are written: 64.72.05."""
    return f"{number[:2]}.{number[2:4]}.{number[4:6]}"


def mismatches(nik: Nik, *, sex: str = "", born_on: date | None = None, districts: Collection[str] = ()) -> list[str]:
    """What a NIK says otherwise than the rest: `sex`, `birth`, `district` (none that is known). Warnings only: a NIK is
    never issued anew for a wrong date, and districts were split and renamed."""
    found = []
    if sex and sex != nik.sex:
        found.append("sex")
    if born_on and born_on not in nik.births:
        found.append("birth")
    if districts and nik.district not in districts:
        found.append("district")
    return found


def masked(number: str) -> str:
    """A NIK or KK as it is shown after entry: district and the last four digits."""
    return f"{number[:6]}{'•' * max(0, len(number) - 10)}{number[-4:]}"


def compose_nik(district: str, sex: str, born_on: date, serial: int) -> str:
    """The number that a registry gives."""
    return f"{district.replace('.', '')}{born_on.day + (40 if sex == FEMALE else 0):02d}{born_on:%m%y}{serial:04d}"
