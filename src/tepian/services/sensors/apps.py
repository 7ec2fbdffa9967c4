"""The room's Django app."""

from tepian.kernel.catalogue.room import RoomConfig


class SensorsConfig(RoomConfig):
    name = "tepian.services.sensors"
    label = "sensors"
    default = True
