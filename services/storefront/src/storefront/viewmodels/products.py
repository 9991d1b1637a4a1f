"""Products, stalls and categories as pages show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from storefront import paths
from storefront.viewmodels.reviews import Rating

type Availability = Literal["in_stock", "few", "out", "unknown"]

# so few are left that it is worth saying
FEW = 5


@dataclass(frozen=True, slots=True)
class Category:
    slug: str
    name: str

    @property
    def url(self) -> str:
        return paths.category(self.slug)


@dataclass(frozen=True, slots=True)
class Stall:
    id: str
    slug: str
    name: str
    tagline: str
    description: str
    pictures: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return paths.stall(self.slug)

    @classmethod
    def of(cls, seller: Mapping[str, Any]) -> Self:
        return cls(
            id=seller["id"],
            slug=seller["slug"],
            name=seller["name"],
            tagline=seller.get("tagline") or "",
            description=seller.get("description") or "",
        )


@dataclass(frozen=True, slots=True)
class Card:
    """A product in a list, and (with what only its own page shows) on its own page."""

    id: str
    name: str
    price_minor: int
    currency: str
    stall_name: str
    stall_slug: str
    category_name: str
    category_slug: str
    picture_url: str | None
    available: int | None
    on_sale: bool
    description: str
    sku: str
    tax_rate_bp: int
    rating: Rating | None = None

    @property
    def url(self) -> str:
        return paths.product(self.id)

    @property
    def stall_url(self) -> str:
        return paths.stall(self.stall_slug)

    @property
    def category_url(self) -> str:
        return paths.category(self.category_slug)

    @property
    def tax_percent(self) -> str:
        return f"{self.tax_rate_bp / 100:g}"

    @property
    def availability(self) -> Availability:
        if not self.on_sale:
            return "out"
        if self.available is None:
            return "unknown"
        if self.available <= 0:
            return "out"
        return "few" if self.available <= FEW else "in_stock"

    @classmethod
    def of(cls, product: Mapping[str, Any]) -> Self:
        return cls(
            id=product["id"],
            name=product["name"],
            price_minor=product["price_minor"],
            currency=product["currency"],
            stall_name=product["seller"]["name"],
            stall_slug=product["seller"]["slug"],
            category_name=product["category"]["name"],
            category_slug=product["category"]["slug"],
            picture_url=product["picture_url"],
            available=product["available"],
            on_sale=product["status"] == "active",
            description=product["description"],
            sku=product["sku"],
            tax_rate_bp=product["tax_rate_bp"],
            rating=Rating(product["rating"]["count"], product["rating"]["average"]),
        )


@dataclass(frozen=True, slots=True)
class Cards:
    """A page of a list. `next_cursor` is the service's own, opaque here."""

    items: tuple[Card, ...]
    next_cursor: str | None
