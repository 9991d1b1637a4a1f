"""What buyers said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Rating:
    """All ratings of a product together; how they are spread only where reviews itself was asked."""

    count: int
    average: float | None
    histogram: Mapping[int, int] = field(default_factory=dict)

    @property
    def shares(self) -> Mapping[int, int]:
        """Percent of each number of stars, for bars."""
        return {
            stars: round(100 * number / self.count) if self.count else 0
            for stars, number in self.histogram.items()
        }

    @classmethod
    def of(cls, summary: Mapping[str, Any]) -> Self:
        histogram = {stars: int(summary["histogram"].get(str(stars), 0)) for stars in (5, 4, 3, 2, 1)}
        average = summary["average"]
        return cls(summary["count"], None if average is None else float(average), histogram)


@dataclass(frozen=True, slots=True)
class Review:
    id: str
    product_id: str
    rating: int
    title: str
    body: str
    author_name: str
    created_at: datetime
    mine: bool
    status: str

    @classmethod
    def of(cls, review: Mapping[str, Any]) -> Self:
        return cls(
            id=review["id"],
            product_id=review["product_id"],
            rating=review["rating"],
            title=review["title"],
            body=review["body"],
            author_name=review["author_name"],
            created_at=datetime.fromisoformat(review["created_at"]),
            mine=bool(review.get("mine")),
            status=review["status"],
        )


@dataclass(frozen=True, slots=True)
class Reviews:
    items: tuple[Review, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class MyReview:
    """What the shopper may say about this product, or has said."""

    may_review: bool
    reason: str | None
    review: Review | None

    @classmethod
    def of(cls, mine: Mapping[str, Any]) -> Self:
        review = mine["review"]
        return cls(mine["may_review"], mine["reason"], Review.of(review) if review else None)
