"""An intent: that somebody shall get one mail for one cause. It holds ids and numbers, never an address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4


class Template(StrEnum):
    ORDER_CONFIRMED = "order_confirmed"
    ORDER_SHIPPED = "order_shipped"
    ORDER_DELIVERED = "order_delivered"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_REFUNDED = "order_refunded"
    BASKET_ABANDONED = "basket_abandoned"
    REVIEW_RECEIVED = "review_received"
    SALES_REPORT = "sales_report"


class State(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    SKIPPED = "skipped"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Unique by (cause, template, recipient): however often a cause is told, one of them is kept."""

    cause: str
    template: Template
    recipient: UUID
    order_id: UUID | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    traceparent: str | None = None
    id: UUID = field(default_factory=uuid4)

    def message_id(self, domain: str) -> str:
        """The same at each attempt: a mail that went out twice can be recognised as one."""
        return f"<{self.id}@{domain}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """News for those who work in a stall. Who that is, is asked when it is addressed: each becomes an
    intent's recipient.
    """

    cause: str
    template: Template
    context: Mapping[str, Any]
    traceparent: str | None = None
    id: UUID = field(default_factory=uuid4)


# a status that is told again (`parcel_left`) meets the same cause and template
OF_STATUS: Mapping[str, Template] = {
    "confirmed": Template.ORDER_CONFIRMED,
    "shipped": Template.ORDER_SHIPPED,
    "delivered": Template.ORDER_DELIVERED,
    "cancelled": Template.ORDER_CANCELLED,
    "refunded": Template.ORDER_REFUNDED,
}


def of_order(order_id: UUID, shopper_id: UUID, status: str, traceparent: str | None) -> Intent | None:
    template = OF_STATUS.get(status)
    if template is None:
        return None
    return Intent(
        cause=f"order:{order_id}",
        template=template,
        recipient=shopper_id,
        order_id=order_id,
        traceparent=traceparent,
    )


def of_basket(basket_id: UUID, version: int, shopper_id: UUID) -> Intent:
    return Intent(
        cause=f"basket:{basket_id}:{version}",
        template=Template.BASKET_ABANDONED,
        recipient=shopper_id,
        context={"basket_id": str(basket_id), "version": version},
    )


def of_review(review_id: UUID, product_id: UUID, rating: int, traceparent: str | None) -> Announcement:
    return Announcement(
        cause=f"review:{review_id}",
        template=Template.REVIEW_RECEIVED,
        context={"review_id": str(review_id), "product_id": str(product_id), "rating": rating},
        traceparent=traceparent,
    )


def of_day(seller_id: UUID, day: date) -> Announcement:
    return Announcement(
        cause=f"report:{seller_id}:{day}",
        template=Template.SALES_REPORT,
        context={"seller_id": str(seller_id), "day": day.isoformat()},
    )


def addressed(announcement: Announcement, staff: list[UUID]) -> list[Intent]:
    return [
        Intent(
            cause=announcement.cause,
            template=announcement.template,
            recipient=account_id,
            context=announcement.context,
            traceparent=announcement.traceparent,
        )
        for account_id in sorted(set(staff))
    ]
