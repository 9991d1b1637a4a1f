"""Conversations: begun, listed, shown; what is unread."""

from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from bazaar_shared import pagination
from chat.conversations.listing import find, open_conversation, page_of, unread_total
from chat.conversations.messages import mark_read
from chat.conversations.opening import NewConversation, opening_of
from chat.conversations.views import shape_conversations
from chat.live.frames import Position
from chat.shapes import Conversation, ConversationPage, Unread, UnreadTotal
from chat.storage import tables
from chat.storage.tables import Side
from chat.web.base import ApiHandler
from chat.web.paging import Cursor, Limit

PREFIX = "/api/chat"

_NEW: msgspec.json.Decoder[NewConversation] = msgspec.json.Decoder(NewConversation)


class ConversationsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    side: Literal["shopper", "seller", "all"] = "all"
    limit: Limit = pagination.DEFAULT_LIMIT
    cursor: Cursor | None = None


class MarkRead(Struct, frozen=True, forbid_unknown_fields=True):
    seq: Position


_READ: msgspec.json.Decoder[MarkRead] = msgspec.json.Decoder(MarkRead)


class ConversationsHandler(ApiHandler):
    async def post(self) -> None:
        """201, or 200 when this shopper, stall and subject have one already."""
        here, new = self.services, self.body(_NEW)
        viewer = await self.caller.viewer(here.catalog)
        opening = await opening_of(
            new, self.caller, sessions=here.sessions, catalog=here.catalog, orders=here.orders
        )
        conversation, made = await open_conversation(here.sessions, viewer, opening)
        self.set_header("Location", f"{PREFIX}/conversations/{conversation}")
        self.answer(await show(self, conversation), 201 if made else 200)

    async def get(self) -> None:
        query = self.query(ConversationsQuery)
        viewer = await self.caller.viewer(self.services.catalog)
        async with self.services.sessions() as session:
            found, cursor = await page_of(session, viewer, query.side, query.cursor, query.limit)
        seen = [(*row, viewer.side_of(row[0])) for row in found]
        items = await shape_conversations(self.services.identity, seen)
        self.answer(ConversationPage(items, cursor))


class ConversationHandler(ApiHandler):
    async def get(self, conversation_id: str) -> None:
        self.answer(await show(self, UUID(conversation_id)))


class ReadHandler(ApiHandler):
    async def put(self, conversation_id: str) -> None:
        _, side = await find_own(self, UUID(conversation_id))
        read = self.body(_READ)
        conversation = await mark_read(self.services.sessions, UUID(conversation_id), side, read.seq)
        self.services.switchboard.counted(conversation)
        self.answer(Unread(conversation.unread(side)))


class UnreadHandler(ApiHandler):
    async def get(self) -> None:
        viewer = await self.caller.viewer(self.services.catalog)
        async with self.services.sessions() as session:
            self.answer(UnreadTotal(await unread_total(session, viewer)))


async def find_own(handler: ApiHandler, conversation_id: UUID) -> tuple[tables.Conversation, Side]:
    """ConversationNotFound for strangers."""
    async with handler.services.sessions() as session:
        conversation, _ = await find(session, conversation_id)
    return conversation, await handler.caller.side_of(conversation, handler.services.catalog)


async def show(handler: ApiHandler, conversation_id: UUID) -> Conversation:
    services, caller = handler.services, handler.caller
    async with services.sessions() as session:
        found = await find(session, conversation_id)
    side = await caller.side_of(found[0], services.catalog)
    shown = await shape_conversations(services.identity, [(*found, side)])
    return shown[0]
