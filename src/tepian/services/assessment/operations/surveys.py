"""The citizen survey: opened by those who keep the assessment, answered by anybody, once a browser."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation

from .. import policies, queries, states
from ..models import Assessment, Response, Survey
from .parts import held

LONGEST = timedelta(days=184)
MOST_QUESTIONS = 12


@operation("assessment.open_survey", policy=policies.may_keep)
def open_survey(
    *,
    actor: Actor,
    assessment: Assessment,
    opens_on: date,
    closes_on: date,
    questions: Sequence[Mapping[str, Any]] | None = None,
) -> Survey:
    """With the questions that the room brings, or the city's own (`key`, `text`, `text_en`, `dimension`)."""
    row = held(assessment, among=states.UNFINISHED)
    _check_days(opens_on, closes_on)
    lowest, highest = queries.survey_bounds()
    kept = [_question(each) for each in (queries.survey_questions() if questions is None else questions)]
    if not 1 <= len(kept) <= MOST_QUESTIONS or len({each["key"] for each in kept}) < len(kept):
        raise Invalid(format_lazy(_("A survey has 1 to {n} different questions."), n=MOST_QUESTIONS), code="questions")
    try:
        with transaction.atomic():
            survey = Survey.objects.create(
                assessment=row,
                code=row.code,
                questions=kept,
                lowest=lowest,
                highest=highest,
                opens_on=opens_on,
                closes_on=closes_on,
                opened_by=actor.label[:200],
            )
    except IntegrityError:
        raise Conflict(_("This assessment has a survey already. Nothing was changed."), code="exists") from None
    note("assessment", row.code, survey=survey.code, opens_on=opens_on.isoformat(), closes_on=closes_on.isoformat())
    touch(queries.TOPIC)
    return survey


def _check_days(opens_on: date, closes_on: date) -> None:
    if not opens_on <= closes_on <= opens_on + LONGEST:
        raise Invalid(_("The survey ends after it begins, within half a year."), code="days", field="closes_on")


def _question(given: Mapping[str, Any]) -> dict[str, str]:
    return {
        "key": checked_text(str(given.get("key", "")), "questions", limit=40),
        "dimension": checked_text(str(given.get("dimension", "")), "questions", limit=40, needed=False),
        "text": checked_text(str(given.get("text", "")), "questions", limit=300),
        "text_en": checked_text(str(given.get("text_en", "")), "questions", limit=300, needed=False),
    }


@operation("assessment.end_survey", policy=policies.may_keep)
def end_survey(*, actor: Actor, survey: Survey, closes_on: date) -> Survey:
    """Another last day: earlier, or later while it is still open."""
    held(survey.assessment, among=states.UNFINISHED)
    row = Survey.objects.select_for_update(of=("self",)).get(pk=survey.pk)
    _check_days(row.opens_on, closes_on)
    note("assessment", row.code, closes_on=closes_on.isoformat())
    row.closes_on = closes_on
    row.save(update_fields=["closes_on"])
    touch(queries.TOPIC)
    return row


@operation("assessment.answer_survey", policy=None)
def answer_survey(*, actor: Actor, survey: Survey, answers: Mapping[str, int], browser: str) -> None:
    """One citizen's answers. `browser` is a random word that only that browser keeps: its hash is stored. The record of the
    house says that somebody answered, not what."""
    row = Survey.objects.select_related("assessment").get(pk=survey.pk)
    note("survey", row.code)
    if not queries.is_open(row):
        raise Conflict(_("This survey is not open. Your answers were not stored."), code="survey_closed", item=row.code)
    known = {question["key"] for question in row.questions}
    kept = {key: value for key, value in answers.items() if key in known}
    if not kept or any(not row.lowest <= value <= row.highest for value in kept.values()):
        raise Invalid(
            _("Answer at least one question. Nothing was stored yet."), code="answers", field=row.questions[0]["key"]
        )
    try:
        with transaction.atomic():
            Response.objects.create(
                survey=row,
                answers=kept,
                browser=hashlib.sha256(f"{row.code}:{browser}".encode()).hexdigest(),
                answered_on=today(),
            )
    except IntegrityError:
        raise Conflict(
            _("This browser has answered already. The first answers count; thank you."), code="answered", item=row.code
        ) from None
