"""The letters that the house brings, so that pictures and documents look the same on every server, also on one without."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
FAMILY = "DejaVu Sans"
