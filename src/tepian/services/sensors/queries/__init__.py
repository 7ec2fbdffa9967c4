"""What this room can be asked. One module per kind of question; this is the door."""

from .latest import (
    Reading,
    changes_since,
    feature,
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
from .simulation import Simulation, simulation_state

__all__ = [
    "Bucket",
    "Point",
    "Reading",
    "Series",
    "Simulation",
    "changes_since",
    "feature",
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
    "simulation_state",
    "thresholds",
]
