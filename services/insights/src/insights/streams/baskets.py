"""basket.basket: which baskets stand open, what is in them, and since when nobody has touched them."""

from dataclasses import dataclass
from typing import Any

from faust.types import EventT, StreamT

from insights.acknowledged import Insights
from insights.records import BasketEvent
from insights.streams.handling import settle_all
from insights.tables import Tables
from insights.topics import Topics


@dataclass(frozen=True, slots=True)
class Baskets:
    tables: Tables

    async def handle(self, value: BasketEvent, event: EventT[BasketEvent]) -> None:  # noqa: ARG002
        known = self.tables.baskets[value.data.basket_id]
        # the same version is written again: whoever wrote it may have been killed before its changelog was
        if known.get("version", 0) <= value.aggregateversion:
            self.tables.baskets[value.data.basket_id] = after(known, value)


def after(known: dict[str, Any], event: BasketEvent) -> dict[str, Any]:
    basket = event.data
    if basket.status != "open" or not basket.lines:
        # the version stays: older events that are told again must not open it
        return {"version": event.aggregateversion, "open": False}
    lines = sorted([line.product_id, line.quantity] for line in basket.lines)
    # a basket is told again when a price changes; that is no shopper's doing
    untouched = known.get("lines") == lines
    return {
        "version": event.aggregateversion,
        "open": True,
        "lines": lines,
        "touched": known["touched"] if untouched else event.time.timestamp(),
        "total_minor": basket.total_minor,
        "currency": basket.currency,
    }


def install(app: Insights, topics: Topics, tables: Tables) -> Baskets:
    baskets = Baskets(tables)

    @app.agent(topics.baskets, name="baskets")
    async def read_baskets(stream: StreamT[BasketEvent]) -> None:
        await settle_all(app, stream, baskets.handle)

    return baskets
