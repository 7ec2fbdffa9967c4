"""Everything that is asked of this room."""

from __future__ import annotations

from .catalogue import (
    DIRECTION_LABELS,
    FREQUENCY_LABELS,
    PRINCIPLE_LABELS,
    STATE_LABELS,
    STATUS_LABELS,
    TOTAL,
    Dimension,
    categories_of,
    classification_on,
    dataset_by,
    datasets,
    dimensions_of,
    due,
    edition_by,
    find_indicators,
    indicator_by,
    published,
    published_edition,
    questionnaire,
)

__all__ = [
    "DIRECTION_LABELS",
    "FREQUENCY_LABELS",
    "PRINCIPLE_LABELS",
    "STATE_LABELS",
    "STATUS_LABELS",
    "TOTAL",
    "Dimension",
    "categories_of",
    "classification_on",
    "dataset_by",
    "datasets",
    "dimensions_of",
    "due",
    "edition_by",
    "find_indicators",
    "indicator_by",
    "published",
    "published_edition",
    "questionnaire",
]
