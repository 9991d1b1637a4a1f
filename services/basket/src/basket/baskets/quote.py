"""What a basket costs now, and what stands in the way of buying it. Prices include the tax."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from basket.models import Basket, BasketLine, Status, Stock


class LineStatus(StrEnum):
    OK = "ok"
    PRICE_CHANGED = "price_changed"
    SHORT = "short"
    OUT_OF_STOCK = "out_of_stock"
    UNAVAILABLE = "unavailable"


_BUYABLE = frozenset({LineStatus.OK, LineStatus.PRICE_CHANGED})


@dataclass(frozen=True, slots=True)
class QuotedLine:
    product_id: UUID
    name: str
    seller_id: UUID
    seller_slug: str
    category: str
    picture_url: str | None
    quantity: int
    unit_price_minor: int
    line_total_minor: int
    tax_minor: int
    added_price_minor: int
    # None: the inventory has not told yet; orders will find out
    available: int | None
    status: LineStatus


@dataclass(frozen=True, slots=True)
class Quote:
    id: UUID
    version: int
    status: Status
    owner: Literal["guest", "member"]
    lines: Sequence[QuotedLine]
    total_minor: int
    tax_minor: int
    currency: str
    item_count: int
    buyable: bool
    order_id: UUID | None
    updated_at: datetime


async def quoted(basket: Basket) -> Quote:
    """Its lines were loaded, under its lock or in the same snapshot: version and prices belong together."""
    known = await Stock.filter(product_id__in=[line.product_id for line in basket.lines])
    return quote(basket, {stock.product_id: stock.available for stock in known})


def quote(basket: Basket, stock: Mapping[UUID, int]) -> Quote:
    lines = [_quoted(line, basket.currency, stock.get(line.product_id)) for line in basket.lines]
    sold = [line for line in lines if line.status is not LineStatus.UNAVAILABLE]
    return Quote(
        id=basket.id,
        version=basket.version,
        status=basket.status,
        owner="guest" if basket.is_guests else "member",
        lines=lines,
        total_minor=sum(line.line_total_minor for line in sold),
        tax_minor=sum(line.tax_minor for line in sold),
        currency=basket.currency,
        item_count=sum(line.quantity for line in lines),
        buyable=basket.is_open and bool(lines) and all(line.status in _BUYABLE for line in lines),
        order_id=basket.order_id,
        updated_at=basket.updated_at,
    )


def _quoted(line: BasketLine, currency: str, available: int | None) -> QuotedLine:
    product = line.product
    total = product.price_minor * line.quantity
    return QuotedLine(
        product_id=product.id,
        name=product.name,
        seller_id=product.seller_id,
        seller_slug=product.seller_slug,
        category=product.category,
        picture_url=product.picture_url,
        quantity=line.quantity,
        unit_price_minor=product.price_minor,
        line_total_minor=total,
        tax_minor=included_tax(total, product.tax_rate_bp),
        added_price_minor=line.added_price_minor,
        available=available,
        status=_status(line, currency, available),
    )


def _status(line: BasketLine, currency: str, available: int | None) -> LineStatus:
    """The gravest first."""
    if not line.product.sold_in(currency):
        return LineStatus.UNAVAILABLE
    if available is not None and available <= 0:
        return LineStatus.OUT_OF_STOCK
    if available is not None and available < line.quantity:
        return LineStatus.SHORT
    if line.product.price_minor != line.added_price_minor:
        return LineStatus.PRICE_CHANGED
    return LineStatus.OK


def included_tax(gross_minor: int, rate_bp: int) -> int:
    """The tax inside a price that includes it, at a rate in basis points, half a unit rounded up, as orders
    reckons it for each line.
    """
    return (gross_minor * rate_bp * 2 + 10_000 + rate_bp) // (2 * (10_000 + rate_bp))
