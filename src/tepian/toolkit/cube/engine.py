"""What every engine offers, and what all of them share: which files may be read, and a reader that sees old or new."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from .parts import EngineFailed, Result, Row, Schema, TableUnreadable, one_or_more
from .query import Condition, Plan, Query, Where, checked, conditions

Paths = Path | str | Sequence[Path | str]
Stamp = tuple[int, int, int, int]
T = TypeVar("T")
ATTEMPTS = 8
KEPT_SCHEMAS = 1024
GLOB = frozenset("*?[]{}")  # an engine would take them for a pattern of names


class Engine(Protocol):
    """Answers questions to tables. All methods may be called from many threads at once.

    `paths`: one file, or several with the same columns, which are then one table. Relative ones are below the engine's
    folder, and none may lead out of it. Every method raises QueryRefused, TableUnreadable or EngineFailed.
    """

    def run(self, paths: Paths, query: Query, *, total: bool = False) -> Result:
        """The answer; with `total` also how many rows it has without limit and offset."""

    def count(self, paths: Paths, query: Query) -> int:
        """How many rows the answer has without limit and offset."""

    def distinct(self, paths: Paths, column: str, where: Where | None = None) -> list[str | None]:
        """The different values of a text column, or of `time.year`, in the order of their code points."""

    def schema(self, paths: Paths) -> Schema:
        """The columns of the table."""

    def close(self) -> None:
        """Give everything back. Later calls raise EngineFailed("closed")."""


class OnFiles:
    """The part of an engine that knows files. A subclass says how to read a schema and how to answer a plan."""

    def __init__(self, root: Path | str, *, max_rows: int) -> None:
        self.root = Path(root).resolve()
        self.max_rows = max_rows
        self._schemas: dict[Path, tuple[Stamp, Schema]] = {}
        self._guard = threading.Lock()

    # --- for subclasses ---

    def _read_schema(self, path: Path) -> Schema:
        raise NotImplementedError

    def _answer(self, files: list[Path], plan: Plan) -> list[Row]:
        raise NotImplementedError

    def _size(self, files: list[Path], plan: Plan) -> int:
        raise NotImplementedError

    def _values(self, files: list[Path], column: str, where: tuple[Condition, ...]) -> list[str | None]:
        raise NotImplementedError

    # --- what everybody calls ---

    def run(self, paths: Paths, query: Query, *, total: bool = False) -> Result:
        """See Engine.run. Raises EngineFailed("too_many_rows") when the answer is longer than the engine's `max_rows`."""

        def answer(files: list[Path], schema: Schema) -> Result:
            plan = checked(query, schema)
            rows = self._answer(files, plan)
            return Result(plan.shown, rows, self._size(files, plan) if total else None)

        return self._settled(paths, answer)

    def count(self, paths: Paths, query: Query) -> int:
        """See Engine.count."""
        return self._settled(paths, lambda files, schema: self._size(files, checked(query, schema)))

    def distinct(self, paths: Paths, column: str, where: Where | None = None) -> list[str | None]:
        """See Engine.distinct."""

        def answer(files: list[Path], schema: Schema) -> list[str | None]:
            checked(Query(group_by=(column,)), schema)  # the same columns may be listed as be grouped by
            return self._values(files, column, conditions(where or {}, schema))

        return self._settled(paths, answer)

    def schema(self, paths: Paths) -> Schema:
        """See Engine.schema."""
        return self._settled(paths, lambda files, schema: schema)

    # --- files ---

    def _settled(self, paths: Paths, answer: Callable[[list[Path], Schema], T]) -> T:
        """Answer from files that were the same before and after, so never from half of an old and half of a new one.

        Engines open a file more than once in a question. A file is published by renaming, so its stamp tells whether
        all of them met the same bytes; if not, we ask again.
        """
        for _ in range(ATTEMPTS):
            files = [self._inside(path) for path in one_or_more(paths)]
            if not files:
                raise TableUnreadable("missing", path="")
            before = [_stamp(path) for path in files]
            try:
                answered = answer(files, self._schema_of(files, before))
            except Exception:
                if before == [_stamp(path) for path in files]:
                    raise
                continue
            if before == [_stamp(path) for path in files]:
                return answered
        raise EngineFailed("changing")

    def _inside(self, path: Path | str) -> Path:
        """Raises TableUnreadable: outside, missing, path_unusable."""
        text = str(path)
        if not text or "\0" in text or GLOB & set(text):
            raise TableUnreadable("path_unusable", path=text)
        try:
            found = (self.root / path).resolve(strict=True)  # symbolic links are followed before it is judged
        except (OSError, RuntimeError, ValueError):
            found = None
        if not (found or (self.root / path).absolute()).is_relative_to(self.root) or ".." in Path(path).parts:
            raise TableUnreadable("outside", path=text)
        if found is None or not found.is_file():
            raise TableUnreadable("missing", path=text)
        return found

    def _schema_of(self, files: list[Path], stamps: list[Stamp]) -> Schema:
        found = [self._schema_of_one(path, stamp) for path, stamp in zip(files, stamps, strict=True)]
        for path, schema in zip(files, found, strict=True):
            if schema.columns != found[0].columns:
                raise TableUnreadable("columns_differ", path=path.name)
        return Schema.of(found[0].dimensions, {form for schema in found for form in schema.forms})

    def _schema_of_one(self, path: Path, stamp: Stamp) -> Schema:
        kept = self._schemas.get(path)
        if kept and kept[0] == stamp:
            return kept[1]
        schema = self._read_schema(path)
        with self._guard:
            while len(self._schemas) >= KEPT_SCHEMAS:
                del self._schemas[next(iter(self._schemas))]
            self._schemas[path] = stamp, schema
        return schema

    def _short_enough(self, rows: list[Row]) -> list[Row]:
        if len(rows) > self.max_rows:
            raise EngineFailed("too_many_rows", most=self.max_rows)
        return rows


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0, 0)
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
