"""A review: one for each shopper and product, for ever."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Enum, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from reviews.models.base import Base


class Status(StrEnum):
    PUBLISHED = "published"
    HIDDEN = "hidden"
    DELETED = "deleted"


class Review(Base):
    """A deleted review keeps its row without the text: who writes again goes on with the same id, and its
    events' versions go on growing.
    """

    __tablename__ = "reviews"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    product_id: Mapped[UUID]
    shopper_id: Mapped[UUID]
    # whose delivery gave the right to write it; none for a review of the demo market
    order_id: Mapped[UUID | None]
    rating: Mapped[int]
    title: Mapped[str]
    body: Mapped[str]
    author_name: Mapped[str]
    status: Mapped[Status] = mapped_column(
        Enum(
            Status, native_enum=False, create_constraint=True, name="status", values_callable=list, length=16
        )
    )
    version: Mapped[int] = mapped_column(default=0)
    # set while an operator withholds it; kept when its shopper deletes it, so that writing again does not
    # undo it
    hidden_at: Mapped[datetime | None]
    hidden_reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("shopper_id", "product_id", name="uq_reviews_shopper_product"),
        CheckConstraint("rating between 1 and 5", name="rating"),
        CheckConstraint(
            "status <> 'deleted' or (title = '' and body = '' and author_name = '')", name="deleted_text"
        ),
        CheckConstraint("status <> 'hidden' or hidden_at is not null", name="hidden_at"),
        # one index for each ordering of a product's page, each as wide as its keyset
        *(
            Index(f"ix_reviews_{name}", "product_id", *columns, postgresql_where=text("status = 'published'"))
            for name, columns in {
                "newest": (text("created_at desc"), text("id desc")),
                "highest": (text("rating desc"), text("created_at desc"), text("id desc")),
                "lowest": (text("(-rating) desc"), text("created_at desc"), text("id desc")),
            }.items()
        ),
        Index("ix_reviews_mine", "shopper_id", text("created_at desc"), text("id desc")),
        Index("ix_reviews_moderation", text("created_at desc"), text("id desc")),
    )

    @property
    def counted(self) -> int | None:
        """The stars that the product's summary holds of it."""
        return self.rating if self.status is Status.PUBLISHED else None
