"""The table the audit judges by: what the other books may say of an order that rests.

An order rests when its saga has ended. Every status of a resting order has one row; what no row allows is a
fault.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

ABSENT = "absent"  # the book does not know the order


@dataclass(frozen=True)
class Row:
    reservation: frozenset[str]
    payment: frozenset[str]
    captures: int  # at the processor
    keeps_money: bool  # captured − refunded: the order's total, or nothing
    parcels: frozenset[str]
    needs_parcels: bool
    needs_reason: bool = False


def row(
    reservation: str,
    payment: str,
    *,
    captures: int,
    keeps_money: bool,
    parcels: str = "",
    needs_reason: bool = False,
) -> Row:
    return Row(
        frozenset(reservation.split()),
        frozenset(payment.split()),
        captures,
        keeps_money,
        frozenset(parcels.split()),
        needs_parcels=bool(parcels),
        needs_reason=needs_reason,
    )


# (the order's status, its saga's state)
ALLOWED: Mapping[tuple[str, str], Row] = {
    ("confirmed", "completed"): row(
        "committed", "captured", captures=1, keeps_money=True, parcels="booked in_transit delivered"
    ),
    ("shipped", "completed"): row(
        "committed", "captured", captures=1, keeps_money=True, parcels="booked in_transit delivered"
    ),
    ("delivered", "completed"): row(
        "committed", "captured", captures=1, keeps_money=True, parcels="delivered"
    ),
    # a step that was refused, or never came, leaves no record or one that is undone
    ("cancelled", "cancelled"): row(
        "absent released", "absent declined voided", captures=0, keeps_money=False, needs_reason=True
    ),
    ("refunded", "refunded"): row(
        "restocked", "refunded", captures=1, keeps_money=False, parcels="withdrawn", needs_reason=True
    ),
}

RESTING = frozenset(saga_state for _, saga_state in ALLOWED)

# Paid for once, whatever came afterwards: these close their basket.
BOUGHT = frozenset({"confirmed", "shipped", "delivered", "refunding", "refunded"})

# A parcel's news reach the order by Kafka: the order's status may be behind its parcels, never ahead of them.
PROGRESS = {"confirmed": 0, "shipped": 1, "delivered": 2}


def status_of_parcels(statuses: Collection[str]) -> str:
    """What the order becomes once it has heard of them all."""
    if statuses and all(status == "delivered" for status in statuses):
        return "delivered"
    if any(status in {"in_transit", "delivered"} for status in statuses):
        return "shipped"
    return "confirmed"


@dataclass(frozen=True)
class Mails:
    """By template: what somebody whose order has this status is told, once each."""

    needed: frozenset[str]
    possible: frozenset[str]  # those, and what may have been told on the way


def mails(needed: str = "", on_the_way: str = "") -> Mails:
    told = frozenset(f"order_{status}" for status in needed.split())
    return Mails(told, told | {f"order_{status}" for status in on_the_way.split()})


# A purchase is confirmed before its parcels exist. It may be delivered without ever having been shipped: the
# news that a parcel left can come after the news that it arrived, and is ignored then. Only what no parcel of
# has left is refunded.
MAILS: Mapping[str, Mails] = {
    "pending": mails(),
    "confirmed": mails("confirmed"),
    "shipped": mails("confirmed shipped"),
    "delivered": mails("confirmed delivered", "shipped"),
    "cancelled": mails("cancelled"),
    # it may be refused because a parcel left, and the order is what it was before
    "refunding": mails("confirmed", "shipped delivered"),
    "refunded": mails("confirmed refunded"),
}
