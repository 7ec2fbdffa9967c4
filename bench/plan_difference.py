"""The difference of two revisions of 500 actions with 20 yearly targets and budgets each, against one bare query that reads
the same rows of both; and the same as sentences and JSON.

The bare query compares nothing: it is the raw limit, not a peer."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import harness as h


def run() -> None:
    for name, url in (("sqlite", ""), ("postgresql", os.environ.get("TEPIAN_TEST_DATABASE_URL", ""))):
        if name == "postgresql" and not url:
            continue
        with tempfile.TemporaryDirectory() as home:
            environment = h.prepared_home(Path(home), database_url=url)
            result = subprocess.run(
                [sys.executable, "-m", "bench.peers.plan_of_two_revisions"],
                cwd=h.ROOT,
                env={**os.environ, **environment},
                capture_output=True,
                text=True,
            )
            if result.returncode:
                raise RuntimeError(result.stderr[-3000:])
        compared, said, bare = (float(part) for part in result.stdout.split()[-3:])
        for title, value, note in (
            ("plan_difference", compared, "both revisions read and compared"),
            ("plan_difference_said", said, "the same, as sentences and JSON"),
        ):
            h.report(
                f"{title}_{name}",
                value,
                bare,
                "ms",
                what="one bare query of the same rows",
                lower_is_better=True,
                note=note,
            )
