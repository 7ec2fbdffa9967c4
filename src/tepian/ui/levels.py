"""The four levels of danger and how they look: a word, a shape and a colour together, never a colour alone."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

LEVELS: dict[str, Any] = {
    "normal": _("Normal"),
    "waspada": _("Waspada"),
    "siaga": _("Siaga"),
    "awas": _("Awas"),
    "unknown": _("Unknown"),
}
ORDER = {code: rank for rank, code in enumerate(("none", "normal", "unknown", "waspada", "siaga", "awas"))}


def label(level: str) -> Any:
    """The level's word in the reader's language; an unknown code is "Unknown"."""
    return LEVELS.get(level, LEVELS["unknown"])


def known(level: str) -> str:
    """The level's code, `unknown` for anything else: safe to put into a class name."""
    return level if level in LEVELS else "unknown"


def worst(levels: Any) -> str:
    """The highest of several levels; `none` of nothing."""
    return max((level if level in ORDER else "unknown" for level in levels), key=ORDER.__getitem__, default="none")
