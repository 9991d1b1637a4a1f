from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Index, Text, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from fulfillment.storage import add_common_tables


class Base(DeclarativeBase):
    type_annotation_map = {str: Text, datetime: DateTime(timezone=True)}  # noqa: RUF012 SQLAlchemy's own idiom


class Payment(Base):
    """One order's money. The amount is frozen when it is authorised: capture and refund take it from here."""

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="payment_amount_positive"),
        CheckConstraint(
            "state in ('authorizing', 'authorized', 'declined', 'capture_declined', 'captured', 'voided',"
            " 'refunded')",
            name="payment_state",
        ),
    )

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    state: Mapped[str]
    authorization_id: Mapped[str | None]
    version: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Intent(Base):
    """What the processor is about to be asked. Committed before it is asked, closed with what it answered.

    An open intent whose lease ran out belongs to a worker that died: the resolver takes it over.
    """

    __tablename__ = "intent"
    __table_args__ = (Index("intent_open", "resolve_after", postgresql_where=text("closed_at is null")),)

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    leased_until: Mapped[datetime]
    resolve_after: Mapped[datetime]
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())
    closed_at: Mapped[datetime | None]


class Account(Base):
    __tablename__ = "account"

    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]


class Posting(Base):
    """One business event in the ledger. `(order_id, kind)` is unique: nothing can be captured twice in
    these books.
    """

    __tablename__ = "posting"
    __table_args__ = (
        CheckConstraint("kind in ('authorized', 'voided', 'captured', 'refunded')", name="posting_kind"),
        Index("posting_once_per_order", "order_id", "kind", unique=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    order_id: Mapped[UUID]
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Entry(Base):
    """A line of a posting: debits positive, credits negative. A posting's entries sum to zero in each
    currency.
    """

    __tablename__ = "entry"
    __table_args__ = (CheckConstraint("amount_minor <> 0", name="entry_amount"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    posting_id: Mapped[int] = mapped_column(ForeignKey("posting.id"), index=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.name"), index=True)
    currency: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)


add_common_tables(Base.metadata)
