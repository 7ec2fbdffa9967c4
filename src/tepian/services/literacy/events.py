"""What happens to sessions. No person is ever in an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tepian.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class _AboutSession(Event):
    audience: ClassVar[str] = "public"

    number: str
    programme: str
    region: str
    starts_at: str

    @property
    def subject(self) -> str:
        return f"session/{self.number}"


@dataclass(frozen=True, kw_only=True)
class SessionPlanned(_AboutSession):
    """A session has a day, an hour and a place."""

    type: ClassVar[str] = "literacy.session_planned.v1"


@dataclass(frozen=True, kw_only=True)
class SessionChanged(_AboutSession):
    """Its day, hour, place or words changed."""

    type: ClassVar[str] = "literacy.session_changed.v1"


@dataclass(frozen=True, kw_only=True)
class SessionOpened(_AboutSession):
    """People come in: the code works."""

    type: ClassVar[str] = "literacy.session_opened.v1"


@dataclass(frozen=True, kw_only=True)
class LessonEnded(_AboutSession):
    """The test before is closed and the test after is open."""

    type: ClassVar[str] = "literacy.lesson_ended.v1"


@dataclass(frozen=True, kw_only=True)
class SessionHeld(_AboutSession):
    """It is over and counts. `attendances` as known now; a paper list may follow."""

    type: ClassVar[str] = "literacy.session_held.v1"

    attendances: int


@dataclass(frozen=True, kw_only=True)
class SessionCancelled(_AboutSession):
    """It will not be held; `reason` is told to the public."""

    type: ClassVar[str] = "literacy.session_cancelled.v1"

    reason: str
