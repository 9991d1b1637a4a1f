"""What this service follows on Kafka: each topic has its consumer."""

from bazaar_shared.consumer import Record
from bazaar_shared.envelope import Event
from catalog.availability import consumer as availability
from catalog.ratings import consumer as ratings

HANDLERS = {availability.STOCK_TOPIC: availability.handle, ratings.REVIEW_TOPIC: ratings.handle}
TOPICS = tuple(HANDLERS)


async def handle(event: Event, record: Record) -> None:
    """A dead letter that comes back names the topic that it was first read from."""
    await HANDLERS[record.topic](event)
