"""What the worker does for this room by the clock."""

from __future__ import annotations

from tepian.kernel.actors import system

from .operations.health import check_silence, forget_old_drafts


def watch_silence() -> None:
    """Every minute: stations that went silent, stations that are back."""
    check_silence(actor=system("sensors.watch", "Sensor"))


def tidy() -> None:
    """Every hour: import files that nobody confirmed."""
    forget_old_drafts()
