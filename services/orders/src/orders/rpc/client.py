"""Nameko's RPC for asyncio, on aio-pika: topic exchange `nameko-rpc`, routing key `service.method`, JSON,
reply queue.

What a careful caller needs, and Nameko's own client has not: publishes are confirmed, a call to nobody is an
error at once (`mandatory`), the deadline travels with the call, the number of calls in flight is bounded.
When the connection breaks, all who wait are told at once, and the next call connects anew, with a new reply
queue (ADR 0032).
"""

import asyncio
import json
import logging
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, DeliveryError, PublishError

from bazaar_shared.telemetry import inject
from orders.rpc.errors import RemoteError, RpcTimeout, RpcUnavailable, UnknownService

logger = logging.getLogger(__name__)

EXCHANGE = "nameko-rpc"
_CONNECT_TIMEOUT = 5.0
_HEARTBEAT = 10


@dataclass(frozen=True, slots=True)
class _Link:
    """One connection with its channel and reply queue; replaced as a whole."""

    connection: AbstractConnection
    channel: AbstractChannel
    exchange: AbstractExchange
    reply_to: str

    @property
    def open(self) -> bool:
        return not self.connection.is_closed and not self.channel.is_closed


class RpcClient:
    def __init__(self, url: str, *, name: str = "orders", in_flight: int = 64) -> None:
        self._url = url
        self._name = name
        self._places = asyncio.Semaphore(in_flight)
        self._connecting = asyncio.Lock()
        self._link: _Link | None = None
        self._waiting: dict[str, asyncio.Future[Mapping[str, Any]]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def connected(self) -> bool:
        return self._link is not None and self._link.open

    async def call(self, service: str, method: str, /, *, within: float, **arguments: Any) -> Any:
        """The result, or an `RpcError` in `within` seconds: connecting and waiting for a place count as
        well.
        """
        deadline = time.time() + within
        call_id = str(uuid4())
        reply: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(within), self._places:
                link = await self.connect()
                self._waiting[call_id] = reply
                await self._publish(link, f"{service}.{method}", call_id, deadline, arguments)
                answer = await reply
        except TimeoutError as error:
            raise RpcTimeout(f"{service}.{method} gave no answer in {within:.1f} s") from error
        finally:
            self._waiting.pop(call_id, None)
        if answer.get("error"):
            raise RemoteError.of(answer["error"])
        return answer.get("result")

    async def connect(self) -> _Link:
        if self._link is not None and self._link.open:
            return self._link
        async with self._connecting:
            if self._link is None or not self._link.open:
                await self._disconnect()
                self._link = await self._new_link()
            return self._link

    async def close(self) -> None:
        async with self._connecting:
            await self._disconnect()
            self._fail_waiting("the client was closed")

    async def _new_link(self) -> _Link:
        connection: AbstractConnection | None = None
        try:
            connection = await aio_pika.connect(self._url, timeout=_CONNECT_TIMEOUT, heartbeat=_HEARTBEAT)
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            # Nameko declares it the same; whoever comes first
            exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
            reply_to = str(uuid4())
            name = f"rpc.reply-{self._name}-{reply_to}"
            queue = await channel.declare_queue(name, exclusive=True, auto_delete=True)
            await queue.bind(exchange, reply_to)
            await queue.consume(self._on_reply, no_ack=True)
        except CONNECTION_EXCEPTIONS as error:
            await _close(connection)
            raise RpcUnavailable(f"RabbitMQ cannot be reached: {error}") from error
        except BaseException:
            await _close(connection)
            raise
        channel.close_callbacks.add(self._on_broken)
        logger.info("connected to RabbitMQ", extra={"reply_queue": name})
        return _Link(connection, channel, exchange, reply_to)

    async def _publish(
        self, link: _Link, routing_key: str, call_id: str, deadline: float, arguments: Mapping[str, Any]
    ) -> None:
        trace: dict[str, str] = {}
        inject(trace)
        headers: dict[str, Any] = {f"nameko.{name}": value for name, value in trace.items()}
        headers["nameko.call_id_stack"] = [f"{self._name}.{call_id}"]
        # whole seconds: aio-pika writes a float header with 32 bits, which is minutes off for a time of today
        headers["nameko.deadline"] = math.ceil(deadline)
        message = aio_pika.Message(
            json.dumps({"args": [], "kwargs": arguments}).encode(),
            content_type="application/json",
            content_encoding="utf-8",
            correlation_id=call_id,
            reply_to=link.reply_to,
            headers=headers,
            # nobody waits for it after the deadline: it ends in the queue
            expiration=max(deadline - time.time(), 0.001),
        )
        try:
            await link.exchange.publish(message, routing_key, mandatory=True)
        except PublishError as error:
            raise UnknownService(f"nobody serves {routing_key}") from error
        except DeliveryError as error:
            raise RpcUnavailable(f"RabbitMQ did not take {routing_key}") from error
        except CONNECTION_EXCEPTIONS as error:
            raise RpcUnavailable(f"the connection broke while {routing_key} was sent: {error}") from error

    async def _on_reply(self, message: AbstractIncomingMessage) -> None:
        waiting = self._waiting.get(message.correlation_id or "")
        if waiting is None or waiting.done():
            # too late: who asked has gone, and will ask again
            return
        try:
            answer = json.loads(message.body)
        except ValueError as error:
            waiting.set_exception(RpcUnavailable(f"the reply cannot be read: {error}"))
            return
        waiting.set_result(answer if isinstance(answer, dict) else {})

    def _on_broken(self, channel: Any, reason: BaseException | None) -> None:
        if self._link is None or self._link.channel is channel:
            self._fail_waiting(f"the connection broke: {reason!r}")

    def _fail_waiting(self, reason: str) -> None:
        for reply in self._waiting.values():
            if not reply.done():
                reply.set_exception(RpcUnavailable(reason))

    async def _disconnect(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await _close(link.connection)


async def _close(connection: AbstractConnection | None) -> None:
    if connection is None:
        return
    with suppress(TimeoutError, *CONNECTION_EXCEPTIONS):
        async with asyncio.timeout(_CONNECT_TIMEOUT):
            await connection.close()
