"""A process-local bell: rung after a commit that wrote events, so that the live stream need not wait for its next poll."""

from __future__ import annotations

from collections.abc import Callable

_listeners: list[Callable[[], None]] = []


def on_wake(listener: Callable[[], None]) -> Callable[[], None]:
    """Add a listener (called from any thread, must return at once); returns the function that removes it."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def wake() -> None:
    for listener in tuple(_listeners):
        listener()
