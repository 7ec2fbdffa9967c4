"""Events: written in the transaction that caused them, delivered after commit, at least once, in order per subject.

Publishing: subclass `Event` in a room's `events.py` and `emit()` it inside an operation.
Answering: `@on("room.thing_happened.v1", consumer="journeys.name")` in `reactions.py` or in a journey.
"""

from .definition import Envelope, Event, emit, on
from .operations import look, note, operation, record_view, record_views

__all__ = ["Envelope", "Event", "emit", "look", "note", "on", "operation", "record_view", "record_views"]
