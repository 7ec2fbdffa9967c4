"""The Django app of a room: loads the room's doors in one order. A room's `apps.py` subclasses it and adds nothing."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class RoomConfig(AppConfig):
    default = False

    def ready(self) -> None:
        for door in ("events", "reactions", "contributions"):
            module = f"{self.name}.{door}"
            if find_spec(module):
                import_module(module)
