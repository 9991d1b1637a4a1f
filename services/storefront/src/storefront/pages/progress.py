"""The order's way, as it happens: server-sent events of htmx fragments.

orders is asked until chat pushes (docs/adr/0090). Everything here has an end: the time of a
stream, their number, the time of each question; and a stream whose browser leaves, or whose process stops,
ends at once.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

from quart import Blueprint, Response, current_app, g, render_template, request, stream_with_context

from storefront import fanout, recorder
from storefront.clients.errors import CallFailed, SignedOut
from storefront.market import Market
from storefront.pages.orders import fingerprint, order_document, order_of
from storefront.rendering import Page
from storefront.tokens import Tokens
from storefront.visitor import market, member, members_only

logger = logging.getLogger(__name__)

bp = Blueprint("progress", __name__)

_FASTEST, _SLOWEST = 0.4, 3.0
_SLOWER = 1.4
_HEARTBEAT_SECONDS = 10.0
_STREAM_SECONDS = 120.0
_OF_ONE_SHOPPER = 6
_RECONNECT = "retry: 2000\n\n"
_BUSY_SECONDS = "10"
_CONTENT_TYPE = "text/event-stream; charset=utf-8"
END = "end"


@dataclass(slots=True)
class Streams:
    """All open streams of the process; `stop` ends them."""

    most: int
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    of_shopper: Counter[str] = field(default_factory=Counter)

    def full(self, shopper: str) -> bool:
        return self.of_shopper.total() >= self.most or self.of_shopper[shopper] >= _OF_ONE_SHOPPER

    @contextmanager
    def place(self, shopper: str) -> Iterator[None]:
        self.of_shopper[shopper] += 1
        try:
            yield
        finally:
            self.of_shopper[shopper] -= 1
            if not self.of_shopper[shopper]:
                del self.of_shopper[shopper]

    async def pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stop.wait()


@dataclass(frozen=True, slots=True)
class News:
    html: str
    ended: bool


@bp.get("/orders/<uuid:order_id>/events")
@members_only
async def events(order_id: UUID) -> Response:
    streams: Streams = current_app.extensions["streams"]
    shopper = _shopper()
    watch = Watch(market(), str(order_id), member())
    # whose order it is, before a 200 is sent; and the last moment at which cookies can be set
    await order_document(watch.market, watch.order_id, watch.shopper)
    watch.shopper.may_rotate = False
    # counted only now: of many that ask at once, none has its place before it was answered
    if streams.full(shopper):
        return Response("", 503, {"Retry-After": _BUSY_SECONDS})

    if request.method == "HEAD":
        # a stream that nobody reads would keep the gateway's connection from the next visitor
        return Response("", content_type=_CONTENT_TYPE)

    # its context has a `g` of its own, an empty one: what is of this request is in `watch`
    @stream_with_context
    async def body() -> AsyncIterator[str]:
        with streams.place(shopper):
            yield _RECONNECT
            async for event in watch.told(streams):
                yield event

    response = Response(body(), content_type=_CONTENT_TYPE)
    # it ends by itself, later than an answer may take
    response.timeout = None
    return response


@dataclass(frozen=True, slots=True)
class Watch:
    market: Market
    order_id: str
    shopper: Tokens

    async def told(self, streams: Streams) -> AsyncIterator[str]:
        """Ends with the event `end` when the order has ended; otherwise without, and the browser comes
        again.
        """
        until, said_at = monotonic() + _STREAM_SECONDS, monotonic()
        shown: tuple[object, ...] | None = None
        pause = _FASTEST
        while monotonic() < until and not streams.stop.is_set():
            try:
                with recorder.recording(recorder.READING_SECONDS):
                    seen = await self._look()
                    news = None if seen == shown else await self._progress()
            except SignedOut:
                # the token ended: with its next request the browser gets another
                return
            except CallFailed:
                news, pause = None, _SLOWEST
            if news:
                shown, pause, said_at = seen, _FASTEST, monotonic()
                yield _event("progress", news.html)
                if news.ended:
                    yield _event(END, "")
                    return
            elif monotonic() - said_at > _HEARTBEAT_SECONDS:
                said_at = monotonic()
                yield ": still here\n\n"
            await streams.pause(pause)
            pause = min(pause * _SLOWER, _SLOWEST)

    async def _look(self) -> tuple[object, ...]:
        asked = self.market.orders
        async with fanout.Parts() as parts:
            order = parts.need(asked.order(self.order_id, self.shopper))
            journal = parts.need(asked.journal(self.order_id, self.shopper))
        return fingerprint(order.result(), journal.result())

    async def _progress(self) -> News:
        order = await order_of(self.market, self.order_id, self.shopper)
        about = Page(f"Order {order.number}", "", order.url, partial=True)
        html = await render_template(
            "_progress.html", page=about, order=order, steps=order.steps, stream_url=None
        )
        return News(html, order.ended)


def _event(name: str, data: str) -> str:
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {name}\n{lines}\n"


def _shopper() -> str:
    return g.principal.subject if g.principal else "unknown"
