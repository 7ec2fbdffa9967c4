"""What several test modules of this room may ask for."""

from __future__ import annotations

from .standards_city import figures, filled_once

__all__ = ["figures", "filled_once"]
