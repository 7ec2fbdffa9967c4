"""The desk's clocks."""

from __future__ import annotations

from tepian.kernel.catalogue.contributions import Job

from . import operations
from .queries import travel


def watch_the_clocks() -> None:
    """Crews and agencies that have not answered in time: the next is asked, the supervisor told. Safe to repeat."""
    travel.warm_up()  # the worker asks the next unit too; the first look of a process begins it, none waits for it
    operations.escalate_units()
    operations.escalate_tasks()


CLOCKS = Job("dispatch.clocks", watch_the_clocks, seconds=5)
FORGET = Job("dispatch.forget", operations.forget_openings, seconds=1200)
