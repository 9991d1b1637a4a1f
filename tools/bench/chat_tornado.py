"""What the framework itself costs: a Tornado that broadcasts as little as the Go server does, with the frames
and the bounded queue that chat has. Run by chat's own Python; it prints its port.
"""

# the tools' environment, where mypy looks, has neither Tornado nor chat
# mypy: disable-error-code="import-not-found, misc, no-any-return"

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import tornado.web
import tornado.websocket
import uvloop
from chat.live.frames import MAX_FRAME, text_frame
from chat.live.outlet import Gone, Outlet
from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets

QUEUE = 256  # chat's CLIENT_QUEUE
TOO_SLOW = 4003
BACKLOG = 4096


class Ask(msgspec.Struct):
    type: str
    conversation: str = ""
    client_message_id: str = ""
    body: str = ""


@dataclass(eq=False)
class Room:
    readers: set[Socket] = field(default_factory=set)
    last_seq: int = 0

    def broadcast(self, ask: Ask) -> int:
        self.last_seq += 1
        frame = encoded(
            type="message",
            conversation=ask.conversation,
            seq=self.last_seq,
            message={
                "id": str(uuid.uuid4()),
                "conversation_id": ask.conversation,
                "seq": self.last_seq,
                "client_message_id": ask.client_message_id,
                "author": {"side": "shopper", "account_id": ask.conversation, "name": None},
                "body": ask.body,
                "created_at": datetime.now(UTC),
            },
        )
        for reader in list(self.readers):
            reader.outlet.offer(frame)
        return self.last_seq


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Ask)


def encoded(**told: object) -> bytes:
    """Once for all readers."""
    return text_frame(_encoder.encode(told))


class Socket(tornado.websocket.WebSocketHandler):
    def initialize(self, rooms: defaultdict[str, Room]) -> None:
        self.rooms = rooms
        self.joined: set[str] = set()

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return subprotocols[0] if subprotocols else None

    def open(self) -> None:
        self.set_nodelay(True)
        self.outlet = Outlet(self.put, QUEUE, self.too_slow)
        self.outlet.offer(encoded(type="hello"))

    def put(self, frame: bytes) -> asyncio.Future[None]:
        if self.ws_connection is None:
            raise Gone
        try:
            return self.ws_connection.stream.write(frame)
        except StreamClosedError:
            raise Gone from None

    def too_slow(self) -> None:
        self.close(TOO_SLOW, "too slow")

    def on_message(self, message: str | bytes) -> None:
        ask = _decoder.decode(message)
        room = self.rooms[ask.conversation]
        if ask.type == "subscribe":
            room.readers.add(self)
            self.joined.add(ask.conversation)
            told = encoded(type="subscribed", conversation=ask.conversation, last_seq=room.last_seq)
            self.outlet.offer(told)
        elif ask.type == "send":
            seq = room.broadcast(ask)
            told = encoded(
                type="sent", client_message_id=ask.client_message_id, conversation=ask.conversation, seq=seq
            )
            self.outlet.offer(told)

    def on_close(self) -> None:
        self.outlet.close()
        for name in self.joined:
            self.rooms[name].readers.discard(self)


async def main() -> None:
    rooms: defaultdict[str, Room] = defaultdict(Room)
    handlers = [(r"/api/chat/socket", Socket, {"rooms": rooms})]
    application = tornado.web.Application(
        handlers, websocket_ping_interval=30, websocket_ping_timeout=20, websocket_max_message_size=MAX_FRAME
    )
    [listener] = bind_sockets(0, "127.0.0.1", backlog=BACKLOG)
    server = HTTPServer(application)
    server.add_sockets([listener])
    print(listener.getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
