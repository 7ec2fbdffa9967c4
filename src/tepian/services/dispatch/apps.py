from tepian.kernel.catalogue.room import RoomConfig


class DispatchConfig(RoomConfig):
    name = "tepian.services.dispatch"
    label = "dispatch"
    default = True
