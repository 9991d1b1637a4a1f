"""Reviews as the reviews service tells of them, for several tests."""

from typing import Any
from uuid import uuid4

from bazaar_shared.envelope import Event
from catalog.ratings.consumer import REVIEW_TYPE


def told(review: object, product: object, version: int, rating: object = 4, **changes: Any) -> Event:
    data = {
        "review_id": str(review),
        "product_id": str(product),
        "shopper_id": str(uuid4()),
        "rating": rating,
        "status": "published",
    }
    return Event.new(
        source="/bazaar/reviews", type=REVIEW_TYPE, subject=str(review), version=version, data=data | changes
    )
