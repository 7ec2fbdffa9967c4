from tepian.kernel.catalogue.room import RoomConfig


class WardLettersConfig(RoomConfig):
    name = "tepian.services.ward_letters"
    label = "ward_letters"
    default = True
