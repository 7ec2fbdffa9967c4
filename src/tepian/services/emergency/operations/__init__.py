"""The verbs: signs come and go, a person decides, units act, the story is written down."""

from .decisions import (
    close_incident,
    confirm_draft,
    dismiss_draft,
    mark_under_control,
    reopen_incident,
    request_warning_update,
)
from .parts import LONGEST_VALIDITY
from .rules import load_rules
from .signs import end_sign, mark_silence, propose_draft, report_sign
from .work import accept, add_note, assign, finish, record_warning

__all__ = [
    "LONGEST_VALIDITY",
    "accept",
    "add_note",
    "assign",
    "close_incident",
    "confirm_draft",
    "dismiss_draft",
    "end_sign",
    "finish",
    "load_rules",
    "mark_silence",
    "mark_under_control",
    "propose_draft",
    "record_warning",
    "reopen_incident",
    "report_sign",
    "request_warning_update",
]
