"""Periods as text: 2024, 2024-S1, 2024-Q1, 2024-03, 2024-03-05. Within one form, the order of the text is the order in time."""

from __future__ import annotations

import calendar
import re
from datetime import date

FORMS = ("year", "semester", "quarter", "month", "day")
# Year 0000 is no date anywhere; the same pattern is checked by the engine when a table is written.
PATTERN = r"[0-9]{4}(-(S[12]|Q[1-4]|(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?))?"
_PERIOD = re.compile(PATTERN)

MONTHS = {"year": 12, "semester": 6, "quarter": 3, "month": 1}

Bounds = tuple[tuple[str, str, str], ...]
"""(form, first, last) of each form of which any period lies within; both ends included."""


def form(period: str) -> str:
    """year, semester, quarter, month or day. Raises ValueError for anything else."""
    if not _PERIOD.fullmatch(period):
        raise ValueError(period)
    if len(period) == 7:
        return {"S": "semester", "Q": "quarter"}.get(period[5], "month")
    return "year" if len(period) == 4 else "day"


def span(period: str) -> tuple[date, date]:
    """First and last day. Raises ValueError for text that is no period, or a day that no calendar has."""
    kind, year = form(period), int(period[:4])
    if kind == "day":
        day = date.fromisoformat(period)
        return day, day
    months = MONTHS[kind]
    last = 12 if kind == "year" else int(period[5:].lstrip("SQ")) * months
    first = last - months + 1
    return date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1])


def within(first: str | None, last: str | None) -> Bounds:
    """The periods that lie wholly between the first day of `first` and the last day of `last`, form by form.

    So 2024-Q1 to 2024-Q2 takes in January to June and each of their days, but not the year 2024. Comparing the text
    alone would take every month of 2024 for earlier than its quarters.
    """
    begin = span(first)[0] if first is not None else date.min
    end = span(last)[1] if last is not None else date.max
    found: list[tuple[str, str, str]] = []
    for kind, months in MONTHS.items():
        per_year = 12 // months
        low = begin.year * per_year + (begin.month - 1) // months
        low += begin != date(begin.year, (begin.month - 1) // months * months + 1, 1)
        high = end.year * per_year + (end.month - 1) // months
        closing = (end.month - 1) // months * months + months
        high -= end != date(end.year, closing, calendar.monthrange(end.year, closing)[1])
        if low <= high:
            found.append((kind, _text(kind, low, per_year), _text(kind, high, per_year)))
    if begin <= end:
        found.append(("day", begin.isoformat(), end.isoformat()))
    return tuple(found)


def _text(kind: str, number: int, per_year: int) -> str:
    year, part = divmod(number, per_year)
    return (
        f"{year:04d}"
        + {"year": "", "semester": f"-S{part + 1}", "quarter": f"-Q{part + 1}", "month": f"-{part + 1:02d}"}[kind]
    )
