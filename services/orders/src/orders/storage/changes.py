"""The one way a placed order changes: status, version and event together, under the row's lock.

What is locked is read again (`populate_existing`): a session that has loaded the row before would otherwise
keep what it knew then, and decide on that.
"""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from bazaar_shared.outbox import NOTIFY_SQL
from orders.domain.order import Reason, Status
from orders.events.outgoing import TOPIC, order_event
from orders.storage.tables import Order, OutboxRow, Saga


async def lock_order(session: AsyncSession, order_id: UUID) -> Order | None:
    """Its lines and parcels are loaded under the lock. Who locks the saga as well locks the saga first.

    `key_share`: rows that refer to the order may be inserted meanwhile, its journal above all.
    """
    asked = (
        select(Order)
        .where(Order.id == order_id)
        .options(selectinload(Order.lines), selectinload(Order.parcels))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return await session.scalar(asked)


async def lock_saga(session: AsyncSession, order_id: UUID, *conditions: ColumnElement[bool]) -> Saga | None:
    asked = (
        select(Saga)
        .where(Saga.order_id == order_id, *conditions)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return await session.scalar(asked)


async def change_status(session: AsyncSession, order: Order, status: Status, reason: Reason | None) -> None:
    order.status, order.reason = status, reason
    order.version += 1
    order.updated_at = datetime.now(UTC)
    event = order_event(
        order_id=order.id,
        status=status,
        reason=reason,
        shopper_id=order.shopper_id,
        total_minor=order.total_minor,
        currency=order.currency,
        version=order.version,
        basket_id=order.basket_id,
        basket_version=order.basket_version,
        lines=order.lines,
    )
    session.add(OutboxRow(topic=TOPIC, key=event.subject, envelope=event.to_dict()))
    await session.execute(text(NOTIFY_SQL))
