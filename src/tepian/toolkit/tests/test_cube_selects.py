"""Strangers' statements on a table of millions: stopped when they take too much, and the engine goes on."""

from __future__ import annotations

import json

import duckdb
import pytest

from tepian.toolkit import cube
from tepian.toolkit.cube import duck

FIELDS = {name: name for name in ("indicator", "time", "region", "value", "status")}
MADE = """
    SELECT 'a' AS indicator, '2024' AS time, n::VARCHAR AS region, n % 9973 / 4.0 AS value, '' AS status
    FROM range(3000000) AS made(n)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("selects")
    mark = json.dumps({"version": duck.VERSION, "dimensions": ["region"], "forms": ["year"]})
    duckdb.connect().execute(
        f"COPY ({MADE}) TO '{folder / 'table.parquet'}' (FORMAT parquet, KV_METADATA {{'{duck.MARK}': '{mark}'}})"
    )
    return folder


def ask(engine, sql):
    return engine.select("table.parquet", sql, table="t", fields=FIELDS)


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"timeout_s": 0.05, "memory_mb": 2000, "threads": 1}, "timeout"),
        ({"memory_mb": 60, "scratch_mb": 1, "timeout_s": 60}, "memory"),
    ],
)
def test_a_question_that_takes_too_much_is_stopped_and_the_next_one_is_answered(folder, limits, code):
    engine = cube.Selects(folder, **limits)
    with pytest.raises(cube.EngineFailed) as stopped:
        ask(engine, "SELECT region, median(value), count(DISTINCT value) FROM t GROUP BY region ORDER BY region DESC")
    assert stopped.value.code == code
    assert ask(engine, "SELECT value FROM t LIMIT 2").columns == (("value", "DOUBLE"),)
    engine.close()


def test_rows_and_characters_of_an_answer_are_limited(folder, monkeypatch):
    engine = cube.Selects(folder, max_rows=5000)
    found = ask(engine, "SELECT region, value FROM t ORDER BY value DESC, region")
    assert (len(found.rows), found.truncated) == (5000, True)
    assert found.rows[0][1] == 9972 / 4
    assert not ask(engine, "SELECT region FROM t LIMIT 5000").truncated
    monkeypatch.setattr(cube.selects, "MOST_CHARACTERS", 100_000)
    wide = "SELECT " + ", ".join(["CASE WHEN value > 0 THEN '" + "x" * 150 + "' END"] * 20) + " FROM t LIMIT 5000"
    found = ask(engine, wide)
    assert found.truncated
    assert len(found.rows) == cube.selects.BLOCK
    engine.close()


def test_a_broken_engine_is_opened_anew(folder, monkeypatch):
    engine = cube.Selects(folder)
    before = ask(engine, "SELECT count(*) FROM t").rows

    class Broken:
        def execute(self, *_given):
            raise duckdb.InternalException("a bug of the engine")

        def interrupt(self):
            pass

    with monkeypatch.context() as patched:
        patched.setattr(engine, "_cursor", Broken)
        with pytest.raises(cube.EngineFailed):
            engine._bounded("SELECT 1", {})
    assert engine._connection is None
    assert ask(engine, "SELECT count(*) FROM t").rows == before == [(3_000_000,)]
    engine.close()


def test_the_statement_that_runs_has_only_what_was_understood(folder):
    engine = cube.Selects(folder)
    strange = 'SELECT value AS "a""; DROP TABLE t; --", \'\'\'; x\' AS "$p0" FROM t AS "T"" 1" LIMIT 1'
    assert ask(engine, strange).columns == (('a"; DROP TABLE t; --', "DOUBLE"), ("$p0", "VARCHAR"))
    assert ask(engine, "SELECT sum(value), sum(value), -value::text::numeric, CASE WHEN true THEN 1 END FROM t "
                       "WHERE region = '4' GROUP BY value").columns == (
        ("sum", "DOUBLE"), ("sum_2", "DOUBLE"), ("-", "DOUBLE"), ("case", "INTEGER"),
    )  # fmt: skip
    engine.close()
