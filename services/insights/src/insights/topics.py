"""The topics as Faust has them. A record that is not what it should be goes to the dead letters, once."""

from dataclasses import dataclass
from typing import Any, cast

import faust
from faust.types import Message, TopicT

from bazaar_shared.consumer import HANDLED
from bazaar_shared.dead_letters import record_of
from insights.acknowledged import Insights
from insights.records import BasketEvent, ClickEvent, OrderEvent, Placed, ProductClick, Sale


class EventTopic(faust.Topic):
    """Faust acknowledges a record that it cannot decode, and throws at the agent, which takes its stream down
    for what no restart helps. Here it is laid aside, and its offset committed after that.
    """

    async def on_key_decode_error(self, exc: Exception, message: Message) -> None:
        await self._lay_aside(exc, message)

    async def on_value_decode_error(self, exc: Exception, message: Message) -> None:
        await self._lay_aside(exc, message)

    async def _lay_aside(self, exc: Exception, message: Message) -> None:
        app = cast("Insights", self.app)
        reason = exc.__cause__ or exc
        with app.held_back():
            await app.dead_letters.send(message, record_of(message), f"{type(reason).__name__}: {reason}")
        HANDLED.labels(app.topology.app_id, message.topic, "dead_letter").inc()


@dataclass(frozen=True, slots=True)
class Topics:
    orders: TopicT
    clicks: TopicT
    baskets: TopicT
    # of insights' own
    sales: TopicT
    placed: TopicT
    product_clicks: TopicT
    replayed: TopicT
    alerts: TopicT

    @classmethod
    def of(cls, app: Insights) -> "Topics":
        names = app.topology

        def source(name: str, shape: type[Any]) -> Any:
            return app.topic(name, key_type=str, value_type=shape, value_serializer="json", allow_empty=False)

        def inner(name: str, shape: type[Any]) -> Any:
            # keys as tables write them, in JSON: only so `table_route` finds the worker that has a key
            return app.topic(
                name, key_type=str, key_serializer="json", value_type=shape, value_serializer="json"
            )

        return cls(
            orders=source(names.orders, OrderEvent),
            clicks=source(names.clicks, ClickEvent),
            baskets=source(names.baskets, BasketEvent),
            sales=inner(names.sales, Sale),
            placed=inner(names.placed, Placed),
            product_clicks=inner(names.product_clicks, ProductClick),
            replayed=app.topic(names.replayed, key_type=bytes, value_type=bytes, value_serializer="raw"),
            alerts=app.topic(names.alerts, key_type=str, value_type=bytes, value_serializer="raw"),
        )
