"""What the clock does."""

from __future__ import annotations

from tepian.kernel.actors import system
from tepian.kernel.catalogue.contributions import Job

from . import operations


def forget() -> int:
    """Drop invitations of long ago. Asks first, so that a quiet day writes nothing in the record."""
    return operations.forget(actor=system("feedback.forget")) if operations.is_anything_old() else 0


JOBS = (Job("feedback.forget", forget, 86_400),)
