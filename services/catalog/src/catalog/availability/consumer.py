"""What inventory tells of the stock becomes the availability that readers and sellers see."""

from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from bazaar_shared.consumer import PermanentError
from bazaar_shared.envelope import Event
from catalog.availability.models import Availability
from catalog.events.consuming import GROUP, whole

STOCK_TOPIC = "inventory.stock"
STOCK_TYPE = "bazaar.inventory.stock.v1"


async def handle(event: Event, _record: object = None) -> None:
    """asyncio outside, Django's ORM in its own thread inside."""
    await sync_to_async(record_stock)(event)


def record_stock(event: Event) -> bool:
    if event.type != STOCK_TYPE:
        raise PermanentError(f"{event.type} is not told on {STOCK_TOPIC}")
    product_id, on_hand, available = read(event)
    close_old_connections()  # no request ends here that would: a connection that broke is opened anew
    return Availability.objects.record(
        consumer=GROUP, event_id=event.id, product_id=product_id, version=event.version,
        on_hand=on_hand, available=available,
    )  # fmt: skip


def read(event: Event) -> tuple[UUID, int, int]:
    try:
        return UUID(event.data["product_id"]), whole(event.data["on_hand"]), whole(event.data["available"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PermanentError(f"not a state of stock: {error!r}") from error
