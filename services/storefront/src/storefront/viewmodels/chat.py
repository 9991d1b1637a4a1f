"""Conversations as the two who talk see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from storefront import paths
from storefront.viewmodels.orders import number_of

type Side = Literal["shopper", "seller"]
type Subject = Literal["product", "order"]

_A_SHOPPER = "A shopper"


@dataclass(frozen=True, slots=True)
class Message:
    seq: int
    client_message_id: str
    side: Side
    account_id: str
    # None: identity did not tell, or the account is gone
    author_name: str | None
    body: str
    created_at: datetime

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Self:
        author = message["author"]
        return cls(
            seq=message["seq"],
            client_message_id=message["client_message_id"],
            side=author["side"],
            account_id=author["account_id"],
            author_name=author["name"],
            body=message["body"],
            created_at=datetime.fromisoformat(message["created_at"]),
        )


@dataclass(frozen=True, slots=True)
class Conversation:
    id: str
    kind: Subject
    subject_id: str
    subject_title: str | None
    stall_name: str
    stall_slug: str
    shopper_name: str
    # the one on which the reader stands
    side: Side
    last_seq: int
    last_message: Message | None
    unread: int
    updated_at: datetime

    @property
    def url(self) -> str:
        return paths.conversation(self.id)

    @property
    def title(self) -> str:
        if self.kind == "order":
            return f"Order {number_of(self.subject_id)}"
        return self.subject_title or "Something on the market"

    @property
    def subject_url(self) -> str | None:
        """An order's page is its shopper's alone."""
        if self.kind == "product":
            return paths.product(self.subject_id)
        return paths.order(self.subject_id) if self.side == "shopper" else None

    @property
    def other(self) -> str:
        return self.stall_name if self.side == "shopper" else self.shopper_name

    @property
    def excerpt(self) -> str:
        return self.last_message.body if self.last_message else ""

    def name_of(self, message: Message) -> str:
        if message.author_name:
            return message.author_name
        return self.shopper_name if message.side == "shopper" else self.stall_name

    @classmethod
    def of(cls, conversation: Mapping[str, Any]) -> Self:
        subject, seller = conversation["subject"], conversation["seller"]
        last = conversation["last_message"]
        return cls(
            id=conversation["id"],
            kind=subject["kind"],
            subject_id=subject["id"],
            subject_title=subject["title"],
            stall_name=seller["name"],
            stall_slug=seller["slug"],
            shopper_name=conversation["shopper"]["name"] or _A_SHOPPER,
            side=conversation["side"],
            last_seq=conversation["last_seq"],
            last_message=Message.of(last) if last else None,
            unread=conversation["unread"],
            updated_at=datetime.fromisoformat(conversation["updated_at"]),
        )


@dataclass(frozen=True, slots=True)
class Conversations:
    """A page of the list. `next_cursor` is chat's own, opaque here."""

    items: tuple[Conversation, ...]
    next_cursor: str | None
