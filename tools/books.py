"""The services' books as they export them: NDJSON in, typed records out. Nothing is judged here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tools.records import (
    Balance,
    Basket,
    Charge,
    Conversation,
    MailIntent,
    Order,
    Outbox,
    Parcel,
    Payment,
    Position,
    Product,
    Rating,
    Reservation,
    Review,
    Sale,
    Stock,
    TrackedOrder,
)


class UnreadableBookError(Exception):
    """A book that can't be read can't be judged: the audit ends with 2, not with "clean"."""


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
    mails: dict[str, MailIntent] = field(default_factory=dict)
    sales: dict[str, Sale] = field(default_factory=dict)  # by order and seller
    positions: dict[str, Position] = field(default_factory=dict)  # by topic and partition
    conversations: dict[str, Conversation] = field(default_factory=dict)
    tracked: dict[str, TrackedOrder] = field(default_factory=dict)
    outboxes: dict[str, Outbox] = field(default_factory=dict)
    # whose books these are: what a service that is not asked does not know is no fault
    services: set[str] = field(default_factory=set)

    def active_products(self) -> set[str]:
        return {product.id for product in self.products.values() if product.status == "active"}

    def parcels_of(self) -> dict[str, list[Parcel]]:
        return _grouped(self.parcels.values(), lambda parcel: parcel.order_id)

    def mails_of(self) -> dict[str, list[MailIntent]]:
        about = (mail for mail in self.mails.values() if mail.order_id is not None)
        return _grouped(about, lambda mail: mail.order_id or "")

    def sales_of(self) -> dict[str, list[Sale]]:
        return _grouped(self.sales.values(), lambda sale: sale.order_id)


def _grouped[Record](records: Iterable[Record], order_id: Callable[[Record], str]) -> dict[str, list[Record]]:
    grouped: dict[str, list[Record]] = {}
    for record in records:
        grouped.setdefault(order_id(record), []).append(record)
    return grouped


def parse(service: str, lines: Iterable[str], books: Books | None = None) -> Books:
    """Adds an export to the books. What is not understood makes all of it unreadable: no line is skipped."""
    books = books or Books()
    books.services.add(service)
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
            _once(getattr(books, book), "/".join(str(record[name]) for name in key.split("/")), make(record))
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


def _mail(record: Mapping[str, Any]) -> MailIntent:
    created_at = record.get("created_at")
    return MailIntent(
        id=record["id"],
        cause=record["cause"],
        template=record["template"],
        recipient=record["recipient"],
        order_id=record["order_id"],
        state=record["state"],
        message_id=record["message_id"],
        attempts=int(record["attempts"]),
        created_at=_time(created_at) if created_at else None,
    )


def _sale(record: Mapping[str, Any]) -> Sale:
    return Sale(
        order_id=record["order_id"],
        seller_id=record["seller_id"],
        amount_minor=int(record["amount_minor"]),
        currency=record["currency"],
        state=record["state"],
    )


def _position(record: Mapping[str, Any]) -> Position:
    return Position(
        topic=record["topic"],
        partition=int(record["partition"]),
        consumed=int(record["consumed"]),
        end=int(record["end"]),
    )


def _conversation(record: Mapping[str, Any]) -> Conversation:
    return Conversation(record["id"], int(record["last_seq"]), int(record["messages"]))


def _tracked(record: Mapping[str, Any]) -> TrackedOrder:
    return TrackedOrder(record["order_id"], int(record["version"]), record["status"])


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
    "mail_intent": ("mails", "id", _mail),
    "insight_order": ("sales", "order_id/seller_id", _sale),
    "insights_position": ("positions", "topic/partition", _position),
    "conversation": ("conversations", "id", _conversation),
    "tracked_order": ("tracked", "order_id", _tracked),
}


def _lines(lines: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    quantities: dict[str, int] = {}
    for line in lines:
        _once(quantities, line["product_id"], int(line["quantity"]))
    return quantities


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
