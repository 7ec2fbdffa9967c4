"""Questions to ten million figures over the HTTP API of the whole system, against bare SQL to DuckDB on the same file."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from bench import harness as h
from bench import statistics_queries

TURNS = 100
WHERE = "FROM {t} WHERE indicator = 'ind07'"
QUESTIONS = (
    (
        "filtered_series",
        "figures?dimension=region&codes=0123&limit=1000",
        f"SELECT time, region, age, sex, value, status {WHERE} AND region = '0123' ORDER BY time LIMIT 1000",
    ),
    (
        "by_region_and_year",
        "summary?by=region,time.year&limit=5000",
        f"SELECT region, substring(time, 1, 4), sum(value), count(*) {WHERE} GROUP BY 1, 2 ORDER BY 1, 2",
    ),
    (
        "top_20",
        "summary?by=region&order=-value&limit=20&function=max",
        f"SELECT region, max(value) {WHERE} GROUP BY 1 ORDER BY 2 DESC LIMIT 20",
    ),
    (
        "by_classification",
        "summary?by=region.parent,time.year",
        f"SELECT CAST(region AS INTEGER) // 25, substring(time, 1, 4), sum(value) {WHERE} GROUP BY 1, 2 ORDER BY 1, 2",
    ),
)

# Made anew at each turn; the figure's page holds a chart, the newest 25 rows of 500,000 and how many there are.
PAGES = (
    ("page", "/data/ind07?n="),
    ("page_by_region", "/data/ind07?per=region&n="),
    ("page_by_sex", "/data/ind07?per=sex&n="),
)


def run() -> None:
    import duckdb

    home = Path(tempfile.mkdtemp(prefix="tepian-bench-"))
    try:
        path = home / "made.parquet"
        statistics_queries._make(path)
        with h.system() as running:
            fill(running, path)
            bare = duckdb.connect()
            bare.execute(f"SET threads = {os.cpu_count()}")
            for title, address, sql in QUESTIONS:
                _compare(running, bare, title, address, sql.format(t=f"read_parquet('{path}')"))
            for title, address in PAGES:
                _page(title, f"{running.url}{address}")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def fill(running: h.System, path: Path) -> None:
    """Publish the table in a running system."""
    environment = {**os.environ, "TEPIAN_HOME": str(running.home), "DJANGO_SETTINGS_MODULE": "tepian.settings.base"}
    command = [sys.executable, "-m", "bench.peers.statistics_home", str(path)]
    subprocess.run(command, cwd=h.ROOT, env=environment, capture_output=True, text=True, check=True)


def _compare(running: h.System, bare: Any, title: str, address: str, sql: str) -> None:
    url = f"{running.url}/api/v1/statistics/indicators/ind07/{address}"
    answer = json.loads(urllib.request.urlopen(url, timeout=120).read())
    assert answer["items"], url
    ours, theirs = [], []
    for _ in range(TURNS):
        started = time.perf_counter()
        urllib.request.urlopen(url, timeout=60).read()
        ours.append((time.perf_counter() - started) * 1000)
        started = time.perf_counter()
        bare.execute(sql).fetchall()
        theirs.append((time.perf_counter() - started) * 1000)
    h.report(
        f"statistics_http.{title}",
        statistics.median(ours),
        statistics.median(theirs),
        "ms",
        what="bare DuckDB",
        lower_is_better=True,
        note=f"p95 {sorted(ours)[int(TURNS * 0.95)]:.0f} ms over HTTP (aim 50), {len(answer['items'])} rows as JSON",
    )


def _page(title: str, url: str) -> None:
    taken = []
    for turn in range(TURNS):
        started = time.perf_counter()
        urllib.request.urlopen(f"{url}{turn}", timeout=60).read()
        taken.append((time.perf_counter() - started) * 1000)
    p95 = sorted(taken)[int(TURNS * 0.95)]
    h.say(
        f"statistics_http.{title}",
        f"ours {statistics.median(taken):.0f} ms p95 {p95:.0f} ms first {taken[0]:.0f} ms aim 1,000",
    )
