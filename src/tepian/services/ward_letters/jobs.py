"""What the clock does."""

from __future__ import annotations

from tepian.kernel.actors import system
from tepian.kernel.catalogue.contributions import Job

from . import operations


def expire() -> int:
    return operations.expire(actor=system("ward_letters.expire")) if operations.due_to_expire() else 0


def forget() -> int:
    return operations.forget(actor=system("ward_letters.forget")) if operations.due_to_forget() else 0


JOBS = (
    Job("ward_letters.expire", expire, 900),
    Job("ward_letters.forget", forget, 3600),
    Job("ward_letters.tries", operations.forget_tries, 3600),
)
