"""orders.order: what each order is to each of its sellers, and when it was placed to the rules."""

from dataclasses import dataclass
from typing import Any

from faust.types import EventT, StreamT

from insights.acknowledged import Insights
from insights.buckets import MINUTE, is_late, start
from insights.metrics import LATE
from insights.records import OrderEvent, OrderState, Placed, Sale
from insights.streams.handling import settle_all, trace_headers
from insights.tables import Tables
from insights.topics import Topics


@dataclass(frozen=True, slots=True)
class Orders:
    topics: Topics
    tables: Tables

    async def handle(self, value: OrderEvent, event: EventT[OrderEvent]) -> None:
        match value.data.status:
            case "pending":
                self._placed(value)
            case "confirmed" | "refunded":
                self._told(value, event.message.timestamp)

    def _placed(self, event: OrderEvent) -> None:
        order = event.data
        placed = Placed(
            order_id=order.order_id,
            shopper_id=order.shopper_id,
            at=event.time.timestamp(),
            total_minor=order.total_minor,
            currency=order.currency,
            most_of_one=most_of_one(order),
        )
        self.topics.placed.send_soon(key=order.shopper_id, value=placed, headers=trace_headers())

    def _told(self, event: OrderEvent, published: float) -> None:
        """The order's record as it is after this event, and its sales; also when it is told again: who was
        killed after writing it may not have sent them.
        """
        order_id = event.data.order_id
        known = self.tables.orders[order_id]
        record = after(known, event, published)
        if record.get("late") and "minute" not in known:
            LATE.labels("orders").inc()
        self.tables.orders[order_id] = record
        for sale in sales_of(order_id, record):
            self.topics.sales.send_soon(key=sale.seller_id, value=sale, headers=trace_headers())


def after(record: dict[str, Any], event: OrderEvent, published: float) -> dict[str, Any]:
    """An order counts at its first `confirmed`, in that minute, and no more when it is `refunded`; whatever
    is told twice, or told in another order, ends in the same record.
    """
    if event.data.status == "refunded":
        return {**record, "refunded": True}
    if "minute" in record:
        return record
    happened = event.time.timestamp()
    return {
        **record,
        "minute": start(happened, MINUTE),
        "late": is_late(happened, published),
        "currency": event.data.currency,
        "sales": amounts(event.data),
    }


def amounts(order: OrderState) -> dict[str, int]:
    by_seller: dict[str, int] = {}
    for line in order.lines:
        by_seller[line.seller_id] = by_seller.get(line.seller_id, 0) + line.line_total_minor
    return by_seller


def most_of_one(order: OrderState) -> int:
    quantities: dict[str, int] = {}
    for line in order.lines:
        quantities[line.product_id] = quantities.get(line.product_id, 0) + line.quantity
    return max(quantities.values(), default=0)


def sales_of(order_id: str, record: dict[str, Any]) -> list[Sale]:
    """None before it was confirmed: a `refunded` that overtook it finds nothing to take out."""
    if "minute" not in record:
        return []
    return [
        Sale(
            order_id=order_id,
            seller_id=seller_id,
            minute=record["minute"],
            amount_minor=amount,
            currency=record["currency"],
            state="refunded" if record.get("refunded") else "counted",
            late=record["late"],
        )
        for seller_id, amount in record["sales"].items()
    ]


def install(app: Insights, topics: Topics, tables: Tables) -> Orders:
    orders = Orders(topics, tables)

    @app.agent(topics.orders, name="orders")
    async def read_orders(stream: StreamT[OrderEvent]) -> None:
        await settle_all(app, stream, orders.handle)

    return orders
