"""The way into Kafka: one idempotent producer, watched, made anew when it is of no use any more.

`publish` returns when Kafka has acknowledged every record (acks=all), and raises otherwise. What it could not
wait for may still arrive: the producer goes on trying for as long as it lives.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from bazaar_shared.envelope import CONTENT_TYPE
from bazaar_shared.management import Health
from clickstream.flow import Permit
from clickstream.metrics import ACKNOWLEDGED

logger = logging.getLogger(__name__)

_PROBE_SECONDS = 1.0
_ANSWER_SECONDS = 2.0
_START_SECONDS = 10.0
_CLOSE_SECONDS = 5.0
_REQUEST_MS = 10_000
# of one partition, under way at a time: aiokafka's 16 KiB hold no more than some thirty clicks
MOST_AT_ONCE = 256 * 1024
_AWAY = (KafkaError, OSError, TimeoutError)


class KafkaAway(Exception):
    """Not every record is acknowledged; some may be."""


class ClicksTopic:
    def __init__(self, servers: str, topic: str, *, linger_ms: int, ack_seconds: float) -> None:
        self._servers = servers
        self._topic = topic
        self._linger_ms = linger_ms
        self._ack_seconds = ack_seconds
        self._partition_of = DefaultPartitioner()
        self._producer: AIOKafkaProducer | None = None
        self._spent = False
        self._under_way: set[asyncio.Future[list[object]]] = set()
        self.health = Health("kafka")

    @property
    def available(self) -> bool:
        return self._producer is not None and not self._spent and self.health.get("kafka") is True

    async def publish(
        self, key: bytes, values: Sequence[bytes], traceparent: str | None, permit: Permit
    ) -> None:
        producer = self._producer
        if producer is None or not self.available:
            raise KafkaAway("no broker answers")
        began = monotonic()
        sent: list[asyncio.Future[object]] = []
        delivery: asyncio.Future[list[object]] | None = None
        try:
            async with asyncio.timeout(self._ack_seconds):
                try:
                    await self._send(producer, key, values, traceparent, sent)
                finally:
                    # also when only some found their way in: they count until the producer is done with them
                    delivery = self._followed(sent, permit)
                await asyncio.wait({delivery})
        except _AWAY as error:
            raise KafkaAway(f"{type(error).__name__}: {error}") from error
        self._judge(delivery)
        ACKNOWLEDGED.observe(monotonic() - began)

    async def _send(
        self,
        producer: AIOKafkaProducer,
        key: bytes,
        values: Sequence[bytes],
        traceparent: str | None,
        sent: list[asyncio.Future[object]],
    ) -> None:
        partitions = sorted(await producer.partitions_for(self._topic))
        # one key, one partition: asked once, not for each record
        partition = self._partition_of(key, partitions, partitions)
        headers = [("content-type", CONTENT_TYPE.encode())]
        if traceparent:
            headers.append(("traceparent", traceparent.encode()))
        send = partial(producer.send, self._topic, key=key, partition=partition, headers=headers)
        for value in values:
            sent.append(await send(value))  # noqa: PERF401  what was sent before a failure must be known

    def _followed(self, sent: list[asyncio.Future[object]], permit: Permit) -> "asyncio.Future[list[object]]":
        delivery: asyncio.Future[list[object]] = asyncio.gather(*sent, return_exceptions=True)
        self._under_way.add(delivery)
        delivery.add_done_callback(self._under_way.discard)
        permit.hand_over(delivery)
        return delivery

    def _judge(self, delivery: "asyncio.Future[list[object]]") -> None:
        outcomes = [KafkaAway("given up")] if delivery.cancelled() else delivery.result()
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if not failures:
            return
        if any(not getattr(failure, "retriable", False) for failure in failures):
            # the partition's sequence has a gap now: all that follows would be refused too
            self._spent = True
        raise KafkaAway(f"{len(failures)} of {len(outcomes)} not acknowledged: {failures[0]!r}")

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set: connects, watches, connects anew. Then sends what is under way, if it can."""
        while not stop.is_set():
            self.health.beat()
            if self._producer is not None and self._is_spent(self._producer):
                await self._give_up()
            try:
                if self._producer is None:
                    self._producer = await self._connected()
                await self._probe(self._producer)
            except _AWAY as error:
                self._tell(f"{type(error).__name__}: {error}"[:200])
            with suppress(TimeoutError):
                async with asyncio.timeout(_PROBE_SECONDS):
                    await stop.wait()
        await self._give_up()

    def _is_spent(self, producer: AIOKafkaProducer) -> bool:
        task = producer._sender.sender_task
        return self._spent or task is None or task.done()

    async def _connected(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._servers,
            client_id="clickstream",
            acks="all",
            enable_idempotence=True,
            linger_ms=self._linger_ms,
            max_batch_size=MOST_AT_ONCE,
            request_timeout_ms=_REQUEST_MS,
        )
        try:
            async with asyncio.timeout(_START_SECONDS):
                await producer.start()
        except BaseException:
            await _close(producer)
            raise
        self._spent = False
        return producer

    async def _probe(self, producer: AIOKafkaProducer) -> None:
        """The client keeps silent about a broker that is away, so it is asked."""
        async with asyncio.timeout(_ANSWER_SECONDS):
            answered = await producer.client.force_metadata_update()
            if answered:
                await producer.partitions_for(self._topic)
        if not answered:
            raise TimeoutError("no broker answers")
        self._tell(state=True)

    def _tell(self, state: bool | str) -> None:
        before = self.health.get("kafka")
        self.health.set("kafka", state)
        if state is True and before is not True:
            logger.info("Kafka is there")
        elif state is not True and before is True:
            logger.warning("Kafka is away", extra={"reason": state})

    async def _give_up(self) -> None:
        """Of this producer; what it still holds is sent if that goes fast, and then no longer waited for."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _close(producer)
        for delivery in tuple(self._under_way):
            delivery.cancel()


async def _close(producer: AIOKafkaProducer) -> None:
    """Sends what it holds, within a time; `stop()` alone would wait for ever for a broker that is away, and
    leave its connections open when that is given up.
    """
    with suppress(*_AWAY):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await producer.flush()
    sender: Any = producer._sender
    if sender.sender_task is not None:
        sender.sender_task.cancel()
        await asyncio.wait([sender.sender_task], timeout=_ANSWER_SECONDS)
    producer._closed = True
    await producer.client.close()
