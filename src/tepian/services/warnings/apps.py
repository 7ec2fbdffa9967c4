from tepian.kernel.catalogue.room import RoomConfig


class WarningsConfig(RoomConfig):
    name = "tepian.services.warnings"
    label = "warnings"
    default = True
