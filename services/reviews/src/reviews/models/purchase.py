"""Who received what: the right to review, as orders tells it."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import Enum, Index
from sqlalchemy.orm import Mapped, mapped_column

from reviews.models.base import Base


class PurchaseStatus(StrEnum):
    DELIVERED = "delivered"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


class Purchase(Base):
    __tablename__ = "purchases"

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    shopper_id: Mapped[UUID]
    status: Mapped[PurchaseStatus] = mapped_column(
        Enum(
            PurchaseStatus,
            native_enum=False,
            create_constraint=True,
            name="status",
            values_callable=list,
            length=16,
        )
    )
    # the order's, as the event told it: an older event changes nothing
    version: Mapped[int]
    # of the demo market: no order stands behind it
    demo: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (Index("ix_purchases_shopper_product", "shopper_id", "product_id"),)
