"""Statistics for programs, in the shapes that the world's tools read: SDMX, DCAT, CKAN, CSVW. Only published figures."""

from __future__ import annotations

from .catalogue import router

__all__ = ["router"]
