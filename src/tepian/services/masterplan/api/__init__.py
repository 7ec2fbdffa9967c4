"""The plan for programs."""

from __future__ import annotations

from .plan import router

__all__ = ["router"]
