"""Every verb of this room. The system state changes nowhere else."""

from __future__ import annotations

from .catalogue import add_dataset, fill_form, forget_spelling, plan_release
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
from .pushing import push, start_pushed

__all__ = [
    "add_dataset",
    "add_remark",
    "approve_edition",
    "change_draft",
    "choose",
    "compute_all",
    "discard_edition",
    "explain_jumps",
    "fill_form",
    "forget_spelling",
    "load_catalogue",
    "missing_for_sending",
    "plan_release",
    "publish_computed",
    "publish_due",
    "push",
    "repair",
    "resolve_remark",
    "return_edition",
    "send_edition",
    "start_edition",
    "start_pushed",
    "upload",
    "withdraw_edition",
]
