"""What a single text may mean: a number in either notation, a date, a period, nothing. Columns decide between meanings."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from .words import ERRORS, MISSING, MONTHS

Raw = str | float | int | bool | date | datetime | time | timedelta

_SPACES = dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\t\n\r\u3000"), " ") | dict.fromkeys(
    map(ord, "\u200b\u200e\u200f\ufeff"), ""
)
_MARK = re.compile(
    r"(?P<rest>.*?[\d)%])(?P<mark>\s*\*{1,3}\)?|\s+\d{1,2}\)|\s*[a-z]\)|\s*[¹²³⁴⁵⁶⁷⁸⁹⁰]+[⁾)]?|\s*[†‡#]|\s?\([a-z]\)|\s?[re])",
    re.I,
)
_MONEY = re.compile(r"(?:rp\.?|idr|us\$|usd|\$|€|eur)\s*", re.I)
_MONEY_AFTER = re.compile(r"(?:,-+|\s*(?:rupiah|idr|rp\.?))$", re.I)
_PLAIN = re.compile(r"\d+")
_DOT_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+")
_COMMA_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
_DOT_DECIMAL = re.compile(r"(?:\d+|\d{1,3}(?:,\d{3})+)?\.\d+(?:e[+-]?\d{1,3})?|\d+e[+-]?\d{1,3}", re.I)
_COMMA_DECIMAL = re.compile(r"(?:\d+|\d{1,3}(?:\.\d{3})+)?,\d+")
_SPACE_GROUPS = re.compile(r"(\d{1,3})((?:[ ']\d{3})+)((?:[.,]\d+)?)")
LONGEST_NUMBER = 60


class Shape(NamedTuple):
    """A text that is a number. `notation` is the decimal mark it proves: "." or "," or "" (no mark in it), or, with a
    question mark, the mark it would have if its only mark were decimal: "1.234" is ".?"."""

    digits: str
    negative: bool
    percent: bool
    notation: str
    mark: str
    money: str


def clean(text: str) -> str:
    """Without outer blanks; blanks that only look special made plain."""
    return text.translate(_SPACES).strip()


def missing_reason(text: str) -> str:
    """Why a cell with this text has no value; "" when it has one."""
    text = clean(text)
    if not text:
        return "empty"
    if len(text) > 30:
        return ""
    if ERRORS.fullmatch(text) and text.lower() != "#n/a":
        return "error"
    low = text.lower()
    return MISSING.get(low) or MISSING.get(low.strip("() "), "")


def shape(text: str) -> Shape | None:
    """Read a text as a number without deciding what its marks mean; None when it is no number."""
    text = clean(text)
    if not text or len(text) > LONGEST_NUMBER:
        return None
    found = _shape(text, "")
    if found is None and (marked := _MARK.fullmatch(text)):
        found = _shape(marked["rest"].strip(), marked["mark"].strip())
    return found


def _shape(text: str, mark: str) -> Shape | None:
    negative = percent = False
    money = ""
    if text[:1] == "(" and text[-1:] == ")":
        text, negative = text[1:-1].strip(), True
    if text[-1:] == "%":
        text, percent = text[:-1].rstrip(), True
    sign = text[:1]
    if sign in "+-−–" and sign:
        if negative:
            return None
        text, negative = text[1:].lstrip(), sign != "+"
    if found := _MONEY.match(text):
        text, money = text[found.end() :], found[0].strip()
        if text[:1] in "-−" and text[:1] and not negative:
            text, negative = text[1:].lstrip(), True
        if text[:1] == "(" and text[-1:] == ")" and not negative:
            text, negative = text[1:-1].strip(), True
    if found := _MONEY_AFTER.search(text):
        text, money = text[: found.start()], money or "Rp"
    if text[-1:] in "-−" and text[:-1] and not negative:
        text, negative = text[:-1].rstrip(), True
    if text[:1] == "(" or not text:
        return None
    grouped = False
    if found := _SPACE_GROUPS.fullmatch(text):
        text, grouped = found[1] + found[2].replace(" ", "").replace("'", "") + found[3], True
    if not text.isascii():
        return None
    notation = _notation(text, grouped)
    if notation is None:
        return None
    return Shape(text, negative, percent, notation, mark, money)


def _notation(text: str, grouped: bool) -> str | None:
    if _PLAIN.fullmatch(text):
        return ""
    for mark, thousands, decimal in ((".", _DOT_THOUSANDS, _DOT_DECIMAL), (",", _COMMA_THOUSANDS, _COMMA_DECIMAL)):
        other = "," if mark == "." else "."
        if thousands.fullmatch(text):
            if text.count(mark) > 1:
                return other
            # "0.123" and, where blanks already make the groups, "1 234.567" cannot be thousands.
            return mark if grouped or text[0] == "0" else mark + "?"
        if decimal.fullmatch(text):
            return mark
    return None


def number(found: Shape, decimal: str) -> Decimal | None:
    """The number, with this decimal mark ("." or ","); None when the text contradicts it or `decimal` is "" and the text
    needs one."""
    notation = found.notation
    text = found.digits
    if notation == "":
        pass
    elif notation in {".", ","}:
        decimal = notation  # its own shape proves it
    elif not decimal:
        return None
    if notation:
        text = text.replace("," if decimal == "." else ".", "").replace(",", ".")
    value = Decimal(text)
    return -value if found.negative else value


def float_number(raw: float) -> Decimal:
    """The shortest decimal that is this number; what the office typed, not its binary neighbour."""
    value = Decimal(repr(raw))
    return Decimal(int(raw)) if raw == int(raw) and abs(raw) < 1e15 else value


# --- dates and periods -----------------------------------------------------------------------------------------------

_ISO = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?"
)
_NUMERIC = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?:[T ,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?)?")
_WORDY = re.compile(r"(?:[a-z']+,\s*)?(\d{1,2})[\s-]+([a-z]+)\.?[\s,-]+(\d{4}|\d{2})", re.I)
_ENGLISH = re.compile(r"([a-z]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,\s*(\d{4})", re.I)
_MONTH_YEAR = re.compile(r"([a-z]+)\.?[\s'/-]*(\d{4}|\d{2})", re.I)
_YEAR_MONTH = re.compile(r"(\d{4})[-/](\d{1,2})")
_QUARTER = re.compile(
    r"(triwulan|tw|twl|q|kuartal|quarter|semester|smt|sem|s)[\s.-]*(iv|i{1,3}|[1-4])[\s,/.-]*(?:tahun\s*)?(\d{4})", re.I
)
_QUARTER_AFTER = re.compile(
    r"(\d{4})[\s/-]*(triwulan|tw|q|kuartal|quarter|semester|smt|s)[\s.-]*(iv|i{1,3}|[1-4])", re.I
)
_SPAN = re.compile(r"(?:ta\.?\s*|tahun\s*)?((?:19|20)\d{2})\s*[/–-]\s*((?:19|20)\d{2})", re.I)
_YEAR = re.compile(r"(?:tahun|thn\.?|th\.?|ta\.?|year)?\s*((?:19|20)\d{2})", re.I)
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}


class Day(NamedTuple):
    """A text that is a date. `order` is "" when the text leaves no doubt, "dm" or "md" when the numbers prove that order,
    "?" when day and month could be either way; then `value` is day first and `other` month first."""

    value: date
    order: str = ""
    other: date | None = None
    short_year: bool = False


def _date(year: str, month: int, day: int, clock: tuple[str | None, ...] = ()) -> date | None:
    number = int(year) if len(year) == 4 else (2000 if int(year) < 70 else 1900) + int(year)
    try:
        if clock and clock[0] and any(int(part or 0) for part in clock):
            hour, minute, second = (int(part or 0) for part in clock)
            return datetime(number, month, day, hour, minute, second)
        return date(number, month, day)
    except ValueError:
        return None


def day(text: str) -> Day | None:
    """Read a text as a date (with a time of day when it has one other than midnight); None when it is none."""
    text = clean(text)
    if not text or len(text) > 40:
        return None
    if found := _ISO.fullmatch(text):
        value = _date(found[1], int(found[2]), int(found[3]), found.groups()[3:6])
        return Day(value) if value else None
    if found := _NUMERIC.fullmatch(text):
        first, second, year, clock = int(found[1]), int(found[3]), found[4], found.groups()[4:7]
        day_first, month_first = _date(year, second, first, clock), _date(year, first, second, clock)
        short = len(year) == 2
        if day_first and month_first and first != second:
            return Day(day_first, "?", month_first, short)
        if day_first:
            return Day(day_first, "" if first == second else "dm", None, short)
        return Day(month_first, "md", None, short) if month_first else None
    for pattern, places in ((_WORDY, (1, 2, 3)), (_ENGLISH, (2, 1, 3))):
        if (found := pattern.fullmatch(text)) and (month := MONTHS.get(found[places[1]].lower())):
            value = _date(found[places[2]], month, int(found[places[0]]))
            return Day(value, short_year=len(found[places[2]]) == 2) if value else None
    return None


def period(text: str) -> str:
    """A month, quarter, half-year or span of years: "2024-01", "2024-Q1", "2024-S1", "2023/2024"; "" when it is none."""
    text = clean(text)
    if not text or len(text) > 40:
        return ""
    if (found := _YEAR_MONTH.fullmatch(text)) and 1 <= int(found[2]) <= 12:
        return f"{found[1]}-{int(found[2]):02}"
    if (found := _MONTH_YEAR.fullmatch(text)) and (month := MONTHS.get(found[1].lower())):
        year = int(found[2]) if len(found[2]) == 4 else (2000 if int(found[2]) < 70 else 1900) + int(found[2])
        return f"{year}-{month:02}"
    if found := _QUARTER.fullmatch(text):
        return _part_of_year(found[3], found[1], found[2])
    if found := _QUARTER_AFTER.fullmatch(text):
        return _part_of_year(found[1], found[2], found[3])
    if found := _SPAN.fullmatch(text):
        return f"{found[1]}/{found[2]}" if int(found[2]) > int(found[1]) else ""
    return ""


def _part_of_year(year: str, word: str, part: str) -> str:
    part = _ROMAN.get(part.lower(), part)
    if word[0].lower() == "s":
        return f"{year}-S{part}" if part in "12" else ""
    return f"{year}-Q{part}"


def year(text: str) -> tuple[str, str]:
    """("2024", mark) for "2024", "Tahun 2024" and "2024*)"; ("", "") when it is no year."""
    text = clean(text)
    if found := _YEAR.fullmatch(text):
        return found[1], ""
    if (marked := _MARK.fullmatch(text)) and (found := _YEAR.fullmatch(marked["rest"].strip())):
        return found[1], marked["mark"].strip()
    return "", ""


def serial_day(number: Decimal, *, since_1904: bool = False) -> date | None:
    """The date of a spreadsheet's day number, when it is a whole day between 1930 and 2130."""
    if number != number.to_integral_value() or not 10_959 <= number <= 84_000:
        return None
    return (date(1904, 1, 1) if since_1904 else date(1899, 12, 30)) + timedelta(days=int(number))


def heading_period(text: str) -> str:
    """The year, period or day that a heading names, as ISO-like text; "" when it names none."""
    found = year(text)[0] or period(text)
    if found:
        return found
    marked = _MARK.fullmatch(clean(text))
    if marked and (found := period(marked["rest"].strip())):
        return found
    on = day(text)
    return on.value.isoformat() if on and on.order != "?" else ""


def text_of(raw: Raw) -> str:
    """A typed cell as text: numbers with "." and without groups, dates as ISO 8601."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool):
        return "TRUE" if raw else "FALSE"
    if isinstance(raw, (int, float)):
        return format(float_number(float(raw)) if isinstance(raw, float) else Decimal(raw), "f")
    if isinstance(raw, timedelta):
        minutes, seconds = divmod(int(raw.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return raw.isoformat()


def looks_numeric(raw: Raw) -> bool:
    """Is it a number or a date, in any notation?"""
    if isinstance(raw, str):
        return shape(raw) is not None or day(raw) is not None
    return not isinstance(raw, bool)
