"""Verbs of the person who looks after events."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, NotFound, require

from .models import Delivery
from .operations import note, operation


def may_replay(*, actor: Actor, **_ignored: object) -> None:
    require(
        actor.has("administrator"),
        str(_("Only an administrator replays events.")),
        str(_("Ask the administrator at the agency that runs this system.")),
    )


@operation("events.replay_delivery", policy=may_replay)
def replay_delivery(*, actor: Actor, delivery_id: int) -> None:
    """Give a dead letter to its consumer again; it keeps its place behind earlier events of its subject."""
    changed = Delivery.objects.filter(pk=delivery_id, state=Delivery.DEAD).update(
        state=Delivery.WAITING, attempts=0, next_attempt_at=datetime.now(UTC)
    )
    if not changed:
        raise NotFound(str(_("This event is no longer among the undelivered ones. Somebody has replayed it already.")))
    note("delivery", delivery_id)
