"""HTML: one query or operation each."""

from .corrections import ask, corrections, decide
from .duplicates import duplicates, pair
from .looking import person, purpose, search
from .writing import death, move, register

__all__ = [
    "ask",
    "corrections",
    "death",
    "decide",
    "duplicates",
    "move",
    "pair",
    "person",
    "purpose",
    "register",
    "search",
]
