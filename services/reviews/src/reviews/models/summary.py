"""The ratings of a product, summed up: kept with each change, never counted when somebody asks."""

from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from reviews.models.base import Base

STARS = (1, 2, 3, 4, 5)


class RatingSummary(Base):
    __tablename__ = "rating_summaries"

    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    stars_1: Mapped[int] = mapped_column(default=0)
    stars_2: Mapped[int] = mapped_column(default=0)
    stars_3: Mapped[int] = mapped_column(default=0)
    stars_4: Mapped[int] = mapped_column(default=0)
    stars_5: Mapped[int] = mapped_column(default=0)

    __table_args__ = tuple(CheckConstraint(f"stars_{star} >= 0", name=f"stars_{star}") for star in STARS)

    @classmethod
    def empty(cls, product_id: UUID) -> "RatingSummary":
        return cls(product_id=product_id, **dict.fromkeys((f"stars_{star}" for star in STARS), 0))

    @property
    def histogram(self) -> dict[int, int]:
        return {star: getattr(self, f"stars_{star}") for star in STARS}

    def move(self, star: int, by: int) -> None:
        setattr(self, f"stars_{star}", self.histogram[star] + by)

    @property
    def count(self) -> int:
        return sum(self.histogram.values())

    @property
    def total(self) -> int:
        return sum(star * count for star, count in self.histogram.items())

    @property
    def average(self) -> float | None:
        return round(self.total / self.count, 2) if self.count else None
