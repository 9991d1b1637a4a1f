"""Where feeds are read: messages and order events, each as the frame that all their readers get."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from chat.clients.identity import Identity
from chat.conversations.messages import read_after
from chat.conversations.views import shape_messages
from chat.live.feeds import Item
from chat.live.frames import MessageOut, OrderOut, encode
from chat.storage.database import Sessions, is_any
from chat.storage.tables import Conversation, TrackedOrder
from chat.tracking import orders


class Messages:
    """By seq, which are given one after the other under the conversation's lock: none is seen before its
    predecessor.
    """

    def __init__(self, sessions: Sessions, identity: Identity) -> None:
        self._sessions = sessions
        self._identity = identity

    async def read(self, topic_id: UUID, after: int, limit: int) -> Sequence[Item]:
        async with self._sessions() as session:
            messages = await read_after(session, topic_id, after, limit)
            if not messages:
                return ()
            stall = await session.scalar(select(Conversation.seller_name).where(Conversation.id == topic_id))
        shaped = await shape_messages(self._identity, stall or "", messages)
        return [Item(one.seq, one.created_at, encode(MessageOut(topic_id, one.seq, one))) for one in shaped]

    async def positions(self, ids: Collection[UUID]) -> Mapping[UUID, int]:
        asked = select(Conversation.id, Conversation.last_seq).where(is_any(Conversation.id, ids))
        async with self._sessions() as session:
            return dict((await session.execute(asked)).tuples().all())


class OrderEvents:
    """By version; an order's events come in their order, so what is skipped here was never told."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def read(self, topic_id: UUID, after: int, limit: int) -> Sequence[Item]:
        async with self._sessions() as session:
            events = await orders.read_after(session, topic_id, after, limit)
        return [
            Item(one.version, one.at, encode(OrderOut(topic_id, one.version, orders.shape_of(one))))
            for one in events
        ]

    async def positions(self, ids: Collection[UUID]) -> Mapping[UUID, int]:
        asked = select(TrackedOrder.order_id, TrackedOrder.version).where(is_any(TrackedOrder.order_id, ids))
        async with self._sessions() as session:
            return dict((await session.execute(asked)).tuples().all())
