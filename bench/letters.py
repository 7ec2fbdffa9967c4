"""Letters of one page set per second, with head, emblem and a code for the phone, against WeasyPrint with a page of the
same words: each in one process that has set some before, PDF/A both, texts and fonts ready."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import harness as h

COUNT = 60


def run() -> None:
    python = h.peer_python("bench-letters")
    with tempfile.TemporaryDirectory(prefix="tepian-bench-") as name:
        environment = os.environ | h.prepared_home(Path(name))
        made: dict[str, dict[str, float]] = {}

        def measured(side: str, command: list[str]) -> float:
            done = subprocess.run(command, cwd=h.ROOT, env=environment, capture_output=True, text=True)
            if done.returncode:
                if "cannot load library" in done.stderr:
                    raise h.Skipped("WeasyPrint needs Pango of the system (Debian: libpango-1.0-0 libpangoft2-1.0-0)")
                raise RuntimeError(done.stderr[-3000:])
            made[side] = json.loads(done.stdout.splitlines()[-1])
            return made[side]["per_s"]

        mine, theirs = h.interleave(
            lambda: measured("ours", [sys.executable, "-m", "bench.peers.letters_set", str(COUNT)]),
            lambda: measured("peer", [str(python), str(h.PEERS / "letters_weasyprint.py"), str(COUNT)]),
        )
    h.report(
        "letters",
        mine,
        theirs,
        "letters/s",
        what="WeasyPrint",
        aim="≥ 6",
        note=f"{made['ours']['bytes'] / 1000:.0f} kB; WeasyPrint {made['peer']['bytes'] / 1000:.0f} kB",
    )
