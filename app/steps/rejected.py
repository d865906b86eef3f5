"""The one way in which a step refuses a record."""

from schemas.dead_letter import Reason, Stage


class Rejected(Exception):
    """This record cannot be processed, now or later: it becomes a dead letter, its neighbours go on."""

    def __init__(self, stage: Stage, reason: Reason, message: str, error_class: str = "Rejected") -> None:
        super().__init__(message)
        self.stage = stage
        self.reason = reason
        self.message = message
        self.error_class = error_class
