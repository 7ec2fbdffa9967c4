"""Values kept in the process and always right: built once, kept while the versions of their topics stay the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any, Generic, TypeVar

from . import versions

T = TypeVar("T")
Seen = tuple[tuple[str, int], ...]
_pins: ContextVar[dict[tuple[str, ...], Seen] | None] = ContextVar("pins", default=None)
_all: list[Kept[Any]] = []


class Kept(Generic[T]):
    """`Kept(build, "regions")()` gives what `build()` made, and builds anew when a topic was touched.

    Each call costs one indexed read, or none where the request has already asked (see `one_look`). Several threads may
    build at once after a change; the newest versions win.
    """

    def __init__(self, build: Callable[[], T], *topics: str) -> None:
        self.build = build
        self.topics = tuple(sorted(topics))
        self._entry: tuple[Seen, T] | None = None
        self._lock = Lock()
        _all.append(self)

    def __call__(self) -> T:
        seen = _look(self.topics)
        entry = self._entry
        if entry is not None and entry[0] == seen:
            return entry[1]
        with self._lock:
            entry = self._entry
            if entry is None or entry[0] != seen:
                # The versions were read before the data: a change in between makes the entry stale at once.
                entry = self._entry = (seen, self.build())
            return entry[1]

    def forget(self) -> None:
        self._entry = None


def _look(topics: tuple[str, ...]) -> Seen:
    pins = _pins.get()
    if pins is None:
        return versions.current(topics)
    if topics not in pins:
        pins[topics] = versions.current(topics)
    return pins[topics]


@contextmanager
def one_look() -> Iterator[None]:
    """Inside, each topic's version is read once: a page is made from one state of the city. May be nested."""
    if _pins.get() is not None:
        yield
        return
    token = _pins.set({})
    try:
        yield
    finally:
        _pins.reset(token)


def changed(*topics: str) -> None:
    """`versions.touch`, and this request looks again too."""
    versions.touch(*topics)
    pins = _pins.get()
    if pins is not None:
        pins.clear()


def forget_all() -> None:
    """Drop everything kept in this process (after tests that write past the operations)."""
    for kept in _all:
        kept.forget()
