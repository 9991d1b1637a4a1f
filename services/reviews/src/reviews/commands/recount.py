"""Are the kept sums what the rows say? The proof, and the repair after SQL by hand."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from reviews.models import STARS, RatingSummary, Review, Status


def recount(session: Session, *, repair: bool = False) -> Iterator[dict[str, Any]]:
    """A line for each product whose summary differs. Writers wait meanwhile."""
    session.execute(text("lock table reviews, rating_summaries in share row exclusive mode"))
    counted: defaultdict[UUID, Counter[int]] = defaultdict(Counter)
    published = select(Review.product_id, Review.rating, func.count()).where(
        Review.status == Status.PUBLISHED
    )
    for product_id, rating, count in session.execute(published.group_by(Review.product_id, Review.rating)):
        counted[product_id][rating] = count
    kept = {summary.product_id: summary for summary in session.scalars(select(RatingSummary))}
    for product_id in sorted({*counted, *kept}):
        right = {star: counted[product_id][star] for star in STARS}
        summary = kept.get(product_id) or RatingSummary.empty(product_id)
        if summary.histogram == right:
            continue
        yield {"product_id": str(product_id), "kept": summary.histogram, "counted": right}
        if repair:
            for star, count in right.items():
                setattr(summary, f"stars_{star}", count)
            session.add(summary)
