"""What programs speak with this room: `/api/v1` (router), OGC SensorThings, and the fast way in for readings."""

from .rest import router

__all__ = ["router"]
