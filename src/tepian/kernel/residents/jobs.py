"""What the register does by itself, every night. Each can run again without harm."""

from __future__ import annotations

from tepian.kernel.actors import system

from . import duplicates, operations


def compare() -> int:
    """Compare new and corrected entries with the others. Returns how many pairs are new."""
    pairs = duplicates.recent()
    return operations.note_duplicates(actor=system("residents.compare"), pairs=pairs) if pairs else 0


def forget() -> tuple[int, int]:
    return operations.forget_old(actor=system("residents.forget_old"))
