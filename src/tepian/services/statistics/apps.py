from tepian.kernel.catalogue.room import RoomConfig


class StatisticsConfig(RoomConfig):
    name = "tepian.services.statistics"
    label = "statistics"
    default = True
