"""What is given: the shapes of answers and of what sockets are told."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from chat.storage.tables import Side, SubjectKind


class Subject(Struct, frozen=True):
    kind: SubjectKind
    id: UUID
    title: str | None


class Seller(Struct, frozen=True):
    id: UUID
    slug: str
    name: str


class Shopper(Struct, frozen=True):
    id: UUID
    name: str | None


class Author(Struct, frozen=True):
    """A shopper's name is asked at identity and null while it does not answer; a stall's is the stall's."""

    side: Side
    account_id: UUID
    name: str | None


class Message(Struct, frozen=True):
    id: UUID
    conversation_id: UUID
    seq: int
    client_message_id: UUID
    author: Author
    body: str
    created_at: datetime


class Conversation(Struct, frozen=True):
    id: UUID
    subject: Subject
    seller: Seller
    shopper: Shopper
    side: Side
    last_seq: int
    last_message: Message | None
    unread: int
    read_seq: int
    created_at: datetime
    updated_at: datetime


class OrderEvent(Struct, frozen=True):
    order_id: UUID
    version: int
    status: str
    reason: str | None
    at: datetime


class ConversationPage(Struct, frozen=True):
    items: list[Conversation]
    next_cursor: str | None


class MessagePage(Struct, frozen=True):
    items: list[Message]
    next_cursor: str | None


class OrderEventPage(Struct, frozen=True):
    items: list[OrderEvent]
    next_cursor: str | None


class MessageUpdates(Struct, frozen=True):
    """`last_seq` is what to ask with next time."""

    items: list[Message]
    last_seq: int


class OrderUpdates(Struct, frozen=True):
    items: list[OrderEvent]
    last_version: int


class Unread(Struct, frozen=True):
    unread: int


class UnreadTotal(Struct, frozen=True):
    total: int
