from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Index, Text, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from fulfillment.storage import add_common_tables, add_inbox


class Base(DeclarativeBase):
    type_annotation_map = {str: Text, datetime: DateTime(timezone=True)}  # noqa: RUF012 SQLAlchemy's own idiom


class Stock(Base):
    """A product's balance. It only changes by a Movement, under its own lock, and its version grows with
    each.
    """

    __tablename__ = "stock"
    __table_args__ = (
        CheckConstraint("reserved >= 0", name="stock_reserved_not_negative"),
        CheckConstraint("on_hand >= reserved", name="stock_available_not_negative"),
    )

    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    on_hand: Mapped[int] = mapped_column(default=0, server_default="0")
    reserved: Mapped[int] = mapped_column(default=0, server_default="0")
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


class Movement(Base):
    """The stock ledger, append-only (a trigger refuses the rest). The sums of its deltas are the balances."""

    __tablename__ = "stock_movement"
    __table_args__ = (
        CheckConstraint(
            "kind in ('adjusted', 'reserved', 'released', 'sold', 'restocked')", name="stock_movement_kind"
        ),
        CheckConstraint("on_hand_delta <> 0 or reserved_delta <> 0", name="stock_movement_moves_something"),
        Index("stock_movement_once_per_order", "order_id", "product_id", "kind", unique=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("stock.product_id"), index=True)
    kind: Mapped[str]
    on_hand_delta: Mapped[int]
    reserved_delta: Mapped[int]
    order_id: Mapped[UUID | None]
    adjustment_id: Mapped[str | None] = mapped_column(unique=True)
    reason: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Reservation(Base):
    __tablename__ = "reservation"
    __table_args__ = (
        CheckConstraint(
            "state in ('reserved', 'released', 'committed', 'restocked')", name="reservation_state"
        ),
    )

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    lines: Mapped[list["ReservationLine"]] = relationship(
        order_by="ReservationLine.product_id", lazy="selectin"
    )


class ReservationLine(Base):
    __tablename__ = "reservation_line"
    __table_args__ = (CheckConstraint("quantity > 0", name="reservation_line_quantity"),)

    order_id: Mapped[UUID] = mapped_column(ForeignKey("reservation.order_id"), primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("stock.product_id"), primary_key=True)
    quantity: Mapped[int]


add_common_tables(Base.metadata)
add_inbox(Base.metadata)
