"""The refusals that cross the wire: a caller finds the type's name in `exc_type` and its detail in
`exc_args[0]`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

type Detail = Mapping[str, Any]


class Refusal(Exception):
    """A business answer, not a fault: it is expected, and where it decides a step it is stored and given
    again.
    """

    registry: ClassVar[dict[str, type["Refusal"]]] = {}

    def __init__(self, detail: Detail | None = None) -> None:
        self.detail = dict(detail or {})
        super().__init__(self.detail)

    def __init_subclass__(cls) -> None:
        Refusal.registry[cls.__name__] = cls


class OutOfStock(Refusal):
    """{"lines": [{"product_id", "requested", "available"}]}"""


class UnknownProduct(Refusal):
    """{"product_ids": [...]}"""


class PaymentDeclined(Refusal):
    """{"reason"}: definitive, no money has moved."""


class AddressRejected(Refusal):
    """{"field", "reason"}"""


class StepWithdrawn(Refusal):
    """{"step"}: a compensation came first; its tombstone refuses the step for ever."""


class ParcelLeft(Refusal):
    """{"parcel_ids": [...]}"""


class OutcomeUnknown(Refusal):
    """{"step"}: neither done nor refused as far as anybody can tell now; ask again with the same order."""


class DeadlineExceeded(Refusal):
    """{}: the caller has stopped waiting; nothing was begun."""


class InvalidRequest(Refusal):
    """{"field", "reason"}: the caller's mistake; nothing was decided and nothing is stored."""


def refusal(name: str, detail: Detail) -> Refusal:
    return Refusal.registry[name](detail)
