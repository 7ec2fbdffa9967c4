from tepian.kernel.catalogue.room import RoomConfig


class MasterplanConfig(RoomConfig):
    name = "tepian.services.masterplan"
    label = "masterplan"
    default = True
