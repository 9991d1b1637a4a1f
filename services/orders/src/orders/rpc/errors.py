"""What can come back instead of a result. Only a `RemoteError` is an answer; after any other nobody knows
what happened.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class RpcError(Exception):
    """Base of all: the call gave no result."""


class RpcTimeout(RpcError):
    """No reply within the time. The call may have had its effect."""


class RpcUnavailable(RpcError):
    """The broker is away, or the connection broke while a reply was awaited. The call may have had its
    effect.
    """


class UnknownService(RpcError):
    """No queue takes this call (`mandatory`): nobody has ever served it."""


class RemoteError(RpcError):
    """The service answered with an exception. `payload` is its first argument when that is an object.

    Known ones have a type of their own, found by the remote class's name; all others come as a plain
    RemoteError.
    """

    known: ClassVar[dict[str, type["RemoteError"]]] = {}

    def __init__(self, name: str, payload: Mapping[str, Any], message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.payload = dict(payload)

    def __init_subclass__(cls) -> None:
        RemoteError.known[cls.__name__] = cls

    @classmethod
    def of(cls, error: Mapping[str, Any]) -> "RemoteError":
        """From Nameko's serialized exception: exc_type, exc_args, value."""
        name = str(error.get("exc_type"))
        arguments = error.get("exc_args") or [None]
        payload = arguments[0] if isinstance(arguments[0], Mapping) else {}
        return cls.known.get(name, RemoteError)(name, payload, str(error.get("value")))


class OutOfStock(RemoteError):
    """{"lines": [{"product_id", "requested", "available"}]}"""


class UnknownProduct(RemoteError):
    """{"product_ids": […]}"""


class PaymentDeclined(RemoteError):
    """{"reason"}: definitive, nothing was taken."""


class AddressRejected(RemoteError):
    """{"field", "reason"}"""


class StepWithdrawn(RemoteError):
    """{"step"}: its compensation came first, and its tombstone refuses the step."""


class ParcelLeft(RemoteError):
    """{"parcel_ids": […]}"""


class OutcomeUnknown(RemoteError):
    """{"step"}: the service itself does not know yet."""


class DeadlineExceeded(RemoteError):
    """{}: the call lay in the queue for too long and was not begun."""


class InvalidRequest(RemoteError):
    """{"field", "reason"}"""
