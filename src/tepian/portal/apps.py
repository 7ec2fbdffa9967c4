"""The portal's Django app. Last in the list: when it is ready, everybody is."""

from django.apps import AppConfig

from tepian.kernel.catalogue import contributions


class PortalConfig(AppConfig):
    name = "tepian.portal"

    def ready(self) -> None:
        contributions.freeze()
