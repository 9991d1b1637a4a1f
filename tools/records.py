"""What stands in the services' books: one class a kind of record, with what the audit looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


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


@dataclass(frozen=True)
class MailIntent:
    """That somebody shall get one mail for one cause: pending, sent, skipped or dead."""

    id: str
    cause: str  # "order:…", "basket:…:…", "review:…", "report:…:…"
    template: str
    recipient: str
    order_id: str | None
    state: str
    message_id: str | None
    attempts: int
    created_at: datetime | None  # None: its export does not say


@dataclass(frozen=True)
class Sale:
    """What insights counts of one order for one seller."""

    order_id: str
    seller_id: str
    amount_minor: int
    currency: str
    state: str  # counted, refunded: it is taken out again, the amount stays


@dataclass(frozen=True)
class Position:
    """How far a stream processor has come in one partition."""

    topic: str
    partition: int
    consumed: int
    end: int


@dataclass(frozen=True)
class Conversation:
    id: str
    last_seq: int
    messages: int


@dataclass(frozen=True)
class TrackedOrder:
    """The newest that chat knows of an order, which its shopper looks at."""

    order_id: str
    version: int
    status: str
