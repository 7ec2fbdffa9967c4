"""Every verb of this room. The system state changes nowhere else."""

from __future__ import annotations

from .packs import load_frameworks, shipped_frameworks
from .reporting import (
    hand_in,
    missing_for_sending,
    open_report,
    reopen_report,
    save_report,
    send_report,
    start_report,
    take_new_figures,
    verify,
)

__all__ = [
    "hand_in",
    "load_frameworks",
    "missing_for_sending",
    "open_report",
    "reopen_report",
    "save_report",
    "send_report",
    "shipped_frameworks",
    "start_report",
    "take_new_figures",
    "verify",
]
