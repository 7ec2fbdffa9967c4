"""Every verb of this room. The system's state changes nowhere else."""

from __future__ import annotations

from .attendance import TooMany, attend, attend_made_up, count_wrong_code, sit_made_up, sit_test, write_counts
from .keeping import due_years, forget_arrivals, forget_year
from .materials import add_material, remove_material
from .packs import load_pack
from .programmes import add_programme, add_question, change_programme, change_question, retire_question, was_answered
from .sessions import (
    cancel_session,
    change_session,
    end_lesson,
    hold_due,
    hold_session,
    open_session,
    plan_session,
    renew_code,
)

__all__ = [
    "TooMany",
    "add_material",
    "add_programme",
    "add_question",
    "attend",
    "attend_made_up",
    "cancel_session",
    "change_programme",
    "change_question",
    "change_session",
    "count_wrong_code",
    "due_years",
    "end_lesson",
    "forget_arrivals",
    "forget_year",
    "hold_due",
    "hold_session",
    "load_pack",
    "open_session",
    "plan_session",
    "remove_material",
    "renew_code",
    "retire_question",
    "sit_made_up",
    "sit_test",
    "was_answered",
    "write_counts",
]
