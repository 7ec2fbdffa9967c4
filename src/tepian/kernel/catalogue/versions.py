"""Topics and their versions: `touch("warnings")` in the writing transaction, `current([...])` when reading."""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Greatest

from .models import TopicVersion


def touch(*topics: str) -> None:
    """Make every page cached for these topics stale. Inside the transaction that changes the data."""
    # Never a number that was used before: after a rollback or a restored backup, `+ 1` alone would give one again, and
    # what a process kept under it would pass for fresh.
    now = time.time_ns() // 1000
    for topic in sorted(topics):  # one order for all, so that two transactions cannot wait for each other
        newer = Greatest(F("version") + 1, Value(now))
        if not TopicVersion.objects.filter(topic=topic).update(version=newer):
            TopicVersion.objects.bulk_create([TopicVersion(topic=topic, version=now)], ignore_conflicts=True)


def current(topics: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """The versions of these topics now: one indexed read past the ORM, because every cached page asks it."""
    with connection.cursor() as cursor:
        marks = ",".join(["%s"] * len(topics))
        cursor.execute(
            f"SELECT topic, version FROM city_topicversion WHERE topic IN ({marks}) ORDER BY topic",  # noqa: S608
            list(topics),
        )
        return tuple(cursor.fetchall())
