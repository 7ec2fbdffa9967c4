"""Exact travel times on a road network: which of these places is fastest to that one, and by which way."""

from __future__ import annotations

from .engine import warm_up
from .graph import RoadGraph
from .parts import Line, RoadsUnreadable

__all__ = ["Line", "RoadGraph", "RoadsUnreadable", "warm_up"]
