"""A NIK looked up over HTTP among 880,000 residents, each look recorded in the audit chain before the answer, against a bare
answer of the same server and against the same look-ups without HTTP.

The city is the generator's and is loaded once. wrk keeps 16 connections busy with 40,000 NIKs in random order.
`TEPIAN_BENCH_RESIDENTS` makes the city smaller."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import harness as h

COUNT = int(os.environ.get("TEPIAN_BENCH_RESIDENTS", "880000"))
SCRIPT = """
local niks = {}
for line in io.lines("%s") do niks[#niks + 1] = line end
local n = %d
wrk.headers["Content-Type"] = "application/json"
request = function()
  n = n + 1
  return wrk.format("POST", nil, nil, '{"nik":"' .. niks[1 + n %% #niks] .. '","purpose":"letter"}')
end
done = function(summary, latency, requests)
  io.write(string.format("p50 %%.2f p99 %%.2f other %%d\\n", latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, summary.errors.status))
end
"""


def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        environment = city_home(home)
        city, niks = Path(folder) / "city.csv", Path(folder) / "niks"
        begun = time.monotonic()
        tepian(environment, "residents", "generate", "--count", str(COUNT), "--seed", "2", "--out", str(city))
        generated = time.monotonic()
        tepian(environment, "residents", "load", str(city), "--fictional")
        loaded = time.monotonic()
        h.say(
            "residents_load",
            f"{COUNT:,} people generated in {generated - begun:.0f} s, loaded in {loaded - generated:.0f} s "
            f"({COUNT / (loaded - generated):,.0f} a second)",
        )
        _write_niks(city, niks)
        key = _peer(environment, "key").strip()
        port = int(environment["TEPIAN_PORT"])
        with h.process(sys.executable, "-m", "tepian", "run", log=home / "log", **environment) as child:
            h.wait_for(f"http://127.0.0.1:{port}/readyz")
            url = f"http://127.0.0.1:{port}/api/v1/residents/look-up"
            before, p99s = int(_peer(environment, "looks")), []

            def ours() -> float:
                rate, p99 = _load(url, niks, key)
                p99s.append(p99)
                return rate

            def bare() -> float:
                return h.wrk(f"http://127.0.0.1:{port}/healthz", connections=16)

            rate, raw = h.interleave(ours, bare)
            looks = int(_peer(environment, "looks")) - before
            assert looks >= rate * 3 * len(p99s) * 0.8, f"{looks} looks recorded for {rate * 3 * len(p99s):.0f} answers"
            memory = h.memory_mib(child.pid)
        inside = float(_peer(environment, "inside", str(niks)))
    p99 = sorted(p99s)[len(p99s) // 2]
    note = f"p99 {p99:.1f} ms; {looks:,} looks recorded; {memory:.0f} MiB"
    h.report(
        "residents_lookup", rate, raw, "look-ups/s", what="page /healthz of the same server", aim="1,500/s", note=note
    )
    h.report("residents_lookup_http", rate, inside, "look-ups/s", what="the same without HTTP, 16 to a commit")
    h.report("residents_lookup_p99", p99, 10, "ms", what="limit", aim="1", lower_is_better=True)


def city_home(home: Path) -> dict[str, str]:
    """A city without people in `home`; returns the environment of its system."""
    environment = {
        "TEPIAN_HOME": str(home),
        "TEPIAN_PORT": str(h.free_port()),
        "TEPIAN_MQTT_PORT": str(h.free_port()),
        "TEPIAN_LOG_LEVEL": "warning",
        "DJANGO_SETTINGS_MODULE": "tepian.settings.base",
    }
    tepian(environment, "migrate")
    tepian(environment, "city", "load", str(h.ROOT / "cities" / "contoh"))
    return environment


def tepian(environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tepian", *arguments],
        cwd=h.ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _peer(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bench.peers.residents_inside", *arguments],
        cwd=h.ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return done.stdout


def _write_niks(city: Path, niks: Path) -> None:
    chance = random.Random(3)
    with city.open(encoding="utf-8") as lines:
        next(lines)
        known = [line.split(",", 1)[0] for line in lines]
    niks.write_text("\n".join(chance.sample(known, min(len(known), 40_000))))


def _load(url: str, niks: Path, key: str) -> tuple[float, float]:
    """Answers a second and the 99th percentile in milliseconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(SCRIPT % (niks, random.randrange(40_000)))
        file.flush()
        command = ["wrk", "-t1", "-c16", "-d3s", "-s", file.name, "-H", f"Authorization: Bearer {key}", url]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Socket errors" in text or "Non-2xx" in text:
        raise RuntimeError(text)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])  # type: ignore[index]
    return rate, float(re.search(r"p99 ([\d.]+)", text)[1])  # type: ignore[index]
