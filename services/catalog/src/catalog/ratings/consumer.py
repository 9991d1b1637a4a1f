"""What reviews tells of a review becomes the rating that readers and sellers see."""

from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from bazaar_shared.consumer import PermanentError
from bazaar_shared.envelope import Event
from catalog.events.consuming import GROUP, whole
from catalog.ratings.models import Review

REVIEW_TOPIC = "reviews.review"
REVIEW_TYPE = "bazaar.reviews.review.v1"
COUNTS = {"published": True, "hidden": False, "deleted": False}


async def handle(event: Event, _record: object = None) -> None:
    """asyncio outside, Django's ORM in its own thread inside."""
    await sync_to_async(record_review)(event)


def record_review(event: Event) -> bool:
    if event.type != REVIEW_TYPE:
        raise PermanentError(f"{event.type} is not told on {REVIEW_TOPIC}")
    review = read(event)
    close_old_connections()  # no request ends here that would: a connection that broke is opened anew
    return Review.objects.record(review, consumer=GROUP, event_id=event.id)


def read(event: Event) -> Review:
    try:
        return Review(
            id=UUID(event.data["review_id"]),
            product_id=UUID(event.data["product_id"]),
            version=event.version,
            rating=stars(event.data["rating"]) if COUNTS[event.data["status"]] else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PermanentError(f"not a state of a review: {error!r}") from error


def stars(value: object) -> int:
    if not 1 <= (number := whole(value)) <= 5:
        raise ValueError(f"{number} is not one to five stars")
    return number
