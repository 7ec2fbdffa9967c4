"""Every verb of the register. Every look is recorded before anything is shown."""

from .corrections import (
    CORRECT_WITHIN,
    CORRECTABLE,
    ask_correction,
    decide_correction,
    read_correction,
    read_corrections,
    typed,
)
from .duplicates import decide_duplicate, note_duplicates, read_pair, read_pairs, reopen_duplicate
from .keeping import forget_old
from .looking import (
    MOST_FOUND,
    Asked,
    Person,
    Seen,
    checked_purpose,
    family,
    look_up,
    looked_up,
    open_card,
    search_address,
    search_register,
    show,
)
from .writing import CODES, checked, family_for, home, index, record_death, record_move, register_resident

__all__ = [
    "CODES",
    "CORRECTABLE",
    "CORRECT_WITHIN",
    "MOST_FOUND",
    "Asked",
    "Person",
    "Seen",
    "ask_correction",
    "checked",
    "checked_purpose",
    "decide_correction",
    "decide_duplicate",
    "family",
    "family_for",
    "forget_old",
    "home",
    "index",
    "look_up",
    "looked_up",
    "note_duplicates",
    "open_card",
    "read_correction",
    "read_corrections",
    "read_pair",
    "read_pairs",
    "record_death",
    "record_move",
    "register_resident",
    "reopen_duplicate",
    "search_address",
    "search_register",
    "show",
    "typed",
]
