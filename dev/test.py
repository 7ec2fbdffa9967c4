"""The tests: on the embedded database, then on PostgreSQL when TEPIAN_TEST_DATABASE_URL names one.

Arguments go to pytest. With none, everything runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def pytest(*arguments: str, **environment: str) -> int:
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], cwd=ROOT, env={**os.environ, **environment}
    ).returncode


def main() -> int:
    arguments = sys.argv[1:]
    parallel = (
        []
        if any(part.startswith("-n") for part in arguments)
        else ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    )
    print("== embedded database", flush=True)
    status = pytest(*parallel, "-q", *arguments)
    if url := os.environ.get("TEPIAN_TEST_DATABASE_URL"):
        print("== PostgreSQL", flush=True)
        # What a browser sees and the house's own rules do not depend on the database; what touches it is tested again.
        status = pytest(*parallel, "-q", "-m", "database and not e2e", *arguments, TEPIAN_DATABASE_URL=url) or status
    return status


if __name__ == "__main__":
    sys.exit(main())
