"""What a column is: all its cells weighed together, so that one doubtful cell is read as its neighbours prove."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from .parts import Value
from .values import (
    Day,
    Raw,
    Shape,
    clean,
    day,
    float_number,
    missing_reason,
    number,
    period,
    serial_day,
    shape,
    text_of,
    year,
)
from .words import CODE, COUNTED, DATE, INDONESIAN_DATE, MISSING_AMONG_TEXTS, SHARE, YEAR

MOST = 0.7  # of the values must be of one kind, for the column to be of it
_DIGIT = re.compile(r"\d")
_LEADING_ZERO = re.compile(r"0\d+")


class Meaning(NamedTuple):
    """A raw value read: what a `Cell` holds beside its place."""

    raw: str
    value: Value
    missing: str = ""
    mark: str = ""


class Remark(NamedTuple):
    """A finding about some raw values of a column; the places are looked up by whoever knows them."""

    level: str
    code: str
    about: Callable[[Raw], bool] | None
    params: dict[str, object]
    each: bool = False  # one finding a cell


class _Seen(NamedTuple):
    """What one distinct text or typed value could be."""

    missing: str = ""
    shape: Shape | None = None
    number: Decimal | None = None  # of a typed number
    day: Day | None = None
    period: str = ""
    year: tuple[str, str] = ("", "")


_NOTHING = _Seen()


def _see(raw: Raw) -> _Seen:
    if isinstance(raw, str):
        if missing := missing_reason(raw):
            return _Seen(missing)
        if not _DIGIT.search(raw):
            return _NOTHING
        return _Seen("", shape(raw), None, day(raw), period(raw), year(raw))
    if isinstance(raw, date):
        return _Seen(day=Day(raw if not _is_midnight(raw) else date(raw.year, raw.month, raw.day)))
    if isinstance(raw, (int, float)):
        value = float_number(raw) if isinstance(raw, float) else Decimal(raw)
        text = str(value)
        return _Seen(number=value, year=(text, "") if len(text) == 4 and text[:2] in {"19", "20"} else ("", ""))
    return _NOTHING


def _is_midnight(raw: date) -> bool:
    return isinstance(raw, datetime) and raw.time() == time()


@dataclass(slots=True)
class Survey:
    """One column before its kind is settled."""

    name: str
    unit: str
    raws: list[Raw]
    stored_text: bool  # the file can hold nothing but text
    counts: Counter[Raw] = field(init=False)
    seen: dict[Raw, _Seen] = field(init=False)
    proves: set[str] = field(init=False)
    doubtful: bool = field(init=False)
    remarks: list[Remark] = field(default_factory=list)
    kind: str = "text"
    decimal: str = ""
    day_first: bool | None = None
    percent_cells: int = 0  # by number format

    def __post_init__(self) -> None:
        self.counts = Counter(self.raws)
        self.seen = {raw: _see(raw) for raw in self.counts}
        notations = {one.shape.notation for one in self.seen.values() if one.shape}
        self.proves = notations & {".", ","}
        self.doubtful = bool(notations & {".?", ",?"}) and len(self.proves) != 1
        if not self.unit:
            money = {one.shape.money.lower().rstrip(".") for one in self.seen.values() if one.shape and one.shape.money}
            self.unit = "Rp" if money and money <= {"rp", "idr", "rupiah"} else ""
        self._settle_kind()

    def _count(self, test: Callable[[_Seen], object]) -> int:
        return sum(times for raw, times in self.counts.items() if test(self.seen[raw]))

    def _settle_kind(self) -> None:
        present = self._count(lambda one: not one.missing)
        if not present:
            self.remarks.append(Remark("info", "empty_column", None, {}))
            return
        if CODE.match(self.name):
            return
        if any(isinstance(raw, str) and _LEADING_ZERO.fullmatch(clean(raw)) for raw in self.counts):
            self.remarks.append(Remark("info", "kept_as_text", None, {}))
            return
        numbers = self._count(lambda one: one.shape or one.number is not None)
        says_date, says_year = bool(DATE.match(self.name)), bool(YEAR.match(self.name))
        days = self._count(lambda one: one.day or (says_date and one.number is not None and serial_day(one.number)))
        if says_date and self.stored_text:
            days = self._count(lambda one: one.day or _serial(one))
        if days >= MOST * present:
            self.kind = "date"
        elif says_year and self._count(lambda one: one.year[0]) >= MOST * present:
            self.kind = "year"
        elif self._count(lambda one: one.period or (says_year and one.year[0])) >= MOST * present and self._count(
            lambda one: one.period
        ):
            self.kind = "period"
        elif numbers >= MOST * present:
            shares = self._count(lambda one: one.shape and one.shape.percent) + self.percent_cells
            share = shares * 2 >= numbers or self.unit in {"%", "persen", "percent"}
            if share or (SHARE.match(self.name) and not self.unit):
                self.kind, self.unit = "percent", "%"
            else:
                self.kind = "number"
        elif numbers and numbers * 5 >= present:
            self.remarks.append(
                Remark(
                    "warning", "mixed_column", lambda raw: self._is_number(raw), {"numbers": numbers, "count": present}
                )
            )

    def _is_number(self, raw: Raw) -> bool:
        one = self.seen[raw]
        return one.shape is not None or one.number is not None

    @property
    def undecided(self) -> bool:
        """Are there numbers that can be read two ways, which the column itself does not settle?"""
        return self.kind in {"number", "percent"} and self.doubtful and not self.decimal

    def is_doubtful(self, raw: Raw) -> bool:
        found = self.seen[raw].shape
        return found is not None and found.notation.endswith("?")

    def example(self) -> str:
        return next((clean(text_of(raw)) for raw in self.counts if self.is_doubtful(raw)), "")

    def whole_mark(self) -> str:
        """The decimal mark with which all doubtful numbers are whole: "," when they are like "1.234"; "" when mixed."""
        marks = {one.shape.notation for one in self.seen.values() if one.shape and one.shape.notation.endswith("?")}
        return {".?": ",", ",?": "."}[marks.pop()] if len(marks) == 1 else ""

    def counted(self) -> bool:
        return self.unit.lower() in COUNTED

    def value_with(self, raw: Raw, decimal: str) -> Decimal | None:
        """The number that the raw value would be with this decimal mark."""
        one = self.seen[raw]
        return one.number if one.number is not None else number(one.shape, decimal) if one.shape else None

    # --- meanings --------------------------------------------------------------------------------------------------

    def meanings(self, *, since_1904: bool = False) -> dict[Raw, Meaning]:
        """Each distinct raw value read as the column's kind; adds remarks."""
        if not self.decimal and len(self.proves) == 1:
            self.decimal = next(iter(self.proves))
        read = {
            "text": self._text,
            "date": lambda raw, one: self._day(raw, one, since_1904),
            "year": self._year,
            "period": self._period,
        }.get(self.kind, self._number)
        if self.kind == "date":
            self._settle_order()
        found = {raw: read(raw, one) for raw, one in self.seen.items()}
        self._remark(found)
        return found

    def _text(self, raw: Raw, one: _Seen) -> Meaning:
        text = text_of(raw)
        if one.missing in MISSING_AMONG_TEXTS | {"empty", "error"}:
            return Meaning(text, None, one.missing)
        return Meaning(text, clean(text))

    def _number(self, raw: Raw, one: _Seen) -> Meaning:
        text = text_of(raw)
        if one.missing:
            return Meaning(text, None, one.missing)
        if one.number is not None:
            return Meaning(text, one.number)
        if one.shape and not (one.shape.percent and self.kind != "percent"):
            value = number(one.shape, self.decimal)
            return Meaning(text, value, "" if value is not None else "ambiguous", one.shape.mark)
        return Meaning(text, None, "not_understood")

    def _year(self, raw: Raw, one: _Seen) -> Meaning:
        text = text_of(raw)
        if one.missing or not one.year[0]:
            return Meaning(text, None, one.missing or "not_understood")
        return Meaning(text, Decimal(one.year[0]), "", one.year[1])

    def _period(self, raw: Raw, one: _Seen) -> Meaning:
        text = text_of(raw)
        found = one.period or one.year[0]
        if not found and one.day and one.day.order != "?":
            found = one.day.value.isoformat()
        return Meaning(text, found or None, "" if found else one.missing or "not_understood")

    def _day(self, raw: Raw, one: _Seen, since_1904: bool) -> Meaning:
        text = text_of(raw)
        if one.missing:
            return Meaning(text, None, one.missing)
        if one.day:
            if one.day.order != "?":
                return Meaning(text, one.day.value)
            if self.day_first is None:
                return Meaning(text, None, "ambiguous")
            return Meaning(text, one.day.value if self.day_first else one.day.other)
        plain = one.number if one.number is not None else number(one.shape, "") if one.shape else None
        on = serial_day(plain, since_1904=since_1904) if plain is not None and DATE.match(self.name) else None
        return Meaning(text, on) if on else Meaning(text, None, "not_understood")

    def _settle_order(self) -> None:
        """Day first or month first, as the column proves; else as the caller said, else as its Indonesian heading has it."""
        orders = {one.day.order for one in self.seen.values() if one.day}
        if "?" not in orders:
            return
        proven = orders & {"dm", "md"}
        if len(proven) == 2:
            self.day_first = None
            self.remarks.append(Remark("warning", "date_order_mixed", self._either_day, {}))
        elif proven:
            self.day_first = proven == {"dm"}
        elif self.day_first is None and INDONESIAN_DATE.match(self.name):
            self.day_first = True
            example = next(clean(text_of(raw)) for raw in self.counts if self._either_day(raw))
            self.remarks.append(Remark("warning", "day_first_assumed", self._either_day, {"text": example}))

    def _either_day(self, raw: Raw) -> bool:
        on = self.seen[raw].day
        return on is not None and on.order == "?"

    def _remark(self, found: dict[Raw, Meaning]) -> None:
        def some(level: str, code: str, about: Callable[[Raw], bool], *, each: bool = False, **params: object) -> None:
            chosen = [raw for raw in self.counts if about(raw)]
            if chosen:
                known = {"count": sum(self.counts[raw] for raw in chosen), "text": clean(text_of(chosen[0]))[:60]}
                self.remarks.append(Remark(level, code, about, known | params, each))

        some("warning", "not_understood", lambda raw: found[raw].missing == "not_understood", each=True, kind=self.kind)
        some("warning", "cell_error", lambda raw: found[raw].missing == "error", each=True)
        ambiguous = "ambiguous_dates" if self.kind == "date" else "ambiguous_numbers"
        some("error", ambiguous, lambda raw: found[raw].missing == "ambiguous")
        if self.kind in {"number", "percent"}:
            if len(self.proves) == 2:
                self.remarks.append(Remark("warning", "notation_mixed", None, {}))
            if not self.stored_text:
                some("info", "numbers_as_text", lambda raw: self.seen[raw].shape is not None)
            if self.counted():
                some("warning", "fraction_in_count", self._is_fraction, unit=self.unit)
            some("warning", "digits_lost", self._is_too_long)
        if self.kind == "percent" and self._count(lambda one: one.shape and one.shape.percent):
            some("warning", "percent_mixed", self._is_bare)
        some("info", "footnote_marks", lambda raw: bool(found[raw].mark))
        if self.kind == "date":
            some("info", "serial_dates", lambda raw: found[raw].value is not None and self.seen[raw].day is None)
            some("info", "short_years", lambda raw: (on := self.seen[raw].day) is not None and on.short_year)
        if self.kind == "period":
            some(
                "info", "short_years", lambda raw: bool(self.seen[raw].period) and not re.search(r"\d{4}", text_of(raw))
            )

    def _is_bare(self, raw: Raw) -> bool:
        """A number without “%”; typed ones count only where no number format could have said it."""
        one = self.seen[raw]
        return not one.shape.percent if one.shape else one.number is not None and not self.percent_cells

    def _is_fraction(self, raw: Raw) -> bool:
        value = self.seen[raw].number
        return value is not None and value != value.to_integral_value()

    def _is_too_long(self, raw: Raw) -> bool:
        return isinstance(raw, (int, float)) and abs(raw) >= 1e15


def _serial(one: _Seen) -> date | None:
    plain = number(one.shape, "") if one.shape and not one.shape.notation else None
    return serial_day(plain) if plain is not None else None


def typed(raw: Raw) -> Raw:
    """Truth values and times of day as text: they are no numbers, though Python compares them as such."""
    return text_of(raw) if isinstance(raw, (bool, time, timedelta)) else raw
