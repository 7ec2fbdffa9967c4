"""Finding a resident by name and day of birth among 880,000, against Splink 4 asked for the same people; then by name alone.

Both sides get the same questions: names with two typing errors, names written otherwise, one-word names, and days of birth
that are right, wrong in a digit, or with day and month swapped. Ours asks the register in the database; Splink's linker (on
DuckDB, with blocking rules for the day, the swapped day and parts of the name, weights estimated on the register itself)
links a question to the register in memory, one question a call as at a counter and, for its sake, also all in one call.
`TEPIAN_BENCH_RESIDENTS` makes the city smaller."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import harness as h

from .residents_lookup import COUNT, city_home, tepian


def run() -> None:
    python = h.peer_python()
    with tempfile.TemporaryDirectory() as folder:
        home, city, asked = Path(folder) / "home", Path(folder) / "city.csv", Path(folder) / "asked.json"
        environment = city_home(home)
        tepian(environment, "residents", "generate", "--count", str(COUNT), "--seed", "2", "--out", str(city))
        tepian(environment, "residents", "load", str(city), "--fictional")
        _run([sys.executable, "-m", "bench.peers.residents_questions", str(city), str(asked)], environment)
        ours = _told([sys.executable, "-m", "bench.peers.residents_ours", str(asked)], environment)
        peer = _told([str(python), str(h.PEERS / "residents_splink.py"), str(city), str(asked)], {})
    for kind, found in ours["recall"].items():
        h.say("residents_match_recall", f"{kind}: ours {found:.3f}, Splink {peer['recall'].get(kind, 0):.3f}")
    note = f"recall ours {ours['all']:.3f}, Splink {peer['all']:.3f}; Splink all in one call {peer['batch_rate']:.3g}/s"
    h.report("residents_match", ours["rate"], peer["rate"], "questions/s", what="Splink 4", aim="100", note=note)
    h.report(
        "residents_match_recall",
        ours["all"],
        0.95,
        "",
        what="aim",
        note=f"{ours['count']} questions, right one among ten",
    )
    h.report("residents_name_p95", ours["name_p95"], 20, "ms", what="limit", aim="1", lower_is_better=True)


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=h.ROOT, env={**os.environ, **environment}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{done.stdout[-1000:]}{done.stderr[-3000:]}")
    return done.stdout


def _told(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(_run(command, environment).strip().splitlines()[-1])
    return told
