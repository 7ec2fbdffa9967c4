"""Where 500 actions stand with 20 years of quarterly reports behind them (40,000), and what they add up to at every level,
against one bare aggregate query; and the line over all 80 quarters, against one bare aggregate of all reports.

The bare query knows nothing of handovers, milestones, missing reports or years that are over: it is the raw limit, not a
peer."""

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
                [sys.executable, "-m", "bench.peers.plan_of_twenty_years"],
                cwd=h.ROOT,
                env={**os.environ, **environment},
                capture_output=True,
                text=True,
            )
            if result.returncode:
                raise RuntimeError(result.stderr[-3000:])
        one, bare_one, line, bare_all = (float(part) for part in result.stdout.split()[-4:])
        h.report(
            f"plan_rollup_{name}",
            one,
            bare_one,
            "ms",
            what="one bare aggregate of the year",
            lower_is_better=True,
            note="500 actions at six levels out of 40,000 reports",
        )
        h.report(
            f"plan_history_{name}",
            line,
            bare_all,
            "ms",
            what="one bare aggregate of all",
            lower_is_better=True,
            note="80 quarters",
        )
