"""The worker process: delivers events to their consumers and runs the rooms' periodic jobs."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC, datetime
from types import FrameType

import django
import structlog

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tepian.settings.base")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.utils import DatabaseError, InterfaceError  # noqa: E402

from tepian.kernel.audit.chain import write_anchor  # noqa: E402
from tepian.kernel.catalogue import contributions  # noqa: E402
from tepian.kernel.catalogue.contributions import Job  # noqa: E402
from tepian.kernel.catalogue.models import JobRun  # noqa: E402
from tepian.kernel.events.delivery import deliver_due  # noqa: E402

log = structlog.get_logger("worker")
PAUSE = 0.1  # seconds between looks at the outbox
ANCHOR_EVERY = 600.0


class Worker:
    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.jobs = [*contributions.offered(Job), Job("audit.anchor", self._anchor, ANCHOR_EVERY)]

    @staticmethod
    def _anchor() -> None:
        write_anchor(settings.HOME / "audit-anchors.jsonl")

    def run(self) -> None:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        failures, beat = 0, 0.0
        while not self.stopping.is_set():
            try:
                busy = deliver_due()
                self._run_due_jobs()
                if time.monotonic() - beat > 5:
                    beat = time.monotonic()
                    JobRun.objects.update_or_create(name="worker", defaults={"started_at": datetime.now(UTC)})
                failures = 0
            except (DatabaseError, InterfaceError) as error:
                failures += 1
                log.warning("database_unreachable", error=repr(error), failures=failures)
                connection.close()
                self.stopping.wait(min(10.0, 0.2 * 2**failures))
                continue
            if not busy:
                self.stopping.wait(PAUSE)
        connection.close()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping.set()

    def _run_due_jobs(self) -> None:
        for job in self.jobs:
            if self.stopping.is_set():
                return
            if claim(job):
                started = time.monotonic()
                try:
                    job.run()
                except (DatabaseError, InterfaceError):
                    raise
                except Exception as error:
                    log.exception("job_failed", job=job.name, error=repr(error))
                else:
                    log.debug("job_done", job=job.name, seconds=round(time.monotonic() - started, 3))


_not_before: dict[str, float] = {}


def claim(job: Job) -> bool:
    """Is the job due, and ours? Of several workers one wins by a conditional update."""
    if time.monotonic() < _not_before.get(job.name, 0.0):
        return False
    _not_before[job.name] = time.monotonic() + job.seconds
    now = datetime.now(UTC)
    with transaction.atomic():
        row, created = JobRun.objects.get_or_create(name=job.name, defaults={"started_at": now})
        if created:
            return True
        if (now - row.started_at).total_seconds() < job.seconds * 0.9:
            return False
        return bool(JobRun.objects.filter(name=job.name, started_at=row.started_at).update(started_at=now))


def main() -> None:
    Worker().run()
