"""What the routes read, with the ORM; each says what it loads."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from bazaar_shared import pagination
from bazaar_shared.pagination import InvalidCursor
from orders.api.errors import OrderNotFound
from orders.domain.order import Status
from orders.storage.tables import JournalEntry, Order

_CURSOR = {"created_at": str, "id": str}


def _whole_orders() -> Select[Order]:
    return select(Order).options(
        selectinload(Order.lines), selectinload(Order.parcels), joinedload(Order.saga, innerjoin=True)
    )


async def find_order(session: AsyncSession, order_id: UUID) -> Order:
    asked = _whole_orders().where(Order.id == order_id).execution_options(populate_existing=True)
    order = await session.scalar(asked)
    if order is None:
        raise OrderNotFound
    return order


async def page_of_orders(
    session: AsyncSession, shopper_id: str, status: Status | None, cursor: str | None, limit: int
) -> tuple[Sequence[Order], str | None]:
    """Newest first, by keyset: a page costs the same however far it is, and orders placed meanwhile shift
    nothing.
    """
    asked = _whole_orders().where(Order.shopper_id == shopper_id)
    if status is not None:
        asked = asked.where(Order.status == status)
    if cursor is not None:
        asked = asked.where(tuple_(Order.created_at, Order.id) < tuple_(*_position(cursor)))
    asked = asked.order_by(Order.created_at.desc(), Order.id.desc()).limit(limit + 1)
    orders = (await session.scalars(asked)).all()
    if len(orders) <= limit:
        return orders, None
    last = orders[limit - 1]
    return orders[:limit], pagination.encode({"created_at": last.created_at.isoformat(), "id": str(last.id)})


def _position(cursor: str) -> tuple[datetime, UUID]:
    place = pagination.decode(cursor, _CURSOR)
    try:
        created_at, order_id = datetime.fromisoformat(place["created_at"]), UUID(place["id"])
        # as the driver does: a time at the very edge has none in UTC
        in_utc = created_at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidCursor("the cursor cannot be read") from error
    if created_at.tzinfo is None:
        raise InvalidCursor("the cursor's time has no offset")
    return in_utc, order_id


async def journal_of(session: AsyncSession, order_id: UUID) -> Sequence[JournalEntry]:
    asked = select(JournalEntry).where(JournalEntry.order_id == order_id).order_by(JournalEntry.id)
    return (await session.scalars(asked)).all()
