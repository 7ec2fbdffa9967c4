"""Moments, distances and numbers as people here write them: 22 November 2026, 14.30 WITA; 1.234,5; 2,9 m."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

ZONES = {
    "Asia/Jakarta": "WIB",
    "Asia/Pontianak": "WIB",
    "Asia/Makassar": "WITA",
    "Asia/Ujung_Pandang": "WITA",
    "Asia/Jayapura": "WIT",
}
MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"


def english() -> bool:
    """Does the reader read English? Otherwise Indonesian, which comes first."""
    return (get_language() or "id").startswith("en")


def in_language(row: Any, name: str) -> str:
    """A text of a row that may have an English twin (`title`, `title_en`), in the reader's language; the other one where
    there is none."""
    own, other = (f"{name}_en", name) if english() else (name, f"{name}_en")
    return str(getattr(row, own, "") or getattr(row, other, ""))


def zone_label(zone: tzinfo | None = None, at: datetime | None = None) -> str:
    """WIB, WITA or WIT; elsewhere the zone's own abbreviation."""
    zone = zone or timezone.get_current_timezone()
    return ZONES.get(str(zone)) or (at or datetime.now(UTC)).astimezone(zone).tzname() or ""


def _local(at: datetime, zone: tzinfo | None) -> datetime:
    if timezone.is_naive(at):
        raise ValueError("a moment needs its zone")
    return at.astimezone(zone or timezone.get_current_timezone())


def clock(at: datetime, zone: tzinfo | None = None, *, label: bool = True, seconds: bool = False) -> str:
    """14.30 WITA"""
    local = _local(at, zone)
    text = formats.date_format(local, "SECOND_TIME_FORMAT" if seconds else "TIME_FORMAT")
    return f"{text} {zone_label(zone, at)}" if label else text


def day(on: date | datetime, zone: tzinfo | None = None, *, weekday: bool = False) -> str:
    """22 November 2026"""
    value = _local(on, zone) if isinstance(on, datetime) else on
    return formats.date_format(value, "l, j F Y" if weekday else "DATE_FORMAT")


def moment(at: datetime, zone: tzinfo | None = None, *, now: datetime | None = None) -> str:
    """The clock alone for today, otherwise with the day: 22 November 2026, 14.30 WITA."""
    here, there = _local(at, zone), _local(now or datetime.now(UTC), zone)
    if here.date() == there.date():
        return clock(at, zone)
    return f"{day(at, zone)}, {clock(at, zone)}"


def ago(at: datetime, *, now: datetime | None = None) -> str:
    """How long ago, in the one unit that matters: “4 minutes ago”. A moment in the future is “just now”, for clocks of
    devices differ by seconds; far ahead (over a minute) it says so."""
    gap = ((now or datetime.now(UTC)) - at).total_seconds()
    if gap < -60:
        return _("clock ahead by %(age)s") % {"age": span(timedelta(seconds=-gap))}
    if gap < 10:
        return _("just now")
    return _("%(age)s ago") % {"age": span(timedelta(seconds=gap))}


def span(length: timedelta) -> str:
    """A length of time in its largest whole unit: “26 minutes”."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    if seconds < 3600:
        return ngettext("%(n)d minute", "%(n)d minutes", seconds // 60) % {"n": seconds // 60}
    if seconds < 48 * 3600:
        return ngettext("%(n)d hour", "%(n)d hours", seconds // 3600) % {"n": seconds // 3600}
    return ngettext("%(n)d day", "%(n)d days", seconds // 86400) % {"n": seconds // 86400}


def number(value: float | None, decimals: int | None = None) -> str:
    """1.234,5. None and what is not a number give the dash that means “unknown”, never 0."""
    if value is None or not math.isfinite(value):
        return DASH
    places = decimals if decimals is not None else (0 if float(value).is_integer() else None)
    rounded = round(value, places) if places is not None else value
    text = formats.number_format(abs(rounded), decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"{MINUS}{text}" if rounded < 0 else text


def written_number(text: str) -> float:
    """What `number` wrote, or a person: 1.234,5 in Indonesian, 1,234.5 in English, 12.5 in both; signs of rupiah and
    percent may stand there. Raises `ValueError`."""
    compact = re.sub(r"\s", "", text.replace(MINUS, "-")).removesuffix("%")
    compact = re.sub(r"^(-?)rp\.?", r"\1", compact, flags=re.IGNORECASE)
    decimal = str(formats.get_format("DECIMAL_SEPARATOR"))
    grouping = "." if decimal == "," else ","
    whole, _mark, rest = compact.partition(decimal)
    if re.fullmatch(rf"-?\d{{1,3}}(\{grouping}\d{{3}})+", whole):
        whole = whole.replace(grouping, "")
    elif whole.count(grouping) == 1 and not rest:
        whole = whole.replace(grouping, ".")
    plain = f"{whole}.{rest}" if rest else whole
    if not re.fullmatch(r"-?\d{1,18}(\.\d{1,9})?", plain, flags=re.ASCII):
        raise ValueError(text)
    return float(plain)


def metres(value: float | None) -> str:
    """2,9 m below ten; 350 m; 1,2 km from a thousand."""
    if value is None or not math.isfinite(value):
        return DASH
    size = abs(value)
    if size >= 1000:
        return f"{number(value / 1000, 1)} km"
    return f"{number(value, 0 if size >= 10 else 2 if size < 1 else 1)} m"


def rupiah(amount: float | None, *, short: bool = False) -> str:
    """Rp15.000; short: Rp1,2 miliar, from a million on. None gives the dash that means “unknown”, never 0."""
    if amount is None or not math.isfinite(amount):
        return DASH
    sign, size = (MINUS if amount < 0 else ""), abs(amount)
    if not short or round(size / 1e6, 1) < 1:
        return f"{sign}Rp{number(round(size), 0)}"
    if round(size / 1e9, 1) < 1:
        text, worth = _("Rp%(amount)s million"), size / 1e6
    elif round(size / 1e12, 1) < 1:
        text, worth = _("Rp%(amount)s billion"), size / 1e9
    else:
        text, worth = _("Rp%(amount)s trillion"), size / 1e12
    rounded = round(worth, 1)
    return sign + text % {"amount": number(rounded, 0 if rounded.is_integer() else 1)}
