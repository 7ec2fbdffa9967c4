"""The engine of the house: DuckDB inside the process, which reads the published files where they lie and nothing else."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from . import sql
from .engine import OnFiles
from .parts import VALUE, EngineFailed, Row, RowsRefused, Schema, TableUnreadable
from .query import Condition, Plan

MARK = "tepian.cube"  # in the file's own metadata: {"version": 1, "dimensions": […], "forms": […]}
VERSION = 1


def connect(folders: Sequence[Path], *, threads: int, memory_mb: int, scratch: Path, scratch_mb: int) -> Any:
    """A connection that reaches these folders and nothing else: no other file, no network, no extension to be loaded.

    What does not fit in memory is written below `scratch`, up to `scratch_mb`.
    """
    import duckdb  # here and below: 30 MiB and an eighth of a second that only a process pays which asks

    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": threads,
            "memory_limit": f"{memory_mb}MB",
            "temp_directory": str(scratch),
            "max_temp_directory_size": f"{scratch_mb}MB",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "allow_unsigned_extensions": False,
            "allow_persistent_secrets": False,
            "python_enable_replacements": False,  # a name in a statement must never be a variable of this process
            "preserve_insertion_order": True,
        },
    )
    # Only a running connection takes these; after the last one nothing can be opened up again.
    connection.execute("SET allowed_directories = ?", [[f"{folder}{os.sep}" for folder in folders]])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


class DuckDB(OnFiles):
    """Reads tables below `root`. One connection a process, one cursor a thread; a forked process gets its own.

    threads: cores that one question may use (all by default). memory_mb: of all questions together; beyond it they spill
    to `scratch` (up to `scratch_mb`), then fail with EngineFailed("memory"). timeout_s: a question that takes longer
    fails with EngineFailed("timeout"). max_rows: the longest answer, EngineFailed("too_many_rows").
    """

    def __init__(
        self,
        root: Path | str,
        *,
        threads: int | None = None,
        memory_mb: int = 512,
        scratch: Path | str | None = None,
        scratch_mb: int = 1024,
        timeout_s: float = 10.0,
        max_rows: int = 100_000,
    ) -> None:
        super().__init__(root, max_rows=max_rows)
        self.timeout_s = timeout_s
        self._scratch = Path(scratch) if scratch else None
        self._options = {"threads": threads or os.cpu_count() or 1, "memory_mb": memory_mb, "scratch_mb": scratch_mb}
        self._connection: Any = None
        self._process = 0
        self._own_scratch: tempfile.TemporaryDirectory[str] | None = None
        self._local = threading.local()
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """See Engine.close. Questions that are running may still be answered."""
        with self._lock:
            self._closed = True
            connection, self._connection = self._connection, None
            scratch, self._own_scratch = self._own_scratch, None
            self._local = threading.local()  # the cursors of all threads; the last one to go frees the memory
            if connection is not None and self._process == os.getpid():
                import duckdb

                with contextlib.suppress(duckdb.Error):  # a cursor is busy: it closes when its thread is done with it
                    connection.close()
                if scratch is not None:
                    scratch.cleanup()

    # --- a plan becomes rows ---

    def _read_schema(self, path: Path) -> Schema:
        """Raises TableUnreadable("not_a_table") for anything that `write` has not written."""
        try:
            found = self._rows("SELECT value FROM parquet_kv_metadata($p) WHERE key = $k", {"p": str(path), "k": MARK})
            described = self._rows(
                "SELECT name, type FROM parquet_schema($p) WHERE type IS NOT NULL",
                {"p": str(path)},
            )
        except EngineFailed as failed:
            if failed.code != "engine":
                raise
            raise TableUnreadable("not_a_table", path=path.name) from failed
        return schema_of(path, found, described)

    def _answer(self, files: list[Path], plan: Plan) -> list[Row]:
        return self._short_enough(self._rows(*sql.answer(files, plan, self.max_rows)))

    def _size(self, files: list[Path], plan: Plan) -> int:
        return int(self._rows(*sql.size(files, plan))[0][0])

    def _values(self, files: list[Path], column: str, where: tuple[Condition, ...]) -> list[str | None]:
        return [value for (value,) in self._rows(*sql.values(files, column, where))]

    def _rows(self, text: str, parameters: dict[str, Any]) -> list[Row]:
        cursor = self._cursor()
        with self._watched(cursor):
            found: list[Row] = cursor.execute(text, parameters).fetchall()
        return found

    # --- connections ---

    def _cursor(self) -> Any:
        """This thread's own. DuckDB shares its threads, memory and buffers among the cursors of one connection."""
        local = self._local
        if getattr(local, "process", 0) != os.getpid():
            with self._lock:  # a connection that is busy with one call refuses another instead of waiting
                local = self._opened()
                local.cursor, local.process = self._connection.cursor(), os.getpid()
        return local.cursor

    def _opened(self) -> threading.local:
        """Where threads keep their cursors of a connection of this process, which is there now."""
        if self._closed:
            raise EngineFailed("closed")
        if self._connection is None or self._process != os.getpid():
            # After a fork the parent's connection has no threads any more; taking it down would wait for them for ever or
            # end the process. So it is never taken down: one reference too many.
            for one in (self._connection, self._own_scratch, self._local):
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(one))
            self._local = threading.local()
            scratch = self._scratch
            if scratch is None:
                self._own_scratch = tempfile.TemporaryDirectory(prefix="cube-", ignore_cleanup_errors=True)
                scratch = Path(self._own_scratch.name)
            self._connection = connect([self.root], scratch=scratch, **self._options)
            self._process = os.getpid()
        return self._local

    @contextlib.contextmanager
    def _watched(self, cursor: Any) -> Iterator[None]:
        """Interrupts the cursor when time is up, and gives the engine's errors a code."""
        import duckdb

        guard, state = threading.Lock(), {"done": False, "late": False}

        def interrupt() -> None:
            with guard:  # never a question that comes after this one
                if not state["done"]:
                    state["late"] = True
                    cursor.interrupt()

        timer = threading.Timer(self.timeout_s, interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield
        except duckdb.InterruptException as error:
            raise EngineFailed("timeout" if state["late"] else "closed") from error
        except duckdb.OutOfMemoryException as error:
            raise EngineFailed("memory") from error
        except duckdb.Error as error:
            if self._closed:
                raise EngineFailed("closed") from error
            raise EngineFailed("engine", kind=type(error).__name__) from error
        finally:
            with guard:
                state["done"] = True
            timer.cancel()


def schema_of(path: Path, marks: Sequence[Row], described: Sequence[Row]) -> Schema:
    """The schema of a file from its metadata; raises TableUnreadable("not_a_table") when it is not one of ours."""
    try:
        mark = json.loads(marks[0][0])
        schema = Schema.of(mark["dimensions"], mark["forms"])
        fits = mark["version"] == VERSION
    except (LookupError, TypeError, ValueError, RowsRefused):
        raise TableUnreadable("not_a_table", path=path.name) from None
    expected = [(column, "DOUBLE" if column == VALUE else "BYTE_ARRAY") for column in schema.columns]
    if not fits or [(column, kind) for column, kind in described] != expected:
        raise TableUnreadable("not_a_table", path=path.name)
    return schema
