"""What reminders and reports are made of, kept up to date by version."""

from typing import TYPE_CHECKING

from bazaar_shared.envelope import Event
from notifications.events.payloads import BasketData, OrderData

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

# The contents are as old as the version that changed them: a price that moved, and so a new version of the
# basket, is nothing that its owner did.
_KEEP_BASKET = """
insert into baskets as known (basket_id, version, shopper_id, status, lines, contents_version, contents_at)
values ($1, $2, $3, $4, $5, $2, $6)
on conflict (basket_id) do update set
  version = excluded.version,
  shopper_id = excluded.shopper_id,
  status = excluded.status,
  lines = excluded.lines,
  (contents_version, contents_at) = (
    select
      case when same then known.contents_version else excluded.version end,
      case when same then known.contents_at else excluded.contents_at end
    from (
      select (known.lines, known.shopper_id) is not distinct from (excluded.lines, excluded.shopper_id)
    ) as contents (same)
  )
where known.version < excluded.version
"""

_KEEP_ORDER = "insert into orders (order_id, currency) values ($1, $2) on conflict do nothing"
_KEEP_LINES = """
insert into order_lines (order_id, seller_id, product_id, quantity, amount_minor)
select $1, seller_id, product_id, sum(quantity), sum(amount_minor)
from unnest($2::uuid[], $3::uuid[], $4::int[], $5::bigint[])
  as line (seller_id, product_id, quantity, amount_minor)
group by seller_id, product_id
on conflict do nothing
"""
# the first time counts, in whatever order it is heard of: `confirmed` may be told again (`parcel_left`)
_DAY_OF = {
    "confirmed": "update orders set confirmed_on = least(confirmed_on, $2::date) where order_id = $1",
    "refunded": "update orders set refunded_on = least(refunded_on, $2::date) where order_id = $1",
}


async def keep_basket(
    connection: "asyncpg.Connection | PoolConnectionProxy", basket: BasketData, event: Event
) -> None:
    # sorted: the same contents in another order are the same contents
    lines = sorted([str(line.product_id), line.quantity] for line in basket.lines)
    await connection.execute(
        _KEEP_BASKET, basket.basket_id, event.version, basket.shopper_id, basket.status, lines, event.time
    )


async def keep_order(
    connection: "asyncpg.Connection | PoolConnectionProxy", order: OrderData, event: Event
) -> None:
    await connection.execute(_KEEP_ORDER, order.order_id, order.currency)
    await connection.execute(
        _KEEP_LINES,
        order.order_id,
        [line.seller_id for line in order.lines],
        [line.product_id for line in order.lines],
        [line.quantity for line in order.lines],
        [line.line_total_minor for line in order.lines],
    )
    if order.status in _DAY_OF:
        await connection.execute(_DAY_OF[order.status], order.order_id, event.time.date())
