"""Somebody at a socket, by Tornado's own client."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self

from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

ANSWER = 30.0

type Json = dict[str, Any]


class Client:
    """Keeps all that it was told, in its order."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self.socket = socket
        self.told: list[Json] = []
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def connect(
        cls, address: str, token: str | None = None, headers: dict[str, str] | None = None, **more: Any
    ) -> Self:
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        request = HTTPRequest(f"ws://{address}/api/chat/socket", headers=sent, request_timeout=ANSWER)
        return cls(await websocket_connect(request, **more))

    async def _read(self) -> None:
        while (text := await self.socket.read_message()) is not None:
            async with self._news:
                self.told.append(json.loads(text))
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()

    async def say(self, **frame: Any) -> None:
        await self.socket.write_message(json.dumps(frame))

    async def until(self, enough: Callable[[list[Json]], Any], within: float = ANSWER) -> Any:
        """What was told, when it is enough."""
        try:
            async with asyncio.timeout(within), self._news:
                await self._news.wait_for(lambda: enough(self.told))
        except TimeoutError:
            raise AssertionError(f"not told within {within} s; told: {self.told[-10:]}") from None
        return enough(self.told)

    async def hear(self, kind: str, number: int = 1, within: float = ANSWER, **fields: Any) -> Json:
        """The frame of that type and with these fields, the first or another one."""
        found = await self.until(
            lambda _: matching if len(matching := self.of(kind, **fields)) >= number else None, within
        )
        return found[number - 1]

    def of(self, kind: str, **fields: Any) -> list[Json]:
        wanted = {"type": kind, **fields}
        return [told for told in self.told if all(told.get(name) == value for name, value in wanted.items())]

    async def closed(self, within: float = ANSWER) -> int | None:
        """The code it was closed with."""
        async with asyncio.timeout(within):
            await self._reading
        return self.socket.close_code

    async def subscribe(self, conversation: str, after: int = 0) -> Json:
        number = len(self.of("subscribed", conversation=conversation)) + 1
        await self.say(type="subscribe", conversation=conversation, after=after)
        return await self.hear("subscribed", number, conversation=conversation)

    def messages(self, conversation: str) -> list[tuple[int, str]]:
        return [(one["seq"], one["message"]["body"]) for one in self.of("message", conversation=conversation)]

    def cut(self) -> None:
        """The wire: no close frame."""
        self.socket.protocol.stream.close()

    async def close(self) -> None:
        self.socket.close()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
