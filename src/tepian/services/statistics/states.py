"""What may follow what, and the words that figures are kept in. No database here.

The way of an edition is the one of Perpres 39/2019: the agency produces, the data steward (walidata) checks, then it is
published or goes back."""

from __future__ import annotations

import re
from datetime import date, timedelta

DRAFT, SENT, RETURNED, APPROVED, PUBLISHED, REPLACED, WITHDRAWN, DISCARDED = (
    "draft", "sent", "returned", "approved", "published", "replaced", "withdrawn", "discarded",
)  # fmt: skip
NEXT = {
    DRAFT: (SENT, DISCARDED),
    SENT: (RETURNED, APPROVED),
    RETURNED: (SENT, DISCARDED),
    APPROVED: (PUBLISHED, RETURNED),
    PUBLISHED: (REPLACED, WITHDRAWN),
    REPLACED: (),
    WITHDRAWN: (),
    DISCARDED: (),
}
WITH_PRODUCER = (DRAFT, RETURNED)
OPEN = (DRAFT, SENT, RETURNED, APPROVED)

# The four principles of Satu Data (Perpres 39/2019, art. 3), which the steward checks one by one.
PRINCIPLES = ("standard", "metadata", "interoperability", "codes")

YEAR, SEMESTER, QUARTER, MONTH, DAY = "A", "S", "Q", "M", "D"
FREQUENCIES = (YEAR, SEMESTER, QUARTER, MONTH, DAY)  # as SDMX's CL_FREQ writes them
PERIODS = {
    YEAR: re.compile(r"\d{4}"),
    SEMESTER: re.compile(r"\d{4}-S[12]"),
    QUARTER: re.compile(r"\d{4}-Q[1-4]"),
    MONTH: re.compile(r"\d{4}-(0[1-9]|1[0-2])"),
    DAY: re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"),
}

NORMAL, MISSING, SUPPRESSED, PROVISIONAL, ESTIMATED = "", "m", "s", "p", "e"

UP, DOWN = "up", "down"
SUM, MEAN = "sum", "mean"
JUMP = 30  # percent against the period before, above which a note is asked; a dataset may say otherwise


def may_follow(state: str, wanted: str) -> bool:
    return wanted in NEXT.get(state, ())


def is_period(text: str, frequency: str) -> bool:
    """Does this text name a period of this frequency, one that exists? (2024-02-30 does not.)"""
    if not PERIODS[frequency].fullmatch(text) or not 1900 <= int(text[:4]) <= 2200:
        return False
    if frequency != DAY:
        return True
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def period_start(text: str) -> date:
    """The first day of a period of any frequency."""
    year = int(text[:4])
    rest = text[5:]
    if not rest:
        return date(year, 1, 1)
    if rest[0] == "S":
        return date(year, 6 * int(rest[1]) - 5, 1)
    if rest[0] == "Q":
        return date(year, 3 * int(rest[1]) - 2, 1)
    return date(year, int(rest[:2]), int(rest[3:] or 1))


def period_of(day: date, frequency: str) -> str:
    """The period that a day lies in."""
    match frequency:
        case "A":
            return f"{day:%Y}"
        case "S":
            return f"{day:%Y}-S{1 + (day.month > 6)}"
        case "Q":
            return f"{day:%Y}-Q{(day.month + 2) // 3}"
        case "M":
            return f"{day:%Y-%m}"
        case _:
            return day.isoformat()


def period_before(text: str) -> str:
    """The period before, of the same frequency."""
    frequency = frequency_of(text)
    return period_of(period_start(text) - timedelta(days=1), frequency)


def year_before(text: str) -> str:
    """The same period one year earlier; of 29 February the 28th."""
    earlier = f"{int(text[:4]) - 1}{text[4:]}"
    return earlier if text[5:] != "02-29" else f"{earlier[:8]}28"


def frequency_of(text: str) -> str:
    return next(frequency for frequency, pattern in PERIODS.items() if pattern.fullmatch(text))


def jump(before: float, now: float) -> float | None:
    """The change in percent of the earlier value; None where there is nothing to compare with."""
    return None if before == 0 else 100 * (now - before) / abs(before)
