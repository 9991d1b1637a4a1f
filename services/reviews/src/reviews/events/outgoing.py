"""What the others hear of a review: the full state of it without a word of its text."""

from collections.abc import Iterable

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from bazaar_shared.envelope import Event
from bazaar_shared.outbox import NOTIFY_SQL
from reviews.models import Review, outbox

TOPIC = "reviews.review"
TYPE = "bazaar.reviews.review.v1"
SOURCE = "/bazaar/reviews"


def event_of(review: Review) -> Event:
    return Event.new(
        source=SOURCE,
        type=TYPE,
        subject=str(review.id),
        version=review.version,
        data={
            "review_id": str(review.id),
            "product_id": str(review.product_id),
            "shopper_id": str(review.shopper_id),
            "rating": review.rating,
            "status": review.status.value,
        },
    )


def publish(session: Session, reviews: Iterable[Review]) -> None:
    """In the transaction of the change; the notification leaves with its commit."""
    rows = [
        {"topic": TOPIC, "key": event.subject, "envelope": event.to_dict()}
        for event in map(event_of, reviews)
    ]
    session.execute(insert(outbox), rows)
    session.execute(text(NOTIFY_SQL))
