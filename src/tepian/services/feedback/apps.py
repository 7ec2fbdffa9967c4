from tepian.kernel.catalogue.room import RoomConfig


class FeedbackConfig(RoomConfig):
    name = "tepian.services.feedback"
    label = "feedback"
    default = True
