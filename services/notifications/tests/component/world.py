"""What a test says to the service, and what it sees of it."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg

from bazaar_shared.contracts import load, violations
from bazaar_shared.envelope import Event
from bazaar_shared.testing.topics import send_events

from .mailbox import Mailbox
from .market import Market, Ordered

CONTRACT = load(Path(__file__).parents[4] / "shared/contracts/asyncapi/bazaar.yaml")


def event(
    source: str, kind: str, subject: str, version: int, data: dict[str, Any], time: datetime | None
) -> Event:
    return Event(
        id=str(uuid4()),
        source=f"/bazaar/{source}",
        type=f"bazaar.{kind}.v1",
        subject=subject,
        time=time or datetime.now(UTC),
        data=data,
        version=version,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )


def order_event(
    order: Ordered, status: str, reason: str | None = None, time: datetime | None = None
) -> Event:
    order.version += 1
    data = order.data(status, reason)
    return event("orders", f"orders.order.{status}", str(order.id), order.version, data, time)


def basket_event(
    basket_id: UUID,
    version: int,
    *lines: tuple[UUID, int, int],
    shopper_id: UUID | None,
    status: str = "open",
    time: datetime | None = None,
) -> Event:
    """Lines: (product, quantity, price)."""
    listed = [
        {"product_id": str(product_id), "quantity": quantity, "unit_price_minor": price}
        for product_id, quantity, price in lines
    ]
    data = {
        "basket_id": str(basket_id),
        "status": status,
        "shopper_id": str(shopper_id) if shopper_id else None,
        "order_id": None,
        "lines": listed,
        "total_minor": sum(quantity * price for _, quantity, price in lines),
        "currency": "EUR",
    }
    return event("basket", "basket.basket", str(basket_id), version, data, time)


def review_event(product_id: UUID, rating: int = 4, status: str = "published") -> Event:
    review_id = uuid4()
    data = {
        "review_id": str(review_id),
        "product_id": str(product_id),
        "shopper_id": str(uuid4()),
        "rating": rating,
        "status": status,
    }
    return event("reviews", "reviews.review", str(review_id), 1, data, None)


class World:
    def __init__(
        self,
        environment: dict[str, str],
        rows: psycopg.Connection,
        market: Market,
        mailbox: Mailbox,
        kafka: str,
    ) -> None:
        self.environment = environment
        self.rows = rows
        self.market = market
        self.mailbox = mailbox
        self._kafka = kafka

    def tell(self, topic: str, *events: Event) -> None:
        broken = [fault for told in events for fault in violations(CONTRACT, topic, told)]
        assert broken == []
        send_events(self._kafka, topic, events)

    def states(self, *orders: Ordered) -> Counter[tuple[str, str]]:
        """(template, state) of these orders' intents."""
        ids = [order.id for order in orders]
        found = self.rows.execute("select template, state from intents where order_id = any(%s)", (ids,))
        return Counter((template, state) for template, state in found)

    def intent(self, cause: str, template: str) -> dict[str, Any] | None:
        cursor = self.rows.execute(
            "select * from intents where cause = %s and template = %s", (cause, template)
        )
        row = cursor.fetchone()
        names = [column.name for column in cursor.description or ()]
        return dict(zip(names, row, strict=True)) if row else None
