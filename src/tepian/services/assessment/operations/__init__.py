"""Every verb of this room. The system state changes nowhere else."""

from __future__ import annotations

from .answering import add_evidence, add_link, answer_item, check_again, keep_finding, withdraw_evidence
from .assessing import (
    assign,
    change_weights,
    close,
    complete_instrument,
    discard_assessment,
    finish_scoring,
    give_back,
    open_assessment,
    submit,
)
from .packs import load_pack, record_published, remove_published
from .scoring import cancel_interview, note_interview, plan_interview, score_item
from .surveys import answer_survey, end_survey, open_survey

__all__ = [
    "add_evidence",
    "add_link",
    "answer_item",
    "answer_survey",
    "assign",
    "cancel_interview",
    "change_weights",
    "check_again",
    "close",
    "complete_instrument",
    "discard_assessment",
    "end_survey",
    "finish_scoring",
    "give_back",
    "keep_finding",
    "load_pack",
    "note_interview",
    "open_assessment",
    "open_survey",
    "plan_interview",
    "record_published",
    "remove_published",
    "score_item",
    "submit",
    "withdraw_evidence",
]
