"""What is known of orders: told by their events, read by their shoppers."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chat import shapes
from chat.storage.tables import OrderEvent, TrackedOrder


async def owner_of(session: AsyncSession, order_id: UUID) -> UUID | None:
    """None: no event of it was seen yet."""
    owner: UUID | None = await session.scalar(
        select(TrackedOrder.shopper_id).where(TrackedOrder.order_id == order_id)
    )
    return owner


async def read_after(session: AsyncSession, order: UUID, after: int, limit: int) -> Sequence[OrderEvent]:
    asked = (
        select(OrderEvent)
        .where(OrderEvent.order_id == order, OrderEvent.version > after)
        .order_by(OrderEvent.version)
        .limit(limit)
    )
    return (await session.scalars(asked)).all()


def shape_of(event: OrderEvent) -> shapes.OrderEvent:
    return shapes.OrderEvent(event.order_id, event.version, event.status, event.reason, event.at)
