"""Who may. Bappeda (planner) and Diskominfo (plan_verifier) keep an assessment, agencies answer their own items, assessors
read everything, change nothing of it and score, a planner or the city's head closes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, require
from tepian.kernel.documents.models import StoredFile

from .models import Answer, Evidence, Interview

PLANNER, REPORTER, VERIFIER, ASSESSOR, HEAD = "planner", "plan_reporter", "plan_verifier", "assessor", "head"
KEEPERS = (PLANNER, VERIFIER)
ANSWERERS = (*KEEPERS, REPORTER)
ROOM_READERS = (*KEEPERS, ASSESSOR, HEAD, "auditor")
READERS = (*ANSWERERS, ASSESSOR, HEAD, "viewer", "auditor")
HELPER = _("The planner at Bappeda can help.")


def may_keep(actor: Actor, **_ignored: Any) -> None:
    """A planner or verifier: opens assessments, assigns items, sends on, opens the survey."""
    require(actor.has(*KEEPERS), _("Only Bappeda and Diskominfo keep the assessment."), HELPER)


def may_decide(actor: Actor, **_ignored: Any) -> None:
    """A planner or the city's head: which weights count, and closing."""
    require(actor.has(PLANNER, HEAD), _("Only a planner or the city's head decides this."), HELPER)


def answers_for(actor: Actor, agency: str) -> bool:
    """May this actor answer items of this agency? Those who keep the assessment stand in for any agency."""
    return actor.has(REPORTER, agency=agency) or actor.has(*KEEPERS)


def may_answer(actor: Actor, answer: Answer, **_ignored: Any) -> None:
    """A reporter of the agency that the item is assigned to; a keeper stands in."""
    require(
        answers_for(actor, answer.agency_code),
        _("Only the agency that this item is assigned to, or Bappeda and Diskominfo, answers it."),
        HELPER,
    )


def may_withdraw(actor: Actor, evidence: Evidence, **_ignored: Any) -> None:
    """As for its item."""
    may_answer(actor, evidence.answer)


def may_score(actor: Actor, answer: Answer | None = None, **_ignored: Any) -> None:
    """An assessor, and never an item that the same person answered."""
    require(actor.has(ASSESSOR), _("Only assessors give scores."), HELPER)
    require(
        answer is None or not answer.changed_by_id or answer.changed_by_id != actor.id,
        _("You answered this item yourself. Another assessor scores it."),
        HELPER,
    )


def may_plan_interview(actor: Actor, **_ignored: Any) -> None:
    """Whoever keeps the assessment, and the assessors who ask."""
    require(
        actor.has(*KEEPERS, ASSESSOR), _("Only Bappeda, Diskominfo and assessors keep the interview agenda."), HELPER
    )


def may_note_interview(actor: Actor, interview: Interview, **_ignored: Any) -> None:
    """As for planning."""
    may_plan_interview(actor)


def may_configure(actor: Actor, **_ignored: Any) -> None:
    """A planner; an administrator loads packs."""
    require(actor.has(PLANNER, "administrator"), _("Only a planner or an administrator changes instruments."), HELPER)


def may_see_evidence(actor: Actor, answer: Answer) -> bool:
    """The evidence room: those who keep, assess or audit, and the agency itself."""
    return actor.is_system or actor.has(*ROOM_READERS) or actor.has(REPORTER, agency=answer.agency_code)


def may_see_names(actor: Actor) -> bool:
    """Which assessor gave which score is known to those who keep and audit the assessment, and to nobody else."""
    return actor.is_system or actor.has(*KEEPERS, "auditor")


def may_read_file(actor: Actor, file: StoredFile) -> bool:
    """A file of the evidence room."""
    evidence = Evidence.objects.select_related("answer").filter(key=file.subject_id).first()
    return evidence is not None and may_see_evidence(actor, evidence.answer)
