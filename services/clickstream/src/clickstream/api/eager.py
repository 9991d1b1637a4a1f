"""Falcon asks for a body's first part before it asks anything of ours, and would wait for it for ever."""

from collections.abc import Awaitable, Callable
from typing import Any

import falcon.asgi

type Receive = Callable[[], Awaitable[dict[str, Any]]]
type Send = Callable[[dict[str, Any]], Awaitable[None]]


class EagerApp(falcon.asgi.App[Any, Any]):
    """Routes, hooks and middleware run as soon as a request's head is there: who is refused need not send its
    body, and a body that never comes is the media handler's to give up.
    """

    async def __call__(  # type: ignore[override]  # Falcon's own has to, too: its base is WSGI's
        self, scope: dict[str, Any], receive: Receive, send: Send
    ) -> None:
        if scope["type"] == "http":
            # ASGI promises iterables, which may be gone through but once
            scope["headers"] = headers = [(name, value) for name, value in scope["headers"]]
            if _has_body(headers):
                receive = _nothing_yet(receive)
        await super().__call__(scope, receive, send)


def _has_body(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in headers
    )


def _nothing_yet(receive: Receive) -> Receive:
    asked = False

    async def receive_later() -> dict[str, Any]:
        nonlocal asked
        if asked:
            return await receive()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": True}

    return receive_later
