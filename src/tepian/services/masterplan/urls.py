"""Addresses. /rencana is for everybody, /kerja/rencana for the agencies, Bappeda and Diskominfo."""

from __future__ import annotations

from typing import Any

PUBLIC: list[Any] = []
urlpatterns: list[Any] = []
