"""A file is old or new, never half, and says the same in the same bytes; what is no table is refused."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import threading
import time

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tepian.toolkit.cube import (
    CubeError,
    DuckDB,
    EngineFailed,
    Measure,
    Query,
    QueryRefused,
    Range,
    RowsRefused,
    TableUnreadable,
    periods,
    write,
    write_from,
)

from .cube_reference import COLUMNS, DIMENSIONS, KEY, NASTY, days, tables, times, within

ROW = ("births", "2024", "a", "f", 1.0, "")


def rows_of(folder, name):
    made = DuckDB(folder)
    try:
        return made.run(name, Query()).rows
    finally:
        made.close()


def sorted_rows(rows):
    return sorted(rows, key=lambda row: row[: len(KEY)])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables(), st.randoms())
def test_what_is_written_is_read_and_the_same_rows_are_the_same_bytes(tmp_path, rows, dice):
    first = write(tmp_path / "a.parquet", COLUMNS, rows, dimensions=DIMENSIONS)
    assert rows_of(tmp_path, "a.parquet") == sorted_rows(rows)
    mixed = rows[:]
    dice.shuffle(mixed)
    order = list(range(len(COLUMNS)))
    dice.shuffle(order)
    turned = [tuple(row[n] for n in order) for row in mixed]
    second = write(tmp_path / "b.parquet", [COLUMNS[n] for n in order], iter(turned), dimensions=DIMENSIONS)
    content = (tmp_path / "b.parquet").read_bytes()
    assert first == second == (len(rows), hashlib.sha256(content).hexdigest(), len(content))


def test_many_rows_are_the_same_bytes_on_one_core_and_on_many(tmp_path, monkeypatch):
    dice = random.Random(1)
    rows = [
        (f"i{n % 3}", f"{2000 + n % 25}-{1 + n % 12:02d}", f"{n:06d}", dice.choice("fm"), dice.random(), "")
        for n in range(150_000)
    ]
    found = {write(tmp_path / "a.parquet", COLUMNS, rows, dimensions=DIMENSIONS)}
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    found.add(write(tmp_path / "a.parquet", COLUMNS, reversed(rows), dimensions=DIMENSIONS))
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    found.add(write_from(tmp_path / "b.parquet", tmp_path / "a.parquet"))
    assert len(found) == 1
    assert found.pop().rows == len(rows)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (ROW[:5], "row"),
        ((*ROW, "x"), "row"),
        (("births", "2024", "a", "f", "many", ""), "row"),
        ((1j, "2024", "a", "f", 1, ""), "row"),
        (("births", "2024", "\ud800", "f", 1, ""), "row"),
        (("births", "2024", "a", "f", 10**400, ""), "row"),
        (("births", "2024", None, "f", 1, ""), "empty"),
        (("births", "2024", "", "f", 1, ""), "empty"),
        (("", "2024", "a", "f", 1, ""), "empty"),
        (("births", "2024", "a\0b", "f", 1, ""), "control"),
        (("births", "2024", "a\nb", "f", 1, ""), "control"),
        (("births", "2024-1", "a", "f", 1, ""), "not_a_period"),
        (("births", "2023-02-29", "a", "f", 1, ""), "not_a_period"),
        (("births", "0000", "a", "f", 1, ""), "not_a_period"),
        (("births", "2024", "a", "f", float("nan"), ""), "not_finite"),
        (("births", "2024", "a", "f", float("-inf"), ""), "not_finite"),
        (("births", "2024", "a", "f", 1, "x"), "unknown_status"),
        (("births", "2024", "a", "f", 1, None), "unknown_status"),
        (("births", "2024", "a", "f", None, ""), "status_without_value"),
        (("births", "2024", "a", "f", 3, "s"), "value_with_status"),
        ((*ROW[:4], 2.0, "p"), "duplicate"),
    ],
)
def test_rows_that_are_no_table_are_refused_and_the_old_file_stays(tmp_path, row, code):
    path = tmp_path / "a.parquet"
    write(path, COLUMNS, [ROW], dimensions=DIMENSIONS)
    before = path.read_bytes()
    with pytest.raises(RowsRefused) as refused:
        write(path, COLUMNS, [ROW, row], dimensions=DIMENSIONS)
    assert refused.value.code == code
    assert refused.value.params.get("number", 1) == 1
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["a.parquet"]


@pytest.mark.parametrize("name", [*NASTY, "", "Region", "a" * 64, "time", "a.b", 1])
def test_names_of_columns(tmp_path, name):
    if name == "z":
        assert write(tmp_path / "a.parquet", (*COLUMNS[:2], "z", "value", "status"), [], dimensions=["z"]).rows == 0
        return
    with pytest.raises(RowsRefused):
        write(tmp_path / "a.parquet", (*COLUMNS[:2], name, "value", "status"), [], dimensions=[name])
    with pytest.raises(RowsRefused, match="columns"):
        write(tmp_path / "a.parquet", (*COLUMNS, name), [], dimensions=DIMENSIONS)


def test_rows_that_stop_halfway_leave_the_old_file(tmp_path):
    path = tmp_path / "a.parquet"
    write(path, COLUMNS, [ROW], dimensions=DIMENSIONS)

    def broken():
        yield from (("births", "2023", f"{n}", "f", 1.0, "") for n in range(50_000))
        raise OSError("the source went away")

    with pytest.raises(OSError, match="went away"):
        write(path, COLUMNS, broken(), dimensions=DIMENSIONS)
    assert rows_of(tmp_path, "a.parquet") == [ROW]
    assert [one.name for one in tmp_path.iterdir()] == ["a.parquet"]


def test_what_a_killed_writer_left_is_cleared_away(tmp_path):
    left, fresh = tmp_path / ".cube-left", tmp_path / ".cube-fresh"
    for folder in (left, fresh):
        folder.mkdir()
        (folder / "table.parquet").write_bytes(b"half")
    os.utime(left, (time.time() - 200_000,) * 2)
    write(tmp_path / "a.parquet", COLUMNS, [ROW], dimensions=DIMENSIONS)
    assert sorted(one.name for one in tmp_path.iterdir()) == [".cube-fresh", "a.parquet"]


# --- from published files ---------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables(), tables(12), st.lists(times, max_size=3), st.booleans())
def test_some_periods_go_and_new_rows_come(tmp_path, old, new, gone, replace):
    write(tmp_path / "old.parquet", COLUMNS, old, dimensions=DIMENSIONS)
    left = [row for row in old if row[1] not in gone]
    keys = {row[:4] for row in new}
    arguments = {"without": {"time": gone}, "columns": COLUMNS, "rows": new, "replace": replace}
    if not replace and any(row[:4] in keys for row in left):
        with pytest.raises(RowsRefused, match="duplicate"):
            write_from(tmp_path / "new.parquet", tmp_path / "old.parquet", **arguments)
        return
    write_from(tmp_path / "new.parquet", tmp_path / "old.parquet", **arguments)
    expected = [row for row in left if row[:4] not in keys] + new
    assert rows_of(tmp_path, "new.parquet") == sorted_rows(expected)
    write_from(tmp_path / "old.parquet", tmp_path / "old.parquet", **arguments)
    assert (tmp_path / "old.parquet").read_bytes() == (tmp_path / "new.parquet").read_bytes()


def test_only_some_rows_and_several_files(tmp_path):
    rows = [
        ("births", str(year), "a", sex, None if year == 2020 else 1.0, "m" if year == 2020 else "")
        for year in range(2018, 2024)
        for sex in "fm"
    ]
    write(tmp_path / "one.parquet", COLUMNS, rows[:6], dimensions=DIMENSIONS)
    write(tmp_path / "two.parquet", COLUMNS, rows[6:], dimensions=DIMENSIONS)
    both = [tmp_path / "one.parquet", tmp_path / "two.parquet"]
    assert write_from(tmp_path / "all.parquet", both).rows == 12
    assert rows_of(tmp_path, "all.parquet") == rows
    write_from(
        tmp_path / "some.parquet",
        both,
        keep={"time": Range("2019", "2021")},
        without={"sex": ["f"], "value": Range(0, 5)},
    )
    # The missing value of 2020 is not known to lie between 0 and 5, so its row stays.
    assert [row[1:4:2] for row in rows_of(tmp_path, "some.parquet")] == [
        ("2019", "m"),
        ("2020", "f"),
        ("2020", "m"),
        ("2021", "m"),
    ]
    with pytest.raises(QueryRefused):
        write_from(tmp_path / "some.parquet", both, keep={"nothing": ["x"]})
    with pytest.raises(TableUnreadable):
        write_from(tmp_path / "some.parquet", tmp_path / "none.parquet")
    with pytest.raises(TableUnreadable):
        write_from(tmp_path / "some.parquet", [])


# --- files that are not what they should be ---------------------------------------------------------------------------


def code_of(engine, path):
    with pytest.raises(TableUnreadable) as unreadable:
        engine.run(path, Query())
    return unreadable.value.code


def test_broken_and_foreign_files(tmp_path):
    write(tmp_path / "a.parquet", COLUMNS, [ROW] * 1, dimensions=DIMENSIONS)
    whole = (tmp_path / "a.parquet").read_bytes()
    made = DuckDB(tmp_path)
    for number, content in enumerate(
        [b"", b"PAR1", whole[:-1], whole[: len(whole) // 2], whole[-300:], b"indicator,time\n"]
    ):
        (tmp_path / f"broken{number}.parquet").write_bytes(content)
        assert code_of(made, f"broken{number}.parquet") == "not_a_table"
    connection = duckdb.connect()
    same = "SELECT 'x' AS indicator, '2024' AS time, 'a' AS region, 'f' AS sex, 1.0::DOUBLE AS value, '' AS status"
    marks = [
        "",
        ", KV_METADATA {'tepian.cube': 'x'}",
        ', KV_METADATA {\'tepian.cube\': \'{"version": 9, "dimensions": [], "forms": []}\'}',
    ]
    marks.append(', KV_METADATA {\'tepian.cube\': \'{"version": 1, "dimensions": ["other", "sex"]}\'}')
    for number, mark in enumerate(marks):
        connection.execute(f"COPY ({same}) TO '{tmp_path}/foreign{number}.parquet' (FORMAT parquet{mark})")
        assert code_of(made, f"foreign{number}.parquet") == "not_a_table"
    write(tmp_path / "other.parquet", (*COLUMNS[:3], "value", "status"), [], dimensions=["region"])
    assert code_of(made, ["a.parquet", "other.parquet"]) == "columns_differ"
    assert code_of(made, []) == "missing"
    assert made.run("a.parquet", Query()).rows == [ROW]
    made.close()


def test_a_broken_middle_is_an_error_and_not_a_wrong_answer(tmp_path):
    rows = [("births", "2024", f"{n:05d}", "f", float(n), "") for n in range(20_000)]
    write(tmp_path / "a.parquet", COLUMNS, rows, dimensions=DIMENSIONS)
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    content[200:4000] = os.urandom(3800)
    (tmp_path / "a.parquet").write_bytes(content)
    made = DuckDB(tmp_path)
    with pytest.raises(CubeError):
        made.run("a.parquet", Query(group_by=("region",), measures=(Measure("sum"),)))
    made.close()


def test_paths_that_lead_out(tmp_path):
    root, outside = tmp_path / "tables", tmp_path / "outside"
    for folder in (root, outside, root / "sub"):
        folder.mkdir()
    write(outside / "a.parquet", COLUMNS, [ROW], dimensions=DIMENSIONS)
    write(root / "sub" / "a.parquet", COLUMNS, [ROW], dimensions=DIMENSIONS)
    (root / "link.parquet").symlink_to(outside / "a.parquet")
    (root / "inner.parquet").symlink_to(root / "sub" / "a.parquet")
    (root / "loop.parquet").symlink_to(root / "loop.parquet")
    made = DuckDB(root)
    for path in (
        "../outside/a.parquet",
        outside / "a.parquet",
        "link.parquet",
        "sub/../../outside/a.parquet",
        "/etc/passwd",
    ):
        assert code_of(made, path) == "outside"
    for path in ("none.parquet", "sub", "loop.parquet", "https://example.invalid/a.parquet", "s3://x/a.parquet"):
        assert code_of(made, path) == "missing"
    for path in ("*.parquet", "sub/[a].parquet", "{a,b}.parquet", "a?.parquet", "", "a\0.parquet"):
        assert code_of(made, path) == "path_unusable"
    for path in ("sub/a.parquet", root / "sub" / "a.parquet", "inner.parquet"):
        assert made.run(path, Query()).rows == [ROW]
    made.close()


def test_a_folder_with_a_name_like_a_partition_adds_no_column(tmp_path):
    (tmp_path / "region=zz").mkdir()
    write(tmp_path / "region=zz" / "a.parquet", COLUMNS, [ROW], dimensions=DIMENSIONS)
    assert rows_of(tmp_path, "region=zz/a.parquet") == [ROW]


# --- while it is written ----------------------------------------------------------------------------------------------


def test_readers_see_the_old_or_the_new_file(tmp_path):
    """Two files that differ in length and in every value take turns under one name, faster than anybody publishes."""
    sizes = {1.0: 3000, 2.0: 7000}
    for value, size in sizes.items():
        rows = [("births", "2024", f"{n:05d}", "f", value, "") for n in range(size)]
        write(tmp_path / f"{value}.parquet", COLUMNS, rows, dimensions=DIMENSIONS)
    shutil.copy(tmp_path / "1.0.parquet", tmp_path / "a.parquet")
    made = DuckDB(tmp_path)
    measures = tuple(Measure(one) for one in ("min", "max", "count", "last"))
    stop, seen, wrong = threading.Event(), set(), []

    def read():
        while not stop.is_set():
            try:
                found = made.run("a.parquet", Query(measures=measures), total=True).rows[0]
            except EngineFailed as failed:
                if failed.code != "changing":
                    wrong.append(failed)
                continue
            except Exception as error:
                wrong.append(error)
                continue
            low, high, count, total = found
            seen.add(low)
            if low != high or sizes[low] != count or total != low * count:
                wrong.append(found)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for turn in range(150):
        shutil.copy(tmp_path / f"{turn % 2 + 1}.0.parquet", tmp_path / "fresh")
        (tmp_path / "fresh").replace(tmp_path / "a.parquet")
        time.sleep(0.02)
    stop.set()
    for reader in readers:
        reader.join()
    made.close()
    assert not wrong
    assert seen == {1.0, 2.0}


def test_writers_of_one_file_do_not_mix(tmp_path):
    def publish(value):
        rows = [("births", "2024", f"{n:05d}", "f", float(value), "") for n in range(2000)]
        write(tmp_path / "a.parquet", COLUMNS, rows, dimensions=DIMENSIONS)

    writers = [threading.Thread(target=publish, args=(value,)) for value in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len({row[4] for row in rows_of(tmp_path, "a.parquet")}) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["a.parquet"]


# --- periods ----------------------------------------------------------------------------------------------------------


@given(times, st.none() | times, st.none() | times)
def test_a_period_is_within_a_range_when_all_its_days_are(period, first, last):
    bounds = {form: (low, high) for form, low, high in periods.within(first, last)}
    low, high = bounds.get(periods.form(period), ("~", ""))
    assert (low <= period <= high) == within(period, first, last)


def test_spans():
    assert len(days("2024")) == 366
    assert len(days("2023-Q1")) == 90
    assert len(days("2024-02")) == 29
    assert len(days("2024-02-29")) == 1
    assert max(days("9999")).isoformat() == "9999-12-31"
    assert periods.within(None, None)[0] == ("year", "0001", "9999")
    assert periods.within("9999-12-31", None) == (("day", "9999-12-31", "9999-12-31"),)
    assert periods.within("2025", "2024") == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "24",
        "2024-",
        "2024-Q5",
        "2024-q1",
        "2024-13",
        "2024-00",
        "2024-1",
        "2024-02-30",
        "2024-W01",
        "２０２４",
        "0000",
        " 2024",
        "2024\n",
    ],
)
def test_no_periods(text):
    with pytest.raises(ValueError):
        periods.span(text)
