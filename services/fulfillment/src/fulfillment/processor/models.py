from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Index, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 SQLAlchemy's own idiom
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, object]: JSONB,
    }


class Authorization(Base):
    """A card that was asked for money, by the key it was asked with. A void for an unknown key leaves one,
    too.
    """

    __tablename__ = "authorization"
    __table_args__ = (
        CheckConstraint("status in ('authorized', 'declined', 'voided')", name="authorization_status"),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    authorization_id: Mapped[str]
    order_id: Mapped[str] = mapped_column(index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    payment_token: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str | None]
    capture_declined: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Charge(Base):
    """Money that moved: the witness' own book. It is not unique for an order on purpose: it counts what it
    was told to do.
    """

    __tablename__ = "charge"
    __table_args__ = (
        CheckConstraint("kind in ('capture', 'refund')", name="charge_kind"),
        Index("charge_order", "order_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    authorization_key: Mapped[str] = mapped_column(ForeignKey("authorization.key"))
    order_id: Mapped[str]
    kind: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Request(Base):
    """The stored answer for an idempotency key, and how often the key was tried."""

    __tablename__ = "request"

    idempotency_key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    status: Mapped[int | None]
    body: Mapped[dict[str, object] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
