"""From a workbook of a city's planners to a tree of parts. Nothing is guessed silently: what is not certain is a trouble
with its cells and suggestions, answered once for all cells that say the same."""

from __future__ import annotations

from .columns import ROLE_LABELS, Role, guess, plan_tables
from .matching import matched
from .understanding import Trouble, Understood, understand

__all__ = ["ROLE_LABELS", "Role", "Trouble", "Understood", "guess", "matched", "plan_tables", "understand"]
