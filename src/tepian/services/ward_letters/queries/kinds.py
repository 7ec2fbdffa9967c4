"""Which letters there are on a day, what they ask, and when they are due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.catalogue.city import city_timezone, today
from tepian.toolkit.text import plain
from tepian.ui.words import english

from .. import states
from ..models import LetterKind, OfficeTime, ReadySentence

TOPIC = "ward_letters"

STEP_NAMES = {
    states.RT: _("the chair of the RT"),
    states.RW: _("the chair of the RW"),
    states.CLERK: _("the ward office"),
    states.FIELD: _("the ward office, for the inspection on site"),
    states.HEAD: _("the head of the ward (lurah)"),
    states.DISTRICT: _("the head of the district (camat)"),
}


def kinds(on: date | None = None) -> list[LetterKind]:
    """Those that can be asked for on a day, one row a code."""
    day, found = on or today(), {}
    for row in LetterKind.objects.filter(valid_from__lte=day).order_by("valid_from"):
        found[row.code] = row
    return sorted(
        (row for row in found.values() if row.valid_to is None or row.valid_to >= day),
        key=lambda row: (row.position, row.title),
    )


def kind(code: str, on: date | None = None) -> LetterKind | None:
    return next((row for row in kinds(on) if row.code == code), None)


def matching(text: str, rows: list[LetterKind]) -> list[LetterKind]:
    """Those in whose names, words or summaries every word of `text` occurs."""
    words = plain(text, 100).casefold().split()
    return [
        row
        for row in rows
        if all(
            word in f"{row.title} {row.title_en} {row.words} {row.summary} {row.summary_en}".casefold()
            for word in words
        )
    ]


@cache
def known_letters() -> tuple[str, ...]:
    """Names of letters that ward offices know, also those that the city does not offer here."""
    lines = Path(__file__).with_name("known_letters.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def elsewhere(text: str) -> list[str]:
    """Letters of these words that are asked for at the counter only."""
    words = plain(text, 100).casefold().split()
    return [name for name in known_letters() if words and all(word in name.casefold() for word in words)]


def said(row: Mapping[str, Any], name: str) -> str:
    """A text of a question, paper or sentence in the reader's language; the other one where only that is there."""
    own, other = str(row.get(name, "")), str(row.get(f"{name}_en", ""))
    return (other or own) if english() else (own or other)


def choice_label(each: list[str]) -> str:
    """[code, Indonesian, English]"""
    return each[2] if english() and len(each) > 2 and each[2] else each[1]


def sentences(use: str) -> list[ReadySentence]:
    return list(ReadySentence.objects.filter(use=use))


def due_at(kind: LetterKind, start: datetime) -> datetime:
    """When the kind's office time from `start` on is over."""
    zone = city_timezone()
    row = OfficeTime.objects.filter(valid_from__lte=start.astimezone(zone).date()).last()
    hours = {
        int(day): (time.fromisoformat(span[0]), time.fromisoformat(span[1]))
        for day, span in (row.hours if row else {}).items()
    }
    holidays = {date.fromisoformat(each) for each in (row.holidays if row else [])}
    if kind.days:
        return states.due_in_days(start, kind.days, hours, holidays, zone)
    return states.due(start, kind.minutes, hours, holidays, zone)
