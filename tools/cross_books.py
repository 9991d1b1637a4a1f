"""Orders against those who hear of them afterwards: baskets, which they close, and reviews, which they allow.

Orders are read after both, so what either says of an order must be true of it by then. The other way round
the news may still be on its way: moving.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tools.combinations import ABSENT, BOUGHT
from tools.faults import Fault
from tools.records import Basket, Order, Review


def basket_faults(baskets: Iterable[Basket], orders: Mapping[str, Order]) -> Iterator[Fault]:
    """A basket is checked out by the order that bought it, and by no other."""
    for basket in baskets:
        if basket.status != "checked_out":
            continue
        subject, books = f"basket {basket.id}", "basket / orders"
        order = orders.get(basket.order_id or "")
        if order is None:
            yield Fault("orphan basket", subject, books, "an order", basket.order_id or ABSENT)
        elif order.basket_id != basket.id:
            yield Fault("closed by an order of something else", subject, books, basket.id, _made_of(order))
        elif order.status not in BOUGHT:
            yield Fault("closed by an order that is not bought", subject, books, "bought", order.status)


def _made_of(order: Order) -> str:
    return order.basket_id or "lines"


def ordered_basket_faults(orders: Iterable[Order], baskets: Mapping[str, Basket]) -> Iterator[Fault]:
    """An order was made of a basket that was there, in a version that it had."""
    for order in orders:
        if order.basket_id is None or order.basket_version is None:
            continue
        subject, books = f"order {order.id}", "orders / basket"
        basket = baskets.get(order.basket_id)
        if basket is None:
            yield Fault("order without its basket", subject, books, f"basket {order.basket_id}", ABSENT)
        elif basket.version < order.basket_version:
            expected = f"version {order.basket_version} or later"
            yield Fault("basket behind its order", subject, books, expected, f"version {basket.version}")


def review_faults(reviews: Iterable[Review], orders: Mapping[str, Order]) -> Iterator[Fault]:
    """Who reviews has received the product. What is of the demo market has no order, and says so."""
    for review in reviews:
        if review.order_id is None:
            continue
        subject, books = f"review {review.id}", "reviews / orders"
        order = orders.get(review.order_id)
        if order is None:
            yield Fault("orphan review", subject, books, "an order", review.order_id)
            continue
        if order.status != "delivered":
            yield Fault("review of what was not delivered", subject, books, "delivered", order.status)
        if order.shopper_id != review.shopper_id:
            yield Fault("review by another", subject, books, str(order.shopper_id), review.shopper_id)
        if review.product_id not in order.lines:
            yield Fault("review of what was not bought", subject, books, "a line of it", review.product_id)
