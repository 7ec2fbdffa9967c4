# ruff: noqa: S608 - the statement was compiled from a checked tree, see select_tree
"""A stranger's SELECT of one published table.

What was written never runs. DuckDB's own parser makes a tree of it, `select_tree` makes a statement of the tree, and that
runs on an engine of its own, one question at a time, limited in time, memory, rows and characters.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import sql
from .duck import DuckDB
from .engine import Paths
from .parts import EngineFailed, QueryRefused, Row, Schema
from .query import Classification, Query, Where, checked
from .select_tree import Compiler, name_of

LONGEST = 4000  # characters of a statement
WAIT_S = 3.0  # for the question before
BLOCK = 1000  # rows that are fetched at once
MOST_CHARACTERS = 8_000_000  # of an answer
BROKEN = ("InternalException", "FatalException")  # after these the engine takes no question any more
WRONG_USE = ("BinderException", "ConversionException", "OutOfRangeException")


@dataclass(frozen=True, slots=True)
class Selected:
    """`columns`: (name, type of DuckDB). `truncated`: there were more rows, or longer ones, than are given."""

    columns: tuple[tuple[str, str], ...]
    rows: list[Row]
    truncated: bool


class Selects(DuckDB):
    """Answers statements of strangers, one after the other. See DuckDB for the limits."""

    def __init__(self, root: Path | str, **limits: Any) -> None:
        super().__init__(root, **limits)
        self._turn = threading.Lock()

    def tables(self, text: str) -> set[str]:
        """The names that stand for tables in a statement. Raises QueryRefused as `select` does."""
        found: set[str] = set()
        left: list[Any] = [self._tree(text)]
        while left:
            node = left.pop()
            if isinstance(node, dict):
                if node.get("type") == "BASE_TABLE":
                    found.add(str(node.get("table_name", "")))
                left += node.values()
            elif isinstance(node, list):
                left += node
        return found

    def select(
        self,
        paths: Paths,
        text: str,
        *,
        table: str,
        fields: Mapping[str, str],
        where: Where | None = None,
        classifications: tuple[Classification, ...] = (),
    ) -> Selected:
        """The answer to a statement that calls the files `table` and their columns as `fields` says (field → column of
        the files, or `<column>.label`). The statement sees the rows that meet `where`.

        Raises QueryRefused: too_long, syntax (with `message`), only_select, several_statements, not_supported (with `what`),
        function_unknown (with `name`), field_unknown (with `name`), table_unknown (with `name`), too_complex, wrong_use
        (with `message`); and EngineFailed, "busy" when the question before takes too long.
        """
        compiled = Compiler(table, tuple(fields), self.max_rows + 1)
        statement = compiled.statement(self._tree(text))
        used = {name: column for name, column in fields.items() if compiled.star or name in compiled.used}
        used = used or dict(list(fields.items())[:1])
        kept = tuple(one for one in classifications if f"{one.column}.label" in used.values())
        columns = tuple(dict.fromkeys(used.values()))
        query = Query(columns=columns, where=where or {}, classifications=kept)

        def answer(files: list[Path], schema: Schema) -> Selected:
            source, parameters = sql.rows(files, checked(query, schema))
            shown = ", ".join(f"_o{columns.index(column)} AS {name_of(name)}" for name, column in used.items())
            whole = f"WITH {name_of(table)} AS NOT MATERIALIZED (SELECT {shown} FROM ({source})) {statement}"
            return self._bounded(whole, parameters)

        return self._settled(paths, answer)

    def _forget(self) -> None:
        """The next question opens a new engine."""
        with self._lock:
            self._connection, self._local = None, threading.local()

    def _tree(self, text: str) -> Any:
        if len(text) > LONGEST:
            raise QueryRefused("too_long", most=LONGEST)
        parse = "SELECT json_serialize_sql($text, skip_default := true, skip_empty := true, skip_null := true)"
        ((found,),) = self._rows(parse, {"text": text})
        try:
            tree = json.loads(found)
        except RecursionError:
            raise QueryRefused("too_complex") from None
        if tree["error"] and tree.get("error_type") == "not implemented":
            raise QueryRefused("only_select")
        if tree["error"]:
            raise QueryRefused("syntax", message=str(tree.get("error_message", ""))[:300])
        return tree["statements"]

    def _bounded(self, text: str, parameters: dict[str, Any]) -> Selected:
        if not self._turn.acquire(timeout=WAIT_S):
            raise EngineFailed("busy")
        try:
            cursor = self._cursor()
            with self._watched(cursor):
                cursor.execute(text, parameters)
                columns = tuple((str(one[0]), str(one[1])) for one in cursor.description)
                rows: list[Row] = []
                characters = 0
                while len(rows) <= self.max_rows and characters <= MOST_CHARACTERS:
                    block = cursor.fetchmany(BLOCK)
                    if not block:
                        return Selected(columns, rows, truncated=False)
                    rows += block
                    characters += sum(len(one) if isinstance(one, str) else 8 for row in block for one in row)
            return Selected(columns, rows[: self.max_rows], truncated=True)
        except EngineFailed as failed:
            kind = failed.params.get("kind")
            if kind in BROKEN:
                self._forget()
            if kind in WRONG_USE:
                raise QueryRefused("wrong_use", message=str(failed.__cause__).partition("\n")[0][:300]) from None
            raise
        finally:
            self._turn.release()


__all__ = ["Selected", "Selects"]
