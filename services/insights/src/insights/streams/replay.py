"""insights-replayed: dead letters on their way back. They stand in the partition they were read from, so
that the tables of that partition take them.
"""

from collections.abc import Mapping
from typing import Any

import faust
from faust.types import EventT, StreamT

from bazaar_shared.dead_letters import PermanentError
from insights.acknowledged import Insights
from insights.records import BasketEvent, ClickEvent, OrderEvent
from insights.streams.baskets import Baskets
from insights.streams.clicks import Clicks
from insights.streams.handling import Handler, settle_all
from insights.streams.orders import Orders
from insights.topics import Topics
from insights.topology import Topology


def shapes(names: Topology) -> Mapping[str, type[faust.Record]]:
    return {names.orders: OrderEvent, names.clicks: ClickEvent, names.baskets: BasketEvent}


def read(names: Topology, topic: str, value: bytes | None) -> Any:
    """As the record's own topic would; a PermanentError says what is wrong with it."""
    shape = shapes(names).get(topic)
    if shape is None:
        raise PermanentError(f"nobody here handles {topic}")
    try:
        return shape.loads(value or b"")
    # whatever a record's fields raise: of what is no such record, nothing better is known
    except Exception as error:
        raise PermanentError(f"{type(error).__name__}: {error}") from error


def install(app: Insights, topics: Topics, orders: Orders, clicks: Clicks, baskets: Baskets) -> None:
    handlers: Mapping[str, Handler] = {
        app.topology.orders: orders.handle,
        app.topology.clicks: clicks.handle,
        app.topology.baskets: baskets.handle,
    }

    async def handle(value: bytes, event: EventT[bytes]) -> None:
        topic = event.headers.get("dead-letter-topic", b"").decode("utf-8", "replace")
        record = read(app.topology, topic, value)
        await handlers[topic](record, event)

    @app.agent(topics.replayed, name="replayed")
    async def read_replayed(stream: StreamT[bytes]) -> None:
        await settle_all(app, stream, handle)
