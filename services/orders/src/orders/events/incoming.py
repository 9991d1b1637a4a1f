"""What orders learns: prices from the catalog, parcels from shipping. Effect and inbox row are one
transaction.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import case, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bazaar_shared.consumer import PermanentError, Record
from bazaar_shared.envelope import Event
from orders.domain.order import MOVED_BY_PARCELS, ParcelStatus, status_by_parcels
from orders.storage.changes import change_status, lock_order
from orders.storage.tables import Inbox, Parcel, ProductPrice

CONSUMER = "orders"
TOPICS = ("catalog.product", "shipping.parcel")
DEAD_LETTERS = "dead-letter.orders"

# what a column holds: more would fail for ever, and hold up its partition
_LARGEST = 2**63 - 1
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]


class _Data(BaseModel):
    """Of an event's data, what orders needs; that there is more is its writer's right."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ProductData(_Data):
    product_id: UUID
    seller_id: UUID
    name: Text
    price_minor: int = Field(ge=0, le=_LARGEST)
    currency: Text
    tax_rate_bp: int = Field(ge=0, le=10_000)
    status: Text


class ParcelData(_Data):
    parcel_id: UUID
    order_id: UUID
    seller_id: UUID
    status: ParcelStatus
    tracking_code: Text


class IncomingEvents:
    """The handler for `run_consumer`; an event that can never be handled is a PermanentError."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions
        self._handlers: Mapping[str, Callable[[AsyncSession, Event], Awaitable[None]]] = {
            "catalog.product": keep_price,
            "shipping.parcel": keep_parcel,
        }

    async def handle(self, event: Event, record: Record) -> None:
        handler = self._handlers.get(record.topic)
        if handler is None:
            raise PermanentError(f"nobody here handles {record.topic}")
        async with self._sessions.begin() as session:
            if await _first_time(session, event):
                await handler(session, event)


async def _first_time(session: AsyncSession, event: Event) -> bool:
    row = insert(Inbox).values(consumer=CONSUMER, event_id=event.id).on_conflict_do_nothing()
    return (await session.execute(row.returning(Inbox.event_id))).scalar() is not None


async def keep_price(session: AsyncSession, event: Event) -> None:
    """The product's state, if it is newer than what is known."""
    product = _parse(ProductData, event.data)
    new = insert(ProductPrice).values(**product.model_dump(), version=event.version)
    changed = ProductPrice.price_minor != new.excluded.price_minor
    columns = {
        name: new.excluded[name] for name in (*ProductData.model_fields, "version") if name != "product_id"
    }
    newer = new.on_conflict_do_update(
        index_elements=[ProductPrice.product_id],
        set_=columns
        | {
            "previous_price_minor": case(
                (changed, ProductPrice.price_minor), else_=ProductPrice.previous_price_minor
            ),
            "price_changed_at": case((changed, func.now()), else_=ProductPrice.price_changed_at),
        },
        where=ProductPrice.version < new.excluded.version,
    )
    await session.execute(newer)


async def keep_parcel(session: AsyncSession, event: Event) -> None:
    """The parcel's state, if it is newer than what is known; and what that makes of its order."""
    news = _parse(ParcelData, event.data)
    order = await lock_order(session, news.order_id)
    if order is None:
        raise PermanentError(f"there is no order {news.order_id}")
    parcel = next((known for known in order.parcels if known.parcel_id == news.parcel_id), None)
    if parcel is None:
        parcel = Parcel(parcel_id=news.parcel_id, seller_id=news.seller_id, version=-1)
        order.parcels.append(parcel)
    if event.version <= parcel.version:
        return
    parcel.status, parcel.tracking_code, parcel.version = news.status, news.tracking_code, event.version
    status = status_by_parcels({line.seller_id for line in order.lines}, order.parcels)
    if order.status in MOVED_BY_PARCELS and status is not order.status:
        await change_status(session, order, status, order.reason)


def _parse[D: _Data](shape: type[D], data: Mapping[str, Any]) -> D:
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise PermanentError(f"data.{where}: {problem['msg']}") from error
