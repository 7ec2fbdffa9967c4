"""Questions to a published table of ten million figures, against bare SQL to DuckDB on the same file.

20 indicators, 100 months, 500 regions, 5 ages, 2 sexes: the same table each time, made by DuckDB itself in the form that
`tepian.toolkit.cube` publishes. Both sides answer in turns, in one process and on as many cores; every answer is compared.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import harness as h

ROWS, MONTHS, REGIONS = 10_000_000, 100, 500
MADE = """
    SELECT 'ind' || lpad((n // 500000)::VARCHAR, 2, '0') AS indicator,
        (2016 + n // 5000 % 100 // 12)::VARCHAR || '-' || lpad((1 + n // 5000 % 100 % 12)::VARCHAR, 2, '0') AS time,
        lpad((n // 10 % 500)::VARCHAR, 4, '0') AS region, 'a' || (n // 2 % 5) AS age,
        CASE n % 2 WHEN 0 THEN 'f' ELSE 'm' END AS sex,
        CASE WHEN hash(n) % 100 = 0 THEN NULL ELSE (hash(n * 7) % 1000000) / 4.0 END AS value,
        CASE WHEN hash(n) % 100 = 0 THEN 'm' ELSE '' END AS status
    FROM range({rows}) AS made(n)
"""


def run() -> None:
    import duckdb

    from tepian.toolkit import cube

    with tempfile.TemporaryDirectory(prefix="tepian-bench-") as name:
        path = Path(name) / "table.parquet"
        _make(path)
        engine = cube.DuckDB(name, timeout_s=120)
        bare = duckdb.connect()
        bare.execute(f"SET threads = {os.cpu_count()}")
        for title, query, sql in _questions(cube, str(path)):
            _compare(
                title,
                lambda query=query: engine.run(path.name, query).rows,  # type: ignore[misc]
                lambda sql=sql: bare.execute(sql).fetchall(),  # type: ignore[misc]
            )
        engine.close()
        _writing(cube, path)


def _make(path: Path) -> None:
    import duckdb

    from tepian.toolkit.cube import duck, writing

    mark = json.dumps({"version": duck.VERSION, "dimensions": ["region", "age", "sex"], "forms": ["month"]})
    started = time.perf_counter()
    # Rows come in the order of the table's key already.
    duckdb.connect().execute(
        f"COPY ({MADE.format(rows=ROWS)}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, "
        f"ROW_GROUP_SIZE {writing.ROW_GROUP}, KV_METADATA {{'{duck.MARK}': '{mark}'}})"
    )
    h.say(
        "statistics_table",
        f"{ROWS:,} rows, {path.stat().st_size / 1e6:.0f} MB, made in {time.perf_counter() - started:.1f} s",
    )


def _questions(cube: Any, path: str) -> list[tuple[str, Any, str]]:
    source = f"read_parquet('{path}')"
    codes = tuple((f"{n:04d}", f"Region {n}", f"district {n // 25:02d}") for n in range(REGIONS))
    listed = ", ".join(f"('{code}', '{parent}')" for code, _, parent in codes)
    summed = (cube.Measure("sum"),)
    one_of = {"indicator": ["ind07"]}
    return [
        (
            "series",
            cube.Query(
                {**one_of, "region": ["0123"], "age": ["a1"], "sex": ["f"]}, columns=("time", "value", "status")
            ),
            f"SELECT time, value, status FROM {source} WHERE indicator = 'ind07' AND region = '0123' AND age = 'a1' "
            "AND sex = 'f' ORDER BY time",
        ),
        (
            "month_of_all_regions",
            cube.Query(
                {**one_of, "time": ["2020-05"], "age": ["a1"], "sex": ["f"]}, columns=("region", "value", "status")
            ),
            f"SELECT region, value, status FROM {source} WHERE indicator = 'ind07' AND time = '2020-05' AND age = 'a1' "
            "AND sex = 'f' ORDER BY region",
        ),
        (
            "region_and_year",
            cube.Query(one_of, group_by=("region", "time.year"), measures=summed),
            f"SELECT region, substring(time, 1, 4), sum(value) FROM {source} WHERE indicator = 'ind07' GROUP BY 1, 2 ORDER BY 1, 2",
        ),
        (
            "indicator_and_year_of_all",
            cube.Query(group_by=("indicator", "time.year"), measures=(*summed, cube.Measure("mean"))),
            f"SELECT indicator, substring(time, 1, 4), sum(value), avg(value) FROM {source} GROUP BY 1, 2 ORDER BY 1, 2",
        ),
        (
            "top_20",
            cube.Query(
                {**one_of, "time": cube.Range("2020", "2020")},
                group_by=("region",),
                measures=summed,
                order_by=("-sum",),
                limit=20,
            ),
            f"SELECT region, sum(value) FROM {source} WHERE indicator = 'ind07' AND time BETWEEN '2020-01' AND '2020-12' "
            "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20",
        ),
        (
            "by_classification",
            cube.Query(
                one_of,
                group_by=("region.parent", "time.year"),
                measures=summed,
                classifications=(cube.Classification("region", codes),),
            ),
            f"SELECT c.parent, substring(time, 1, 4), sum(value) FROM {source} AS t LEFT JOIN (VALUES {listed}) AS c(code, parent) "
            "ON t.region = c.code WHERE indicator = 'ind07' GROUP BY 1, 2 ORDER BY 1, 2",
        ),
        (
            "median_by_region",
            cube.Query(one_of, group_by=("region",), measures=(cube.Measure("median"),)),
            f"SELECT region, median(value) FROM {source} WHERE indicator = 'ind07' GROUP BY 1 ORDER BY 1",
        ),
    ]


def _compare(title: str, ours: Callable[[], list[Any]], bare: Callable[[], list[Any]]) -> None:
    """Quarters add up exactly, so only means may differ, and those by the last bit."""
    for mine, other in zip(ours(), bare(), strict=True):
        assert all(a == b or abs(a - b) <= 1e-12 * abs(b) for a, b in zip(mine, other, strict=True)), (mine, other)
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(h.ROUNDS * 8):
        for side in (0, 1) if turn % 2 else (1, 0):
            started = time.perf_counter()
            (ours, bare)[side]()
            times[side].append((time.perf_counter() - started) * 1000)
    p50 = [statistics.median(side) for side in times]
    p95 = [sorted(side)[int(len(side) * 0.95)] for side in times]
    h.report(
        f"statistics_{title}",
        p50[0],
        p50[1],
        "ms",
        what="bare DuckDB",
        aim="0.7",
        lower_is_better=True,
        note=f"p50 of {len(times[0])}; p95 ours {p95[0]:.1f}, bare {p95[1]:.1f}",
    )


def _writing(cube: Any, path: Path) -> None:
    """From Python rows; and the whole file again with one month replaced, which is what publishing a revision costs."""
    columns = ("indicator", "time", "region", "age", "sex", "value", "status")
    dimensions = ("region", "age", "sex")
    rows = [
        ("ind07", f"{2016 + n // 60_000}", f"{n // 10 % 6000:04d}", f"a{n // 2 % 5}", "fm"[n % 2], n / 4, "")
        for n in range(300_000)
    ]
    started = time.perf_counter()
    cube.write(path.with_name("written.parquet"), columns, rows, dimensions=dimensions)
    took = time.perf_counter() - started
    h.say("statistics_write", f"ours {len(rows) / took:,.0f} rows/s from Python to the published file")
    fresh = [("ind07", "2020-05", f"{n // 10:04d}", f"a{n // 2 % 5}", "fm"[n % 2], n / 4, "") for n in range(5000)]
    started = time.perf_counter()
    written = cube.write_from(
        path,
        path,
        without={"indicator": ["ind07"], "time": ["2020-05"]},
        columns=columns,
        rows=fresh,
    )
    took = time.perf_counter() - started
    h.say("statistics_revise", f"ours {took:.1f} s for {len(fresh):,} rows in a table of {written.rows:,}")
