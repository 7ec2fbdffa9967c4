"""The one writing thread of a process: group commit, and an answer to each sender only after the commit."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from tepian.toolkit.storage import trouble

from . import registry as registry_module
from . import store as store_module
from .store import Row, store

log = logging.getLogger("tepian.sensors")

MAX_WAITING_ROWS = 20_000
MAX_COMMIT_ROWS = 20_000
BACKOFF_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0)


class Overloaded(Exception):
    """More readings wait than the store takes in a second or two: come back after `retry_after` seconds."""

    retry_after = 1


class Unavailable(Exception):
    """The store could not be written; nothing of this request was kept. Sending again later does no harm."""

    retry_after = 2


class StorageFull(Unavailable):
    """The disk is full; nothing of this request was kept."""

    retry_after = 60


Kept = dict[int, float]
"""Index of a row → the value that is stored instead, because another value came first for that moment."""
NOTHING_KEPT: Kept = {}


@dataclass(slots=True, eq=False)
class Submission:
    rows: Sequence[Row]
    future: Any  # asyncio.Future of `loop`, or concurrent.futures.Future where loop is None
    loop: asyncio.AbstractEventLoop | None


def translate(error: BaseException) -> Unavailable:
    """A database error as what the sender should know."""
    named = trouble(error)
    return StorageFull(str(error)) if named is not None and named.code == "storage_full" else Unavailable(str(error))


def kept_rows(rows: Sequence[Row], kept_keys: dict[int, float]) -> Kept:
    """Which of these rows were not stored because another value stands for their moment."""
    if not kept_keys:
        return NOTHING_KEPT
    from ..states import pack_key

    answer: Kept = {}
    for index, row in enumerate(rows):
        value = kept_keys.get(pack_key(row[0], row[1]), row[2])
        if value != row[2]:
            answer[index] = value
    return answer


class IngestWriter:
    """Takes rows from event loops and threads, commits what has gathered in one transaction, then answers.

    While one commit waits for the disk the next group gathers, so the disk's latency sets the group's size and not the
    rate. Rows are validated before they come here; what fails here fails for everybody (disk, database), and everybody
    is told. After an unexpected error each submission is tried alone, so that one cannot spoil the others.
    """

    def __init__(self, *, on_commit: Callable[[int], None] | None = None) -> None:
        self._queue: deque[Submission] = deque()
        self._waiting_rows = 0
        self._bell = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._on_commit = on_commit
        self.failing_since: float | None = None
        self.last_error = ""
        self.committed_rows = 0
        self.commits = 0

    # --- for senders ---

    def submit(self, rows: Sequence[Row]) -> asyncio.Future[Kept]:
        """From an event loop: a future that is done after the commit. Raises `Overloaded` at once."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Kept] = loop.create_future()
        self._enqueue(Submission(rows, future, loop))
        return future

    def submit_and_wait(self, rows: Sequence[Row], timeout: float = 20) -> Kept:
        """From a thread: returns after the commit."""
        future: concurrent.futures.Future[Kept] = concurrent.futures.Future()
        self._enqueue(Submission(rows, future, None))
        try:
            return future.result(timeout)
        except concurrent.futures.TimeoutError as error:
            raise Unavailable("no answer from the store") from error

    def _enqueue(self, submission: Submission) -> None:
        if self._stopping or self._thread is None:
            raise Unavailable("the writer is not running")
        if self._waiting_rows > MAX_WAITING_ROWS:
            raise Overloaded
        self._waiting_rows += len(submission.rows)
        self._queue.append(submission)
        if not self._bell.is_set():
            self._bell.set()

    # --- life ---

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and not self._stopping

    def start(self) -> None:
        if self._thread is None:
            self._stopping = False
            self._thread = threading.Thread(target=self._run, name="sensors-writer", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Commit what waits, answer, and end."""
        thread = self._thread
        if thread is not None:
            self._stopping = True
            self._bell.set()
            thread.join(timeout=10)
            self._thread = None

    def state(self) -> tuple[bool, str]:
        if not self.running:
            return False, "the ingest writer is not running"
        if self.failing_since is not None:
            return (
                False,
                f"readings cannot be stored for {time.monotonic() - self.failing_since:.0f} s: {self.last_error}",
            )
        return True, f"{self.committed_rows} readings stored in {self.commits} commits, {self._waiting_rows} waiting"

    # --- the thread ---

    def _run(self) -> None:
        failures = 0
        try:
            while True:
                self._bell.wait(timeout=1.0)
                self._bell.clear()
                while group := self._gather():
                    failures = 0 if self._commit_group(group) else failures + 1
                    if failures:
                        time.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS)) - 1])
                if self._stopping and not self._queue:
                    return
        finally:
            connection.close()

    def _gather(self) -> list[Submission]:
        group, rows = [], 0
        queue = self._queue
        while queue and rows < MAX_COMMIT_ROWS:
            submission = queue.popleft()
            group.append(submission)
            rows += len(submission.rows)
        self._waiting_rows -= rows
        return group

    def _commit_group(self, group: list[Submission]) -> bool:
        try:
            results: list[Kept | BaseException] = list(commit([submission.rows for submission in group]))
        except (OperationalError, InterfaceError) as error:
            self._failed(error)
            answer(group, [translate(error)] * len(group))
            return False
        except Exception as error:
            log.exception("a group of %d submissions could not be stored; trying each alone", len(group))
            self._failed(error)
            if len(group) == 1:
                answer(group, [translate(error)])
                return False
            results = []
            for submission in group:
                try:
                    results += commit([submission.rows])
                except Exception as single:
                    self._failed(single)
                    results.append(translate(single))
        self.failing_since = None
        self.commits += 1
        self.committed_rows += sum(len(submission.rows) for submission in group)
        answer(group, results)
        if self._on_commit:
            self._on_commit(len(group))
        return True

    def _failed(self, error: BaseException) -> None:
        store_module.forget()
        self.last_error = str(error)
        if self.failing_since is None:
            self.failing_since = time.monotonic()
            log.error("readings cannot be stored: %s", error)
        with contextlib.suppress(Exception):
            connection.close()


def commit(batches: Sequence[Sequence[Row]], *, now_ms: int | None = None, alert: bool = True) -> list[Kept]:
    """Store batches in one transaction of the calling thread; one answer per batch."""
    rows = batches[0] if len(batches) == 1 else [row for batch in batches for row in batch]
    try:
        with transaction.atomic():
            outcome = store(
                rows,
                registry=registry_module.current(),
                now_ms=now_ms if now_ms is not None else time.time_ns() // 1_000_000,
                alert=alert,
            )
    except KeyError as error:
        # A datastream that was known when the sender was answered for has been removed since.
        store_module.forget()
        raise DatabaseError(f"a datastream has been removed: {error}") from error
    except BaseException:
        store_module.forget()
        raise
    if not outcome.kept:
        return [NOTHING_KEPT] * len(batches)
    return [kept_rows(batch, outcome.kept) for batch in batches]


def answer(group: list[Submission], results: Sequence[Kept | BaseException]) -> None:
    """Finish the futures: one hop per event loop, however many wait on it."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Any, Kept | BaseException]]] = defaultdict(list)
    for submission, result in zip(group, results, strict=True):
        if submission.loop is not None:
            by_loop[submission.loop].append((submission.future, result))
        elif isinstance(result, BaseException):
            submission.future.set_exception(result)
        else:
            submission.future.set_result(result)
    for loop, pairs in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits there any more
            loop.call_soon_threadsafe(_finish, pairs)


def _finish(pairs: list[tuple[Any, Kept | BaseException]]) -> None:
    for future, result in pairs:
        if future.done():
            continue
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)


WRITER = IngestWriter()
"""This process's writer. The gateway starts it; without it `record_observations` writes in the caller's thread."""
