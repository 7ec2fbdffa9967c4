"""From nothing to the first page, the second start, and the memory of the whole city at rest.

`make demo` in a clean clone (uses the package caches of the machine; with TEPIAN_BENCH_COLD=1 in an empty cache), then
stopped and started again.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

from bench import harness as h


def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "tepian"
        subprocess.run(["git", "clone", "--quiet", str(h.ROOT), str(clone)], check=True)
        cold = (
            {"PIP_NO_CACHE_DIR": "1", "UV_NO_CACHE": "1", "npm_config_cache": f"{folder}/npm"}
            if os.environ.get("TEPIAN_BENCH_COLD")
            else {}
        )
        first = _until_first_page(clone, "make", "demo", **cold)
        second = _until_first_page(clone, ".venv/bin/tepian", "demo", "--no-browser", rest=True, **cold)
    h.report(
        "start_first",
        first[0],
        300,
        "s",
        what="aim",
        lower_is_better=True,
        note="clean clone to first page" + (", cold caches" if cold else ""),
    )
    h.report("start_second", second[0], 5, "s", what="aim", lower_is_better=True, note="second start to first page")
    h.say("memory", f"ours {second[1]:.0f} MiB for the whole city at rest (proportional set size of all processes)")


def _until_first_page(clone: Path, *command: str, rest: bool = False, **environment: str) -> tuple[float, float]:
    """Seconds until `/` answers; memory in MiB half a minute later when `rest`."""
    port = h.free_port()
    environment |= {"TEPIAN_PORT": str(port), "TEPIAN_MQTT_PORT": str(h.free_port()), "VIRTUAL_ENV": ""}
    started = time.monotonic()
    with h.process(*command, cwd=clone, log=clone / "log", **environment) as child:
        while h_status(port) != 200:
            if child.poll() is not None or time.monotonic() - started > 900:
                raise RuntimeError((clone / "log").read_text()[-3000:])
            time.sleep(0.05)
        seconds = time.monotonic() - started
        if rest:
            time.sleep(30)
        return seconds, h.memory_mib(child.pid)


def h_status(port: int) -> int:
    try:
        return h.get(f"http://127.0.0.1:{port}/", timeout=5)[0]
    except OSError:
        return 0
