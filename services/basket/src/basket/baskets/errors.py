"""Why something is refused. Nothing of what is refused is stored."""

from basket.models import Status


class Refused(Exception):
    pass


class BasketNotFound(Refused):
    """Also when it is another's: whether it exists is nobody else's business."""


class LineNotFound(Refused):
    pass


class BasketClosed(Refused):
    def __init__(self, status: Status) -> None:
        super().__init__(f"the basket is {status.value}")
        self.status = status


class MergedElsewhere(Refused):
    """The guest's basket went into another member's."""


class StaleVersion(Refused):
    def __init__(self, current: int) -> None:
        super().__init__(f"the basket is at version {current}")
        self.current = current


class InvalidField(Refused):
    """The request is well formed, but names something that cannot be."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.code = code
        self.message = message
