"""What this room can do. One module per kind of verb; this is the door."""

from .readings import record_observations
from .stations import (
    create_datastream,
    create_observed_property,
    create_sensor,
    create_station,
    set_thresholds,
    update_datastream,
    update_station,
)
from .store import Row
from .writer import WRITER, IngestWriter, Overloaded, StorageFull, Unavailable

__all__ = [
    "WRITER",
    "IngestWriter",
    "Overloaded",
    "Row",
    "StorageFull",
    "Unavailable",
    "create_datastream",
    "create_observed_property",
    "create_sensor",
    "create_station",
    "record_observations",
    "set_thresholds",
    "update_datastream",
    "update_station",
]
