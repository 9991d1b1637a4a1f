"""What an order is to its shopper: its status, why it has it, and what its parcels make of it."""

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Protocol


class Status(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


class Reason(StrEnum):
    OUT_OF_STOCK = "out_of_stock"
    PRODUCT_UNKNOWN = "product_unknown"
    ADDRESS_REJECTED = "address_rejected"
    PAYMENT_DECLINED = "payment_declined"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    CANCELLED_BY_SHOPPER = "cancelled_by_shopper"
    # a refund was asked for, but the parcel left first: the order goes on
    PARCEL_LEFT = "parcel_left"


class ParcelStatus(StrEnum):
    BOOKED = "booked"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    WITHDRAWN = "withdrawn"


class HasParcelStatus(Protocol):
    @property
    def seller_id(self) -> object: ...
    @property
    def status(self) -> str: ...


# Where parcels move an order. While it is refunded they don't: the saga decides then.
MOVED_BY_PARCELS = frozenset({Status.CONFIRMED, Status.SHIPPED})


def status_by_parcels(sellers: Collection[object], parcels: Iterable[HasParcelStatus]) -> Status:
    """Delivered when every seller's parcel is; shipped from the first that left on.

    A parcel that is not known yet counts as not delivered: its news may come later than the others'.
    """
    known = list(parcels)
    delivered = {parcel.seller_id for parcel in known if parcel.status == ParcelStatus.DELIVERED}
    under_way = any(parcel.status in (ParcelStatus.IN_TRANSIT, ParcelStatus.BOOKED) for parcel in known)
    if delivered and delivered >= set(sellers) and not under_way:
        return Status.DELIVERED
    if any(parcel.status in (ParcelStatus.IN_TRANSIT, ParcelStatus.DELIVERED) for parcel in known):
        return Status.SHIPPED
    return Status.CONFIRMED
