"""What every part of a cube knows: the columns of a table, errors that carry a code, and answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .periods import FORMS

INDICATOR, TIME, VALUE, STATUS = "indicator", "time", "value", "status"
FIXED = (INDICATOR, TIME, VALUE, STATUS)
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)  # a column; lower case, for engines fold the case of names

NORMAL, MISSING, SUPPRESSED, PROVISIONAL, ESTIMATED = "", "m", "s", "p", "e"
STATUSES = (NORMAL, MISSING, SUPPRESSED, PROVISIONAL, ESTIMATED)
WITHOUT_VALUE = (MISSING, SUPPRESSED)  # a value beside these would tell what was to stay unsaid

Row = tuple[Any, ...]


class CubeError(Exception):
    """Something was refused or failed. `code` says what, for a program; `params` says which, for a sentence.

    Neither holds text of the engine: what an engine writes into its errors may name files or show values.
    """

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        return " ".join([self.code, *(f"{name}={value!r}" for name, value in self.params.items())])


class QueryRefused(CubeError):
    """The question is not one that this table can be asked; the asker can mend it."""


class RowsRefused(CubeError):
    """The rows are not a table; nothing was written."""


class TableUnreadable(CubeError):
    """A file is missing, outside the folder of tables, or not a table written by this library."""


class EngineFailed(CubeError):
    """The engine could not answer now: out of time, out of memory, not installed, or without that function."""


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a table. `columns` in the order of the file; `dimensions` are sorted by, after indicator and time.

    `forms`: which forms its periods have (periods.FORMS).
    """

    columns: tuple[str, ...]
    dimensions: tuple[str, ...]
    forms: tuple[str, ...] = FORMS

    @classmethod
    def of(cls, dimensions: Iterable[str], forms: Iterable[str] = FORMS) -> Schema:
        """indicator, time, the dimensions, value, status. Raises RowsRefused for names that are not usable."""
        names = tuple(dimensions)
        for name in names:
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise RowsRefused("column_name", column=name)
        columns = (INDICATOR, TIME, *names, VALUE, STATUS)
        if len(set(columns)) < len(columns):
            raise RowsRefused("column_twice", columns=columns)
        return cls(columns, names, tuple(form for form in FORMS if form in forms))

    @property
    def key(self) -> tuple[str, ...]:
        """What no two rows may share, in the order of the file."""
        return (INDICATOR, TIME, *self.dimensions)


class Written(NamedTuple):
    """A published file: how many rows, the SHA-256 of its bytes in hex, and its size."""

    rows: int
    sha256: str
    bytes: int


class Result(NamedTuple):
    """An answer: names of its columns, its rows, and how many rows there are without limit and offset, when asked for."""

    columns: tuple[str, ...]
    rows: list[Row]
    total: int | None = None


def usable_text(text: object) -> bool:
    """Can every engine hold it? No NUL (PostgreSQL), no half of a surrogate pair (UTF-8)."""
    if not isinstance(text, str) or "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def one_or_more(paths: Any) -> Sequence[Any]:
    """Paths given as one or as several."""
    return list(paths) if isinstance(paths, (list, tuple)) else [paths]
