"""PostgreSQL for the engine on Ibis: SQL by Ibis, sent by psycopg with parameters; copies of tables by COPY."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql as pg

from .ibis_engine import Gone, library
from .parts import NAME, VALUE, EngineFailed, QueryRefused, Row

KEPT_COPIES = 2  # of one file: the newest, and the one that a running question may still read


class Postgres:
    """One connection a thread. Raises EngineFailed("engine") with the SQLSTATE, or "timeout"."""

    def __init__(self, url: str, namespace: str, timeout_s: float) -> None:
        if not NAME.fullmatch(namespace):
            raise QueryRefused("name_unusable", name=namespace)
        self._url, self._namespace, self._timeout_s = url, namespace, timeout_s
        self._ibis, self._sqlglot = library(), library("sqlglot")
        self._local = threading.local()
        self._opened: list[psycopg.Connection[Row]] = []
        self._known: set[str] = set()
        self._lock = threading.Lock()
        self._closed = False

    def table(
        self, name: str, columns: Sequence[str], path: Path | None, rows: Callable[[], Iterator[list[Row]]]
    ) -> Any:
        """See Backend. Texts are compared by code point ("C"), as the other engine does, whatever the database's way."""
        kinds = {column: "float64" if column == VALUE else "string" for column in columns}
        with self._lock:
            if name not in self._known:
                try:
                    self._fill(name, columns, str(path or ""), rows)
                except psycopg.Error as error:
                    raise _failed(error) from error
                self._known.add(name)
        return self._ibis.table(kinds, name=name, database=self._namespace)

    def _fill(self, name: str, columns: Sequence[str], path: str, rows: Callable[[], Iterator[list[Row]]]) -> None:
        table, namespace = pg.Identifier(self._namespace, name), pg.Identifier(self._namespace)
        text, number = pg.SQL('text COLLATE "C"'), pg.SQL("double precision")
        parts = [pg.SQL("{} {}").format(pg.Identifier(one), number if one == VALUE else text) for one in columns]
        with self._connection().transaction(), self._connection().cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            # Processes that meet a new file at the same moment: one copies, the others wait and find it.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"cube {self._namespace}"])
            cursor.execute(pg.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(namespace))
            if cursor.execute("SELECT to_regclass(%s)", [f"{self._namespace}.{name}"]).fetchone() != (None,):
                return
            cursor.execute(pg.SQL("CREATE TABLE {} ({})").format(table, pg.SQL(", ").join(parts)))
            with cursor.copy(pg.SQL("COPY {} FROM STDIN").format(table)) as copy:
                for batch in rows():
                    for row in batch:
                        copy.write_row(row)
            if path:
                self._drop_older(cursor, path)
                cursor.execute(pg.SQL("COMMENT ON TABLE {} IS {}").format(table, pg.Literal(path)))
            cursor.execute(pg.SQL("ANALYZE {}").format(table))

    def _drop_older(self, cursor: psycopg.Cursor[Row], path: str) -> None:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r' "
            "AND obj_description(oid, 'pg_class') = %s ORDER BY oid DESC",
            [self._namespace, path],
        )
        for (older,) in cursor.fetchall()[KEPT_COPIES - 1 :]:
            cursor.execute(pg.SQL("DROP TABLE {}").format(pg.Identifier(self._namespace, older)))
            self._known.discard(older)

    def rows(self, expression: Any, texts: dict[str, str]) -> list[Row]:
        """See Backend."""
        try:
            written = self._ibis.to_sql(expression, dialect="postgres")
        except self._ibis.common.exceptions.OperationNotDefinedError as error:
            raise EngineFailed("function") from error
        statement, parameters = self._with_placeholders(str(written), texts)
        try:
            with self._connection().cursor() as cursor:
                return cursor.execute(statement.encode(), parameters).fetchall()
        except psycopg.Error as error:
            raise _failed(error) from error

    def _with_placeholders(self, written: str, texts: dict[str, str]) -> tuple[str, dict[str, str]]:
        """The SQL with a placeholder for each literal that stands for a text."""
        expressions = self._sqlglot.exp
        tree = self._sqlglot.parse_one(written, dialect="postgres")
        for literal in list(tree.find_all(expressions.Literal)):
            if literal.is_string and literal.this in texts:
                literal.replace(expressions.Column(this=expressions.to_identifier(literal.this, quoted=True)))
        statement = tree.sql(dialect="postgres").replace("%", "%%")
        for token in texts:
            statement = statement.replace(f'"{token}"', f"%({token})s::text")
        return statement, texts

    def forget(self) -> None:
        """See Backend."""
        with self._lock:
            self._known.clear()

    def _connection(self) -> psycopg.Connection[Row]:
        if self._closed:
            raise EngineFailed("closed")
        found: psycopg.Connection[Row] | None = getattr(self._local, "connection", None)
        if found is None or found.closed:
            timeout = f"-c statement_timeout={int(self._timeout_s * 1000)}"
            try:
                found = psycopg.connect(self._url, autocommit=True, options=timeout)
            except psycopg.Error as error:
                raise _failed(error) from error
            self._local.connection = found
            self._opened.append(found)
        return found

    def close(self) -> None:
        """See Backend."""
        self._closed = True
        for connection in self._opened:
            connection.close()


def _failed(error: psycopg.Error) -> EngineFailed:
    if isinstance(error, psycopg.errors.UndefinedTable):
        return Gone("engine", kind=error.sqlstate)
    if isinstance(error, psycopg.errors.QueryCanceled):
        return EngineFailed("timeout")
    if isinstance(error, psycopg.errors.OutOfMemory):
        return EngineFailed("memory")
    return EngineFailed("engine", kind=error.sqlstate or type(error).__name__)
