"""For trying out: last year's assessment, closed, and this year's on its way. Made-up figures, and they say so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from tepian.kernel.actors import Actor, system
from tepian.kernel.catalogue.city import today
from tepian.kernel.organisations import queries as organisations

from . import operations, queries, states
from .models import Answer, Assessment

INSTRUMENT, VERSION = "smart-city-evaluation", "2017"
ASSESSORS = (system("demo.assessor.1", "Asesor 1 (demo)"), system("demo.assessor.2", "Asesor 2 (demo)"))
CLOSER = system("demo.head", "Kepala daerah (demo)")
WORDS = "Data contoh: penjelasan ini hanya untuk mencoba sistem."
# Item → (own level, first assessor, second assessor) of last year; None: nothing given.
LAST = {
    "baseline": (4, 3, 4),
    "output": (3, 3, 3),
    "outcome": (3, 3, 2),
    "impact-governance": (3, 3, 3),
    "impact-branding": (3, 2, 3),
    "impact-economy": (3, 3, 3),
    "impact-living": (3, 3, 4),
    "impact-society": (3, 3, 3),
    "impact-environment": (2, 2, 2),
    "quick-win": (4, 3, 4),
}
NOW = {"baseline": 4, "output": 3, "impact-governance": 3, "impact-environment": 3}


def make_assessments(*, actor: Actor) -> int:
    """Last year's and this year's, unless they are there. Returns how many were made."""
    made, year = 0, today().year
    agencies = [each.code for each in organisations.agencies()]
    if not agencies:
        return 0
    keeper = next((code for code in ("bappeda", "diskominfo") if code in agencies), agencies[0])
    if not Assessment.objects.filter(instrument_code=INSTRUMENT, year=year - 1).exists():
        _finished(actor, year - 1, keeper)
        made += 1
    if not Assessment.objects.filter(instrument_code=INSTRUMENT, year=year).exists():
        _running(actor, year, keeper, [code for code in ("pupr", "dinkes") if code in agencies])
        made += 1
    return made


def _open(actor: Actor, year: int, keeper: str) -> Assessment:
    return operations.open_assessment(
        actor=actor,
        instrument=INSTRUMENT,
        version=VERSION,
        year=year,
        agency=keeper,
        weights="impact-20",
        demonstration=True,
    )


def _say(actor: Actor, answer: Answer, level: int) -> None:
    operations.answer_item(
        actor=actor, answer=answer, revision=answer.revision, level=Decimal(level), explanation=WORDS
    )
    operations.add_evidence(
        actor=actor,
        answer=answer,
        kind=states.FILE,
        content=f"{WORDS}\n".encode(),
        name=f"bukti-contoh-{answer.item}.txt",
    )


def _finished(actor: Actor, year: int, keeper: str) -> None:
    row = _open(actor, year, keeper)
    for answer in row.answers.select_related("assessment"):
        _say(actor, answer, LAST[answer.item][0])
    row = operations.submit(actor=actor, assessment=row, revision=row.revision)
    for answer in row.answers.select_related("assessment"):
        for assessor, level in zip(ASSESSORS, LAST[answer.item][1:], strict=True):
            operations.score_item(actor=assessor, answer=answer, level=Decimal(level), note_text="Catatan contoh.")
    row = operations.finish_scoring(actor=ASSESSORS[0], assessment=row, revision=row.revision)
    operations.close(actor=CLOSER, assessment=row, revision=row.revision)


def _running(actor: Actor, year: int, keeper: str, others: Sequence[str]) -> None:
    row = _open(actor, year, keeper)
    wanted = dict(zip(("impact-living", "impact-environment", "output"), (*others, *others, keeper), strict=False))
    operations.assign(actor=actor, assessment=row, agencies=wanted, revision=row.revision)
    for answer in row.answers.select_related("assessment").filter(item__in=NOW):
        _say(actor, answer, NOW[answer.item])
    operations.plan_interview(
        actor=actor,
        assessment=row,
        starts_at=timezone.localtime().replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=14),
        place="Ruang rapat Bappeda (contoh)",
        agency=keeper,
        questions="Apa yang berubah bagi warga sejak tahun lalu?\nProgram apa yang paling banyak dipakai?",
    )
    operations.open_survey(actor=actor, assessment=row, opens_on=today(), closes_on=today() + timedelta(days=60))


def survey_answers(*, actor: Actor, code: str, count: int) -> int:
    """Made-up answers of citizens, for tests and trying out."""
    survey = queries.survey_by(code)
    for number in range(count):
        answers = {question["key"]: 1 + (number + place) % 5 for place, question in enumerate(survey.questions)}
        operations.answer_survey(actor=actor, survey=survey, answers=answers, browser=f"demo-{number}")
    return count
