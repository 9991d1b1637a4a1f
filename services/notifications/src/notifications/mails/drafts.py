"""A draft for each template."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine

from notifications.clients.market import Market
from notifications.clients.models import Account, Product
from notifications.domain.intents import Template
from notifications.errors import Hopeless, NotWanted
from notifications.mails.draft import HERO, LINE, MOST_PICTURES, ROW, Attachment, Draft
from notifications.mails.invoice import invoice
from notifications.storage import baskets, sales

_SUBJECTS = {
    Template.ORDER_CONFIRMED: "Your order {number} is confirmed",
    Template.ORDER_SHIPPED: "Your order {number} is on its way",
    Template.ORDER_DELIVERED: "Your order {number} has arrived",
    Template.ORDER_CANCELLED: "Your order {number} was cancelled",
    Template.ORDER_REFUNDED: "Your order {number} was refunded",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Of an intent, what a draft is made of."""

    template: Template
    order_id: UUID | None
    context: Mapping[str, Any]


class Drafts:
    """NotWanted when there is nothing to tell any more, Passing when somebody who is asked is away."""

    def __init__(self, market: Market, engine: Engine) -> None:
        self._market = market
        self._engine = engine

    def write(self, cause: Cause, account: Account) -> Draft:
        return self._writers[cause.template](self, cause, account)

    def _order(self, cause: Cause, account: Account) -> Draft:
        order = self._market.order(cause.order_id) if cause.order_id else None
        if order is None:
            raise Hopeless("orders does not know this order")
        stalls = self._market.sellers(line.seller_id for line in order.lines)
        products = self._market.products(line.product_id for line in order.lines)
        names = {seller_id: seller.name for seller_id, seller in stalls.items()}
        attachments: tuple[Attachment, ...] = ()
        if cause.template == Template.ORDER_CONFIRMED:
            attachments = (Attachment(f"invoice-{order.number}.pdf", invoice(order, names)),)
        return Draft(
            template=cause.template,
            subject=_SUBJECTS[cause.template].format(number=order.number),
            values={"account": account, "order": order, "stalls": names},
            pictures=_pictures(products, (line.product_id for line in order.lines)),
            size=LINE,
            attachments=attachments,
        )

    def _basket(self, cause: Cause, account: Account) -> Draft:
        basket_id, version = UUID(cause.context["basket_id"]), int(cause.context["version"])
        left = self._read(lambda connection: baskets.still_left(connection, basket_id, version))
        if left is None:
            raise NotWanted("the basket is not as it was left")
        quantities = {UUID(product_id): quantity for product_id, quantity in left.lines}
        products = self._market.products(quantities)
        known = [product_id for product_id in quantities if product_id in products]
        lines = [(products[product_id], quantities[product_id]) for product_id in known]
        if not lines:
            raise NotWanted("nothing of the basket is known to catalog")
        return Draft(
            template=cause.template,
            subject="Something waits in your basket",
            values={"account": account, "lines": lines},
            pictures=_pictures(products, quantities),
            size=HERO if len(lines) == 1 else LINE,
        )

    def _review(self, cause: Cause, account: Account) -> Draft:
        product_id = UUID(cause.context["product_id"])
        product = self._market.products([product_id]).get(product_id)
        if product is None:
            raise NotWanted("catalog does not know the product")
        rating = int(cause.context["rating"])
        return Draft(
            template=cause.template,
            subject=f"{rating} of 5 stars for {product.name}",
            values={"account": account, "product": product, "rating": rating},
            pictures=_pictures({product_id: product}, [product_id]),
            size=HERO,
        )

    def _report(self, cause: Cause, account: Account) -> Draft:
        seller_id, day = UUID(cause.context["seller_id"]), date.fromisoformat(cause.context["day"])
        sold = self._read(lambda connection: sales.of_day(connection, seller_id, day))
        products = self._market.products(row.product_id for row in sold.products)
        seller = self._market.sellers([seller_id]).get(seller_id)
        if seller is None:
            raise NotWanted("catalog does not know the stall")
        return Draft(
            template=cause.template,
            subject=f"{seller.name}: {day:%-d %B %Y}",
            values={"account": account, "seller": seller, "day": day, "sales": sold, "products": products},
            pictures=_pictures(products, (row.product_id for row in sold.products)),
            size=ROW,
        )

    def _read[T](self, question: Callable[[Connection], T]) -> T:
        with self._engine.connect() as connection:
            return question(connection)

    _writers: Mapping[Template, Callable[["Drafts", Cause, Account], Draft]] = {
        Template.ORDER_CONFIRMED: _order,
        Template.ORDER_SHIPPED: _order,
        Template.ORDER_DELIVERED: _order,
        Template.ORDER_CANCELLED: _order,
        Template.ORDER_REFUNDED: _order,
        Template.BASKET_ABANDONED: _basket,
        Template.REVIEW_RECEIVED: _review,
        Template.SALES_REPORT: _report,
    }


def _pictures(products: Mapping[UUID, Product], wanted: Iterable[UUID]) -> dict[UUID, str]:
    """The first few that have one: a mail is no catalog."""
    named = {
        product_id: products[product_id].picture
        for product_id in dict.fromkeys(wanted)
        if product_id in products
    }
    return {product_id: name for product_id, name in list(named.items())[:MOST_PICTURES] if name}
