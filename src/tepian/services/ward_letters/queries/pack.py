"""Reading `ward_letters.toml` of a city pack: what in it is wrong, in words for whoever writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time
from typing import Any

from django.utils.translation import gettext as _

from tepian.kernel.actors import Invalid
from tepian.kernel.documents import numbering

from .. import states
from .answers import PREFILLS

FILE = "ward_letters"
KIND_KEYS = ("code", "title", "valid_from", "steps", "template", "series", "number")
SENTENCE_KEYS = ("code", "use", "text")
TIME_KEYS = ("valid_from", "hours")
KNOWN = {
    "kind": {
        *KIND_KEYS, "title_en", "summary", "summary_en", "words", "basis", "question", "paper", "checks", "fee",
        "working_hours", "working_days", "valid_days", "classification", "valid_to",
    },
    "question": {
        "code", "text", "text_en", "hint", "hint_en", "type", "required", "prefill", "choices", "min", "max", "limit", "past",
        "subject", "when",
    },
    "paper": {"code", "name", "name_en", "hint", "hint_en", "required", "when"},
    "sentence": {*SENTENCE_KEYS, "text_en", "basis"},
    "office": {*TIME_KEYS, "holidays"},
}  # fmt: skip
CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
KIND_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}")


def deadline(row: Mapping[str, Any]) -> tuple[int, int]:
    """Minutes of office time and working days: one of the two, the other is 0."""
    return round(float(row.get("working_hours", 0)) * 60), int(row.get("working_days", 0))


def problems(pack: Any) -> Iterator[Any]:
    """Everything that is wrong, each with file, line and item."""
    for row in pack.tables(FILE, "office", TIME_KEYS):
        yield from _say(pack, str(row["valid_from"]), _office(row))
    for row in pack.tables(FILE, "sentence", SENTENCE_KEYS):
        yield from _say(pack, str(row["code"]), _sentence(row))
    seen: set[tuple[str, str]] = set()
    for row in pack.tables(FILE, "kind", KIND_KEYS):
        code = str(row["code"])
        found = list(_kind(row))
        if (code, str(row["valid_from"])) in seen:
            found.append(_("this kind stands here twice with the same day"))
        seen.add((code, str(row["valid_from"])))
        yield from _say(pack, code, found)


def _say(pack: Any, item: str, found: Iterable[str]) -> Iterator[Any]:
    for sentence in found:
        yield pack.problem(FILE, sentence, item)


def _unknown(row: Mapping[str, Any], what: str) -> Iterator[str]:
    for key in row:
        if key not in KNOWN[what]:
            yield _("unknown part: %(key)s. Known are: %(known)s") % {
                "key": key,
                "known": ", ".join(sorted(KNOWN[what])),
            }


def _office(row: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown(row, "office")
    for day, span in dict(row["hours"]).items():
        try:
            first, last = (time.fromisoformat(each) for each in span)
            right = day in "0123456" and len(day) == 1 and first < last
        except (TypeError, ValueError):
            right = False
        if not right:
            yield _('office hours are a weekday from 0 (Monday) to 6 with two times, like 0 = ["08:00", "15:00"]')
    if not row["hours"]:
        yield _("an office that never opens finishes nothing")
    for each in row.get("holidays", []):
        if not isinstance(each, date):
            yield _("a holiday is a day like 2026-12-25")


def _sentence(row: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown(row, "sentence")
    if row["use"] not in states.USES:
        yield _("“use” is return or refuse")


def _kind(row: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown(row, "kind")
    code = str(row["code"])
    if not KIND_CODE.fullmatch(code):
        yield _("a code has small letters, digits and hyphens")
    if code in states.RESERVED:
        yield _("this code is an address of the platform")
    if not isinstance(row["valid_from"], date):
        yield _("“valid_from” is a day like 2026-01-01")
    yield from _steps(list(row["steps"]))
    for check in row.get("checks", []):
        if check not in states.CHECKS:
            yield _("unknown check: %(code)s. Known are: %(known)s") % {
                "code": check,
                "known": ", ".join(states.CHECKS),
            }
    if sorted(each > 0 for each in deadline(row)) != [False, True]:
        yield _("the deadline needs working_hours or working_days")
    try:
        numbering.check_rule(str(row["number"]))
    except Invalid as error:
        yield str(error.message)
    if "{classification" in str(row["number"]) and not row.get("classification"):
        yield _("the rule writes the classification, and there is none")
    yield from _questions(row)


def _steps(steps: list[str]) -> Iterator[str]:
    for step in steps:
        if step not in states.STEPS:
            yield _("unknown step: %(code)s. Known are: %(known)s") % {"code": step, "known": ", ".join(states.STEPS)}
            return
    if steps != [step for step in states.STEPS if step in steps]:
        yield _("the steps stand in this order, each once: %(known)s") % {"known": ", ".join(states.STEPS)}
    if states.CLERK not in steps or steps[-1] not in states.SIGNING:
        yield _("the ward's clerk checks each letter, and the head of the ward or district signs it as the last")


def _questions(kind: Mapping[str, Any]) -> Iterator[str]:
    known: dict[str, Mapping[str, Any]] = {}
    for row in kind.get("question", []):
        name = str(row.get("code", ""))
        yield from (f"{name}: {said}" for said in _unknown(row, "question"))
        if not CODE.fullmatch(name) or name in known:
            yield _("each question needs a code of its own with small letters, digits and _")
        if name in states.OFFICIAL:
            yield _("%(code)s: this comes from the register or the office; a question needs another code") % {
                "code": name
            }
        if not row.get("text") or row.get("type") not in states.TYPES:
            yield _("%(code)s: a question needs a text and a type: %(known)s") % {
                "code": name, "known": ", ".join(states.TYPES)
            }  # fmt: skip
        choices = row.get("choices", [])
        if row.get("type") == states.CHOICE and (
            len(choices) < 2 or not all(isinstance(each, list) and len(each) in (2, 3) for each in choices)
        ):
            yield _("%(code)s: choices are two or more of [code, words, words in English]") % {"code": name}
        if row.get("prefill") and row["prefill"] not in PREFILLS:
            yield _("%(code)s: the register cannot fill in “%(prefill)s”. It can: %(known)s") % {
                "code": name, "prefill": row["prefill"], "known": ", ".join(PREFILLS)
            }  # fmt: skip
        yield from _condition(name, row, known)
        known[name] = row
    papers: set[str] = set()
    for row in kind.get("paper", []):
        name = str(row.get("code", ""))
        yield from (f"{name}: {said}" for said in _unknown(row, "paper"))
        if not CODE.fullmatch(name) or not row.get("name") or name in papers:
            yield _("each paper needs a code of its own and a name")
        papers.add(name)
        yield from _condition(name, row, known)


def _condition(name: str, row: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    when = row.get("when")
    if when is None:
        return
    before = known.get(str(when.get("question", ""))) if isinstance(when, dict) else None
    if before is None or set(when) != {"question", "is"}:
        yield _("%(code)s: “when” names an earlier question and its answer") % {"code": name}
    elif when["is"] not in _possible(before):
        yield _("%(code)s: “when” names an answer that the earlier question does not have") % {"code": name}


def _possible(question: Mapping[str, Any]) -> set[str]:
    if question.get("type") == states.YES_NO:
        return {states.YES, states.NO}
    return {each[0] for each in question.get("choices", [])} if question.get("type") == states.CHOICE else set()
