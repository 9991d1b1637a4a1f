"""What orders tells becomes the right to review. Effect and inbox row are one transaction."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from marshmallow import EXCLUDE, Schema, ValidationError, fields
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, sessionmaker

from bazaar_shared.consumer import PermanentError, Record
from bazaar_shared.envelope import Event
from reviews.models import Purchase, PurchaseStatus, inbox

CONSUMER = "reviews"
TOPICS = ("orders.order",)
DEAD_LETTERS = "dead-letter.reviews"
_TYPES = "bazaar.orders.order."
_LARGEST_VERSION = 2**31 - 1  # what the column holds; more would fail for ever, and hold up its partition


class _Tolerant(Schema):
    """Of an event's data, what reviews needs; that there is more is its writer's right. (The API's schemas
    refuse.)
    """

    class Meta:
        unknown = EXCLUDE


class LineData(_Tolerant):
    product_id = fields.UUID(required=True)


class OrderData(_Tolerant):
    order_id = fields.UUID(required=True)
    shopper_id = fields.UUID(required=True)
    status = fields.String(required=True)
    lines = fields.List(fields.Nested(LineData), required=True)


class IncomingEvents:
    """The handler for `run_consumer`; an event that can never be handled is a PermanentError."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions

    async def handle(self, event: Event, _record: Record | None = None) -> None:
        # asyncio outside, synchronous SQLAlchemy in a thread inside: the loop goes on polling meanwhile
        await asyncio.to_thread(self.take, event)

    def take(self, event: Event) -> None:
        if not event.type.startswith(_TYPES):
            raise PermanentError(f"{event.type} is not told on {TOPICS[0]}")
        if event.version > _LARGEST_VERSION:
            raise PermanentError(f"version {event.version} is none that orders gives")
        order = _read(event.data)
        with self._sessions.begin() as session:
            if _first_time(session, event):
                keep_purchases(session, order, event.version)


def keep_purchases(session: Session, order: Mapping[str, Any], version: int) -> None:
    """The newest word on an order counts, whenever it comes. A refund that is heard of before the delivery
    leaves its row too: the delivery is older then, and gives nothing back.
    """
    if order["status"] not in PurchaseStatus:
        return
    products: set[UUID] = {line["product_id"] for line in order["lines"]}
    rows = [
        {
            "order_id": order["order_id"],
            "product_id": product_id,
            "shopper_id": order["shopper_id"],
            "status": PurchaseStatus(order["status"]),
            "version": version,
            "demo": False,
        }
        for product_id in sorted(products)  # in one order: two deliveries of the same event can't deadlock
    ]
    if not rows:
        return
    new = insert(Purchase).values(rows)
    newer = new.on_conflict_do_update(
        index_elements=[Purchase.order_id, Purchase.product_id],
        set_={"status": new.excluded.status, "version": new.excluded.version},
        where=Purchase.version < new.excluded.version,
    )
    session.execute(newer)


def _first_time(session: Session, event: Event) -> bool:
    row = insert(inbox).values(consumer=CONSUMER, event_id=event.id).on_conflict_do_nothing()
    return session.execute(row.returning(inbox.c.event_id)).scalar() is not None


def _read(data: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        order: Mapping[str, Any] = OrderData().load(data)
    except ValidationError as error:
        raise PermanentError(f"not an order of ours: {error.messages}") from error
    return order
