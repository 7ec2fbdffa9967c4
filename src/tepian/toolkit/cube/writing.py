# ruff: noqa: S608 - names are checked by Schema.of, values are parameters or constants of this library
"""A table becomes a file: checked as a whole, sorted, and put in its place in one step.

The same rows give the same bytes, in whatever order they come and however many cores there are, as long as the version of
DuckDB is the same: it writes its version into the file and may choose other encodings in the next one.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import duck, periods
from .engine import Paths
from .parts import (
    STATUS,
    STATUSES,
    TIME,
    VALUE,
    WITHOUT_VALUE,
    Row,
    RowsRefused,
    Schema,
    TableUnreadable,
    Written,
    one_or_more,
)
from .query import Where, conditions
from .sql import Statement, name

BATCH = 20_000
ABANDONED_S = 86_400
ROW_GROUP = 122_880  # DuckDB's own; smaller ones made sums over everything slower and series not faster
CONTROL = r"[\x00-\x1f\x7f]"


def write(
    path: Path | str,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    dimensions: Sequence[str],
    memory_mb: int = 1024,
) -> Written:
    """Write `rows`, whose cells are in the order of `columns`, to `path`, which is old or new at every moment.

    columns: indicator, time, value, status and the dimensions, in any order. dimensions: the order to sort by after
    indicator and time. Raises RowsRefused, and leaves what was there: columns, column_name, column_twice, row (not that
    many cells, or not text, with `number` from 0), empty (a code without text), control (a character that no code has),
    not_a_period, not_finite, unknown_status, status_without_value (a value is missing and status is not m or s),
    value_with_status (status is m or s beside a value), duplicate (with the key).
    """
    schema = Schema.of(dimensions)
    _check_columns(columns, schema)
    with _Table(Path(path), [], schema, memory_mb) as table:
        table.append(columns, rows)
        return table.publish()


def write_from(
    path: Path | str,
    sources: Paths,
    *,
    keep: Where | None = None,
    without: Where | None = None,
    columns: Sequence[str] = (),
    rows: Iterable[Row] = (),
    replace: bool = False,
    memory_mb: int = 1024,
) -> Written:
    """Write the rows of published files that meet `keep` (all by default) and not `without`, and then `rows`.

    The old rows never become Python objects. Two rows with one key are refused, unless `replace`: then the one in `rows`
    counts. `path` may be one of the sources. Raises QueryRefused, TableUnreadable, and RowsRefused as `write` does.
    """
    files = [Path(one).resolve() for one in one_or_more(sources)]
    if not files:
        raise TableUnreadable("missing", path="")
    schemas = [_schema(file) for file in files]
    for file, one in zip(files, schemas, strict=True):
        if one.columns != schemas[0].columns:
            raise TableUnreadable("columns_differ", path=file.name)
    schema = Schema.of(schemas[0].dimensions, {form for one in schemas for form in one.forms})
    if columns:
        _check_columns(columns, schema)
    statement = Statement()
    select = f"SELECT {', '.join(map(name, schema.columns))} FROM {statement.source(files)} WHERE "
    select += statement.where(conditions(keep or {}, schema))
    if without:
        # A condition can be neither true nor false of a missing value; then it is not met, and the row stays.
        select += f" AND ({statement.where(conditions(without, schema))}) IS NOT TRUE"
    with _Table(Path(path), [file.parent for file in files], schema, memory_mb) as table:
        table.append(columns or schema.columns, rows)
        table.take(select, statement.parameters, replace=replace)
        return table.publish()


def _check_columns(columns: Sequence[str], schema: Schema) -> None:
    if len(columns) != len(schema.columns) or set(columns) != set(schema.columns):
        raise RowsRefused("columns", columns=tuple(columns), expected=schema.columns)


def _schema(file: Path) -> Schema:
    engine = duck.DuckDB(file.parent, threads=1, memory_mb=64)
    try:
        return engine.schema(file.name)
    finally:
        engine.close()


class _Table:
    """Rows on their way into a file, in a DuckDB of their own."""

    def __init__(self, path: Path, folders: Sequence[Path], schema: Schema, memory_mb: int) -> None:
        self.path = path.absolute()
        self.schema = schema
        _clear(self.path.parent)
        # Beside the file: renaming is one step only within a file system.
        self._scratch = tempfile.TemporaryDirectory(prefix=".cube-", dir=self.path.parent, ignore_cleanup_errors=True)
        self.folder = Path(self._scratch.name).resolve()
        self.connection = duck.connect(
            [self.folder, *folders],
            threads=os.cpu_count() or 1,
            memory_mb=memory_mb,
            scratch=self.folder / "spill",
            scratch_mb=1_000_000,
        )
        types = [f"{name(column)} {'DOUBLE' if column == VALUE else 'VARCHAR'}" for column in schema.columns]
        self.connection.execute(f"CREATE TABLE _rows ({', '.join(types)})")

    def __enter__(self) -> _Table:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self._scratch.cleanup()

    def append(self, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Batches, so that neither all rows are in memory nor each is a statement."""
        import duckdb

        done = 0
        with self._appender(list(columns)) as appender:
            for batch in _batches(rows):
                try:
                    appender.append_rows(batch)
                    appender.flush()
                except (duckdb.Error, TypeError, ValueError, UnicodeError, RuntimeError) as error:
                    with contextlib.suppress(duckdb.Error):
                        appender.clear()
                    raise _offender(batch, columns, done) from error
                done += len(batch)

    def _appender(self, columns: list[str]) -> Any:
        return self.connection.appender("_rows", columns=columns)

    def take(self, select: str, parameters: Mapping[str, Any], *, replace: bool) -> None:
        """Old rows; with `replace` only those whose key is not there yet."""
        import duckdb

        if replace:
            same = " AND ".join(f"_old.{name(column)} = _rows.{name(column)}" for column in self.schema.key)
            select = f"SELECT * FROM ({select}) AS _old WHERE NOT EXISTS (SELECT 1 FROM _rows WHERE {same})"
        try:
            self.connection.execute(f"INSERT INTO _rows {select}", dict(parameters))
        except duckdb.Error as error:
            raise TableUnreadable("not_a_table", path="") from error

    def publish(self) -> Written:
        """Check, sort, write beside it, force to the disk, rename."""
        forms = self._check()
        fresh = self.folder / "table.parquet"
        mark = json.dumps({"version": duck.VERSION, "dimensions": list(self.schema.dimensions), "forms": forms})
        columns = ", ".join(map(name, self.schema.columns))
        order = ", ".join(map(name, self.schema.key))
        self.connection.execute(
            f"COPY (SELECT {columns} FROM _rows ORDER BY {order}) TO {_quoted(str(fresh))} (FORMAT parquet, "
            f"COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}, KV_METADATA {{{_quoted(duck.MARK)}: {_quoted(mark)}}})"
        )
        count = int(self.connection.execute("SELECT count(*) FROM _rows").fetchone()[0])
        with fresh.open("rb+") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
            size = os.fstat(file.fileno()).st_size
        fresh.chmod(0o644)
        fresh.replace(self.path)
        _sync_folder(self.path.parent)
        return Written(count, digest, size)

    def _check(self) -> list[str]:
        """The forms of the periods, for whoever asks for a range of them."""
        texts = [column for column in self.schema.columns if column not in (VALUE, STATUS)]
        value, status = name(VALUE), name(STATUS)
        without = _listed(WITHOUT_VALUE)
        tests = {
            **{f"empty:{column}": f"coalesce({name(column)}, '') = ''" for column in texts},
            **{f"control:{column}": f"regexp_matches({name(column)}, {_quoted(CONTROL)})" for column in texts},
            "unknown_status": f"{status} IS NULL OR {status} NOT IN {_listed(STATUSES)}",
            "not_finite": f"{value} IS NOT NULL AND NOT isfinite({value})",
            "status_without_value": f"{value} IS NULL AND {status} NOT IN {without}",
            "value_with_status": f"{value} IS NOT NULL AND {status} IN {without}",
        }
        counts = ", ".join(f"count(*) FILTER ({test})" for test in tests.values())
        found = self.connection.execute(f"SELECT {counts} FROM _rows").fetchone()
        for (code, test), count in zip(tests.items(), found, strict=True):
            if count:
                self._refuse(code, f"SELECT {self._key()} FROM _rows WHERE {test} ORDER BY ALL LIMIT 1", count)
        forms = set()
        periods_found = self.connection.execute(f"SELECT DISTINCT {name(TIME)} FROM _rows ORDER BY 1").fetchall()
        for (period,) in periods_found:
            try:
                periods.span(period)
                forms.add(periods.form(period))
            except ValueError:
                raise RowsRefused("not_a_period", value=period) from None
        twice = f"SELECT {self._key()} FROM _rows GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
        self._refuse("duplicate", twice)
        return [form for form in periods.FORMS if form in forms]

    def _key(self) -> str:
        return ", ".join(map(name, self.schema.key))

    def _refuse(self, code: str, select: str, count: int | None = None) -> None:
        row = self.connection.execute(select).fetchone()
        if row is not None:
            code, _, column = code.partition(":")
            params: dict[str, object] = {"key": dict(zip(self.schema.key, row, strict=True))}
            if column:
                params["column"] = column
            if count is not None:
                params["count"] = count
            raise RowsRefused(code, **params)


def _clear(folder: Path) -> None:
    """What a writer left that was killed. Nobody writes for a day."""
    for left in folder.glob(".cube-*"):
        with contextlib.suppress(OSError):
            if left.stat().st_mtime < time.time() - ABANDONED_S:
                shutil.rmtree(left)


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while batch := list(itertools.islice(iterator, BATCH)):
        yield batch


def _offender(batch: list[Row], columns: Sequence[str], before: int) -> RowsRefused:
    """Which row it was; the engine names none."""
    for number, row in enumerate(batch, before):
        if not isinstance(row, (tuple, list)) or len(row) != len(columns):
            return RowsRefused("row", number=number)
        for column, cell in zip(columns, row, strict=True):
            if column == VALUE:
                fits = cell is None or (isinstance(cell, (int, float)) and abs(cell) < 2**1023)
            else:
                fits = isinstance(cell, str) and not any("\ud800" <= letter <= "\udfff" for letter in cell)
            if not fits:
                return RowsRefused("row", number=number, column=column)
    return RowsRefused("row", number=before)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _listed(texts: Iterable[str]) -> str:
    return f"({', '.join(map(_quoted, texts))})"


def _sync_folder(folder: Path) -> None:
    """The new name must survive a loss of power too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
