"""The kernel's Django app."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "tepian.kernel"
    label = "city"
    verbose_name = "City"

    def ready(self) -> None:
        for part in (
            "regions",
            "organisations",
            "identity",
            "notifications",
            "documents",
            "residents",
            "signatures",
            "maps",
        ):
            for door in ("contributions", "reactions"):
                module = f"tepian.kernel.{part}.{door}"
                if find_spec(module):
                    import_module(module)
