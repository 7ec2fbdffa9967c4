"""Starts the processes of the system, restarts one that dies, and stops all of them together.

Imports nothing of Django, so that it stays small.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

STOP_GRACE = 6.0  # seconds for a clean end before SIGKILL


@dataclass
class Child:
    """One process: `python -m tepian <command>`."""

    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    start_at: float = 0.0

    def start(self) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "tepian", *self.command],
            env={**os.environ, **self.environment},
            # Its own group: Ctrl-C reaches the supervisor alone, which then stops the children in order.
            start_new_session=True,
        )
        self.started = time.monotonic()


class Supervisor:
    """`run()` returns the exit status: 0 after an ordered stop, 1 when a process could not be kept alive."""

    def __init__(self, children: list[Child], *, say: Callable[[str], None] = print) -> None:
        self.children = children
        self.say = say
        self.stopping = threading.Event()

    def run(self) -> int:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        for child in self.children:
            child.start()
        status = 0
        while not self.stopping.wait(0.2):
            for child in self.children:
                if not self._keep(child):
                    status = 1
                    self.stopping.set()
        self._end_all()
        return status

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping.set()

    def _keep(self, child: Child) -> bool:
        """Restart a dead child after a pause that doubles while it fails by itself; give up after ten such ends in a row.

        One that was killed from outside (a signal: out of memory, an operator) is simply started again.
        """
        if child.process is not None and child.process.poll() is None:
            if time.monotonic() - child.started > 30:
                child.failures = 0
            return True
        now = time.monotonic()
        if child.process is not None:
            code, child.process = child.process.returncode, None
            child.failures = child.failures + 1 if code >= 0 else 0
            child.start_at = now + (min(10.0, 0.1 * 2**child.failures) if child.failures else 0.05)
            self.say(f"tepian {child.command[0]} ended with {code}; starting it again")
        if child.failures >= 10:
            self.say(f"tepian {child.command[0]} ends at once every time; giving up. Its last messages say why.")
            return False
        if now >= child.start_at:
            child.start()
        return True

    def _end_all(self) -> None:
        alive = [child.process for child in self.children if child.process and child.process.poll() is None]
        for process in reversed(alive):
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_GRACE
        for process in alive:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_ready(url: str, seconds: float, stopping: threading.Event | None = None) -> bool:
    """Ask `url` until it answers 200. False when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not (stopping and stopping.is_set()):
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return True
        except OSError:
            pass
        time.sleep(0.15)
    return False
