"""`datastore_search_sql`: a stranger's SELECT is answered from the public figures; everything else is refused."""

from __future__ import annotations

import pytest

from ..queries import data
from .standards_city import figures, filled_once

__all__ = ["figures", "filled_once"]


@pytest.fixture
def ask(client, figures):
    table = client.get("/api/3/action/package_show", {"id": "penduduk"}).json()["result"]["resources"][0]["id"]

    def asked(sql: str):
        answer = client.get("/api/3/action/datastore_search_sql", {"sql": sql.format(t=f'"{table}"')})
        body = answer.json()
        return answer.status_code, body["result"] if answer.status_code == 200 else body["error"]

    return asked


def test_groups_names_orders_and_pages(ask):
    status, found = ask(
        "SELECT region_name, sum(value) AS orang FROM {t} WHERE sex = 'P' AND time >= '2020' "
        "GROUP BY region_name HAVING sum(value) > 400 ORDER BY orang DESC LIMIT 2 OFFSET 1"
    )
    assert status == 200
    assert found["fields"] == [{"id": "region_name", "type": "text"}, {"id": "orang", "type": "numeric"}]
    assert [one["orang"] for one in found["records"]] == [930, 655]
    assert found["records"][0]["region_name"] == "Hilltop"
    assert "records_truncated" not in found
    whole = ask("SELECT * FROM {t}")[1]
    assert len(whole["records"]) == 10
    assert {"region", "region_name", "sex", "sex_name", "time", "value", "status", "indicator"} <= set(
        whole["records"][0]
    )


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        ("SELECT count(*) FROM {t}", 10),
        ("SELECT max(\"value\")::int FROM {t} d WHERE d.sex = 'L'", 1201),
        ("SELECT count(DISTINCT region) FROM {t}", 5),
        ("SELECT round(avg(p), 1) FROM (SELECT region, sum(value) AS p FROM {t} WHERE sex = 'P' GROUP BY 1) s", 694),
        ("SELECT median(value) FROM {t} WHERE sex IN ('P') AND value BETWEEN 1 AND 1e4", 655),
        ("SELECT count(*) FILTER (WHERE value IS NULL AND NOT status <> 's') FROM {t}", 1),
        ("SELECT max(CASE WHEN region_name ILIKE '%river%' THEN 1 ELSE 0 END) FROM {t}", 1),
        ("SELECT coalesce(nullif(min(left(time, 4)), ''), '-') FROM {t}", "2024"),
        ("SELECT max('it''s; -- \" $p0') FROM {t} -- the end", "it's; -- \" $p0"),
    ],
)
def test_one_value(ask, sql, answer):
    status, found = ask(sql)
    assert status == 200, found
    assert [list(one.values()) for one in found["records"]] == [[answer]]


def test_what_is_not_shown_is_not_there(ask):
    hidden = ask("SELECT value, status FROM {t} WHERE region_name = 'Mangrove' AND sex = 'L'")[1]["records"]
    assert hidden == [{"value": None, "status": "s"}]
    assert ask("SELECT count(*) FROM {t} WHERE value = 3")[1]["records"] == [{"count": 0}]
    assert ask("SELECT sum(value) FROM {t}")[1]["records"] == [{"sum": 6624 - 3}]


@pytest.mark.parametrize(
    ("status", "sql"),
    [
        # more than one statement, or none that only reads
        (409, "SELECT 1 FROM {t}; SELECT 2 FROM {t}"),
        (409, "SELECT 1 FROM {t}; DROP TABLE {t}"),
        (409, "DROP TABLE {t}"),
        (409, "DELETE FROM {t}"),
        (409, "INSERT INTO {t} VALUES (1)"),
        (409, "COPY {t} TO '/tmp/all.csv'"),
        (409, "COPY (SELECT * FROM {t}) TO '/tmp/all.csv'"),
        (409, "ATTACH '/tmp/x.db'"),
        (409, "INSTALL httpfs"),
        (409, "LOAD httpfs"),
        (409, "PRAGMA database_list"),
        (409, "SET memory_limit = '9GB'"),
        (409, "CALL pragma_version()"),
        (409, "EXPLAIN ANALYZE SELECT * FROM {t}"),
        (409, "CREATE TABLE x AS SELECT * FROM {t}"),
        (409, "EXPORT DATABASE '/tmp/x'"),
        (409, "DESCRIBE {t}"),
        (409, "SHOW TABLES"),
        (409, "SUMMARIZE {t}"),
        # other tables, files and settings
        (409, "SELECT * FROM read_csv('/etc/passwd')"),
        (409, "SELECT * FROM read_text('/etc/passwd')"),
        (409, "SELECT * FROM glob('/*')"),
        (409, "SELECT * FROM duckdb_settings()"),
        (409, "SELECT * FROM range(1000000000)"),
        (404, "SELECT * FROM '/etc/passwd'"),
        (404, "SELECT * FROM \"https://example.org/x.parquet\""),
        (404, "SELECT * FROM sqlite_master"),
        (404, "SELECT * FROM information_schema.tables"),
        (409, "SELECT * FROM main.{t}"),
        (409, "SELECT filename FROM {t}"),
        (409, "SELECT file_row_number, rowid FROM {t}"),
        (409, "SELECT current_user FROM {t}"),
        (403, "SELECT getenv('HOME') FROM {t}"),
        (403, "SELECT current_setting('memory_limit') FROM {t}"),
        (403, "SELECT read_text('/etc/passwd') FROM {t}"),
        # what grows without bound
        (409, "SELECT * FROM {t} a, {t} b, {t} c, {t} d, {t} e, {t} f"),
        (409, "SELECT * FROM {t} a CROSS JOIN {t} b"),
        (409, "SELECT * FROM {t} NATURAL JOIN {t}"),
        (409, "WITH RECURSIVE r AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM r) SELECT * FROM r, {t}"),
        (409, "WITH c AS (SELECT * FROM {t}) SELECT * FROM c"),
        (409, "SELECT 1 FROM {t} UNION ALL SELECT 2 FROM {t}"),
        (409, "SELECT value FROM {t} WHERE value > (SELECT avg(value) FROM {t})"),
        (409, "SELECT value FROM {t} WHERE EXISTS (SELECT 1 FROM {t})"),
        (409, "SELECT * FROM (SELECT * FROM (SELECT * FROM {t}) a) b"),
        (409, "SELECT value + value AS a, a + a AS b, b + b AS c FROM {t}"),
        (409, "SELECT sum(value) OVER (ORDER BY value) FROM {t}"),
        (409, "SELECT value FROM {t} GROUP BY CUBE (region, sex, time, value)"),
        (409, "SELECT *, *, *, *, *, *, *, * FROM {t}"),
        (403, "SELECT unnest([1, 2, 3]) FROM {t}"),
        (409, "SELECT 'a' LIKE '%a%a%a%a%' FROM {t}"),
        (409, "SELECT region LIKE region FROM {t}"),
        (403, "SELECT repeat(region, 1000000000) FROM {t}"),
        (403, "SELECT lpad(region, 1000000000, 'x') FROM {t}"),
        (403, "SELECT region || region FROM {t}"),
        (403, "SELECT replace(region, 'a', 'aaaaaaaa') FROM {t}"),
        (403, "SELECT string_agg(region) FROM {t}"),
        (403, "SELECT list(region) FROM {t}"),
        (403, "SELECT regexp_matches(region, '(a+)+b') FROM {t}"),
        (403, "SELECT range(1000000000) FROM {t}"),
        (403, "SELECT min(value, 1000000) FROM {t}"),
        # what cannot be read or makes no sense
        (409, "SELEC * FROM {t}"),
        (409, "SELECT"),
        (409, "SELECT 1"),
        (409, "SELECT $1 FROM {t}"),
        (409, "SELECT secret FROM {t}"),
        (409, "SELECT x.value FROM {t}"),
        (409, "SELECT sum(region) FROM {t}"),
        (409, "SELECT region::int FROM {t} WHERE sex_name = 'Perempuan' AND region_name::int > 3"),
        (409, "SELECT value::int[] FROM {t}"),
        (409, "SELECT value FROM {t} LIMIT 1e3"),
        (409, "SELECT value FROM {t} USING SAMPLE 10"),
        (409, "SELECT " + "abs(" * 700 + "1" + ")" * 700 + " FROM {t}"),
        (409, "SELECT " + "abs(" * 60 + "1" + ")" * 60 + " FROM {t}"),
        (409, "SELECT " + "-" * 3000 + "1 FROM {t}"),
        (409, "SELECT 1 FROM {t} WHERE " + "value = 1 OR " * 200 + "true"),
        (409, "SELECT value FROM {t} -- " + "x" * 4000),
    ],
)  # fmt: skip
def test_everything_else_is_refused_with_a_reason(ask, status, sql):
    found, error = ask(sql)
    assert found == status, error
    if status == 409:
        assert error["query"][0]
        assert error["query_id"][0]


@pytest.mark.parametrize(("code", "word"), [("timeout", "too long"), ("memory", "too much memory")])
def test_a_question_that_is_stopped_is_answered_with_the_reason(ask, monkeypatch, code, word):
    def stop(*_given, **_more):
        raise data.cube.EngineFailed(code)

    with monkeypatch.context() as patched:
        patched.setattr(data.strangers(), "select", stop)
        status, error = ask("SELECT count(*) FROM {t}")
        assert (status, word in error["query"][0]) == (409, True), error
    assert ask("SELECT count(*) FROM {t}")[0] == 200


def test_a_long_answer_is_cut_and_says_so(ask, settings, monkeypatch):
    few = data.cube.Selects(settings.MEDIA_ROOT, max_rows=3)
    monkeypatch.setattr(data, "strangers", lambda: few)
    found = ask("SELECT * FROM {t} LIMIT 9")[1]
    assert (len(found["records"]), found["records_truncated"]) == (3, True)
    assert "records_truncated" not in ask("SELECT * FROM {t} LIMIT 3")[1]
    few.close()


def test_while_one_question_runs_the_next_one_waits_or_is_told(ask, monkeypatch):
    monkeypatch.setattr(data.cube.selects, "WAIT_S", 0.01)
    engine = data.strangers()
    with engine._turn:
        assert ask("SELECT count(*) FROM {t}")[0] == 503
    assert ask("SELECT count(*) FROM {t}")[0] == 200
