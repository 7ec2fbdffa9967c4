"""What this room can be asked. One module per kind of question; this is the door."""

from .latest import (
    Reading,
    changes_since,
    features,
    freshness,
    highest,
    latest,
    level_counts,
    nearby,
    of_station,
    reading,
    search,
)
from .series import Bucket, Point, Series, series, thresholds

__all__ = [
    "Bucket",
    "Point",
    "Reading",
    "Series",
    "changes_since",
    "features",
    "freshness",
    "highest",
    "latest",
    "level_counts",
    "nearby",
    "of_station",
    "reading",
    "search",
    "series",
    "thresholds",
]
