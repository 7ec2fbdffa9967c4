"""What statistics publish or withdraw, and the final score of an assessment, stand beside the plan's claims."""

from __future__ import annotations

from tepian.kernel.actors import system
from tepian.kernel.events import Envelope, on
from tepian.services.masterplan import operations as masterplan

CONSUMER = "journeys.published_figures_reach_the_plan"
ACTOR = system(CONSUMER, "Angka terbit")


def take(_envelope: Envelope) -> None:
    masterplan.take_new_figures(actor=ACTOR)


for _step in ("statistics.edition_published.v1", "statistics.edition_withdrawn.v1", "assessment.closed.v1"):
    on(_step, consumer=CONSUMER)(take)
