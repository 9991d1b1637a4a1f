"""A price, currency or status of a product changes: every open basket with it gets a new version, in the
transaction of the read model. So a basket's id and version cover the prices that were shown (ADR 0051).
"""

from collections.abc import Sequence
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from basket.baskets.record import Change, record
from basket.models import Basket, BasketLine, ChangeKind, Product, Status

# bounds what is in memory and in one statement, however many have the product in their baskets
_CHUNK = 200


async def reprice(connection: BaseDBAsyncClient, before: Product, after: Product) -> None:
    """The caller has updated, and so locked, the product. Baskets are locked in the order of their ids."""
    if (before.price_minor, before.currency, before.status) == (
        after.price_minor,
        after.currency,
        after.status,
    ):
        return
    last = UUID(int=0)
    while baskets := await _next_with(after.id, last):
        # who held a lock that was waited for may have taken the line out
        still = BasketLine.filter(product_id=after.id, basket_id__in=[basket.id for basket in baskets])
        having = set(await still.values_list("basket_id", flat=True))
        await record(
            connection,
            [(basket, changes(before, after, basket.currency)) for basket in baskets if basket.id in having],
        )
        last = baskets[-1].id


async def _next_with(product_id: UUID, last: UUID) -> list[Basket]:
    found = Basket.filter(status=Status.OPEN, lines__product_id=product_id, id__gt=last)
    return await found.order_by("id").limit(_CHUNK).select_for_update(of=("basket",), no_key=True)


def changes(before: Product, after: Product, currency: str) -> Sequence[Change]:
    """In the basket's eyes. A price that moves while the product is not sold is told, too."""
    told = []
    was_sold, is_sold = before.sold_in(currency), after.sold_in(currency)
    if was_sold != is_sold:
        told.append(Change.of(ChangeKind.AVAILABLE if is_sold else ChangeKind.UNAVAILABLE, after))
    if before.price_minor != after.price_minor:
        told.append(Change.of(ChangeKind.PRICE_CHANGED, after, before.price_minor, after.price_minor))
    return told
