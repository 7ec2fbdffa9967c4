"""Everything that can be checked without running the city: `make check`.

--fast           only what belongs before a commit: format, lint, contracts
--fix            put right what the tools can put right by themselves
--without-tests  the house's rules are tests; leave them out where all tests run anyway
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SOURCES = ("src", "tests", "bench", "dev", "conftest.py")

Step = tuple[str, list[str]]


def steps(*, fast: bool, fix: bool, tests: bool) -> list[Step]:
    sources = [name for name in SOURCES if (ROOT / name).exists()]
    ruff = str(BIN / "ruff")
    chosen: list[Step] = [
        ("format", [ruff, "format", *([] if fix else ["--check", "--output-format", "concise"]), *sources]),
        ("lint", [ruff, "check", "--output-format", "concise", *(["--fix"] if fix else []), *sources]),
        ("contracts", [str(BIN / "lint-imports"), "--no-logo"]),
    ]
    if fast:
        return chosen
    reference = [sys.executable, "dev/reference.py", *([] if fix else ["--check"])]
    chosen += [
        ("types", [str(BIN / "mypy"), "--no-error-summary"]),
        ("built files", [sys.executable, "dev/build.py", *([] if fix else ["--check"])]),
        ("reference", reference),
    ]
    if tests:
        rules = [sys.executable, "-m", "pytest", "-q", "-m", "not slow", "tests/house"]
        chosen.append(("house rules, translations, migrations", rules))
    return chosen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--fix", action="store_true")
    parser.add_argument("--without-tests", action="store_true")
    options = parser.parse_args()
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    failed = []
    for name, command in steps(fast=options.fast, fix=options.fix, tests=not options.without_tests):
        started = time.monotonic()
        print(f"── {name}", flush=True)
        done = subprocess.run(command, cwd=ROOT, env=environment)
        print(f"   {'ok' if not done.returncode else 'FAILED'} in {time.monotonic() - started:.1f} s", flush=True)
        if done.returncode:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed", flush=True)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
