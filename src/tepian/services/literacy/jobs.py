"""What the clock does."""

from __future__ import annotations

from django.utils import timezone

from tepian.kernel.actors import system
from tepian.kernel.catalogue.contributions import Job

from . import operations, states
from .models import Session


def hold() -> int:
    """Close sessions that nobody closed. Asks first, so that a quiet minute writes nothing in the record."""
    if not Session.objects.filter(state=states.OPEN, ends_at__lt=timezone.now() - states.HELD_AFTER).exists():
        return 0
    return operations.hold_due(actor=system("literacy.hold"))


def forget() -> int:
    """Drop what belongs to persons of years that are over long enough."""
    return sum(
        operations.forget_year(actor=system("literacy.forget"), programme=programme, year=year)
        for programme, year in operations.due_years()
    )


JOBS = (
    Job("literacy.hold", hold, 300),
    Job("literacy.forget", forget, 86_400),
    Job("literacy.arrivals", operations.forget_arrivals, 3600),
)
