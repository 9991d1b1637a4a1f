"""Pure ASGI, for what must see every request: also those no route takes and those whose handler fails."""

import logging
from urllib.parse import unquote

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.status import HTTP_413_CONTENT_TOO_LARGE
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bazaar_shared.metrics import HttpMetrics
from bazaar_shared.problems import Problem
from bazaar_shared.telemetry import trace_id
from orders.api.errors import answer

logger = logging.getLogger(__name__)

MAX_BODY = 64 * 1024


class Outermost:
    """Names the trace in the answer, counts requests in flight, and answers 500 where nobody else did."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._metrics.active(scope["method"]):
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def send_named(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message)["X-Trace-Id"] = trace_id() or ""
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        except Exception:
            logger.exception(
                "a request failed", extra={"method": scope["method"], "path": unquote(scope["path"])}
            )
            if not begun:
                await answer(Problem.of("internal"))(scope, receive, send_named)


class GuardedBody:
    """Refuses a body that is too large, counted while it is read whatever its length header says, or that is
    not JSON.
    """

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length = headers.get("content-length", "")
        problem = None
        if length.isdigit() and int(length) > self._limit:
            problem = Problem.of("body-too-large", f"at most {self._limit} bytes are taken")
        elif _has_body(headers) and not _is_json(headers):
            problem = Problem.of("unsupported-media-type", "only application/json is taken")
        if problem is not None:
            await answer(problem, {"Connection": "close"})(scope, receive, send)
            return
        await self._app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Receive:
        taken = 0

        async def receive_counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                raise HTTPException(HTTP_413_CONTENT_TOO_LARGE)
            return message

        return receive_counted


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _is_json(headers: Headers) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json"
