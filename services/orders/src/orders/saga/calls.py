"""What each call is given. The methods' names are the keys: the table in domain/steps.py says which state
makes which.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from orders.domain.order import Reason
from orders.domain.steps import State


@dataclass(frozen=True, slots=True)
class Goods:
    product_id: UUID
    seller_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """A saga that this worker has: in this state, under this epoch, and the attempt that was written down for
    it.
    """

    order_id: UUID
    epoch: int
    state: State
    attempts: int
    attempt_id: int
    why: Reason | None
    deadline: datetime
    total_minor: int
    currency: str
    address: Mapping[str, Any]
    payment_token: str | None
    traceparent: str | None
    goods: tuple[Goods, ...]


def _products(saga: Claimed) -> list[dict[str, Any]]:
    return [{"product_id": str(line.product_id), "quantity": line.quantity} for line in saga.goods]


def _goods(saga: Claimed) -> list[dict[str, Any]]:
    return [
        {"product_id": str(line.product_id), "seller_id": str(line.seller_id), "quantity": line.quantity}
        for line in saga.goods
    ]


# beside the order's id, which every call is given
_ARGUMENTS: Mapping[str, Callable[[Claimed], dict[str, Any]]] = {
    "reserve_stock": lambda saga: {"lines": _products(saga)},
    "quote_shipping": lambda saga: {"address": saga.address, "lines": _goods(saga)},
    "authorize_payment": lambda saga: {
        "amount_minor": saga.total_minor,
        "currency": saga.currency,
        "payment_token": saga.payment_token,
    },
    "book_parcels": lambda saga: {"address": saga.address, "lines": _goods(saga)},
}


@dataclass(frozen=True, slots=True)
class BookedParcel:
    parcel_id: UUID
    seller_id: UUID
    status: str
    tracking_code: str


class UnreadableReply(Exception):
    """The call was answered, but not as agreed: nobody can tell what happened."""


def booked_parcels(reply: Any) -> tuple[BookedParcel, ...]:
    """What `book_parcels` answers with."""
    try:
        return tuple(
            BookedParcel(
                UUID(parcel["parcel_id"]),
                UUID(parcel["seller_id"]),
                str(parcel["status"]),
                str(parcel["tracking_code"]),
            )
            for parcel in reply["parcels"]
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableReply(f"book_parcels: {error!r}") from error


def arguments(method: str, saga: Claimed) -> dict[str, Any]:
    make = _ARGUMENTS.get(method)
    return {"order_id": str(saga.order_id)} | (make(saga) if make else {})
