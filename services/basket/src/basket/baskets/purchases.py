"""A basket that was bought closes; one that moved on in the meantime keeps what was not bought."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from basket.baskets.locks import lock_baskets
from basket.baskets.record import Change, record, with_lines
from basket.models import Basket, BasketLine, ChangeKind, Purchase, Status

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bought:
    order_id: UUID
    basket_id: UUID
    basket_version: int
    quantities: Mapping[UUID, int]


async def close(connection: BaseDBAsyncClient, bought: Bought) -> None:
    """Once for each order, however often it is told: an order that was confirmed is confirmed again when its
    refund was refused.
    """
    found = await lock_baskets([bought.basket_id])
    if not found:
        logger.warning("an order names a basket that is not here", extra={"order_id": str(bought.order_id)})
        return
    basket = found[0]
    if await Purchase.exists(order_id=bought.order_id):
        return
    await Purchase.create(order_id=bought.order_id, basket_id=basket.id)
    if not basket.is_open:
        return
    if basket.version == bought.basket_version:
        basket.status, basket.order_id = Status.CHECKED_OUT, bought.order_id
        await record(connection, [(basket, [])])
    else:
        await _take_out(connection, basket, bought.quantities)


async def _take_out(connection: BaseDBAsyncClient, basket: Basket, quantities: Mapping[UUID, int]) -> None:
    await with_lines([basket])
    changes = []
    for line in basket.lines:
        taken = quantities.get(line.product_id, 0)
        if taken:
            changes.append(await _less(line, taken))
    if changes:
        await record(connection, [(basket, changes)])


async def _less(line: BasketLine, taken: int) -> Change:
    if line.quantity <= taken:
        await line.delete()
        return Change.of(ChangeKind.REMOVED, line.product, was=line.quantity)
    was, line.quantity = line.quantity, line.quantity - taken
    await line.save(update_fields=["quantity"])
    return Change.of(ChangeKind.QUANTITY_CHANGED, line.product, was, line.quantity)
