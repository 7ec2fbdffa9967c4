"""`make bench`, or `python -m bench [NAME …] [--rounds N]`: one line per figure.

`name: ours … raw-or-peer … ratio …` — medians of interleaved rounds (ours, peer, ours, peer, …), so that a busy machine
disturbs both sides alike. Compare ratios, not absolute rates.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
import traceback

import bench
from bench import harness

ORDER = [
    "ingest_batch",
    "ingest_http",
    "ingest_mqtt",
    "live_fanout",
    "pages",
    "places",
    "rules",
    "travel_time",
    "statistics_queries",
    "statistics_http",
    "statistics_ckan",
    "plan_rollup",
    "table_reading",
    "typeset",
    "letters",
    "signing",
    "residents_lookup",
    "residents_match",
    "emergency_desk",
    "desk_flows",
    "letter_flows",
    "start",
    "kill",
]


def main() -> int:
    names = [
        module.name
        for module in pkgutil.iter_modules(bench.__path__)
        if module.name not in {"__main__", "harness", "peers"}
    ]
    names.sort(key=lambda name: (ORDER.index(name) if name in ORDER else 99, name))
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=", ".join(names))
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each side")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(names)
    if unknown:
        parser.error(f"no benchmark named {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    harness.ROUNDS = arguments.rounds
    print(
        f"# {os.cpu_count()} cores, Python {sys.version.split()[0]}, {arguments.rounds} rounds, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    failed = 0
    for name in arguments.names or names:
        try:
            importlib.import_module(f"bench.{name}").run()
        except harness.Skipped as reason:
            print(f"{name}: skipped: {reason}", flush=True)
        except Exception:
            failed += 1
            print(f"{name}: failed", flush=True)
            traceback.print_exc()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
