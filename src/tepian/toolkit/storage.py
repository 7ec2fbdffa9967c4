"""What a failed write means: the disk is full, the database is busy, or it is away."""

from __future__ import annotations

import errno
from dataclasses import dataclass

FULL_SIGNS = ("disk is full", "disk full", "no space left")
BUSY_SIGNS = (
    "database is locked",
    "database table is locked",
    "deadlock detected",
    "too many clients",
    "too many connections",
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """`code` is `storage_full`, `busy` or `database_away`; `status` the HTTP status; `retry_after` in seconds."""

    code: str
    status: int
    retry_after: int


FULL = Trouble("storage_full", 507, 60)
BUSY = Trouble("busy", 503, 1)
AWAY = Trouble("database_away", 503, 5)


def trouble(error: BaseException | None) -> Trouble | None:
    """Name the trouble behind an error or its causes; None when the error says nothing about storage.

    PostgreSQL: SQLSTATE 53100 disk full, 53200/53300 out of memory or connections, 40001/40P01 serialisation, 57P01-03
    shutting down or starting, class 08 connection. SQLite: by its messages, for its codes are not passed on.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return FULL
        state = str(getattr(error, "sqlstate", "") or "")
        text = str(error).lower()
        if state == "53100" or any(sign in text for sign in FULL_SIGNS):
            return FULL
        if state in {"53200", "53300", "40001", "40P01", "55P03"} or any(sign in text for sign in BUSY_SIGNS):
            return BUSY
        if state.startswith(("08", "57P")) or type(error).__name__ in {"OperationalError", "InterfaceError"}:
            # The last resort of both drivers for "no connection"; a cause further down may know better.
            deeper = trouble(error.__cause__ or error.__context__)
            return deeper or AWAY
        error = error.__cause__ or error.__context__
    return None
