"""What citizens said, in figures; never one person's answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tepian.kernel.catalogue.city import today
from tepian.ui.words import english

from .. import states
from ..models import Survey
from ..states import scoring
from .instruments import dimension_name


@dataclass(frozen=True)
class QuestionResult:
    """`counts`: (answer, how many), from the lowest to the highest. `mean` is None without answers."""

    key: str
    dimension: str
    text: str
    n: int
    mean: Fraction | None
    counts: Sequence[tuple[int, int]]


@dataclass(frozen=True)
class SurveyResult:
    """`n` answers in all; `questions` are empty below `states.FEW` answers."""

    survey: Survey
    n: int
    questions: Sequence[QuestionResult]


def is_open(survey: Survey, on: date | None = None) -> bool:
    """Answers are taken from the first to the last day, both counted, until the assessment is final."""
    day = on or today()
    return survey.opens_on <= day <= survey.closes_on and survey.assessment.state != states.CLOSED


def open_surveys() -> list[Survey]:
    day = today()
    rows = Survey.objects.select_related("assessment").filter(opens_on__lte=day, closes_on__gte=day)
    return [row for row in rows if is_open(row)]


def question_text(question: dict[str, str]) -> str:
    return (english() and question.get("text_en")) or question["text"]


def survey_result(survey: Survey) -> SurveyResult:
    given = list(survey.responses.values_list("answers", flat=True))
    if len(given) < states.FEW:
        return SurveyResult(survey, len(given), ())
    found = []
    for question in survey.questions:
        values = [answers[question["key"]] for answers in given if question["key"] in answers]
        counted = Counter(values)
        found.append(
            QuestionResult(
                question["key"],
                dimension_name(question.get("dimension", "")),
                question_text(question),
                len(values),
                scoring.mean([Fraction(value) for value in values]),
                [(number, counted[number]) for number in range(survey.lowest, survey.highest + 1)],
            )
        )
    return SurveyResult(survey, len(given), found)
