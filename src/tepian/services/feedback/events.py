"""What happens to comments. An answer is no event: its time would lead to whoever gave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tepian.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class CommentHandled(Event):
    """An office said what it does about a comment. `state` is seen or done; the words stay with the office."""

    type: ClassVar[str] = "feedback.comment_handled.v1"
    audience: ClassVar[str] = "none"

    service: str
    office: str
    region: str
    state: str

    @property
    def subject(self) -> str:
        return f"service/{self.service}"
