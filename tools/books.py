"""The services' books as they export them: NDJSON in, typed records out. Nothing is judged here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


class UnreadableBookError(Exception):
    """A book that can't be read can't be judged: the audit ends with 2, not with "clean"."""


@dataclass(frozen=True)
class Order:
    id: str
    status: str
    saga_state: str | None  # None: it has no saga
    version: int
    updated_at: datetime
    total_minor: int
    currency: str
    lines: Mapping[str, int]  # product -> quantity
    reason: str | None = None
    shopper_id: str | None = None
    basket_id: str | None = None  # None: made of lines
    basket_version: int | None = None


@dataclass(frozen=True)
class Reservation:
    order_id: str
    state: str
    lines: Mapping[str, int]


@dataclass(frozen=True)
class Payment:
    """What the payment's state says, and beside it what the ledger's postings of the order say."""

    order_id: str
    state: str
    currency: str
    authorized_minor: int
    captured_minor: int
    refunded_minor: int
    voided: bool


@dataclass(frozen=True)
class Charge:
    """The same money as the processor knows it."""

    order_id: str
    currency: str
    captured_minor: int
    captures: int
    refunded_minor: int
    held_minor: int  # authorized, and neither captured nor voided
    voided: bool


@dataclass(frozen=True)
class Parcel:
    parcel_id: str
    order_id: str
    status: str
    updated_at: datetime


@dataclass(frozen=True)
class Stock:
    product_id: str
    on_hand: int  # with what is reserved
    reserved: int
    adjusted: int
    sold: int
    restocked: int


@dataclass(frozen=True)
class Balance:
    account: str
    currency: str
    balance_minor: int


@dataclass(frozen=True)
class Product:
    id: str
    status: str


@dataclass(frozen=True)
class Basket:
    id: str
    status: str
    version: int
    order_id: str | None  # the one that closed it


@dataclass(frozen=True)
class Review:
    id: str
    product_id: str
    shopper_id: str
    rating: int
    status: str
    order_id: str | None  # None: of the demo market, no order stands behind it


@dataclass(frozen=True)
class Rating:
    """What is told of a product's reviews: how many, and all stars together."""

    product_id: str
    count: int
    sum: int


@dataclass(frozen=True)
class Outbox:
    database: str
    unsent: int
    oldest_age_seconds: float


@dataclass
class Books:
    """What one export tells, or several of them together."""

    orders: dict[str, Order] = field(default_factory=dict)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    charges: dict[str, Charge] = field(default_factory=dict)
    parcels: dict[str, Parcel] = field(default_factory=dict)
    stock: dict[str, Stock] = field(default_factory=dict)
    balances: list[Balance] = field(default_factory=list)
    products: dict[str, Product] = field(default_factory=dict)
    baskets: dict[str, Basket] = field(default_factory=dict)
    reviews: dict[str, Review] = field(default_factory=dict)
    ratings: dict[str, Rating] = field(default_factory=dict)
    outboxes: dict[str, Outbox] = field(default_factory=dict)

    def active_products(self) -> set[str]:
        return {product.id for product in self.products.values() if product.status == "active"}

    def parcels_of(self) -> dict[str, list[Parcel]]:
        grouped: dict[str, list[Parcel]] = {}
        for parcel in self.parcels.values():
            grouped.setdefault(parcel.order_id, []).append(parcel)
        return grouped


def parse(service: str, lines: Iterable[str], books: Books | None = None) -> Books:
    """Adds an export to the books. What is not understood makes all of it unreadable: no line is skipped."""
    books = books or Books()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            _add(books, service, record)
        except (ValueError, KeyError, TypeError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise UnreadableBookError(f"{service}: line {number} of its export: {reason}") from error
    return books


def _add(books: Books, service: str, record: Mapping[str, Any]) -> None:
    match record["kind"]:
        case "ledger_balance":
            balance = Balance(record["account"], record["currency"], int(record["balance_minor"]))
            books.balances.append(balance)
        case "outbox":
            name = record.get("database", service)
            books.outboxes[name] = Outbox(
                name, int(record["unsent"]), float(record["oldest_age_seconds"] or 0)
            )
        case kind if kind in _KEPT:
            book, key, make = _KEPT[kind]
            _once(getattr(books, book), record[key], make(record))
        case kind:
            raise ValueError(f"a record of a kind that the audit does not know: {kind}")


def _once[Record](known: dict[str, Record], key: str, record: Record) -> None:
    if key in known:
        raise ValueError(f"{key} stands there twice")
    known[key] = record


def _order(record: Mapping[str, Any]) -> Order:
    return Order(
        id=record["id"],
        status=record["status"],
        saga_state=record["saga_state"],
        version=int(record["version"]),
        updated_at=_time(record["updated_at"]),
        total_minor=int(record["total_minor"]),
        currency=record["currency"],
        lines=_lines(record["lines"]),
        reason=record.get("reason"),
        shopper_id=record.get("shopper_id"),
        basket_id=record.get("basket_id"),
        basket_version=record.get("basket_version"),
    )


def _reservation(record: Mapping[str, Any]) -> Reservation:
    return Reservation(record["order_id"], record["state"], _lines(record["lines"]))


def _payment(record: Mapping[str, Any]) -> Payment:
    return Payment(
        order_id=record["order_id"],
        state=record["state"],
        currency=record["currency"],
        authorized_minor=int(record["authorized_minor"]),
        captured_minor=int(record["captured_minor"]),
        refunded_minor=int(record["refunded_minor"]),
        voided=bool(record["voided"]),
    )


def _charge(record: Mapping[str, Any]) -> Charge:
    return Charge(
        order_id=record["order_id"],
        currency=record["currency"],
        captured_minor=int(record["captured_minor"]),
        captures=int(record["captures"]),
        refunded_minor=int(record["refunded_minor"]),
        held_minor=int(record["held_minor"]),
        voided=bool(record["voided"]),
    )


def _parcel(record: Mapping[str, Any]) -> Parcel:
    return Parcel(record["parcel_id"], record["order_id"], record["status"], _time(record["updated_at"]))


def _stock(record: Mapping[str, Any]) -> Stock:
    return Stock(
        product_id=record["product_id"],
        on_hand=int(record["on_hand"]),
        reserved=int(record["reserved"]),
        adjusted=int(record["adjusted"]),
        sold=int(record["sold"]),
        restocked=int(record["restocked"]),
    )


def _product(record: Mapping[str, Any]) -> Product:
    return Product(record["id"], record["status"])


def _basket(record: Mapping[str, Any]) -> Basket:
    return Basket(record["id"], record["status"], int(record["version"]), record["order_id"])


def _review(record: Mapping[str, Any]) -> Review:
    return Review(
        id=record["id"],
        product_id=record["product_id"],
        shopper_id=record["shopper_id"],
        rating=int(record["rating"]),
        status=record["status"],
        order_id=record["order_id"],
    )


def _rating(record: Mapping[str, Any]) -> Rating:
    return Rating(record["product_id"], int(record["count"]), int(record["sum"]))


# a kind of record → the book it stands in, under which of its values, and how it is read
_KEPT: Mapping[str, tuple[str, str, Callable[[Mapping[str, Any]], Any]]] = {
    "order": ("orders", "id", _order),
    "reservation": ("reservations", "order_id", _reservation),
    "payment": ("payments", "order_id", _payment),
    "processor_charge": ("charges", "order_id", _charge),
    "parcel": ("parcels", "parcel_id", _parcel),
    "stock": ("stock", "product_id", _stock),
    "product": ("products", "id", _product),
    "basket": ("baskets", "id", _basket),
    "review": ("reviews", "id", _review),
    "rating_summary": ("ratings", "product_id", _rating),
}


def _lines(lines: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    quantities: dict[str, int] = {}
    for line in lines:
        _once(quantities, line["product_id"], int(line["quantity"]))
    return quantities


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
