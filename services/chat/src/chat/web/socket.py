"""The WebSocket: who it is, what it may take, how it ends. What its frames do stands in `actions`."""

import asyncio
import logging
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from tornado.ioloop import IOLoop
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler

from bazaar_shared.auth import bearer
from bazaar_shared.problems import Problem
from bazaar_shared.telemetry import span
from chat.caller import Caller
from chat.errors import Away, InvalidField, Refusal, refusal_of
from chat.live.frames import INCOMING, Error, Expiring, Hello, Incoming, encode
from chat.live.outlet import Gone, Outlet
from chat.live.topics import Topic
from chat.metrics import DROPPED, SOCKETS
from chat.storage.tables import Side
from chat.validation import decode
from chat.web import actions
from chat.web.base import ACCESS_COOKIE, BaseHandler
from chat.web.limits import Bucket
from chat.web.sockets import Close, Sockets

logger = logging.getLogger(__name__)

PROTOCOL = "bazaar.v1"
_TOKEN_PROTOCOL = "bearer."  # noqa: S105 a prefix
_EXPIRING_SECONDS = 60
_REASONS = {
    Close.TOKEN_ENDED: "the token has ended",
    Close.SESSION_ENDED: "the session has ended",
    Close.TOO_SLOW: "too slow",
    Close.TOO_MANY: "too many frames",
    Close.BAD_FRAME: "not a frame of this protocol",
    Close.DRAINING: "going down",
}


class _About(msgspec.Struct):
    """Of a frame that was refused, so that its sender knows which."""

    client_message_id: UUID | None = None
    conversation: UUID | None = None
    order: UUID | None = None


class SocketHandler(BaseHandler, WebSocketHandler):
    def initialize(self, sockets: Sockets, **shared: Any) -> None:  # type: ignore[override]
        super().initialize(**shared)
        self.sockets = sockets
        self.sides: dict[UUID, Side] = {}
        self.topics: set[Topic] = set()
        self.sellers: frozenset[UUID] = frozenset()
        self._opened = False
        self._timers: list[object] = []

    # the handshake

    async def prepare(self) -> None:
        await super().prepare()
        if self.traffic.draining:
            raise Refusal(Problem.of("unavailable", "going down"), {"Retry-After": "1"})
        header = self.request.headers.get("Authorization")
        token = bearer(header) if header is not None else self._offered() or self.get_cookie(ACCESS_COOKIE)
        self.caller = await self.verified(token, by_cookie=header is None and self._offered() is None)

    def _offered(self) -> str | None:
        """A browser can't set headers for a socket: the token may come as one of its subprotocols."""
        for protocol in self.request.headers.get("Sec-WebSocket-Protocol", "").split(","):
            if protocol.strip().startswith(_TOKEN_PROTOCOL):
                return protocol.strip().removeprefix(_TOKEN_PROTOCOL)
        return None

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        # never the token's: it would stand in the answer
        return PROTOCOL if PROTOCOL in subprotocols else None

    def check_origin(self, origin: str) -> bool:
        """For other origins only. A cookie comes along with any page's socket."""
        if origin not in self.services.settings.allowed_origins:
            raise HTTPError(HTTPStatus.FORBIDDEN, "sockets are not opened from other origins' pages")
        return True

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None) -> "asyncio.Future[None]":
        """What refuses the handshake is a problem too; Tornado answers it with a line of text."""
        status = self.get_status()
        if status >= HTTPStatus.BAD_REQUEST and "problem" not in str(self._headers.get("Content-Type")):
            detail = chunk if isinstance(chunk, str) else "a WebSocket of version 13 is required"
            forbidden = status == HTTPStatus.FORBIDDEN
            problem = Problem.of("forbidden" if forbidden else "malformed-request", detail)
            self._write_problem(Refusal(problem))
            chunk = None
        return super().finish(chunk)

    # its life

    async def open(self, *_: str, **__: str) -> None:
        self._opened = True
        SOCKETS.inc()
        self.sockets.add(self)
        self.set_nodelay(True)
        self._bucket = Bucket()
        self._outlet = Outlet(self._write, self.services.settings.client_queue, self._too_slow)
        self._end_with_the_token()
        self.sellers = await self._stalls()
        replica, expires_at = self.services.settings.process_name, self.caller.principal.expires_at
        self.offer(encode(Hello(self.account, expires_at, replica, sorted(self.sellers))))
        if not self.gone:
            self.services.switchboard.unread.add(self)

    async def _stalls(self) -> frozenset[UUID]:
        """While the catalog is away a seller has no stall here; the next socket has."""
        try:
            return (await self.caller.viewer(self.services.catalog)).sellers
        except Away as error:
            logger.warning("a seller is taken for a shopper", extra={"reason": repr(error)[:300]})
            return frozenset()

    def on_close(self) -> None:
        if not self._opened:
            return
        self._opened = False
        SOCKETS.dec()
        self._outlet.close()
        self._leave()

    def _leave(self) -> None:
        """At once when it is dropped: the closing handshake takes its time, and nothing more is sent."""
        self.sockets.remove(self)
        self._cancel_timers()
        self.services.switchboard.unread.remove(self)
        for topic in self.topics:
            self.services.switchboard.leave(topic, self)
        self.topics.clear()

    def drop(self, code: int, reason: str) -> None:
        """Closes it from here; `reason` is counted."""
        if self._outlet.closed and code != Close.TOO_SLOW:
            return
        DROPPED.labels(reason).inc()
        self._outlet.close()
        self._leave()
        self.close(code, _REASONS[code])

    # what others here see of it

    @property
    def account(self) -> UUID:
        return self.caller.account_id

    @property
    def session_id(self) -> str | None:
        return self.caller.principal.session_id

    @property
    def gone(self) -> bool:
        return self._outlet.closed

    def offer(self, frame: bytes) -> None:
        self._outlet.offer(frame)

    async def room(self) -> None:
        await self._outlet.room()

    def _write(self, frame: bytes) -> "asyncio.Future[None]":
        """Past `write_message`, which would put a frame together, and make a task, for each client of a
        broadcast. Ours are whole frames, and there is no compression (ADR 0100).
        """
        connection = self.ws_connection
        if connection is None or connection.is_closing() or connection.stream is None:
            raise Gone
        try:
            return connection.stream.write(frame)
        except StreamClosedError:
            raise Gone from None

    def _too_slow(self) -> None:
        self.drop(Close.TOO_SLOW, "too_slow")

    # the token

    def renew(self, caller: Caller) -> None:
        self.caller = caller
        # a stall may have let somebody go
        self.sides.clear()
        self._end_with_the_token()

    def _end_with_the_token(self) -> None:
        self._cancel_timers()
        loop = IOLoop.current()
        left = (self.caller.principal.expires_at - datetime.now(UTC)).total_seconds()
        self._timers = [
            loop.call_later(max(left - _EXPIRING_SECONDS, 0), self._tell_expiring),
            loop.call_later(max(left, 0), self.drop, Close.TOKEN_ENDED, "token_ended"),
        ]

    def _tell_expiring(self) -> None:
        left = (self.caller.principal.expires_at - datetime.now(UTC)).total_seconds()
        self.offer(encode(Expiring(max(round(left), 0))))

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            IOLoop.current().remove_timeout(timer)
        self._timers.clear()

    # what it says

    async def on_message(self, message: str | bytes) -> None:
        """One after the other: a client that asks for much waits for it."""
        if self.gone:
            return
        if not self._bucket.take():
            self.drop(Close.TOO_MANY, "too_many_frames")
            return
        try:
            frame = self._read(message)
            with span(f"receive {type(frame).__name__.lower()}", {}):
                await actions.act(self, frame)
        except Gone:
            return
        except Exception as error:  # noqa: BLE001 whatever it is, the client is told, and the socket stays
            self._tell_error(error, message)

    def _read(self, message: str | bytes) -> Incoming:
        if isinstance(message, bytes) or not message.lstrip().startswith("{"):
            raise _BadFrame("text frames of JSON objects are taken")
        try:
            return decode(INCOMING, message)
        except Refusal as error:
            raise _BadFrame(str(error)) from None
        except InvalidField as error:
            if error.field == "type":
                raise _BadFrame("there is no such type") from None
            raise

    def _tell_error(self, error: Exception, message: str | bytes) -> None:
        refusal = refusal_of(error)
        if refusal is None:
            logger.error("a frame failed", exc_info=error)
            refusal = Refusal(Problem.of("internal"))
        about = _about(message)
        told = Error(refusal.problem.to_dict(), about.client_message_id, about.conversation, about.order)
        self.offer(encode(told))
        if isinstance(error, _BadFrame):
            self.drop(Close.BAD_FRAME, "bad_frame")


class _BadFrame(Refusal):
    def __init__(self, detail: str) -> None:
        super().__init__(Problem.of("malformed-body", detail))


def _about(message: str | bytes) -> _About:
    try:
        return msgspec.json.decode(message, type=_About)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _About()
