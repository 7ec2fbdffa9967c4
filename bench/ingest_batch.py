"""Batches through the ingest engine, against raw inserts of the same rows into the same kind of table.

Ours validates, flags, evaluates thresholds and keeps the newest state; the raw side only inserts, 1,000 rows a
transaction, synchronous=FULL. On PostgreSQL the raw side is row inserts by executemany (set TEPIAN_TEST_DATABASE_URL).
"""

from __future__ import annotations

import os
import subprocess
import sys

from bench import harness as h


def run() -> None:
    for name, url in (("sqlite", ""), ("postgresql", os.environ.get("TEPIAN_TEST_DATABASE_URL", ""))):
        if name == "postgresql" and not url:
            h.say("ingest_batch_postgresql", "skipped: set TEPIAN_TEST_DATABASE_URL to an empty database")
            continue
        _one(name, url)


def _one(name: str, url: str) -> None:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as home:
        environment = h.prepared_home(Path(home), database_url=url)
        result = subprocess.run(
            [sys.executable, "-m", "bench.peers.batch_engine", str(h.ROUNDS)],
            cwd=h.ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
        )
        if result.returncode:
            raise RuntimeError(result.stderr[-3000:])
        ours, raw = (float(part) for part in result.stdout.split()[-2:])
    h.report(
        f"ingest_batch_{name}",
        ours,
        raw,
        "obs/s",
        what="raw bulk insert" if name == "sqlite" else "row inserts",
        aim="0.5",
    )
