"""Long polling, for those whose way here lets no WebSocket through: the same feeds, the same wake-ups."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bazaar_shared import pagination
from chat import shapes
from chat.conversations.messages import read_after
from chat.conversations.views import shape_messages
from chat.live.frames import Position
from chat.live.topics import Topic
from chat.tracking import orders
from chat.tracking.access import check_own_order
from chat.web.base import ApiHandler
from chat.web.conversations import find_own
from chat.web.paging import Cursor, Limit, position

LONGEST_WAIT = 25


class UpdatesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    after: Position = 0
    wait: Annotated[float, Meta(ge=0, le=LONGEST_WAIT)] = LONGEST_WAIT


class LongPollHandler(ApiHandler):
    _news: asyncio.Event | None = None
    _client_left = False

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self._client_left = True
        if self._news is not None:
            self._news.set()

    async def first_news[T](
        self, topic: Topic, wait: float, look: Callable[[], Awaitable[Sequence[T]]]
    ) -> Sequence[T]:
        """Wake-ups are asked for before the first look, so nothing falls between. Empty when the time is
        over, the server goes down or the client has left.
        """
        deadline = asyncio.get_running_loop().time() + wait
        with self.services.switchboard.feeds.waiting(topic) as self._news:
            while True:
                self._news.clear()
                found = await look()
                if found or not wait or self._client_left or self.traffic.draining:
                    return found
                try:
                    async with asyncio.timeout_at(deadline):
                        await self._news.wait()
                except TimeoutError:
                    return await look()


class MessageUpdatesHandler(LongPollHandler):
    async def get(self, conversation_id: str) -> None:
        query = self.query(UpdatesQuery)
        conversation, _ = await find_own(self, UUID(conversation_id))

        async def look() -> Sequence[shapes.Message]:
            async with self.services.sessions() as session:
                found = await read_after(session, conversation.id, query.after, pagination.MAX_LIMIT)
            return await shape_messages(self.services.identity, conversation.seller_name, found)

        items = await self.first_news(Topic.conversation(conversation.id), query.wait, look)
        self.answer(shapes.MessageUpdates(list(items), items[-1].seq if items else query.after))


class OrderUpdatesHandler(LongPollHandler):
    async def get(self, order_id: str) -> None:
        query, order = self.query(UpdatesQuery), UUID(order_id)
        await check_own_order(self.services.sessions, self.services.orders, order, self.caller)

        async def look() -> Sequence[shapes.OrderEvent]:
            async with self.services.sessions() as session:
                found = await orders.read_after(session, order, query.after, pagination.MAX_LIMIT)
            return [orders.shape_of(event) for event in found]

        items = await self.first_news(Topic.order(order), query.wait, look)
        self.answer(shapes.OrderUpdates(list(items), items[-1].version if items else query.after))


class OrderEventsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    limit: Limit = pagination.MAX_LIMIT
    cursor: Cursor | None = None


class OrderEventsHandler(ApiHandler):
    async def get(self, order_id: str) -> None:
        """All that is known of an order, from the beginning."""
        query, order = self.query(OrderEventsQuery), UUID(order_id)
        after = position(query.cursor, "after")[1] if query.cursor else 0
        await check_own_order(self.services.sessions, self.services.orders, order, self.caller)
        async with self.services.sessions() as session:
            found = await orders.read_after(session, order, after, query.limit)
        more = len(found) == query.limit
        cursor = pagination.encode({"after": found[-1].version}) if more else None
        self.answer(shapes.OrderEventPage([orders.shape_of(event) for event in found], cursor))
