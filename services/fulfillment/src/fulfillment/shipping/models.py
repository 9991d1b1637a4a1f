from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from fulfillment.storage import add_common_tables


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 SQLAlchemy's own idiom
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, str]: JSONB,
    }


class Parcel(Base):
    """One seller's things of one order on their way. The address goes when it is needed no more."""

    __tablename__ = "parcel"
    __table_args__ = (
        UniqueConstraint("order_id", "seller_id", name="parcel_once_per_seller"),
        CheckConstraint("status in ('booked', 'in_transit', 'delivered', 'withdrawn')", name="parcel_status"),
        CheckConstraint(
            "(moves_at is null) = (status in ('delivered', 'withdrawn'))", name="parcel_moves_until_its_end"
        ),
        Index("parcel_due", "moves_at", postgresql_where=text("moves_at is not null")),
    )

    parcel_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    seller_id: Mapped[UUID]
    carrier: Mapped[str]
    tracking_code: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str]
    address: Mapped[dict[str, str] | None]
    moves_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


add_common_tables(Base.metadata)
