"""The order of locks: products first, then baskets, each by its id. The consumer of prices does the same, so
that no two transactions wait for each other.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from basket.baskets.errors import BasketClosed, BasketNotFound, StaleVersion
from basket.baskets.owners import Caller
from basket.baskets.record import with_lines
from basket.database import transaction
from basket.models import Basket

# Tortoise knows no FOR SHARE
_HOLD_PRICES = "select id from product where id = any($1::uuid[]) order by id for share"


@dataclass(frozen=True, slots=True)
class Edit:
    connection: BaseDBAsyncClient
    basket: Basket


async def hold_prices(connection: BaseDBAsyncClient, products: Iterable[UUID]) -> None:
    """Until the end of the transaction no price of theirs changes. Without it a line could be added at the
    price that an event is just replacing, to a basket that this event does not see: its version would stay
    the same under a new price.
    """
    await connection.execute_query(_HOLD_PRICES, [list(products)])


async def lock_baskets(ids: Iterable[UUID]) -> list[Basket]:
    return await Basket.filter(id__in=list(ids)).order_by("id").select_for_update(no_key=True)


@asynccontextmanager
async def editing(
    basket_id: UUID, caller: Caller, versions: frozenset[int], *products: UUID
) -> AsyncIterator[Edit]:
    """The caller's open basket at one of the versions, locked, in a transaction of its own. While it is
    locked no price of its lines can change: who changes one needs this lock before the commit.
    """
    async with transaction() as connection:
        if products:
            await hold_prices(connection, products)
        found = await lock_baskets([basket_id])
        if not found or not caller.owns(found[0]):
            raise BasketNotFound
        basket = found[0]
        if not basket.is_open:
            raise BasketClosed(basket.status)
        if basket.version not in versions:
            raise StaleVersion(basket.version)
        await with_lines([basket])
        yield Edit(connection, basket)
