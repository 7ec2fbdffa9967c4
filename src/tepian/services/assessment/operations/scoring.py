"""What assessors do: score an item, and keep the agenda of interviews."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.rows import too_late
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation
from tepian.kernel.organisations import queries as organisations

from .. import policies, queries, states
from ..models import Answer, Assessment, Interview, Score
from .parts import held, held_answer

LONGEST_NOTE = 2000


@operation("assessment.score_item", policy=policies.may_score)
def score_item(
    *, actor: Actor, answer: Answer, level: Decimal, note_text: str = "", revision: int | None = None
) -> Score:
    """This assessor's own score; others' are untouched. `revision` is that of the own score that was read, 0 of none: a
    program that read an older one gets `Conflict`."""
    row = held_answer(answer, among=(states.SUBMITTED,))
    if not queries.instrument_of(row.assessment).level(level):
        raise Invalid(
            _("This value does not stand on the scale. Nothing was stored. Choose one of the levels."),
            code="level",
            field="level",
        )
    text = checked_text(note_text, "note", limit=LONGEST_NOTE, needed=False)
    score = row.scores.filter(assessor_id=actor.id).first()
    if revision is not None and (score.revision if score else 0) != revision:
        raise too_late(f"{row.assessment.code}/{row.item}")
    if score is None:
        score = Score(answer=row, assessor_id=actor.id[:100], revision=0)
    score.level, score.note, score.assessor, score.scored_at = level, text, actor.label[:200], timezone.now()
    score.revision += 1
    score.save()
    note("assessment", row.assessment.code, item=row.item, level=str(level))
    touch(queries.TOPIC)
    return score


# --- interviews -------------------------------------------------------------------------------------------------------


@operation("assessment.plan_interview", policy=policies.may_plan_interview)
def plan_interview(
    *, actor: Actor, assessment: Assessment, starts_at: datetime, place: str, agency: str, questions: str
) -> Interview:
    """A date with an agency."""
    row = held(assessment, among=states.UNFINISHED)
    organisations.agency(agency)
    interview = Interview.objects.create(
        assessment=row,
        starts_at=starts_at,
        place=checked_text(place, "place", limit=200),
        agency_code=agency,
        questions=checked_text(questions, "questions"),
        planned_by=actor.label[:200],
    )
    note("assessment", row.code, interview=interview.pk, agency=agency, starts_at=starts_at.isoformat())
    touch(queries.TOPIC)
    return interview


def _held_interview(interview: Interview, revision: int) -> Interview:
    row = held(interview.assessment, among=states.UNFINISHED)
    found = Interview.objects.select_for_update(of=("self",)).get(pk=interview.pk)
    found.assessment = row
    if found.revision != revision:
        raise too_late(row.code)
    if found.cancelled_at is not None:
        raise Conflict(_("This interview was cancelled. Nothing was changed."), code="moved_on", item=row.code)
    note("assessment", row.code, interview=found.pk)
    return found


@operation("assessment.note_interview", policy=policies.may_note_interview)
def note_interview(
    *, actor: Actor, interview: Interview, revision: int, answers: str, questions: str | None = None
) -> Interview:
    """What was answered; questions may still be sharpened."""
    found = _held_interview(interview, revision)
    if questions is not None:
        found.questions = checked_text(questions, "questions")
    found.answers = checked_text(answers, "answers", limit=8000, needed=False)
    found.noted_by, found.noted_at = actor.label[:200], timezone.now()
    found.revision += 1
    found.save()
    touch(queries.TOPIC)
    return found


@operation("assessment.cancel_interview", policy=policies.may_note_interview)
def cancel_interview(*, actor: Actor, interview: Interview, revision: int, reason: str) -> Interview:
    """It does not take place; the reason stays."""
    found = _held_interview(interview, revision)
    found.cancel_reason, found.cancelled_at = checked_text(reason, "reason", limit=500), timezone.now()
    found.revision += 1
    found.save()
    touch(queries.TOPIC)
    return found
