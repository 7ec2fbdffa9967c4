"""The forgiving search of named places with typing errors, and "which ward is this point in", against plain scans.

Names are made up from syllables so that the size is known: 5,000 places beside the fictional city's own. The plain scan
compares the question with every name by the same library (rapidfuzz), or asks every boundary (shapely).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import harness as h


def run() -> None:
    with tempfile.TemporaryDirectory() as home:
        environment = h.prepared_home(Path(home), pack="samarinda")
        result = subprocess.run(
            [sys.executable, "-m", "bench.peers.place_search"],
            cwd=h.ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
        )
        if result.returncode:
            raise RuntimeError(result.stderr[-3000:])
        p95, found, scan, lookup, slow = (float(part) for part in result.stdout.split()[-5:])
    h.report(
        "place_search_p95",
        p95,
        20,
        "ms",
        what="limit",
        aim="1",
        lower_is_better=True,
        note=f"5,000 names, one typing error, right place among the first five in {found:.0%}; plain scan {scan:.1f} ms",
    )
    h.report("point_in_ward", lookup, slow, "lookups/s", what="asking every boundary", note="59 wards")
