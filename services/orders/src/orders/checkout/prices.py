"""Off the hot path: what is wrong with a checkout that was not stored."""

from collections.abc import Sequence
from typing import Any

from orders.checkout.errors import Change, InvalidField, TotalChanged
from orders.checkout.request import Line, PlaceOrder

# a page older than this is not what the shopper has before them
_PRICES = """
select product_id, price_minor, currency, status,
  case when price_changed_at > now() - interval '1 day' then previous_price_minor end as previous_price_minor
from product_price where product_id = any($1::uuid[])
"""


async def explain(connection: Any, body: PlaceOrder, lines: Sequence[Line]) -> None:
    """Raises what is wrong; returns when nothing is: a price came or changed back in the meantime."""
    rows = await connection.fetch(_PRICES, [line.product_id for line in lines])
    prices = {row["product_id"]: row for row in rows}
    for number, line in enumerate(lines):
        if line.product_id not in prices:
            raise _unknown_product(number, line, body)
    changes: list[Change] = []
    total = 0
    for line in lines:
        price = prices[line.product_id]
        if price["status"] != "active" or price["currency"] != body.currency:
            changes.append(Change(line.product_id, "unavailable"))
            continue
        total += price["price_minor"] * line.quantity
        changes += _change(line, price)
    if total != body.expected_total_minor or any(change.kind == "unavailable" for change in changes):
        raise TotalChanged(body.expected_total_minor, total, changes)


def _unknown_product(number: int, line: Line, body: PlaceOrder) -> InvalidField:
    if body.basket is None:
        field, message = f"lines[{number}].product_id", "no such product is sold here"
    else:
        # the body has no such line to point at
        field, message = "basket.id", f"no product {line.product_id} is sold here"
    return InvalidField(field, "unknown_product", message)


def _change(line: Line, price: Any) -> list[Change]:
    was, now = price["previous_price_minor"], price["price_minor"]
    return [] if was is None or was == now else [Change(line.product_id, "price_changed", was, now)]
