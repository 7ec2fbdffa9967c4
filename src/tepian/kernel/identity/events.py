"""What happens to accounts, said without names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tepian.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class PositionAssigned(Event):
    """An account was given a position, from now or later."""

    type: ClassVar[str] = "identity.position_assigned.v1"
    audience: ClassVar[str] = "none"
    account_id: int
    holding_id: int
    position: str

    @property
    def subject(self) -> str:
        return f"account/{self.account_id}"


@dataclass(frozen=True, kw_only=True)
class HoldingEnded(Event):
    """An account no longer holds a position (from now, or from the moment named)."""

    type: ClassVar[str] = "identity.holding_ended.v1"
    audience: ClassVar[str] = "none"
    account_id: int
    holding_id: int
    position: str
    ends_at: str

    @property
    def subject(self) -> str:
        return f"account/{self.account_id}"


@dataclass(frozen=True, kw_only=True)
class SignInLocked(Event):
    """Ten wrong passwords or codes: sign-in waits for a while."""

    type: ClassVar[str] = "identity.sign_in_locked.v1"
    audience: ClassVar[str] = "none"
    account_id: int
    until: str

    @property
    def subject(self) -> str:
        return f"account/{self.account_id}"
