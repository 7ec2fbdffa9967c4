"""Every verb of this room. The system state changes nowhere else."""

from __future__ import annotations

from .computed import compute_all
from .editions import (
    add_remark,
    approve_edition,
    change_draft,
    choose,
    discard_edition,
    explain_jumps,
    missing_for_sending,
    publish_computed,
    publish_due,
    repair,
    resolve_remark,
    return_edition,
    send_edition,
    start_edition,
    upload,
    withdraw_edition,
)
from .packs import load_catalogue

__all__ = [
    "add_remark",
    "approve_edition",
    "change_draft",
    "choose",
    "compute_all",
    "discard_edition",
    "explain_jumps",
    "load_catalogue",
    "missing_for_sending",
    "publish_computed",
    "publish_due",
    "repair",
    "resolve_remark",
    "return_edition",
    "send_edition",
    "start_edition",
    "upload",
    "withdraw_edition",
]
