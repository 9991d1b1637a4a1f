"""A basket, its lines, and what changed in it while nobody looked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from storefront import paths
from storefront.viewmodels.money import money


@dataclass(frozen=True, slots=True)
class BasketLine:
    product_id: str
    name: str
    picture_url: str | None
    stall_name: str
    stall_slug: str
    quantity: int
    unit_price_minor: int
    line_total_minor: int
    was_price_minor: int | None
    available: int | None
    status: str
    note: str | None

    @property
    def url(self) -> str:
        return paths.product(self.product_id)

    @property
    def stall_url(self) -> str:
        return paths.stall(self.stall_slug)

    @classmethod
    def of(cls, line: Mapping[str, Any], stalls: Mapping[str, str]) -> Self:
        before, now = line["added_price_minor"], line["unit_price_minor"]
        return cls(
            product_id=line["product_id"],
            name=line["name"],
            picture_url=line["picture_url"],
            stall_name=stalls.get(line["seller_slug"], line["seller_slug"].replace("-", " ").title()),
            stall_slug=line["seller_slug"],
            quantity=line["quantity"],
            unit_price_minor=now,
            line_total_minor=line["line_total_minor"],
            was_price_minor=before if before != now else None,
            available=line["available"],
            status=line["status"],
            note=_note(line),
        )


@dataclass(frozen=True, slots=True)
class Basket:
    id: str
    version: int
    lines: tuple[BasketLine, ...]
    total_minor: int
    tax_minor: int
    currency: str
    item_count: int
    buyable: bool
    changes: tuple[str, ...] = ()

    @classmethod
    def of(cls, basket: Mapping[str, Any], stalls: Mapping[str, str] | None = None) -> Self:
        """`stalls`: names by slug, as far as they are known."""
        return cls(
            id=basket["id"],
            version=basket["version"],
            lines=tuple(BasketLine.of(line, stalls or {}) for line in basket["lines"]),
            total_minor=basket["total_minor"],
            tax_minor=basket["tax_minor"],
            currency=basket["currency"],
            item_count=basket["item_count"],
            buyable=basket["buyable"],
            changes=in_words(basket.get("changes") or [], basket["currency"]),
        )


# of a visitor who has put nothing in yet: no basket is made for looking
EMPTY = Basket("", 0, (), 0, 0, "EUR", 0, buyable=False)


def in_words(changes: Sequence[Mapping[str, Any]], currency: str) -> tuple[str, ...]:
    """What the market changed; what the shopper changed is no news to them."""
    told = [_told(change, currency) for change in changes]
    return tuple(dict.fromkeys(text for text in told if text))


def _told(change: Mapping[str, Any], currency: str) -> str | None:
    # orders names a product by its id only
    name = change.get("name") or "A product"
    match change.get("kind"):
        case "price_changed":
            return _price_told(name, change.get("was"), change.get("now"), currency)
        case "unavailable":
            return f"{name} is not on sale any more."
        case "available":
            return f"{name} is on sale again."
    return None


def _price_told(name: str, was: Any, now: Any, currency: str) -> str:
    if isinstance(was, int) and isinstance(now, int):
        return f"{name} now costs {money(now, currency)}; it was {money(was, currency)}."
    if isinstance(now, int):
        return f"{name} now costs {money(now, currency)}."
    return f"{name} has another price now."


def _note(line: Mapping[str, Any]) -> str | None:
    match line["status"]:
        case "short":
            return f"Only {line['available']} left: please take fewer."
        case "out_of_stock":
            return "Sold out for now."
        case "unavailable":
            return "Not on sale any more."
        case "price_changed":
            return "The price changed since you put it in."
    return None
