"""The tables, mapped. Relations are loaded by those who say so; nothing is loaded behind one's back
(`raise`).
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from orders.domain.order import Reason, Status
from orders.domain.steps import State
from orders.storage.types import TextEnum


class Base(AsyncAttrs, DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        int: BigInteger,
        str: Text,
        Status: TextEnum(Status),
        Reason: TextEnum(Reason),
        State: TextEnum(State),
    }


class ProductPrice(Base):
    """The read model of the catalog's prices: one row a product, guarded by its version."""

    __tablename__ = "product_price"

    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    seller_id: Mapped[UUID]
    name: Mapped[str]
    price_minor: Mapped[int]
    currency: Mapped[str]
    tax_rate_bp: Mapped[int]
    status: Mapped[str]
    version: Mapped[int]
    # what the shopper may still have on the screen: lets a 409 say what changed
    previous_price_minor: Mapped[int | None]
    price_changed_at: Mapped[datetime | None]


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shopper_id: Mapped[str]
    status: Mapped[Status]
    reason: Mapped[Reason | None]
    total_minor: Mapped[int]
    tax_minor: Mapped[int]
    discount_minor: Mapped[int]
    currency: Mapped[str]
    delivery_address: Mapped[dict[str, Any]]
    # null where it was made of lines
    basket_id: Mapped[UUID | None]
    basket_version: Mapped[int | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    lines: Mapped[list["OrderLine"]] = relationship(order_by="OrderLine.line_no", lazy="raise")
    parcels: Mapped[list["Parcel"]] = relationship(order_by="Parcel.parcel_id", lazy="raise")
    saga: Mapped["Saga"] = relationship(lazy="raise")


class OrderLine(Base):
    __tablename__ = "order_line"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[UUID]
    seller_id: Mapped[UUID]
    name: Mapped[str]
    quantity: Mapped[int]
    unit_price_minor: Mapped[int]
    tax_rate_bp: Mapped[int]
    line_total_minor: Mapped[int]


class Parcel(Base):
    __tablename__ = "parcel"

    parcel_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    seller_id: Mapped[UUID]
    status: Mapped[str]
    tracking_code: Mapped[str]
    # 0: known from the booking's reply, no event of it was seen yet
    version: Mapped[int]


class Saga(Base):
    """One row an order. `due_at` is when a worker may take it: its next try, or the end of the lease of the
    one who has it; null when it has ended. `epoch` grows with each change of hands: what an earlier owner
    still writes is refused.
    """

    __tablename__ = "saga"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    state: Mapped[State]
    why: Mapped[Reason | None]
    epoch: Mapped[int]
    attempts: Mapped[int]
    due_at: Mapped[datetime | None]
    since: Mapped[datetime]
    deadline: Mapped[datetime]
    cancel_asked: Mapped[bool]
    # gone as soon as the payment is authorized or given up
    payment_token: Mapped[str | None]
    traceparent: Mapped[str | None]


class JournalEntry(Base):
    """One attempt. Written before the call is sent, so that one whose process died is seen too."""

    __tablename__ = "journal"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    step: Mapped[str]
    service: Mapped[str]
    attempt: Mapped[int]
    outcome: Mapped[str | None]
    detail: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    __tablename__ = "idempotency_key"

    subject: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_hash: Mapped[bytes]
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))


class Inbox(Base):
    __tablename__ = "inbox"

    consumer: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    handled_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OutboxRow(Base):
    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    topic: Mapped[str]
    key: Mapped[str]
    envelope: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
