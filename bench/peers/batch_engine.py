"""Batches through the ingest engine and raw inserts into a table of the same shape, in turns. Usage: ROUNDS

Prints two rates in observations a second: ours, raw.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tepian.settings.base")
import django

django.setup()
from django.db import connection, transaction  # noqa: E402

from tepian.services.sensors.models import Datastream  # noqa: E402
from tepian.services.sensors.operations.writer import commit  # noqa: E402
from tepian.services.sensors.states import pack_key  # noqa: E402

COUNT, BATCH = 100_000, 1000
STREAMS = list(Datastream.objects.filter(unit="m").values_list("pk", flat=True)[:5])
CREATE = "CREATE TABLE IF NOT EXISTS bench_raw (id bigint PRIMARY KEY, result double precision, flags smallint, received_ms bigint)"
if connection.vendor == "sqlite":
    CREATE = (
        "CREATE TABLE IF NOT EXISTS bench_raw (id integer PRIMARY KEY, result real, flags smallint, received_ms bigint)"
    )


def rows(run: int) -> list[tuple[int, int, float, int]]:
    """COUNT readings, one a second and stream, in the order in which stations send them."""
    start = 662_688_000_000 + run * COUNT * 1000
    return [(STREAMS[n % len(STREAMS)], start + n // len(STREAMS) * 1000, 1 + n % 100 / 100, 0) for n in range(COUNT)]


def ours(run: int) -> None:
    data = rows(run)
    for start in range(0, COUNT, BATCH):
        commit([data[start : start + BATCH]], alert=False)


def raw(run: int) -> None:
    data = [(pack_key(stream, at), value, flags, at) for stream, at, value, flags in rows(run)]
    connection.ensure_connection()
    for start in range(0, COUNT, BATCH):
        with transaction.atomic():
            if connection.vendor == "sqlite":
                connection.connection.executemany(
                    "INSERT INTO bench_raw VALUES (?, ?, ?, ?)", data[start : start + BATCH]
                )
            else:
                with connection.cursor() as cursor:
                    cursor.executemany("INSERT INTO bench_raw VALUES (%s, %s, %s, %s)", data[start : start + BATCH])


def rate(work: Callable[[int], None], run: int) -> float:
    started = time.perf_counter()
    work(run)
    return COUNT / (time.perf_counter() - started)


with connection.cursor() as cursor:
    cursor.execute("DROP TABLE IF EXISTS bench_raw")
    cursor.execute(CREATE)
rates: tuple[list[float], list[float]] = ([], [])
for number in range(int(sys.argv[1])):
    rates[0].append(rate(ours, number))
    rates[1].append(rate(raw, number))
with connection.cursor() as cursor:
    cursor.execute("DROP TABLE bench_raw")
print(statistics.median(rates[0]), statistics.median(rates[1]))
