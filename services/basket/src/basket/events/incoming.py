"""What basket learns: products from the catalog, stock from the inventory, what was bought from orders.
Effect and inbox row are one transaction; each effect is guarded by the event's version besides.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tortoise.backends.base.client import BaseDBAsyncClient

from basket.baskets.prices import reprice
from basket.baskets.purchases import Bought, close
from basket.database import transaction
from basket.models import Product
from bazaar_shared.consumer import PermanentError, Record
from bazaar_shared.envelope import Event
from bazaar_shared.inbox import FIRST_TIME_SQL

CONSUMER = "basket"
TOPICS = ("catalog.product", "inventory.stock", "orders.order")
DEAD_LETTERS = "dead-letter.basket"

# Tortoise tells no row count of an INSERT
_FIRST_TIME = f"{FIRST_TIME_SQL} returning event_id"
# for the one who comes first: two events of a new product would both find no row to lock
_STOCK = """
insert into stock (product_id, available, version) values ($1, $2, $3)
on conflict (product_id) do update set available = excluded.available, version = excluded.version
where stock.version < excluded.version
"""
# What a column holds: more would fail for ever, and hold up its partition.
_LARGEST = 2**63 - 1
Number = Annotated[int, Field(ge=0, le=_LARGEST)]
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]


class _Data(BaseModel):
    """Of an event's data, what basket needs; that there is more is its writer's right."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ProductData(_Data):
    product_id: UUID
    seller_id: UUID
    seller_slug: Text
    name: Text
    category: Text
    picture_url: Text | None
    price_minor: Number
    currency: Text = Field(min_length=3, max_length=3)
    tax_rate_bp: int = Field(ge=0, le=10_000)
    status: Text


class StockData(_Data):
    product_id: UUID
    available: Number


class OrderLine(_Data):
    product_id: UUID
    quantity: int = Field(ge=1)


class OrderData(_Data):
    order_id: UUID
    status: str
    basket_id: UUID | None = None
    basket_version: int | None = None
    lines: list[OrderLine]


async def handle(event: Event, record: Record) -> None:
    """The handler for `run_consumer`; an event that can never be handled is a PermanentError."""
    handler = _HANDLERS.get(record.topic)
    if handler is None:
        raise PermanentError(f"nobody here handles {record.topic}")
    async with transaction() as connection:
        if await connection.execute_insert(_FIRST_TIME, [CONSUMER, event.id]) is not None:
            await handler(connection, event)


async def keep_product(connection: BaseDBAsyncClient, event: Event) -> None:
    """The product's state, if it is newer than what is known; and what that makes of the baskets it is in."""
    news = _parse(ProductData, event.data)
    values = news.model_dump(exclude={"product_id"}) | {"version": event.version}
    new = Product(id=news.product_id, **values)
    before = await Product.filter(id=new.id).select_for_update(no_key=True).get_or_none()
    if before is None:
        # a twin that was quicker is seen after its commit, and waited for
        await Product.bulk_create([new], ignore_conflicts=True)
        before = await Product.filter(id=new.id).select_for_update(no_key=True).get()
    if before.version < new.version:
        await Product.filter(id=new.id).update(**values)
        await reprice(connection, before, new)


async def keep_stock(connection: BaseDBAsyncClient, event: Event) -> None:
    """No basket changes: what is left is shown, and not part of what a version covers."""
    news = _parse(StockData, event.data)
    await connection.execute_query(_STOCK, [news.product_id, news.available, event.version])


async def keep_order(connection: BaseDBAsyncClient, event: Event) -> None:
    """A cancelled order leaves its basket as it is: the shopper may try again."""
    order = _parse(OrderData, event.data)
    if order.status != "confirmed" or order.basket_id is None or order.basket_version is None:
        return
    quantities: dict[UUID, int] = {}
    for line in order.lines:
        quantities[line.product_id] = quantities.get(line.product_id, 0) + line.quantity
    await close(connection, Bought(order.order_id, order.basket_id, order.basket_version, quantities))


_HANDLERS: Mapping[str, Callable[[BaseDBAsyncClient, Event], Awaitable[None]]] = {
    "catalog.product": keep_product,
    "inventory.stock": keep_stock,
    "orders.order": keep_order,
}


def _parse[D: _Data](shape: type[D], data: Mapping[str, Any]) -> D:
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise PermanentError(f"data.{where}: {problem['msg']}") from error
