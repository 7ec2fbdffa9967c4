"""The questions of a kind: which are asked, what an answer means, what is still missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Invalid
from tepian.kernel.catalogue.city import today
from tepian.kernel.regions import queries as regions
from tepian.kernel.residents.models import Resident
from tepian.toolkit.text import plain
from tepian.ui import words

from .. import states
from ..models import LetterKind, Paper, Request
from .kinds import choice_label, said

Question = Mapping[str, Any]
LONGEST = 300
EARLIEST, LATEST = date(1900, 1, 1), date(2100, 1, 1)
NO_DAY = _("This day does not exist. Write day, month and year, for example 27-11-1990.")
PREFILLS = {
    "name": lambda row: row.name,
    "street": lambda row: row.street,
    "born_in": lambda row: row.born_in,
    "born_on": lambda row: row.born_on.isoformat(),
    "father": lambda row: row.father,
    "mother": lambda row: row.mother,
    "region": lambda row: row.region.code,
}  # what the register knows already: the applicant says whether it is right


def applies(when: Mapping[str, Any] | None, answers: Mapping[str, str]) -> bool:
    """A question or paper with `when {question, is}` is asked only after that answer."""
    return not when or answers.get(str(when["question"]), "") == str(when["is"])


def asked(kind: LetterKind, answers: Mapping[str, str]) -> list[dict[str, Any]]:
    """The questions that these answers lead to, in order."""
    return [row for row in kind.questions if applies(row.get("when"), answers)]


def wanted_papers(kind: LetterKind, answers: Mapping[str, str]) -> list[dict[str, Any]]:
    return [row for row in kind.papers if applies(row.get("when"), answers)]


def needed(question: Question) -> bool:
    return bool(question.get("required", True))


def read(question: Question, text: str) -> str:
    """The answer as it is kept: ISO dates, plain digits, codes. "" where it may stay empty. Raises `Invalid`."""
    code, kind = str(question["code"]), question["type"]
    value = plain(text or "")
    if not value:
        if needed(question):
            raise Invalid(_("Answer this question to go on."), code="answer_missing", field=code)
        return ""
    if kind == states.TEXT:
        limit = int(question.get("limit", LONGEST))
        if len(value) > limit:
            raise Invalid(
                format_lazy(_("This answer has {count} characters; {limit} fit. Shorten it."), count=len(value), limit=limit),
                code="answer_long", field=code,
            )  # fmt: skip
        return value
    return READERS[kind](question, value)


WHOLE = re.compile(r"(?:Rp\s?)?(\d{1,15}|\d{1,3}(?:[., ]\d{3}){1,4})(?:,-)?", re.I)


def _number(question: Question, value: str) -> str:
    found = WHOLE.fullmatch(value)  # 1.200.000, 1,200,000 and 1200000 are one number in every language of the page
    if found is None:
        raise _wrong(question, _("Write a whole number, for example 1.500.000."))
    number = int(re.sub(r"\D", "", found[1]))
    low, high = question.get("min", 0), question.get("max", 10**12)
    if not low <= number <= high:
        raise _wrong(
            question,
            format_lazy(_("Write a number from {low} to {high}."), low=words.number(low), high=words.number(high)),
        )
    return str(number)


def read_day(text: str) -> date | None:
    """A day as people type it: 27-11-1990, 27/11/1990, 27 11 1990, 27111990; programs write 1990-11-27."""
    parts = re.findall(r"[0-9]+", text)
    if len(parts) == 1 and len(parts[0]) == 8:
        parts = [parts[0][:2], parts[0][2:4], parts[0][4:]]
    if len(parts) != 3 or re.search(r"[^0-9\s./-]", text):
        return None
    if len(parts[0]) == 4:
        parts.reverse()
    if len(parts[2]) != 4 or max(map(len, parts)) > 4:
        return None
    try:
        return date(int(parts[2]), int(parts[1]), int(parts[0]))
    except ValueError:
        return None


def _date(question: Question, value: str) -> str:
    day = read_day(value)
    if day is None:
        raise _wrong(question, NO_DAY)
    if not EARLIEST <= day <= LATEST:
        raise _wrong(question, _("Look at the year again."))
    if question.get("past") and day > today():
        raise _wrong(question, _("This day has not come yet. Look at it again."))
    return day.isoformat()


def _choice(question: Question, value: str) -> str:
    if value not in {each[0] for each in question.get("choices", [])}:
        raise _wrong(question, _("Choose one of the answers."))
    return value


def _yes_no(question: Question, value: str) -> str:
    if value not in (states.YES, states.NO):
        raise _wrong(question, _("Choose one of the answers."))
    return value


def _region(question: Question, value: str) -> str:
    if not regions.exists(value):
        raise _wrong(question, _("Choose a ward from the list."))
    return value


def _member(question: Question, value: str) -> str:
    if not value.isascii() or not value.isdecimal() or len(value) > 12:
        raise _wrong(question, _("Choose one of the answers."))
    return value


def members(resident: Resident) -> list[Resident]:
    """The others of the family card, the eldest first; whether they live is not asked."""
    if resident.family_id is None:
        return []
    return list(Resident.objects.filter(family=resident.family_id).exclude(pk=resident.pk).order_by("born_on", "pk"))


def subject(request: Request) -> Resident:
    """Whom the letter is about: the applicant, or whom a question with `subject = true` names of the family card."""
    for row in asked(request.kind, request.answers):
        if row["type"] == states.MEMBER and row.get("subject") and (chosen := request.answers.get(row["code"])):
            found = next((each for each in members(request.resident) if str(each.pk) == chosen), None)
            if found is None:
                raise _wrong(row, _("This person is not on your family card any more. Choose again."))
            return found
    return request.resident


READERS = {
    states.MEMBER: _member,
    states.NUMBER: _number,
    states.DATE: _date,
    states.CHOICE: _choice,
    states.YES_NO: _yes_no,
    states.REGION: _region,
}


def _wrong(question: Question, message: Any) -> Invalid:
    return Invalid(message, code="answer_wrong", field=str(question["code"]))


def shown(question: Question, value: str) -> str:
    """An answer as people read it."""
    if not value:
        return words.DASH
    kind = question["type"]
    if kind == states.NUMBER:
        return words.number(float(value))
    if kind == states.DATE:
        return words.day(date.fromisoformat(value))
    if kind == states.YES_NO:
        return str(_("Yes") if value == states.YES else _("No"))
    if kind == states.CHOICE:
        return next((choice_label(each) for each in question["choices"] if each[0] == value), value)
    if kind == states.MEMBER:
        found = Resident.objects.filter(pk=int(value)).only("name").first()
        return found.name if found else words.DASH
    if kind == states.REGION:
        return regions.label(value) if regions.exists(value) else value
    return value


def prefilled(question: Question, resident: Resident) -> str:
    """What the register proposes; the applicant confirms it by going on."""
    known = PREFILLS.get(str(question.get("prefill", "")))
    return str(known(resident)) if known else ""


def listed(request: Request) -> list[dict[str, Any]]:
    """Every asked question with its answer, to be read."""
    return [
        {"code": row["code"], "text": said(row, "text"), "answer": shown(row, request.answers.get(row["code"], ""))}
        for row in asked(request.kind, request.answers)
    ]


def missing(request: Request, papers: list[Paper] | None = None) -> list[str]:
    """What must still be answered or attached before it can be sent, in order: codes of questions, then
    "berkas-<code>"."""
    found = [
        str(row["code"]) for row in asked(request.kind, request.answers) if needed(row) and not request.answers.get(row["code"])
    ]  # fmt: skip
    there = {row.code for row in (request.papers.all() if papers is None else papers)}
    for row in wanted_papers(request.kind, request.answers):
        if needed(row) and row["code"] not in there:
            found.append(f"berkas-{row['code']}")
    return found
