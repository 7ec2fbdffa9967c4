"""Every verb of this room. The system state changes nowhere else."""

from __future__ import annotations

from .packs import load_frameworks, shipped_frameworks

__all__ = ["load_frameworks", "shipped_frameworks"]
