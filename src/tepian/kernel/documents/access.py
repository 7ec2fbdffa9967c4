"""Who may read a file: each room says so for its own subjects, at boot. What nobody speaks for, nobody reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tepian.kernel.actors import Actor

from .models import StoredFile


@dataclass(frozen=True, slots=True)
class Readers:
    """`personal`: every download is recorded as a view of personal data, with `purpose`."""

    may_read: Callable[[Actor, StoredFile], bool]
    personal: bool = False
    purpose: str = ""


_readers: dict[str, Readers] = {}


def allow(
    subject_type: str, may_read: Callable[[Actor, StoredFile], bool], *, personal: bool = False, purpose: str = ""
) -> None:
    """Say who reads files of a subject type: `allow("incident", policies.may_read_file)` in `contributions.py`."""
    _readers[subject_type] = Readers(may_read, personal, purpose or f"{subject_type}.file")


def readers_of(subject_type: str) -> Readers | None:
    return _readers.get(subject_type)
