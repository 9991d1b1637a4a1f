"""insights-product-clicks: what is looked at, put into baskets and bought, in hopping windows by the
click's time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faust.types import EventT, StreamT

from insights.acknowledged import Insights
from insights.buckets import MINUTE, start
from insights.records import ProductClick
from insights.streams.handling import settle_all
from insights.tables import Tables, key
from insights.topics import Topics

# what a click of each kind is worth; a search is about no product
WEIGHTS = {"view": 1, "add": 3, "buy": 10}


@dataclass(frozen=True, slots=True)
class Products:
    tables: Tables

    async def handle(self, click: ProductClick, event: EventT[ProductClick]) -> None:  # noqa: ARG002
        if click.kind not in WEIGHTS:
            return
        tables, minute = self.tables, start(click.at, MINUTE)
        bucket = key(click.product_id, minute)
        clicks = {**tables.click_minutes[bucket], click.click_id: click.kind}
        tables.click_minutes[bucket] = clicks
        # in each window that this minute is in, the minute is set to what its bucket adds up to
        tables.trending[click.product_id].apply(with_minute, (str(minute), of_kinds(clicks)))


def with_minute(window: Mapping[str, Any], minute: tuple[str, list[int]]) -> dict[str, Any]:
    return {**window, minute[0]: minute[1]}


def of_kinds(clicks: Mapping[str, str]) -> list[int]:
    kinds = list(clicks.values())
    return [kinds.count(kind) for kind in WEIGHTS]


def score(counts: list[int]) -> int:
    return sum(count * weight for count, weight in zip(counts, WEIGHTS.values(), strict=True))


def install(app: Insights, topics: Topics, tables: Tables) -> Products:
    products = Products(tables)

    @app.agent(topics.product_clicks, name="products")
    async def read_product_clicks(stream: StreamT[ProductClick]) -> None:
        await settle_all(app, stream, products.handle)

    return products
