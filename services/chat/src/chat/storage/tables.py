"""The tables, mapped. No relation is loaded behind one's back: queries say what they join."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Text, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Side(StrEnum):
    SHOPPER = "shopper"
    SELLER = "seller"

    @property
    def other(self) -> "Side":
        return Side.SELLER if self is Side.SHOPPER else Side.SHOPPER


class SubjectKind(StrEnum):
    PRODUCT = "product"
    ORDER = "order"


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        int: BigInteger,
        str: Text,
    }


class Conversation(Base):
    """Of one shopper with one stall about one thing. The names of stall and thing are as they were at the
    beginning; the shopper's is not stored, for an account can be erased.

    `*_unread` counts the other side's messages beyond `*_read_seq`; a stall reads as one, whoever of its
    staff does.
    """

    __tablename__ = "conversation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    subject_title: Mapped[str | None]
    seller_id: Mapped[UUID]
    seller_slug: Mapped[str]
    seller_name: Mapped[str]
    shopper_id: Mapped[UUID]
    last_seq: Mapped[int] = mapped_column(default=0)
    shopper_read_seq: Mapped[int] = mapped_column(default=0)
    seller_read_seq: Mapped[int] = mapped_column(default=0)
    shopper_unread: Mapped[int] = mapped_column(default=0)
    seller_unread: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    def read_seq(self, side: Side) -> int:
        return self.shopper_read_seq if side is Side.SHOPPER else self.seller_read_seq

    def unread(self, side: Side) -> int:
        return self.shopper_unread if side is Side.SHOPPER else self.seller_unread


class Message(Base):
    __tablename__ = "message"

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID]
    client_message_id: Mapped[UUID]
    author_side: Mapped[str]
    author_id: Mapped[UUID]
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class TrackedOrder(Base):
    """Whose order it is, and the newest that is known of it."""

    __tablename__ = "tracked_order"

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    shopper_id: Mapped[UUID]
    version: Mapped[int]
    status: Mapped[str]


class OrderEvent(Base):
    __tablename__ = "order_event"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("tracked_order.order_id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str]
    reason: Mapped[str | None]
    at: Mapped[datetime]


class Inbox(Base):
    __tablename__ = "inbox"

    consumer: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    handled_at: Mapped[datetime] = mapped_column(server_default=func.now())
