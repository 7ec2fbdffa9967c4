"""What the clock does."""

from __future__ import annotations

import subprocess
import sys

from django.utils import timezone

from tepian.kernel.actors import system
from tepian.kernel.catalogue.contributions import Job

from . import operations, states
from .models import Edition


def end_embargoes() -> int:
    """Publish what may be public now. Asks first, so that a quiet minute writes nothing in the record."""
    if not Edition.objects.filter(state=states.APPROVED, embargo_until__lte=timezone.now()).exists():
        return 0
    return operations.publish_due(actor=system("statistics.embargo"))


_reader: subprocess.Popen[bytes] | None = None


def read_waiting() -> bool:
    """Start the reader's process when a large workbook waits and none is at work. True when it was started."""
    global _reader
    if (_reader is not None and _reader.poll() is None) or not operations.unread().exists():
        return False
    _reader = subprocess.Popen([sys.executable, "-m", "tepian", "statistics", "read-waiting"])
    return True


def compute() -> int:
    """Figures of the city's own rooms, for the period that runs and the one before."""
    return operations.compute_all(actor=system("statistics.compute"))


JOBS = (
    Job("statistics.embargo", end_embargoes, 30),
    Job("statistics.read", read_waiting, 2),
    Job("statistics.compute", compute, 3600),
)
