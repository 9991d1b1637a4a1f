"""A basket that was bought closes; what came into it after it was ordered goes on in a new one (ADR 0038)."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from tortoise.backends.base.client import BaseDBAsyncClient

from basket.baskets.locks import hold_prices, lock_baskets
from basket.baskets.record import publish, record, with_lines
from basket.models import Basket, BasketLine, Purchase, Status

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bought:
    order_id: UUID
    basket_id: UUID
    basket_version: int
    quantities: Mapping[UUID, int]


class QuickerThanUs(Exception):
    """A line came into the basket between our look and our lock: the consumer tries again."""


async def close(connection: BaseDBAsyncClient, bought: Bought) -> None:
    """Once for each order, however often it is told: an order that was confirmed is confirmed again when its
    refund was refused.
    """
    held = {line.product_id for line in await BasketLine.filter(basket_id=bought.basket_id)}
    # of what goes into another basket no price may change before it is there
    await hold_prices(connection, held)
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
    await with_lines([basket])
    if not {line.product_id for line in basket.lines} <= held:
        raise QuickerThanUs
    moved_on = basket.version != bought.basket_version
    rest = await _set_aside(basket, bought.quantities) if moved_on else []
    basket.status, basket.order_id = Status.CHECKED_OUT, bought.order_id
    await record(connection, [(basket, [])])
    if rest:
        await _go_on(connection, basket, rest)


async def _set_aside(basket: Basket, quantities: Mapping[UUID, int]) -> Sequence[BasketLine]:
    """What was not bought, taken out of the basket."""
    rest = []
    for line in basket.lines:
        bought = min(line.quantity, quantities.get(line.product_id, 0))
        if bought < line.quantity:
            rest.append(_line(line, line.quantity - bought))
            await _keep(line, bought)
    return rest


def _line(line: BasketLine, quantity: int) -> BasketLine:
    return BasketLine(product_id=line.product_id, quantity=quantity, added_price_minor=line.added_price_minor)


async def _keep(line: BasketLine, quantity: int) -> None:
    if not quantity:
        await line.delete()
        return
    line.quantity = quantity
    await line.save(update_fields=["quantity"])


async def _go_on(connection: BaseDBAsyncClient, basket: Basket, rest: Sequence[BasketLine]) -> None:
    """The same owner's next basket; the bought one is stored as closed by now, as only one may be open."""
    new = await Basket.create(
        id=uuid4(),
        shopper_id=basket.shopper_id,
        token_hash=basket.token_hash,
        status=Status.OPEN,
        currency=basket.currency,
        version=1,
    )
    for line in rest:
        line.basket_id = new.id
    await BasketLine.bulk_create(rest)
    await publish(connection, [new])
