"""Every verb of this room. The system state changes nowhere else."""

from __future__ import annotations

from .evidence import add_file, add_link, check_link, check_links, withdraw_evidence
from .handover import hand_over, take_effect
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
    "add_file",
    "add_link",
    "check_link",
    "check_links",
    "hand_in",
    "hand_over",
    "load_frameworks",
    "missing_for_sending",
    "open_report",
    "reopen_report",
    "save_report",
    "send_report",
    "shipped_frameworks",
    "start_report",
    "take_effect",
    "take_new_figures",
    "verify",
    "withdraw_evidence",
]
