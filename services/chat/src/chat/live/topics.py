"""What can be followed, and the Redis channel that tells of it."""

from typing import Final, NamedTuple, Self
from uuid import UUID

CONVERSATION: Final = "conversation"
ORDER: Final = "order"
SHOPPER: Final = "shopper"
SELLER: Final = "seller"

_PREFIX = "chat:"


class Topic(NamedTuple):
    kind: str
    id: UUID

    @classmethod
    def conversation(cls, conversation: UUID) -> Self:
        return cls(CONVERSATION, conversation)

    @classmethod
    def order(cls, order: UUID) -> Self:
        return cls(ORDER, order)

    @property
    def channel(self) -> str:
        # Redis' access rights give chat what begins like this
        return f"{_PREFIX}{self.kind}:{self.id}"

    @classmethod
    def of_channel(cls, channel: str) -> Self | None:
        kind, _, text = channel.removeprefix(_PREFIX).partition(":")
        try:
            return cls(kind, UUID(text))
        except ValueError:
            return None
