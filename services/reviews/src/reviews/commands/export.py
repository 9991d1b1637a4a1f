"""The books for operators and the audit: NDJSON, one snapshot, without a word of any text."""

import json
from typing import TextIO

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from reviews.models import RatingSummary, Review

_OUTBOX = text("""
select count(*) as unsent, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as oldest
from outbox where sent_at is null
""")


def export(session: Session, out: TextIO) -> None:
    with session.begin():
        # reviews and sums of the same moment, though two statements read them
        session.execute(text("set transaction isolation level repeatable read, read only"))
        columns = (
            Review.id,
            Review.product_id,
            Review.shopper_id,
            Review.rating,
            Review.status,
            Review.version,
        )
        reviews = select(*columns, Review.order_id).order_by(Review.id)
        for row in session.execute(reviews, execution_options={"yield_per": 500}):
            line = {
                "kind": "review",
                "id": str(row.id),
                "product_id": str(row.product_id),
                "shopper_id": str(row.shopper_id),
                "rating": row.rating,
                "status": row.status.value,
                "version": row.version,
                "order_id": str(row.order_id) if row.order_id else None,
            }
            out.write(json.dumps(line) + "\n")
        summaries = select(RatingSummary).order_by(RatingSummary.product_id)
        for summary in session.scalars(summaries, execution_options={"yield_per": 500}):
            line = {
                "kind": "rating_summary",
                "product_id": str(summary.product_id),
                "count": summary.count,
                "sum": summary.total,
            }
            out.write(json.dumps(line) + "\n")
        unsent, oldest = session.execute(_OUTBOX).one()
        line = {"kind": "outbox", "unsent": unsent, "oldest_age_seconds": max(0.0, oldest)}
        out.write(json.dumps(line) + "\n")
