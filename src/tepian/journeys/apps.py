"""Loads every story, so that each registers what it answers."""

import pkgutil
from importlib import import_module

from django.apps import AppConfig


class JourneysConfig(AppConfig):
    name = "tepian.journeys"

    def ready(self) -> None:
        import tepian.journeys as package

        for module in pkgutil.iter_modules(package.__path__):
            if module.name != "apps":
                import_module(f"{package.__name__}.{module.name}")
