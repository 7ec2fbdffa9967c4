"""The desk's clocks."""

from __future__ import annotations

from tepian.kernel.catalogue.contributions import Job

from . import operations


def watch_the_clocks() -> None:
    """Crews and agencies that have not answered in time: the next is asked, the supervisor told. Safe to repeat."""
    operations.escalate_units()
    operations.escalate_tasks()


CLOCKS = Job("dispatch.clocks", watch_the_clocks, seconds=5)
FORGET = Job("dispatch.forget", operations.forget_openings, seconds=1200)
