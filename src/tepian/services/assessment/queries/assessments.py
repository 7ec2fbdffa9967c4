"""Assessments, their items and people's places in them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, NotFound

from .. import policies, states
from ..models import Answer, Assessment, Evidence, Interview, Survey


def assessments() -> QuerySet[Assessment]:
    return Assessment.objects.all()


def assessment_by(code: str) -> Assessment:
    row = Assessment.objects.filter(code=code).first()
    if row is None:
        raise NotFound(_("There is no assessment with this code."), code="assessment_unknown", item=code[:80])
    return row


def public_assessment(code: str) -> Assessment:
    """A closed one; others do not exist for the public."""
    row = assessment_by(code)
    if row.state != states.CLOSED:
        raise NotFound(_("There is no assessment with this code."), code="assessment_unknown", item=code[:80])
    return row


def answer_by(row: Assessment, item: str) -> Answer:
    found = row.answers.select_related("assessment").filter(item=item).first()
    if found is None:
        raise NotFound(_("There is no item with this code."), code="item_unknown", item=item[:80])
    return found


def evidence_by(key: str | uuid.UUID) -> Evidence:
    found = Evidence.objects.select_related("answer__assessment").filter(key=key).first()
    if found is None:
        raise NotFound(_("There is no such evidence."), code="evidence_unknown", item=str(key)[:40])
    return found


def interview_by(row: Assessment, number: int) -> Interview:
    found = row.interviews.filter(pk=number).first()
    if found is None:
        raise NotFound(_("There is no such interview."), code="interview_unknown", item=str(number))
    return found


def survey_by(code: str) -> Survey:
    found = Survey.objects.select_related("assessment").filter(code=code).first()
    if found is None:
        raise NotFound(_("There is no survey with this code."), code="survey_unknown", item=code[:80])
    return found


def own_answers(row: Assessment, actor: Actor) -> list[Answer]:
    """The items that this actor answers: those of the own agencies, or all for those who keep the assessment."""
    rows = list(row.answers.all())
    return [each for each in rows if policies.answers_for(actor, each.agency_code)]


def is_answered(answer: Answer, *, scaled: bool) -> bool:
    """With a level where the instrument has a scale, with words where it has none yet."""
    return answer.level is not None if scaled else bool(answer.explanation)


def unanswered(row: Assessment, *, scaled: bool) -> QuerySet[Answer]:
    return row.answers.filter(level=None) if scaled else row.answers.filter(explanation="")


def waiting(actor: Actor, limit: int = 20) -> Sequence[dict[str, Any]]:
    """What waits for this actor: `{"row", "kind": answer | score | close, "count"}`, oldest first. One question however many
    assessments there are."""
    agencies = {grant.code for grant in actor.grants if grant.role == policies.REPORTER and grant.scope == "agency"}
    blank = Q(answers__level=None) & Q(answers__explanation="")
    rows = Assessment.objects.filter(state__in=states.UNFINISHED).annotate(
        own_blank=Count("answers", filter=blank & Q(answers__agency_code__in=agencies), distinct=True),
        item_count=Count("answers", distinct=True),
        own_scores=Count("answers__scores", filter=Q(answers__scores__assessor_id=actor.id), distinct=True),
    )
    found: list[dict[str, Any]] = []
    for row in rows.order_by("opened_at")[:limit]:
        if row.state == states.OPEN and row.own_blank:
            found.append({"row": row, "kind": "answer", "count": row.own_blank})
        elif row.state == states.SUBMITTED and actor.has(policies.ASSESSOR) and row.item_count > row.own_scores:
            found.append({"row": row, "kind": "score", "count": row.item_count - row.own_scores})
        elif row.state == states.SCORED and actor.has(policies.PLANNER, policies.HEAD):
            found.append({"row": row, "kind": "close", "count": row.item_count})
    return found
