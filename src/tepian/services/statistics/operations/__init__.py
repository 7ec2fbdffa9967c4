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
from .waiting import Reader, begin_reading, keep_reading, refuse_reading, unread

__all__ = [
    "Reader",
    "add_dataset",
    "add_remark",
    "approve_edition",
    "begin_reading",
    "change_draft",
    "choose",
    "compute_all",
    "discard_edition",
    "explain_jumps",
    "fill_form",
    "forget_spelling",
    "keep_reading",
    "load_catalogue",
    "missing_for_sending",
    "plan_release",
    "publish_computed",
    "publish_due",
    "push",
    "refuse_reading",
    "repair",
    "resolve_remark",
    "return_edition",
    "send_edition",
    "start_edition",
    "start_pushed",
    "unread",
    "upload",
    "withdraw_edition",
]
