"""Who reads what citizens wrote. Figures are everybody's; words stay with the office that they are about."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, require

from .models import Answer

HANDLERS = ("ward_head", "head")
READERS = (*HANDLERS, "ward_clerk", "planner", "data_steward", "auditor")


def may_handle(*, actor: Actor, answer: Answer, **_rest: Any) -> None:
    """The head of the office that the words are about, or of the city."""
    require(
        actor.has(*HANDLERS, region=answer.region or "-", agency=answer.office or "-"),
        _("Comments are handled by the head of the office. Nothing was changed."),
        _("Ask the head of your office."),
    )


def may_read_comments(*, actor: Actor, **_rest: Any) -> None:
    """Heads, clerks, planners, stewards and inspectors, each within their reach."""
    require(actor.is_system or actor.has(*READERS), _("What citizens wrote is for the offices that they wrote about."))


def only_the_system(*, actor: Actor, **_rest: Any) -> None:
    """A room that hands something over asks; no person does."""
    require(actor.is_system, _("People are asked when something is handed over. Nothing was changed."))
