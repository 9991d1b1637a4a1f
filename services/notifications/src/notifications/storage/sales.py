"""What each stall sold on a day (UTC): an order counts on the day of its first `confirmed`."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, or_, select

from notifications.storage.tables import order_lines, orders


@dataclass(frozen=True, slots=True)
class Sold:
    product_id: UUID
    quantity: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Sales:
    currency: str
    orders: int
    units: int
    amount_minor: int
    refunded_orders: int
    refunded_minor: int
    # the largest amount first
    products: list[Sold]


def sellers(connection: Connection, day: date) -> list[UUID]:
    """Those with sales or refunds on that day."""
    of_day = or_(orders.c.confirmed_on == day, orders.c.refunded_on == day)
    statement = select(order_lines.c.seller_id).distinct().join(orders).where(of_day)
    return list(connection.execute(statement.order_by(order_lines.c.seller_id)).scalars())


def of_day(connection: Connection, seller_id: UUID, day: date, products: int = 5) -> Sales:
    sold, currency = _sums(connection, seller_id, orders.c.confirmed_on == day)
    refunded, other = _sums(connection, seller_id, orders.c.refunded_on == day)
    quantity = func.sum(order_lines.c.quantity).label("quantity")
    amount = func.sum(order_lines.c.amount_minor).label("amount_minor")
    best = (
        select(order_lines.c.product_id, quantity, amount)
        .join(orders)
        .where(order_lines.c.seller_id == seller_id, orders.c.confirmed_on == day)
        .group_by(order_lines.c.product_id)
        .order_by(amount.desc(), order_lines.c.product_id)
        .limit(products)
    )
    return Sales(
        currency=currency or other or "",
        orders=sold[0],
        units=sold[1],
        amount_minor=sold[2],
        refunded_orders=refunded[0],
        refunded_minor=refunded[2],
        products=[
            Sold(row.product_id, int(row.quantity), int(row.amount_minor)) for row in connection.execute(best)
        ],
    )


def _sums(
    connection: Connection, seller_id: UUID, on_that_day: ColumnElement[bool]
) -> tuple[tuple[int, int, int], str | None]:
    """(orders, units, amount), and the currency where there was anything."""
    statement = (
        select(
            func.count(order_lines.c.order_id.distinct()),
            func.coalesce(func.sum(order_lines.c.quantity), 0),
            func.coalesce(func.sum(order_lines.c.amount_minor), 0),
            func.max(orders.c.currency),
        )
        .join(orders)
        .where(order_lines.c.seller_id == seller_id, on_that_day)
    )
    count, units, amount, currency = connection.execute(statement).one()
    return (count, int(units), int(amount)), currency
