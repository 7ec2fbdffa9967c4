from __future__ import annotations

import errno
import sqlite3

import pytest
from django.db.utils import OperationalError

from tepian.toolkit import storage


def caused(outer: Exception, inner: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (sqlite3.OperationalError("database or disk is full"), storage.FULL),
        (
            caused(OperationalError("database or disk is full"), sqlite3.OperationalError("database or disk is full")),
            storage.FULL,
        ),
        (OSError(errno.ENOSPC, "No space left on device"), storage.FULL),
        (caused(RuntimeError("upload failed"), OSError(errno.ENOSPC, "x")), storage.FULL),
        (sqlite3.OperationalError("database is locked"), storage.BUSY),
        (OperationalError("connection refused"), storage.AWAY),
        (ValueError("x"), None),
        (OSError(errno.ENOENT, "no such file"), None),
    ],
)
def test_trouble_is_named(error, expected):
    assert storage.trouble(error) == expected


def test_postgres_states():
    class Full(Exception):
        sqlstate = "53100"

    assert storage.trouble(caused(OperationalError("x"), Full("could not extend file"))) == storage.FULL
