from tepian.kernel.catalogue.room import RoomConfig


class EmergencyConfig(RoomConfig):
    name = "tepian.services.emergency"
    label = "emergency"
    default = True
