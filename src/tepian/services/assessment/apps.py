from tepian.kernel.catalogue.room import RoomConfig


class AssessmentConfig(RoomConfig):
    name = "tepian.services.assessment"
    label = "assessment"
    default = True
