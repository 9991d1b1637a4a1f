"""Orders as their shopper sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from storefront import paths
from storefront.viewmodels.journey import REASONS, Step, has_ended, steps
from storefront.viewmodels.products import Card

type Tone = Literal["good", "bad", "wait"]

_STATUSES: Mapping[str, tuple[str, Tone]] = {
    "pending": ("On its way through the market", "wait"),
    "confirmed": ("Confirmed", "good"),
    "shipped": ("Shipped", "good"),
    "delivered": ("Delivered", "good"),
    "cancelled": ("Cancelled", "bad"),
    "refunding": ("Being refunded", "wait"),
    "refunded": ("Refunded", "bad"),
}
_PARCELS = {
    "booked": "Waiting at the stall",
    "in_transit": "On its way",
    "delivered": "Delivered",
    "withdrawn": "Called back",
}
_RESTING = frozenset({"delivered", "cancelled", "refunded"})
_A_STALL = "A stall"
_CANCELLABLE = frozenset({"pending", "confirmed"})
_PICTURES_IN_A_LIST = 4


@dataclass(frozen=True, slots=True)
class OrderSummary:
    id: str
    status: str
    total_minor: int
    currency: str
    created_at: datetime
    summary: str
    pictures: tuple[str, ...]

    @property
    def number(self) -> str:
        """Short enough to read out; the id is the name."""
        return number_of(self.id)

    @property
    def url(self) -> str:
        return paths.order(self.id)

    @property
    def status_label(self) -> str:
        return _STATUSES[self.status][0]

    @property
    def tone(self) -> Tone:
        return _STATUSES[self.status][1]

    @classmethod
    def of(cls, order: Mapping[str, Any], cards: Mapping[str, Card]) -> Self:
        pictures = [
            cards[line["product_id"]].picture_url for line in order["lines"] if line["product_id"] in cards
        ]
        return cls(
            id=order["id"],
            status=order["status"],
            total_minor=order["total_minor"],
            currency=order["currency"],
            created_at=datetime.fromisoformat(order["created_at"]),
            summary=_summary(order["lines"]),
            pictures=tuple(url for url in pictures if url)[:_PICTURES_IN_A_LIST],
        )


@dataclass(frozen=True, slots=True)
class OrderLine:
    product_id: str
    name: str
    picture_url: str | None
    quantity: int
    unit_price_minor: int
    line_total_minor: int
    may_review: bool

    @property
    def url(self) -> str:
        return paths.product(self.product_id)


@dataclass(frozen=True, slots=True)
class Parcel:
    stall_name: str
    status: str
    tracking_code: str

    @property
    def status_label(self) -> str:
        return _PARCELS.get(self.status, self.status)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an order's page knows from others than orders; empty where they did not answer."""

    cards: Mapping[str, Card]
    stalls: Mapping[str, str]
    reviewed: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Order:
    id: str
    status: str
    reason: str | None
    total_minor: int
    tax_minor: int
    currency: str
    created_at: datetime
    lines: tuple[OrderLine, ...]
    parcels: tuple[Parcel, ...]
    # (id, name) of each stall that it is of
    stalls: tuple[tuple[str, str], ...]
    address: Mapping[str, str | None]
    ended: bool
    steps: tuple[Step, ...]
    # of the last event that it contains: what chat is asked to go on from
    version: int

    @property
    def number(self) -> str:
        return number_of(self.id)

    @property
    def url(self) -> str:
        return paths.order(self.id)

    @property
    def status_label(self) -> str:
        return _STATUSES[self.status][0]

    @property
    def tone(self) -> Tone:
        return _STATUSES[self.status][1]

    @property
    def reason_text(self) -> str | None:
        return REASONS.get(self.reason, self.reason) if self.reason else None

    @property
    def moving(self) -> bool:
        """Something may still happen to it."""
        return self.status not in _RESTING

    @property
    def can_cancel(self) -> bool:
        return self.status in _CANCELLABLE

    @classmethod
    def of(
        cls,
        order: Mapping[str, Any],
        journal: Sequence[Mapping[str, Any]],
        around: Surroundings,
    ) -> Self:
        return cls(
            id=order["id"],
            status=order["status"],
            reason=order["reason"],
            total_minor=order["total_minor"],
            tax_minor=order["tax_minor"],
            currency=order["currency"],
            created_at=datetime.fromisoformat(order["created_at"]),
            lines=tuple(_line(line, order["status"], around) for line in order["lines"]),
            parcels=tuple(_parcel(parcel, around) for parcel in order["parcels"]),
            stalls=_stalls(order["lines"], around),
            address=order["delivery_address"],
            ended=has_ended(order),
            steps=steps(order, journal),
            version=order["version"],
        )


def number_of(order_id: str) -> str:
    return order_id.replace("-", "")[-8:].upper()


def _line(line: Mapping[str, Any], status: str, around: Surroundings) -> OrderLine:
    card = around.cards.get(line["product_id"])
    may_review = status == "delivered" and around.reviewed is not None
    return OrderLine(
        product_id=line["product_id"],
        name=line["name"],
        picture_url=card.picture_url if card else None,
        quantity=line["quantity"],
        unit_price_minor=line["unit_price_minor"],
        line_total_minor=line["line_total_minor"],
        may_review=may_review and line["product_id"] not in (around.reviewed or ()),
    )


def _stalls(lines: Sequence[Mapping[str, Any]], around: Surroundings) -> tuple[tuple[str, str], ...]:
    ids = dict.fromkeys(line["seller_id"] for line in lines)
    return tuple((seller_id, around.stalls.get(seller_id, _A_STALL)) for seller_id in ids)


def _parcel(parcel: Mapping[str, Any], around: Surroundings) -> Parcel:
    stall = around.stalls.get(parcel["seller_id"], _A_STALL)
    return Parcel(stall, parcel["status"], parcel["tracking_code"])


def _summary(lines: Sequence[Mapping[str, Any]]) -> str:
    first = f"{lines[0]['quantity']} × {lines[0]['name']}" if lines else "Nothing"
    more = len(lines) - 1
    return f"{first} and {more} more" if more > 0 else first
