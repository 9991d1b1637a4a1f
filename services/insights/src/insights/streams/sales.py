"""insights-sales: each seller's revenue, minute by minute, day by day and since the beginning."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from faust.types import EventT, StreamT

from insights.acknowledged import Insights
from insights.buckets import DAY, start
from insights.records import Sale
from insights.streams.handling import settle_all
from insights.tables import Tables, key
from insights.topics import Topics

LATE = "late"


@dataclass(frozen=True, slots=True)
class Sales:
    tables: Tables

    async def handle(self, sale: Sale, event: EventT[Sale]) -> None:  # noqa: ARG002
        """Three values, each derived from the one below it: a crash between them is mended by the next
        try.
        """
        tables, day = self.tables, start(sale.minute, DAY)
        bucket = key(sale.seller_id, LATE, day) if sale.late else key(sale.seller_id, sale.minute)
        orders = with_sale(tables.sale_minutes[bucket], sale)
        tables.sale_minutes[bucket] = orders

        minutes = dict(tables.sale_days[key(sale.seller_id, day)])
        minutes[LATE if sale.late else str(sale.minute)] = counted(orders)
        tables.sale_days[key(sale.seller_id, day)] = minutes

        tables.sellers[sale.seller_id] = {
            **tables.sellers[sale.seller_id],
            str(day): summed(minutes.values()),
        }


def with_sale(orders: Mapping[str, Any], sale: Sale) -> dict[str, Any]:
    """A refund is final: an older telling of the same order that comes after it changes nothing."""
    known = orders.get(sale.order_id)
    state = "refunded" if known and known[1] == "refunded" else sale.state
    return {**orders, sale.order_id: [sale.amount_minor, state, sale.currency]}


def counted(orders: Mapping[str, Any]) -> list[int]:
    amounts = [amount for amount, state, _ in orders.values() if state == "counted"]
    return [len(amounts), sum(amounts)]


def summed(parts: Iterable[list[int]]) -> list[int]:
    return [sum(column) for column in zip(*parts, strict=True)] or [0, 0]


def install(app: Insights, topics: Topics, tables: Tables) -> Sales:
    sales = Sales(tables)

    @app.agent(topics.sales, name="sales")
    async def read_sales(stream: StreamT[Sale]) -> None:
        await settle_all(app, stream, sales.handle)

    return sales
