"""What happens to letters. A resident is named by the register's own number, never by NIK or name; nothing of this goes to
live streams, for whoever listens there would count another ward's work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tepian.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class _AboutLetter(Event):
    """`code` is the request's, `kind` the kind's code, `region` the ward's code, `resident` the register's row."""

    audience: ClassVar[str] = "none"

    code: str
    kind: str
    region: str
    resident: int

    @property
    def subject(self) -> str:
        return f"letter/{self.code}"


@dataclass(frozen=True, kw_only=True)
class LetterIssued(_AboutLetter):
    """A letter is signed. `valid_until` is an ISO date, empty for a letter without an end; `document` is the code under
    which everybody can check it."""

    type: ClassVar[str] = "ward_letters.letter_issued.v1"
    document: str
    valid_until: str


@dataclass(frozen=True, kw_only=True)
class LetterRevoked(_AboutLetter):
    """A letter does not count any more: what was given on its ground is to be looked at again."""

    type: ClassVar[str] = "ward_letters.letter_revoked.v1"
    document: str


@dataclass(frozen=True, kw_only=True)
class LetterExpired(_AboutLetter):
    """A letter's last day is over."""

    type: ClassVar[str] = "ward_letters.letter_expired.v1"
    document: str


@dataclass(frozen=True, kw_only=True)
class RequestStopped(_AboutLetter):
    """An open request ended because the resident died or moved; `reason` is died or moved."""

    type: ClassVar[str] = "ward_letters.request_stopped.v1"
    reason: str
