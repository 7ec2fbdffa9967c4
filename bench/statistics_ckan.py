"""The same questions to the same ten million figures over HTTP: this system, and CKAN with its datastore in PostgreSQL.

CKAN 2.12 from PyPI under Granian, a PostgreSQL cluster of its own with 1 GB of buffers, and `datastore_search_sql`; first with
an index on every column that is asked for (and the rows lie in the order of the indicators), then without, as the datastore
makes a table when nobody asks for an index. CKAN is spared what it would do too: rows come by COPY instead of its API, without
the words for its full-text search. Its catalogue (Solr) and queue (Redis) do not run; the datastore asks neither. Needs
the PostgreSQL server of the system (Debian packages postgresql and libpq-dev). Three minutes until the first question.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench import harness as h
from bench import statistics_http, statistics_queries

TURNS, FEW_TURNS = 15, 5
COLUMNS = ("indicator", "time", "region", "age", "sex", "value", "status")
WHERE = "FROM {t} WHERE indicator = 'ind07'"
SQL = {
    "filtered_series": f"SELECT time, region, age, sex, value, status {WHERE} AND region = '0123' ORDER BY time LIMIT 1000",
    "by_region_and_year": f"SELECT region, substring(time, 1, 4) AS year, sum(value) AS value {WHERE} GROUP BY 1, 2 "
    "ORDER BY 1, 2",
    "top_20": f"SELECT region, max(value) AS value {WHERE} GROUP BY 1 ORDER BY 2 DESC LIMIT 20",
    "by_classification": f"SELECT CAST(region AS integer) / 25 AS parent, substring(time, 1, 4) AS year, sum(value) AS value "
    f"{WHERE} GROUP BY 1, 2 ORDER BY 1, 2",
}

# The same SQL to both.
SAME_SQL = {
    "sql_sums_of_all": "SELECT indicator, substring(time, 1, 4) AS year, sum(value) AS value FROM {t} GROUP BY 1, 2 ORDER BY 1, 2",
    "sql_top_20_of_all": "SELECT region, max(value) AS value FROM {t} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20",
}


def run() -> None:
    python = h.peer_python("bench-ckan")
    home = Path(tempfile.mkdtemp(prefix="tepian-bench-"))
    try:
        made = home / "made.parquet"
        statistics_queries._make(made)
        with h.system() as ours, h.postgres("-c shared_buffers=1GB -c work_mem=64MB -c max_wal_size=8GB") as url:
            statistics_http.fill(ours, made)
            with _ckan(python, home, url, made) as (theirs, table):
                action = "api/3/action/datastore_search_sql?sql="
                for title, address, _bare in statistics_http.QUESTIONS:
                    _compare(
                        title,
                        f"{ours.url}/api/v1/statistics/indicators/ind07/{address}",
                        f"{theirs}/{action}{quote(SQL[title].format(t=table))}",
                        TURNS,
                    )
                package = json.loads(_read(f"{ours.url}/api/3/action/package_show?id=bench"))["result"]
                mine = f'"{package["resources"][0]["id"]}"'
                for title, text in SAME_SQL.items():
                    asked = [
                        f"{base}/{action}{quote(text.format(t=t))}" for base, t in ((ours.url, mine), (theirs, table))
                    ]
                    _compare(title, *asked, FEW_TURNS)
                _drop_indexes(url, table)
                for title, address, _bare in statistics_http.QUESTIONS:
                    _compare(
                        f"{title}_no_index",
                        f"{ours.url}/api/v1/statistics/indicators/ind07/{address}",
                        f"{theirs}/{action}{quote(SQL[title].format(t=table))}",
                        FEW_TURNS,
                    )
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _ckan(python: Path, home: Path, cluster: str, made: Path) -> Iterator[tuple[str, str]]:
    """(address, quoted table) of a CKAN that holds the figures."""
    import psycopg

    port = h.free_port()
    place = cluster.removeprefix("postgres://postgres@").removesuffix("/postgres")
    with psycopg.connect(cluster, autocommit=True) as admin:
        for statement in ("USER ckan", "USER reader", "DATABASE ckan OWNER ckan", "DATABASE datastore OWNER ckan"):
            admin.execute(f"CREATE {statement}")
    ckan, ini = python.with_name("ckan"), home / "ckan.ini"
    subprocess.run([ckan, "generate", "config", ini], check=True, capture_output=True)
    settings = {
        "sqlalchemy.url": f"postgresql://ckan@{place}/ckan",
        "ckan.datastore.write_url": f"postgresql://ckan@{place}/datastore",
        "ckan.datastore.read_url": f"postgresql://reader@{place}/datastore",
        "ckan.datastore.sqlsearch.enabled": "true",
        "ckan.plugins": "datastore",
        "ckan.site_url": f"http://127.0.0.1:{port}",
        "solr_url": "http://127.0.0.1:1/solr/ckan",
        "ckan.redis.url": "redis://127.0.0.1:1/0",
    }
    kept = [line for line in ini.read_text().splitlines() if line.partition("=")[0].strip() not in settings]
    at = kept.index("[app:main]") + 1
    # Its log would write every question and what it met.
    quiet = [line.replace("level = INFO", "level = ERROR").replace("level = DEBUG", "level = ERROR") for line in kept]
    ini.write_text("\n".join([*quiet[:at], *(f"{name} = {value}" for name, value in settings.items()), *quiet[at:]]))
    environment = {**os.environ, "CKAN_INI": str(ini)}
    subprocess.run([ckan, "-c", ini, "db", "init"], check=True, capture_output=True)
    rights = subprocess.run(
        [ckan, "-c", ini, "datastore", "set-permissions"], check=True, capture_output=True, text=True
    )
    subprocess.run(["psql", "-q", cluster], input=rights.stdout, check=True, capture_output=True, text=True)
    made_table = subprocess.run(
        [python, h.PEERS / "ckan_site.py"], env=environment, check=True, capture_output=True, text=True
    )
    table = f'"{made_table.stdout.split()[-1]}"'
    started = time.perf_counter()
    size = _load(f"{cluster.removesuffix('/postgres')}/datastore", table, made)
    h.say("statistics_ckan", f"loaded in {time.perf_counter() - started:.0f} s, {size / 1e6:,.0f} MB in PostgreSQL")
    serving = [
        python.with_name("granian"),
        "--interface",
        "wsgi",
        "--no-ws",
        "--port",
        str(port),
        "ckan_site:application",
    ]
    with h.process(*serving, cwd=h.PEERS, CKAN_INI=str(ini)):
        address = f"http://127.0.0.1:{port}"
        h.wait_for(f"{address}/api/3/action/site_read")
        yield address, table


def _load(url: str, table: str, made: Path) -> int:
    """Rows first, indexes and statistics after; bytes of the whole."""
    import duckdb
    import psycopg

    rows = made.with_suffix(".csv")
    duckdb.connect().execute(f"COPY (SELECT {', '.join(COLUMNS)} FROM '{made}') TO '{rows}' (HEADER false)")
    with psycopg.connect(url, autocommit=True) as base:
        base.execute(f"ALTER TABLE {table} DISABLE TRIGGER zfulltext")
        named = "FROM pg_indexes WHERE tablename = %s AND indexname NOT LIKE '%%pkey'"
        indexes = base.execute(f"SELECT indexname, indexdef {named}", [table.strip('"')]).fetchall()
        assert len(indexes) == 6, indexes  # of five columns and the full text
        for name, _definition in indexes:
            base.execute(f'DROP INDEX "{name}"')
        with (
            base.cursor().copy(f"COPY {table} ({', '.join(COLUMNS)}) FROM STDIN (FORMAT csv)") as copy,
            rows.open("rb") as file,
        ):
            while block := file.read(1 << 20):
                copy.write(block)
        rows.unlink()
        base.execute("SET maintenance_work_mem = '1GB'")
        for _name, definition in indexes:
            base.execute(definition)
        base.execute(f"VACUUM ANALYZE {table}")
        (size,) = base.execute("SELECT pg_total_relation_size(%s)", [table]).fetchone() or (0,)
        return int(size)


def _drop_indexes(cluster: str, table: str) -> None:
    """As the datastore makes a table when nobody asks for an index."""
    import psycopg

    with psycopg.connect(f"{cluster.removesuffix('/postgres')}/datastore", autocommit=True) as base:
        named = "SELECT indexname FROM pg_indexes WHERE tablename = %s AND indexname NOT LIKE '%%pkey'"
        for (name,) in base.execute(named, [table.strip('"')]).fetchall():
            base.execute(f'DROP INDEX "{name}"')


def _compare(title: str, ours: str, theirs: str, turns: int) -> None:
    answered = json.loads(_read(ours))
    mine = answered["items"] if "items" in answered else answered["result"]["records"]
    other = json.loads(_read(theirs))["result"]["records"]
    assert len(mine) == len(other), (title, len(mine), len(other))
    if not title.startswith("by_"):  # there a part that is not known makes ours unknown and theirs smaller
        given, found = ([one["value"] for one in side if one["value"] is not None] for side in (mine, other))
        assert sorted(given) == sorted(map(float, found)), title  # of one month CKAN gives the rows in any order
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(turns):
        for side in (0, 1) if turn % 2 else (1, 0):
            started = time.perf_counter()
            _read((ours, theirs)[side])
            times[side].append((time.perf_counter() - started) * 1000)
    p95 = [sorted(side)[int(turns * 0.95)] for side in times]
    h.report(
        f"statistics_ckan.{title}",
        statistics.median(times[0]),
        statistics.median(times[1]),
        "ms",
        what="CKAN 2.12 datastore_search_sql",
        aim="20",
        lower_is_better=True,
        note=f"of {turns}, p95 {p95[0]:.0f} and {p95[1]:.0f} ms over HTTP, {len(mine):,} rows as JSON",
    )


def _read(url: str) -> Any:
    return urllib.request.urlopen(url, timeout=300).read()
