"""What is said over a socket. Clients' frames are validated, unknown fields refused; the server's are encoded
once, however many clients a frame goes to.
"""

import struct
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from chat import shapes
from chat.storage.tables import Side

MAX_FRAME = 16 * 1024

Position = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Body = Annotated[str, Meta(min_length=1, max_length=2000)]


def check_body(body: str) -> None:
    if "\0" in body:
        raise ValueError("a text without NUL is required")
    if not body.strip():
        raise ValueError("a text of more than spaces is required")


class _In(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    pass


class Subscribe(_In, frozen=True, tag="subscribe"):
    """`after` is the last seq that was seen; what came since follows."""

    conversation: UUID
    after: Position = 0


class Unsubscribe(_In, frozen=True, tag="unsubscribe"):
    conversation: UUID


class Track(_In, frozen=True, tag="track"):
    order: UUID
    after: Position = 0


class Send(_In, frozen=True, tag="send"):
    conversation: UUID
    client_message_id: UUID
    body: Body

    def __post_init__(self) -> None:
        check_body(self.body)


class Read(_In, frozen=True, tag="read"):
    conversation: UUID
    seq: Position


class Typing(_In, frozen=True, tag="typing"):
    conversation: UUID


class Renew(_In, frozen=True, tag="renew"):
    token: Annotated[str, Meta(min_length=1, max_length=8192)]


class Ping(_In, frozen=True, tag="ping"):
    pass


type Incoming = Subscribe | Unsubscribe | Track | Send | Read | Typing | Renew | Ping

INCOMING: msgspec.json.Decoder[Incoming] = msgspec.json.Decoder(
    Subscribe | Unsubscribe | Track | Send | Read | Typing | Renew | Ping
)


class _Out(Struct, frozen=True, tag_field="type"):
    pass


class Hello(_Out, frozen=True, tag="hello"):
    account: UUID
    session_expires_at: datetime
    replica: str
    sellers: list[UUID]


class Subscribed(_Out, frozen=True, tag="subscribed"):
    conversation: UUID
    last_seq: int
    online: list[Side]


class MessageOut(_Out, frozen=True, tag="message"):
    conversation: UUID
    seq: int
    message: shapes.Message


class Sent(_Out, frozen=True, tag="sent"):
    client_message_id: UUID
    conversation: UUID
    seq: int


class TypingOut(_Out, frozen=True, tag="typing"):
    conversation: UUID
    side: Side


class PresenceOut(_Out, frozen=True, tag="presence"):
    conversation: UUID
    side: Side
    online: bool


class UnreadOut(_Out, frozen=True, tag="unread"):
    conversation: UUID
    unread: int
    total: int


class OrderOut(_Out, frozen=True, tag="order"):
    order: UUID
    version: int
    event: shapes.OrderEvent


class Expiring(_Out, frozen=True, tag="expiring"):
    seconds: int


class Renewed(_Out, frozen=True, tag="renewed"):
    session_expires_at: datetime


class Reconnect(_Out, frozen=True, tag="reconnect"):
    after_ms: int


class Pong(_Out, frozen=True, tag="pong"):
    pass


class Error(_Out, frozen=True, tag="error"):
    """`ref`: the message's `client_message_id`; the others, what the refused frame was about."""

    problem: dict[str, Any]
    ref: UUID | None = None
    conversation: UUID | None = None
    order: UUID | None = None


_ENCODER = msgspec.json.Encoder()

_FINAL_TEXT = 0x81
_16_BITS, _64_BITS = 126, 127


def encode(out: _Out) -> bytes:
    """A whole WebSocket frame (RFC 6455, 5.2), as a server sends it: final, text, not masked."""
    return text_frame(_ENCODER.encode(out))


def text_frame(payload: bytes) -> bytes:
    size = len(payload)
    if size < _16_BITS:
        return struct.pack("!BB", _FINAL_TEXT, size) + payload
    if size <= 0xFFFF:
        return struct.pack("!BBH", _FINAL_TEXT, _16_BITS, size) + payload
    return struct.pack("!BBQ", _FINAL_TEXT, _64_BITS, size) + payload
