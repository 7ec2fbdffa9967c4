"""What the clock does."""

from __future__ import annotations

from tepian.kernel.actors import system
from tepian.kernel.catalogue.contributions import Job

from . import operations
from .queries import comments


def look_at_links() -> int:
    """Links that nobody has looked at for a week; a few at a time, so that no run is long."""
    return operations.check_links(actor=system("masterplan.links"))


def take_over() -> int:
    """What an agency had not sent when its day came passes to its successor."""
    return operations.take_effect(actor=system("masterplan.handovers"))


def forget_senders() -> int:
    """Keyed hashes of addresses are dropped after a month. Asks first, so that a quiet hour writes nothing."""
    if not comments.has_old_senders():
        return 0
    return operations.forget_senders(actor=system("masterplan.senders"))


JOBS = (
    Job("masterplan.links", look_at_links, 600),
    Job("masterplan.handovers", take_over, 3600),
    Job("masterplan.senders", forget_senders, 3600),
)
