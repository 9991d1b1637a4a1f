"""`python -m orders export`: the books, for operators and the audit. One JSON object a line, read in one
snapshot.
"""

import sys
from typing import Any

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from orders.container import Container, close
from orders.storage.tables import Order, OutboxRow

_CHUNK = 500


async def export(container: Container) -> None:
    try:
        async with container.sessions()() as session:
            await session.execute(text("set transaction isolation level repeatable read, read only"))
            await _orders(session)
            _write(await _outbox(session))
    finally:
        await close(container)


async def _orders(session: AsyncSession) -> None:
    asked = (
        select(Order)
        .options(selectinload(Order.lines), joinedload(Order.saga))
        .order_by(Order.created_at, Order.id)
        .execution_options(yield_per=_CHUNK)
    )
    async for order in await session.stream_scalars(asked):
        _write(_line(order))
        session.expunge(order)


def _line(order: Order) -> dict[str, Any]:
    return {
        "kind": "order",
        "id": order.id,
        "status": order.status,
        # an order without a saga is for the audit to name: it must not vanish from the books
        "saga_state": order.saga.state if order.saga else None,
        "version": order.version,
        "updated_at": order.updated_at,
        "total_minor": order.total_minor,
        "currency": order.currency,
        "shopper_id": order.shopper_id,
        "basket_id": order.basket_id,
        "basket_version": order.basket_version,
        "lines": [{"product_id": line.product_id, "quantity": line.quantity} for line in order.lines],
        "reason": order.reason,
    }


async def _outbox(session: AsyncSession) -> dict[str, Any]:
    age = func.extract("epoch", func.now() - func.min(OutboxRow.created_at))
    asked = select(func.count(), age).where(OutboxRow.sent_at.is_(None))
    unsent, oldest = (await session.execute(asked)).one()
    return {"kind": "outbox", "unsent": unsent, "oldest_age_seconds": float(oldest or 0)}


def _write(row: dict[str, Any]) -> None:
    # asyncpg's UUID is a subclass, which orjson leaves to `default`
    option = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    sys.stdout.buffer.write(orjson.dumps(row, default=str, option=option))
