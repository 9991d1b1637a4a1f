"""A conversation's messages: read by pages, written once."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from bazaar_shared import pagination
from chat import shapes
from chat.conversations.messages import Draft, append, read_after, read_before
from chat.conversations.views import shape_messages
from chat.errors import InvalidField
from chat.live.frames import Body, Position, check_body
from chat.storage.tables import Conversation, Message
from chat.web.base import ApiHandler
from chat.web.conversations import find_own
from chat.web.paging import Cursor, Limit, position


class NewMessage(Struct, frozen=True, forbid_unknown_fields=True):
    client_message_id: Annotated[UUID, Meta(description="Chosen by the client: sent again, stored once")]
    body: Body

    def __post_init__(self) -> None:
        check_body(self.body)


_NEW: msgspec.json.Decoder[NewMessage] = msgspec.json.Decoder(NewMessage)


class MessagesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Neither `after` nor `before`: the newest."""

    after: Position | None = None
    before: Position | None = None
    limit: Limit = pagination.DEFAULT_LIMIT
    cursor: Cursor | None = None


class MessagesHandler(ApiHandler):
    async def get(self, conversation_id: str) -> None:
        """Ascending by seq. `next_cursor` goes on in the direction that was asked for."""
        query = _position(self.query(MessagesQuery))
        conversation, _ = await find_own(self, UUID(conversation_id))
        found = await self._found(conversation, query)
        messages = await shape_messages(self.services.identity, conversation.seller_name, found)
        self.answer(shapes.MessagePage(messages, _next(messages, query)))

    async def _found(self, conversation: Conversation, query: MessagesQuery) -> Sequence[Message]:
        async with self.services.sessions() as session:
            if query.after is not None:
                return await read_after(session, conversation.id, query.after, query.limit)
            return await read_before(session, conversation.id, query.before, query.limit)

    async def post(self, conversation_id: str) -> None:
        """201; 200 when it is there already, sent a second time."""
        conversation, side = await find_own(self, UUID(conversation_id))
        new = self.body(_NEW)
        draft = Draft(conversation.id, new.client_message_id, side, self.caller.account_id, new.body)
        appended = await append(self.services.sessions, self.services.turns, draft)
        self.services.switchboard.appended(appended)
        shaped = await shape_messages(self.services.identity, conversation.seller_name, [appended.message])
        self.answer(shaped[0], 201 if appended.new else 200)


def _position(query: MessagesQuery) -> MessagesQuery:
    """What a cursor says takes the place of `after` and `before`."""
    if query.cursor is None:
        if query.after is not None and query.before is not None:
            raise InvalidField("before", "invalid", "either after or before")
        return query
    name, where = position(query.cursor, "after", "before")
    none: dict[str, int | None] = {"after": None, "before": None}
    return msgspec.structs.replace(query, **none | {name: where})


def _next(messages: Sequence[shapes.Message], query: MessagesQuery) -> str | None:
    if len(messages) < query.limit:
        return None
    if query.after is not None:
        return pagination.encode({"after": messages[-1].seq})
    return pagination.encode({"before": messages[0].seq}) if messages[0].seq > 1 else None
