from tepian.kernel.catalogue.room import RoomConfig


class LiteracyConfig(RoomConfig):
    name = "tepian.services.literacy"
    label = "literacy"
    default = True
