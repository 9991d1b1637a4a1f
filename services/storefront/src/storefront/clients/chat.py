"""chat: what shoppers and stalls have to say to each other.

What comes while a page is open, its script hears from chat itself (static/js/live.js).
"""

from storefront.clients.base import Bearer, Service, document
from storefront.viewmodels.chat import Conversation, Conversations, Message, Subject

# in the head of every page: a chat that hangs must not make all pages wait as long as a page of its own would
_UNREAD_SECONDS = 1.0
_A_PAGE = 20


class Chat(Service):
    name = "chat"

    async def unread(self, bearer: Bearer) -> int:
        answer = await self.ask("GET", "/api/chat/unread", bearer=bearer, seconds=_UNREAD_SECONDS)
        return int(document(self.name, answer)["total"])

    async def conversations(self, bearer: Bearer, side: str, cursor: str | None = None) -> Conversations:
        """Newest activity first; `side` is shopper, seller or all."""
        params = {"side": side, "limit": _A_PAGE} | ({"cursor": cursor} if cursor else {})
        answer = await self.ask("GET", "/api/chat/conversations", bearer=bearer, params=params)
        page = document(self.name, answer)
        return Conversations(tuple(Conversation.of(item) for item in page["items"]), page["next_cursor"])

    async def conversation(self, conversation_id: str, bearer: Bearer) -> Conversation:
        route = "/api/chat/conversations/{conversation_id}"
        answer = await self.ask("GET", route, bearer=bearer, path={"conversation_id": conversation_id})
        return Conversation.of(document(self.name, answer))

    async def messages(
        self, conversation_id: str, before: int, limit: int, bearer: Bearer
    ) -> tuple[Message, ...]:
        """The newest so many of those before that number, in their order."""
        route = "/api/chat/conversations/{conversation_id}/messages"
        answer = await self.ask(
            "GET",
            route,
            bearer=bearer,
            params={"before": before, "limit": limit},
            path={"conversation_id": conversation_id},
        )
        return tuple(Message.of(item) for item in document(self.name, answer)["items"])

    async def begin(
        self, kind: Subject, subject_id: str, bearer: Bearer, seller_id: str | None = None
    ) -> Conversation:
        """The one that there is already, or a new one. `seller_id`: which of an order's stalls."""
        asked = {"subject": {"kind": kind, "id": subject_id}}
        body = asked | ({"seller_id": seller_id} if seller_id else {})
        answer = await self.ask("POST", "/api/chat/conversations", bearer=bearer, json=body)
        return Conversation.of(document(self.name, answer))

    async def say(self, conversation_id: str, client_message_id: str, text: str, bearer: Bearer) -> None:
        """The same id with the same words is one message, however often it is sent."""
        await self.ask(
            "POST",
            "/api/chat/conversations/{conversation_id}/messages",
            bearer=bearer,
            json={"client_message_id": client_message_id, "body": text},
            path={"conversation_id": conversation_id},
        )

    async def read(self, conversation_id: str, seq: int, bearer: Bearer) -> None:
        await self.ask(
            "PUT",
            "/api/chat/conversations/{conversation_id}/read",
            bearer=bearer,
            json={"seq": seq},
            path={"conversation_id": conversation_id},
        )
