"""Everything that is asked of this room."""

from __future__ import annotations

from .plan import (
    KIND_LABELS,
    REVISION_LABELS,
    SOURCE_LABELS,
    TOPIC,
    Dimension,
    current,
    dimensions,
    open_revision,
    part_by,
    parts,
    plan_by,
    plans,
    revision_by,
    revision_on,
    shown,
)

__all__ = [
    "KIND_LABELS",
    "REVISION_LABELS",
    "SOURCE_LABELS",
    "TOPIC",
    "Dimension",
    "current",
    "dimensions",
    "open_revision",
    "part_by",
    "parts",
    "plan_by",
    "plans",
    "revision_by",
    "revision_on",
    "shown",
]
