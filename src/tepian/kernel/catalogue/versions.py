"""Topics and their versions: `touch("warnings")` in the writing transaction, `current([...])` when reading."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.db.models import F

from .models import TopicVersion


def touch(*topics: str) -> None:
    """Make every page cached for these topics stale. Inside the transaction that changes the data."""
    for topic in sorted(topics):  # one order for all, so that two transactions cannot wait for each other
        if not TopicVersion.objects.filter(topic=topic).update(version=F("version") + 1):
            TopicVersion.objects.bulk_create([TopicVersion(topic=topic, version=1)], ignore_conflicts=True)


def current(topics: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """The versions of these topics now: one indexed read past the ORM, because every cached page asks it."""
    with connection.cursor() as cursor:
        marks = ",".join(["%s"] * len(topics))
        cursor.execute(
            f"SELECT topic, version FROM city_topicversion WHERE topic IN ({marks}) ORDER BY topic",  # noqa: S608
            list(topics),
        )
        return tuple(cursor.fetchall())
