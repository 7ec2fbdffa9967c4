"""Every verb of this room. The system's state changes nowhere else."""

from __future__ import annotations

from .applying import (
    NotProven,
    TooMany,
    answer,
    attach,
    begin,
    begin_at_counter,
    cancel,
    count_try,
    detach,
    prove,
    submit,
)
from .handling import FIELD_PAPER, LOOKED_FOR, accept_paper, approve, inspect, refuse, see, send_back
from .keeping import due_to_expire, due_to_forget, expire, forget, forget_tries, revoke, stop_for
from .letters import KIND, fetch, finish, hand_over, issue, render, return_unsigned, values, waiting
from .packs import load_pack

__all__ = [
    "FIELD_PAPER", "KIND", "LOOKED_FOR", "NotProven", "TooMany", "accept_paper", "answer",
    "approve", "attach", "begin", "begin_at_counter", "cancel", "count_try", "detach", "due_to_expire", "due_to_forget", "expire",
    "fetch", "finish", "forget", "forget_tries", "hand_over", "inspect", "issue", "load_pack", "prove", "refuse", "render",
    "return_unsigned", "revoke", "see", "send_back", "stop_for", "submit", "values", "waiting",
]  # fmt: skip
