"""Every verb of this room. The system state changes nowhere else."""

from __future__ import annotations

from .comments import answer_comment, forget_senders, judge_comment, write_comment
from .editing import add_part, change_part, move_part, remove_part
from .evidence import FINDING_WORDS, add_file, add_link, check_link, check_links, withdraw_evidence
from .handover import hand_over, take_effect
from .meetings import (
    add_resolution,
    cancel_meeting,
    change_meeting,
    end_resolution,
    hold_meeting,
    load_bodies,
    plan_meeting,
)
from .packs import load_frameworks, shipped_frameworks
from .photos import add_photo, withdraw_photo
from .plan import (
    Incomplete,
    change_plan,
    create_plan,
    drop_revision,
    propose_revision,
    publish_plan,
    put_in_force,
    return_revision,
    start_revision,
)
from .projects import (
    change_project,
    move_project,
    open_project,
    plan_progress,
    publish_project,
    report_month,
    set_stages,
)
from .reporting import (
    beginning,
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
from .wordlists import load_word_lists, shipped_word_lists

__all__ = [
    "FINDING_WORDS",
    "Incomplete",
    "add_file",
    "add_link",
    "add_part",
    "add_photo",
    "add_resolution",
    "answer_comment",
    "beginning",
    "cancel_meeting",
    "change_meeting",
    "change_part",
    "change_plan",
    "change_project",
    "check_link",
    "check_links",
    "create_plan",
    "drop_revision",
    "end_resolution",
    "forget_senders",
    "hand_in",
    "hand_over",
    "hold_meeting",
    "judge_comment",
    "load_bodies",
    "load_frameworks",
    "load_word_lists",
    "missing_for_sending",
    "move_part",
    "move_project",
    "open_project",
    "open_report",
    "plan_meeting",
    "plan_progress",
    "propose_revision",
    "publish_plan",
    "publish_project",
    "put_in_force",
    "remove_part",
    "reopen_report",
    "report_month",
    "return_revision",
    "save_report",
    "send_report",
    "set_stages",
    "shipped_frameworks",
    "shipped_word_lists",
    "start_report",
    "start_revision",
    "take_effect",
    "take_new_figures",
    "verify",
    "withdraw_evidence",
    "withdraw_photo",
    "write_comment",
]
