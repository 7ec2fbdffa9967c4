"""Set up everything in the project's own folder. Needs Python 3.11 and nothing else; a second run does nothing.

Installs the locked dependencies into .venv (with uv when it is there, with pip otherwise), then builds the front end.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed"


def run(*command: str | Path, **environment: str) -> None:
    result = subprocess.run([str(part) for part in command], cwd=ROOT, env={**os.environ, **environment})
    if result.returncode:
        sys.exit(
            f"set-up stopped: `{' '.join(str(part) for part in command[:4])} …` failed (see above). "
            "Nothing outside this folder was changed; run the command again once the cause is mended."
        )


def install(locks: list[Path]) -> None:
    """Install exactly what the locks say. They are complete, so no resolver is asked (`--no-deps`)."""
    wanted = hashlib.sha256(b"".join(lock.read_bytes() for lock in locks) + sys.version.encode()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted and PYTHON.exists():
        return
    started = time.monotonic()
    print("Installing Python packages into .venv …", flush=True)
    if not PYTHON.exists():
        venv.create(VENV, with_pip=not shutil.which("uv"), clear=VENV.exists())
    options = [part for lock in locks for part in ("-r", str(lock))]
    if uv := shutil.which("uv"):
        run(uv, "pip", "install", "--quiet", "--python", PYTHON, "--no-deps", "--require-hashes", *options)
        run(
            uv, "pip", "install", "--quiet", "--python", PYTHON, "--no-deps", "--no-build-isolation", "--editable", ROOT
        )
    else:
        pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        run(*pip, "--require-hashes", *options)
        run(*pip, "--no-build-isolation", "--editable", ROOT)
    STAMP.write_text(wanted)
    print(f"  done in {time.monotonic() - started:.0f} s", flush=True)


def has_node() -> bool:
    """Is there an npm, and a Node that is new enough for the front end's tools (20)?"""
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip().lstrip("v")
    return version.partition(".")[0].isdigit() and int(version.partition(".")[0]) >= 20


def main() -> None:
    """`--dev` adds what checks and tests need."""
    if sys.version_info < (3, 11):  # noqa: UP036 - said plainly to whoever starts it with an older one
        sys.exit(f"Tepian needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    wanted = ["dev"] if "--dev" in sys.argv or (VENV / "bin" / "pytest").exists() else ["base", "build"]
    if not has_node():
        wanted.append("node")
    install([ROOT / "requirements" / f"{name}.txt" for name in wanted])
    run(PYTHON, ROOT / "dev" / "build.py")


if __name__ == "__main__":
    main()
