"""Every engine gives the answer that plain Python gives, whatever is in the table and whatever is asked."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from tepian.toolkit.cube import (
    Classification,
    CubeError,
    DuckDB,
    EngineFailed,
    Ibis,
    Measure,
    Query,
    QueryRefused,
    Range,
    TableUnreadable,
    Top,
    sql,
    write,
)

from .cube_reference import COLUMNS, DIMENSIONS, NASTY, believed, queries, tables

OTHER = "TEPIAN_TEST_IBIS_URL"
NAMESPACE = f"cube_tests_{os.getpid()}"
ROWS = [
    (indicator, time, region, sex, n * 4.0 + len(region), "")
    for indicator in ("births", "deaths")
    for n, time in enumerate(["2022-12", "2023-01", "2023-02"])
    for region in ("a", "bb", "ccc")
    for sex in ("f", "m")
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cube")


@pytest.fixture(scope="module", params=["duckdb", "postgresql", *(["other"] if OTHER in os.environ else [])])
def engine(request, folder):
    """DuckDB; Ibis on PostgreSQL; and Ibis on what TEPIAN_TEST_IBIS_URL names, if it is set, such as datafusion://."""
    if request.param == "duckdb":
        made = DuckDB(folder, threads=2)
    else:
        pytest.importorskip("ibis", reason="ibis-framework is not installed (requirements/ibis.txt)")
        name = "TEPIAN_TEST_DATABASE_URL" if request.param == "postgresql" else OTHER
        if not os.environ.get(name):
            pytest.skip(f"{name} names no database")
        made = Ibis(folder, os.environ[name], namespace=NAMESPACE)
    yield made
    made.close()
    if request.param == "postgresql":
        import psycopg

        with psycopg.connect(os.environ["TEPIAN_TEST_DATABASE_URL"], autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {NAMESPACE} CASCADE")


@pytest.fixture(scope="module")
def table(folder):
    write(folder / "table.parquet", COLUMNS, ROWS, dimensions=DIMENSIONS)
    return "table.parquet"


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables(), queries())
def test_answers_are_those_of_plain_python(engine, folder, rows, query):
    write(folder / "random.parquet", COLUMNS, rows, dimensions=DIMENSIONS)
    columns, expected, total = believed(rows, query)
    found = engine.run("random.parquet", query, total=True)
    assert (found.columns, found.rows, found.total) == (columns, expected, total)
    assert engine.count("random.parquet", query) == total


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables(15), tables(15))
def test_several_files_are_one_table(engine, folder, first, second):
    write(folder / "one.parquet", COLUMNS, first, dimensions=DIMENSIONS)
    write(folder / "two.parquet", COLUMNS, second, dimensions=DIMENSIONS)
    query = Query(group_by=("region",), measures=(Measure("sum"), Measure("count"), Measure("last")))
    assert engine.run(["one.parquet", "two.parquet"], query).rows == believed(first + second, query)[1]
    for column, place in (("indicator", 0), ("time", 1), ("region", 2)):
        values = sorted({row[place] for row in first + second})
        assert engine.distinct(["one.parquet", "two.parquet"], column) == values


def test_an_empty_table_and_an_empty_answer(engine, folder, table):
    write(folder / "empty.parquet", COLUMNS, [], dimensions=DIMENSIONS)
    for path, where in (("empty.parquet", {}), (table, {"region": []}), (table, {"time": Range("1999", "1999")})):
        assert engine.run(path, Query(where), total=True) == (COLUMNS, [], 0)
        assert engine.run(path, Query(where, group_by=("sex",), measures=(Measure("sum"),)), total=True).rows == []
        measures = tuple(Measure(one) for one in ("sum", "count", "last", "missing", "median"))
        assert engine.run(path, Query(where, measures=measures)).rows == [(None, 0, None, 0, None)]
        assert engine.distinct(path, "region", where) == []


def test_pages_do_not_overlap(engine, table):
    query = Query(order_by=("-value",))
    whole = engine.run(table, query).rows
    pages = [engine.run(table, replace(query, limit=5, offset=offset)).rows for offset in range(0, 40, 5)]
    assert [row for page in pages for row in page] == whole
    assert len(whole) == len(ROWS)


def test_figures_are_added_up_by_a_classification(engine, table):
    codes = Classification("region", (("a", "Ant", "north"), ("bb", "Bee", "north"), ("dddd", "Dodo", "south")))
    query = Query(
        {"indicator": ["births"]},
        group_by=("region.parent", "time.year"),
        measures=(Measure("sum", name="births"), Measure("last")),
        classifications=(codes,),
    )
    found = engine.run(table, query)
    assert found.columns == ("region.parent", "time.year", "births", "last")
    assert (
        found.rows
        == [
            ("north", "2022", 6.0, 6.0),
            ("north", "2023", 36.0, 22.0),
            (None, "2022", 6.0, 6.0),
            (None, "2023", 30.0, 22.0 - 8.0),
        ]
        or found.rows == believed(ROWS, query)[1]
    )
    only = replace(query, where={"region.parent": ["north"], "region.label": ["Bee"]}, group_by=("region",))
    assert engine.run(table, only).rows == believed(ROWS, only)[1]
    many = Classification("region", tuple((f"{n}", f"label {n}", f"parent {n % 7}") for n in range(3000)))
    assert engine.run(table, replace(query, classifications=(many,))).rows[0][0] is None


def test_long_lists_of_values(engine, table):
    query = Query({"region": [*(str(n) for n in range(1500)), "bb", "bb"]})
    assert engine.run(table, query).rows == believed(ROWS, query)[1]
    with pytest.raises(QueryRefused, match="too_many"):
        engine.run(table, Query({"region": [str(n) for n in range(10_001)]}))


def test_many_threads_at_once(engine, table):
    asked = [
        Query({"region": [region], "indicator": [indicator]}, group_by=("time",), measures=(Measure(function),))
        for region in ("a", "bb", "ccc", "none")
        for indicator in ("births", "deaths")
        for function in ("sum", "median", "last")
    ]
    expected = [believed(ROWS, query)[1] for query in asked]
    start = threading.Barrier(8)

    def ask(number):
        start.wait()
        return [engine.run(table, query).rows for query in asked[number:] + asked[:number]]

    with ThreadPoolExecutor(8) as pool:
        for number, answers in enumerate(pool.map(ask, range(8))):
            assert answers == expected[number:] + expected[:number]


def test_copies_that_somebody_dropped_are_made_again(engine, table):
    if not isinstance(engine, Ibis) or "TEPIAN_TEST_DATABASE_URL" not in os.environ:
        pytest.skip("only copies in PostgreSQL can be dropped by somebody else")
    import psycopg

    query = Query(group_by=("region",), measures=(Measure("sum"),))
    before = engine.run(table, query)
    with psycopg.connect(os.environ["TEPIAN_TEST_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {NAMESPACE} CASCADE")
    assert engine.run(table, query) == before


# --- nothing that is asked becomes part of a statement ----------------------------------------------------------------


@pytest.mark.parametrize("text", [*NASTY, "", "a\0b", "\ud800"])
def test_texts_from_outside_are_values_or_refused(engine, folder, table, text):
    rows = ROWS + ([("births", "2023-02", text, "f", 1.0, "")] if text and text.isprintable() else [])
    write(folder / "nasty.parquet", COLUMNS, rows, dimensions=DIMENSIONS)
    codes = Classification("region", (("a", text, text), (text, "label", "parent")))
    as_value = [
        Query({"region": [text]}),
        Query({"region": ["a", text], "indicator": [text]}),
        Query({"region": Range(text, None)}),
        Query({"region": Range(None, text)}),
        Query(group_by=("region.parent", "region.label"), measures=(Measure("sum"),), classifications=(codes,)),
        Query({"region.label": [text]}, classifications=(codes,)),
    ]
    for query in as_value:
        if "\0" in text or text == "\ud800":
            with pytest.raises(QueryRefused):
                engine.run("nasty.parquet", query)
        else:
            assert engine.run("nasty.parquet", query).rows == believed(rows, query)[1]
    m = (Measure("sum"),)
    as_name = [
        Query({text: ["a"]}),
        Query({"time": Range(text, None)}),
        Query({"value": Range(text, None)}),
        Query(columns=(text,)),
        Query(order_by=(text,)),
        Query(order_by=(f"-{text}",)),
        Query(group_by=(text,)),
        Query(group_by=(f"{text}.label",)),
        Query(measures=(Measure(text),)),
        Query(measures=(Measure("sum", text),)),
        Query(measures=(Measure("count", "region", f"{text};"),)),
        Query(group_by=("sex",), measures=m, top=Top(1, text)),
        Query(group_by=("sex",), measures=m, top=Top(1, "sum", (text,))),
        Query(classifications=(Classification(text, ()),)),
        Query(limit=text),
        Query(offset=text),
        Query(group_by=text),
        Query({"region": text}),
    ]
    for query in as_name:
        with pytest.raises(QueryRefused):
            engine.run("nasty.parquet", query)
    with pytest.raises(QueryRefused):
        engine.distinct("nasty.parquet", text)
    with pytest.raises(TableUnreadable):
        engine.run(f"{text or '?'}.parquet", Query())
    assert len(engine.run(table, Query()).rows) == len(ROWS)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (Query({"shoe": ["1"]}), "unknown_column"),
        (Query({"value": ["1"]}), "not_a_range"),
        (Query({"value": Range(float("nan"), None)}), "not_a_number"),
        (Query({"value": Range(10**400, None)}), "not_a_number"),
        (Query({"value": Range(True, None)}), "not_a_number"),
        (Query({"time": Range("2024-13", None)}), "not_a_period"),
        (Query({"time": Range("2023-02-29", None)}), "not_a_period"),
        (Query({"region": {"a": 1}}), "not_values"),
        (Query({"region": [1]}), "text_unusable"),
        (Query({"region": [None]}), "text_unusable"),
        (Query({"time.year": Range("2023", None)}), "not_values"),
        (Query(["region"]), "not_values"),  # type: ignore[arg-type]
        (Query(group_by=("value",)), "unknown_column"),
        (Query(group_by=("sex", "sex")), "column_twice"),
        (Query(group_by=("sex",), columns=("sex",)), "mixed"),
        (Query(group_by=("region.parent",)), "unknown_column"),
        (Query(group_by=("sex",), order_by=("time",)), "unknown_column"),
        (Query(measures=(Measure("sum", "region"),)), "unknown_column"),
        (Query(measures=(Measure("sum"), Measure("sum"))), "column_twice"),
        (Query(group_by=("sex",), measures=(Measure("sum", name="sex"),)), "column_twice"),
        (Query(measures=("sum",)), "unknown_function"),  # type: ignore[arg-type]
        (Query(measures=(Measure("sum"),) * 40), "too_many"),
        (Query(limit=-1), "limit"),
        (Query(limit=True), "limit"),
        (Query(offset=2**60), "offset"),
        (Query(group_by=("sex",), top=Top(1, "sum")), "top_by"),
        (Query(group_by=("sex",), measures=(Measure("sum"),), top=Top(-1, "sum")), "top_count"),
        (Query(classifications=(Classification("value", ()),)), "unknown_column"),
        (Query(classifications=(Classification("sex", (("f", "a", None), ("f", "b", None))),)), "classification"),
        (Query(classifications=(Classification("sex", (("f", "a"),)),)), "classification"),  # type: ignore[arg-type]
        (Query(classifications=(Classification("sex", ()), Classification("sex", ()))), "column_twice"),
    ],
)
def test_what_no_table_can_be_asked(engine, table, query, code):
    with pytest.raises(QueryRefused) as refused:
        engine.run(table, query)
    assert refused.value.code == code


# --- DuckDB only ------------------------------------------------------------------------------------------------------


def test_the_engine_reaches_its_folder_only(folder, table, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    made = DuckDB(folder)
    made.run(table, Query())
    for statement in (
        f"SELECT * FROM read_csv('{secret}')",
        f"SELECT * FROM read_text('{secret}')",
        f"ATTACH '{tmp_path}/x.db'",
        f"COPY (SELECT 1) TO '{tmp_path}/x.csv'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT * FROM read_parquet('https://example.invalid/x.parquet')",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "SELECT * FROM made",  # variables of this process
    ):
        with pytest.raises(EngineFailed):
            made._rows(statement, {})
    made.close()


def test_time_and_memory_and_length_are_limited(folder, table, monkeypatch):
    made = DuckDB(folder, timeout_s=0.2, memory_mb=64, scratch_mb=1, max_rows=10)
    with pytest.raises(EngineFailed, match="too_many_rows"):
        made.run(table, Query())
    assert len(made.run(table, Query(limit=10)).rows) == 10
    with monkeypatch.context() as patched:
        patched.setattr(sql, "answer", lambda *_: ("SELECT count(*) FROM range(1000000000000) WHERE range % 3 = 1", {}))
        with pytest.raises(EngineFailed, match="timeout"):
            made.run(table, Query())
    assert made.run(table, Query(limit=1)).rows, "the next question is not interrupted"
    made.timeout_s = 60
    with monkeypatch.context() as patched:
        patched.setattr(sql, "answer", lambda *_: ("SELECT list(range) FROM range(20000000)", {}))
        with pytest.raises(EngineFailed, match="memory"):
            made.run(table, Query())
    assert made.run(table, Query(limit=1)).rows
    made.close()


FORKS = """
import os, sys
from tepian.toolkit.cube import DuckDB, Query
made = DuckDB(sys.argv[1])
before = made.run("table.parquet", Query())
child = os.fork()
if child:
    assert made.run("table.parquet", Query()) == before
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
assert made.run("table.parquet", Query()) == before
"""


def test_a_forked_process_gets_a_connection_of_its_own(folder, table):
    done = subprocess.run([sys.executable, "-c", FORKS, folder], timeout=60, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_closing_while_others_ask_ends_quietly(folder, table):
    for _ in range(5):
        made, codes = DuckDB(folder), []

        def ask(made=made, codes=codes):
            try:
                while True:
                    made.run(table, Query(group_by=("region",), measures=(Measure("median"),)))
            except CubeError as failed:
                codes.append(failed.code)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        threading.Event().wait(0.1)
        made.close()
        for thread in threads:
            thread.join(30)
        assert codes == ["closed"] * 4


def test_a_closed_engine_says_so(folder, table):
    made = DuckDB(folder)
    made.run(table, Query())
    made.close()
    made.close()
    with pytest.raises(EngineFailed, match="closed"):
        made.run(table, Query())
    unused = DuckDB(folder)
    unused.close()


def test_without_ibis_the_error_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "ibis", None)
    with pytest.raises(CubeError) as failed:
        Ibis(folder, "postgresql://localhost/nothing")
    assert failed.value.code == "not_installed"
    assert "tepian[ibis]" in str(failed.value.params["install"])


def test_a_database_that_is_away_is_a_failed_engine(folder, table):
    pytest.importorskip("ibis", reason="ibis-framework is not installed (requirements/ibis.txt)")
    made = Ibis(folder, "postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(EngineFailed, match="engine"):
        made.run(table, Query())
    made.close()
