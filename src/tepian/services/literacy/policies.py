"""Who may."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, require
from tepian.kernel.documents.models import StoredFile

from . import states
from .models import Material, Programme, Question, Session

ORGANISER = "literacy_organiser"
READERS = (ORGANISER, "planner", "plan_verifier", "head", "viewer", "auditor")
HELPER = _("The organiser of literacy programmes can help.")
REFUSAL = _("Only the organisers of this programme's agency do this.")


def may_add(actor: Actor, agency: str = "", **_ignored: Any) -> None:
    """An organiser of the agency that will answer for it."""
    require(actor.has(ORGANISER, agency=agency), REFUSAL, HELPER)


def may_organise(actor: Actor, programme: Programme, **_ignored: Any) -> None:
    """An organiser of the programme's agency, or of the whole city."""
    require(actor.has(ORGANISER, agency=programme.agency_code), REFUSAL, HELPER)


def may_run(actor: Actor, session: Session, **_ignored: Any) -> None:
    """As for its programme."""
    may_organise(actor, session.programme)


def may_keep_question(actor: Actor, question: Question, **_ignored: Any) -> None:
    """As for its programme."""
    may_organise(actor, question.programme)


def may_keep_material(actor: Actor, material: Material, **_ignored: Any) -> None:
    """As for its programme."""
    may_organise(actor, material.programme)


def may_configure(actor: Actor, **_ignored: Any) -> None:
    """An administrator."""
    require(actor.has("administrator"), _("Only an administrator changes the audience groups."), HELPER)


def only_the_system(actor: Actor, **_ignored: Any) -> None:
    """Nobody but the platform's own jobs."""
    require(actor.is_system, _("Only the platform itself does this."), HELPER)


def may_read_file(actor: Actor, file: StoredFile) -> bool:
    """Public materials: everybody. Those for attendees: staff here, attendees through their own page."""
    row = Material.objects.filter(pk=file.subject_id).first() if file.subject_id.isdecimal() else None
    return row is not None and (row.audience == states.PUBLIC or actor.is_system or actor.has(*READERS))
