"""Numbers of letters: one running number for each series, office and year, without gaps and without doubles.

A number is taken in the transaction that makes the letter: when that fails, nothing was taken. One that was given away
stays recorded; a cancelled letter's number goes to nobody else. What is put in afterwards for an earlier day gets a
suffix (005.01), as Peraturan ANRI 5/2021 has it; numbers begin at 1 each calendar year.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, NotFound, checked_text
from tepian.kernel.events import note, operation

from . import letterheads
from .models import NumberSeries, TakenNumber

ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
PARTS = ("number", "classification", "office", "day", "month", "month_roman", "year", "security")
NEEDED = ("number", "year")
SECURITY = ("B", "T", "R", "SR")  # biasa, terbatas, rahasia, sangat rahasia
LONGEST_RULE, LONGEST_NUMBER = 100, 120
SAMPLE = {
    "number": 7, "classification": "470", "office": "05.1003", "day": "27", "month": "11", "month_roman": "XI",
    "year": "2026", "security": "B",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Number:
    """`text` as it is printed; `value` and `suffix` as they are counted."""

    text: str
    value: int
    suffix: int = 0


def check_rule(rule: str, field: str = "rule") -> str:
    """The rule, if numbers can be written by it. Raises `Invalid` saying which part is wrong.

    A rule is text with parts in braces: {number:03d}, {classification}, {office}, {day}, {month}, {month_roman},
    {year}, {security}. It needs the number and the year: without the year, next year's 1 would be this year's."""
    if not rule or len(rule) > LONGEST_RULE:
        raise Invalid(
            format_lazy(_("A rule for numbers has 1 to {most} characters. Nothing was saved."), most=LONGEST_RULE),
            code="rule_length",
            field=field,
        )
    try:
        parts = [
            (name, form, turned) for _text, name, form, turned in string.Formatter().parse(rule) if name is not None
        ]
    except ValueError:
        raise Invalid(
            _("A brace in the rule is not closed, or stands alone. Write parts like {number:03d}. Nothing was saved."),
            code="rule_brace",
            field=field,
        ) from None
    for name, form, turned in parts:
        if name not in PARTS:
            raise Invalid(
                format_lazy(
                    _("The rule names “{part}”, which is no part of a number. Known are: {known}. Nothing was saved."),
                    part=name or "{}",
                    known=", ".join(PARTS),
                ),
                code="rule_part",
                field=field,
                item=name or "",
            )
        plain = not form or (
            name == "number" and len(form) == 3 and form[0] == "0" and form[1] in "1234567" and form[2] == "d"
        )
        if turned or not plain:
            raise Invalid(
                format_lazy(
                    _(
                        "“{part}” is written in a way that is not known; digits are counted like {{number:03d}}. Nothing was saved."
                    ),
                    part=f"{name}:{form}",
                ),
                code="rule_form",
                field=field,
                item=name,
            )
    for name in NEEDED:
        if sum(name == part for part, _form, _turned in parts) != 1:
            raise Invalid(
                format_lazy(
                    _(
                        "The rule needs {{{part}}} exactly once; otherwise two letters could get one number. Nothing was saved."
                    ),
                    part=name,
                ),
                code="rule_needs",
                field=field,
                item=name,
            )
    return rule


def sample(rule: str) -> str:
    """A number as the rule writes it, for whoever writes the rule."""
    return check_rule(rule).format(**SAMPLE)


def take(
    *,
    series: str,
    office: str,
    on: date,
    rule: str,
    subject: str,
    classification: str = "",
    security: str = "B",
) -> Number:
    """The next number of this office for `subject` ("letter/S-7K4M-2"), inside the caller's transaction.

    The same subject gets the number that it has in this series and year, so that a repeated request takes none."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a number is taken in the transaction that uses it")
    check_rule(rule)
    if security not in SECURITY:
        raise Invalid(format_lazy(_("There is no security code “{code}”."), code=security), field="security")
    if "{classification" in rule and not classification:
        raise Invalid(
            _("The rule writes the archive's classification, and this letter has none. No number was taken."),
            code="no_classification",
            field="classification",
        )
    NumberSeries.objects.bulk_create([NumberSeries(series=series, office=office, year=on.year)], ignore_conflicts=True)
    row = NumberSeries.objects.select_for_update().get(series=series, office=office, year=on.year)
    already = TakenNumber.objects.filter(series=row, subject=subject, cancelled_at=None).first()
    if already is not None:
        return Number(already.text, already.value, already.suffix)
    value, suffix = _place(row, on)
    parts: dict[str, Any] = {
        "number": value,
        "classification": classification,
        "office": letterheads.number_code(office),
        "day": f"{on:%d}",
        "month": f"{on:%m}",
        "month_roman": ROMAN[on.month - 1],
        "year": f"{on:%Y}",
        "security": security,
    }
    text = _suffixed(rule, suffix).format(**parts)
    if len(text) > LONGEST_NUMBER:
        raise Invalid(_("The number became too long. No number was taken; shorten the rule."), code="number_length")
    TakenNumber.objects.create(series=row, value=value, suffix=suffix, text=text, on=on, subject=subject)
    if not suffix:
        row.last, row.last_on = value, on
        row.save(update_fields=["last", "last_on"])
    return Number(text, value, suffix)


def _place(row: NumberSeries, on: date) -> tuple[int, int]:
    if row.last_on is None or on >= row.last_on:
        return row.last + 1, 0
    taken = TakenNumber.objects.filter(series=row, on__lte=on)
    value = taken.aggregate(most=Max("value"))["most"] or 0
    most = TakenNumber.objects.filter(series=row, value=value).aggregate(most=Max("suffix"))["most"] or 0
    return value, most + 1


def _suffixed(rule: str, suffix: int) -> str:
    """The rule with `.01` right behind the number."""
    if not suffix:
        return rule
    start = rule.index("{number")
    end = rule.index("}", start) + 1
    return f"{rule[:end]}.{suffix:02d}{rule[end:]}"


def number_of(subject: str) -> TakenNumber | None:
    """The number that a subject holds, if it has one that was not cancelled."""
    return TakenNumber.objects.filter(subject=subject, cancelled_at=None).select_related("series").last()


@operation("documents.cancel_number", policy=None)
def cancel(*, actor: Actor, subject: str, reason: str) -> TakenNumber:
    """The letter does not exist after all. Its number stays in the register with the reason and goes to nobody else.
    Permission is the business of the operation that cancels the letter."""
    reason = checked_text(reason, "reason", limit=300)
    row = TakenNumber.objects.select_for_update(of=("self",)).filter(subject=subject).order_by("taken_at", "pk").last()
    if row is None:
        raise NotFound(_("No number was taken for this letter."), code="no_number", item=subject)
    if row.cancelled_at is not None:
        raise Conflict(_("This number is cancelled already. Nothing was changed."), code="cancelled", item=row.text)
    row.cancelled_at, row.reason = timezone.now(), reason
    row.save(update_fields=["cancelled_at", "reason"])
    note("number", row.text, subject=subject, reason=reason)
    return row
