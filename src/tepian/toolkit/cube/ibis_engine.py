# ruff: noqa: S608 - names are checked when the schema of a file is read
"""The same questions on a database that the operator has: said once to Ibis, which writes the SQL of that database.

PostgreSQL needs `ibis-framework` only: its SQL is sent by psycopg, with every asked-for text as a parameter. Any other
backend of Ibis is reached through Ibis's own connection, which needs that backend's extra (with pyarrow and pandas); there
Ibis writes texts as literals, quoted as that database wants it.
"""

from __future__ import annotations

import hashlib
import importlib
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from . import duck
from .engine import OnFiles, Paths, T
from .parts import TIME, VALUE, EngineFailed, Row, Schema
from .query import YEAR, Classification, Condition, Plan, Top

NEEDED = (
    'pip install "tepian[ibis]" (requirements/ibis.txt), and for another database than PostgreSQL "ibis-framework[…]"'
)
BATCH = 10_000
READS_FILES = ("duckdb", "datafusion", "pyspark", "databricks")  # these are told where the file is
CODES = ("code", "label", "parent")

Placed = Callable[[str], str]


class Backend(Protocol):
    """A database: keeps copies of tables under names that stand for their content, and answers expressions."""

    def table(
        self, name: str, columns: Sequence[str], path: Path | None, rows: Callable[[], Iterator[list[Row]]]
    ) -> Any:
        """The expression of the table of this name, filled first where it is not there yet."""

    def rows(self, expression: Any, texts: dict[str, str]) -> list[Row]:
        """What an expression answers; a literal that is a key of `texts` stands for that text."""

    def forget(self) -> None:
        """Look anew which copies there are."""

    def close(self) -> None:
        """Give everything back."""


class Gone(EngineFailed):
    """A copy that was there is not any more: somebody else replaced it, or emptied the database."""


def library(name: str = "ibis") -> Any:
    """A module of the optional part; raises EngineFailed("not_installed") that says how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise EngineFailed("not_installed", module=name, install=NEEDED) from error


class Ibis(OnFiles):
    """Answers from copies of the tables in the database at `url`, made when a table is first asked for.

    url: postgresql://…, or what `ibis.connect` takes. Tables lie below `root`, as with the other engine. namespace: the
    schema of PostgreSQL for the copies, made when missing; older copies of a file are dropped when a newer one is made.
    timeout_s counts on PostgreSQL only. Raises EngineFailed: not_installed, engine, timeout, and function for what the
    database cannot do (a median on Trino).
    """

    def __init__(
        self,
        root: Path | str,
        url: str,
        *,
        namespace: str = "cube",
        timeout_s: float = 10.0,
        max_rows: int = 100_000,
    ) -> None:
        super().__init__(root, max_rows=max_rows)
        library()
        self._reader = duck.DuckDB(self.root, threads=1, memory_mb=256, timeout_s=600)
        self._backend: Backend
        if url.startswith(("postgres://", "postgresql://")):
            from .ibis_postgres import Postgres

            self._backend = Postgres(url, namespace, timeout_s)
        else:
            self._backend = Connected(url)
        self._digests: dict[tuple[str, int, int], str] = {}

    def close(self) -> None:
        """See Engine.close."""
        self._backend.close()
        self._reader.close()

    def _settled(self, paths: Paths, answer: Callable[[list[Path], Schema], T]) -> T:
        try:
            return super()._settled(paths, answer)
        except Gone:
            self._backend.forget()
            return super()._settled(paths, answer)

    def _read_schema(self, path: Path) -> Schema:
        return self._reader.schema(path)

    def _answer(self, files: list[Path], plan: Plan) -> list[Row]:
        question = _Question(self, files, plan)
        answer = question.ordered(question.all_rows())
        limit = self.max_rows + 1 if plan.limit is None else min(plan.limit, self.max_rows + 1)
        return self._short_enough(self._backend.rows(answer.limit(limit, offset=plan.offset), question.texts))

    def _size(self, files: list[Path], plan: Plan) -> int:
        question = _Question(self, files, plan)
        answer = question.all_rows()
        return int(self._backend.rows(answer.aggregate(size=answer.count()), question.texts)[0][0])

    def _values(self, files: list[Path], column: str, where: tuple[Condition, ...]) -> list[str | None]:
        question = _Question(self, files, None)
        table = question.source.filter(question.conditions(where)) if where else question.source
        answer = table.select(_v=question.expression(table, column)).distinct().order_by("_v")
        return [value for (value,) in self._backend.rows(answer, question.texts)]

    # --- copies ---

    def table_of(self, path: Path) -> Any:
        """The copy of a file, named by its content: one copy however often it is asked for, and never a stale one."""
        found = path.stat()
        stamp = (str(path), found.st_ino, found.st_mtime_ns)
        if stamp not in self._digests:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "blake2b").digest()
            # Two files with the same content have a copy each, for each is replaced on its own.
            self._digests[stamp] = hashlib.blake2b(bytes(path) + content, digest_size=16).hexdigest()
        columns = self.schema(path).columns
        return self._backend.table(f"t_{self._digests[stamp]}", columns, path, lambda: _file_rows(path, columns))

    def classification_of(self, one: Classification) -> Any:
        """The copy of a classification."""
        digest = hashlib.blake2b(repr(one.rows).encode(), digest_size=16).hexdigest()
        return self._backend.table(f"c_{digest}", CODES, None, lambda: iter([list(one.rows)] if one.rows else []))


def _file_rows(path: Path, columns: Sequence[str]) -> Iterator[list[Row]]:
    import duckdb

    connection = duckdb.connect(":memory:", config={"autoload_known_extensions": False})
    try:
        listed = ", ".join(f'"{column}"' for column in columns)
        cursor = connection.execute(
            f"SELECT {listed} FROM read_parquet($p, hive_partitioning = false)", {"p": [str(path)]}
        )
        while batch := cursor.fetchmany(BATCH):
            yield batch
    finally:
        connection.close()


class _Question:
    """A plan as an expression of Ibis."""

    def __init__(self, engine: Ibis, files: list[Path], plan: Plan | None) -> None:
        self.ibis = library()
        self.plan: Any = plan
        self.texts: dict[str, str] = {}
        self.mark = secrets.token_hex(8)
        parts = [engine.table_of(path) for path in files]
        self.source = self.ibis.union(*parts) if len(parts) > 1 else parts[0]
        self.engine = engine

    def text(self, text: str) -> Any:
        """A literal that stands for a text; the text itself never becomes part of the SQL where that can be avoided."""
        token = f"{self.mark}_{len(self.texts)}"
        self.texts[token] = text
        return self.ibis.literal(token)

    def expression(self, table: Any, column: str) -> Any:
        return table[TIME].substr(0, 4) if column == YEAR else table[column]

    def conditions(self, conditions: Sequence[Condition]) -> list[Any]:
        return [self._condition(one) for one in conditions]

    def _condition(self, one: Condition) -> Any:
        column = self.expression(self.source, one.column)
        if one.values is not None:
            return column.isin([self.text(value) for value in one.values]) if one.values else self.ibis.literal(False)
        if one.bounds is not None:
            length, sixth = column.length(), column.substr(5, 1)
            forms = {
                "year": length == 4,
                "semester": (length == 7) & (sixth == "S"),
                "quarter": (length == 7) & (sixth == "Q"),
                "month": (length == 7) & (sixth != "S") & (sixth != "Q"),
                "day": length == 10,
            }
            met = self.ibis.literal(False)
            for form, low, high in one.bounds:
                inside = (column >= self.text(low)) & (column <= self.text(high))
                met = met | (forms[form] & inside if one.mixed else inside)
            return met
        met = column.notnull()
        for end, is_low in zip(one.ends or (), (True, False), strict=True):
            if end is not None:
                other = self.text(end) if isinstance(end, str) else self.ibis.literal(end)
                met = met & (column >= other if is_low else column <= other)
        return met

    def _table(self) -> tuple[Any, dict[str, str]]:
        """The rows that meet the conditions, with every column that the plan may name, under names of our own."""
        plan = self.plan
        table = self.source.filter(self.conditions(plan.conditions)) if plan.conditions else self.source
        names = {column: f"f{n}" for n, column in enumerate((*plan.schema.columns, YEAR))}
        table = table.select(**{name: self.expression(table, column) for column, name in names.items()})
        for number, one in enumerate(plan.classifications):
            codes = self.engine.classification_of(one)
            codes = codes.select(**{f"c{number}_{part}": codes[part] for part in CODES})
            table = table.left_join(codes, table[names[one.column]] == codes[f"c{number}_code"])
            for part in ("label", "parent"):
                names[f"{one.column}.{part}"] = f"c{number}_{part}"
        return table, names

    def all_rows(self) -> Any:
        plan = self.plan
        table, names = self._table()
        if not plan.grouped:
            self.names = names
            self.shown = [names[column] for column in plan.columns]
            return table
        shift = len(plan.keys)
        if any(one.function == "last" for one in plan.measures):
            # The period of a row that has a value; the latest of its group stands beside every row of it.
            table = table.mutate(
                there=self.ibis.ifelse(table[names[VALUE]].notnull(), table[names[TIME]], self.ibis.null("string"))
            )
            window = self.ibis.window(group_by=[table[names[key]] for key in plan.keys])
            table = table.mutate(latest=table.there.max().over(window))
        figures = {
            f"o{shift + n}": self._figure(table, names, one.function, one.column) for n, one in enumerate(plan.measures)
        }
        keys = {f"o{n}": table[names[key]] for n, key in enumerate(plan.keys)}
        answer = (table.group_by(**keys) if keys else table).aggregate(**figures, rows_=table.count())
        self.shown = [f"o{n}" for n in range(shift + len(plan.measures))]
        self.names = dict(zip(plan.shown, self.shown, strict=True))
        answer = answer.select(*self.shown)
        return self._top(answer, plan.top) if plan.top else answer

    def _figure(self, table: Any, names: dict[str, str], function: str, column: str) -> Any:
        of = table[names[column]]
        if function == "missing":
            return table.count() - of.count()
        if function == "last":
            return self.ibis.ifelse(table.there == table.latest, of, self.ibis.null("float64")).sum()
        return getattr(of, function)()

    def _top(self, answer: Any, top: Top) -> Any:
        ibis = self.ibis
        order = [ibis.desc(answer[self.names[top.by]], nulls_first=False)]
        order += [ibis.asc(answer[self.names[key]], nulls_first=False) for key in self.plan.keys]
        window = ibis.window(group_by=[answer[self.names[key]] for key in top.within], order_by=order)
        ranked = answer.mutate(rank_=ibis.row_number().over(window))
        return ranked.filter(ranked.rank_ < top.count).drop("rank_")

    def ordered(self, answer: Any) -> Any:
        """In the order asked for, and only the columns that are shown."""
        ibis = self.ibis
        order = [*self.plan.order, *((column, False) for column in self.plan.tie_breakers)]
        if order:
            turn = {True: ibis.desc, False: ibis.asc}
            answer = answer.order_by([turn[down](answer[self.names[name]], nulls_first=False) for name, down in order])
        return answer.select(**{f"a{n}": answer[name] for n, name in enumerate(self.shown)})


class Connected:
    """Any backend of Ibis through its own connection. One question at a time: few of them bear more."""

    def __init__(self, url: str) -> None:
        for name in ("pyarrow", "pandas"):
            library(name)
        self._ibis = library()
        self._lock = threading.Lock()
        self._tables: dict[str, Any] = {}
        try:
            self._connection = self._ibis.connect(url)
        except ImportError as error:
            raise EngineFailed("not_installed", module=error.name, install=NEEDED) from error

    def table(
        self, name: str, columns: Sequence[str], path: Path | None, rows: Callable[[], Iterator[list[Row]]]
    ) -> Any:
        """See Backend. Files are read in place where the backend can; otherwise rows are sent by pyarrow."""
        with self._lock:
            if name not in self._tables:
                self._tables[name] = self._filled(name, columns, path, rows)
            return self._tables[name]

    def _filled(
        self, name: str, columns: Sequence[str], path: Path | None, rows: Callable[[], Iterator[list[Row]]]
    ) -> Any:
        if path is not None and self._connection.name in READS_FILES:
            return self._connection.read_parquet(str(path), table_name=name)
        arrow = library("pyarrow")
        kinds = {column: arrow.float64() if column == VALUE else arrow.string() for column in columns}
        lists: list[list[Any]] = [[] for _ in columns]
        for batch in rows():
            for cells, column in zip(zip(*batch, strict=True), lists, strict=True):
                column.extend(cells)
        table = arrow.table(lists, schema=arrow.schema(list(kinds.items())))
        return self._ibis.memtable(table)

    def rows(self, expression: Any, texts: dict[str, str]) -> list[Row]:
        """See Backend."""
        found = _with_texts(self._ibis, expression, texts)
        try:
            with self._lock:
                answer = self._connection.to_pyarrow(found)
        except self._ibis.common.exceptions.OperationNotDefinedError as error:
            raise EngineFailed("function") from error
        except Exception as error:  # each backend has errors of its own
            raise EngineFailed("engine", kind=type(error).__name__) from error
        return list(zip(*(column.to_pylist() for column in answer.columns), strict=True))

    def forget(self) -> None:
        """See Backend."""
        self._tables.clear()

    def close(self) -> None:
        """See Backend."""
        self._connection.disconnect()


def _with_texts(ibis: Any, expression: Any, texts: dict[str, str]) -> Any:
    """The expression with the texts in the place of their tokens."""
    literal = ibis.expr.operations.Literal

    def put(node: Any, kwargs: Any) -> Any:
        if isinstance(node, literal) and node.value in texts:
            return literal(texts[node.value], node.dtype)
        return node.__recreate__(kwargs) if kwargs else node

    return expression.op().replace(put).to_expr()
