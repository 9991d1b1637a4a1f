"""Reading events: the offset is committed after the handler; what can't be handled goes to the dead letters.

Any other failure is taken as passing: the record is tried again for ever, with growing pauses. Meanwhile only
its partition is paused and the loop goes on polling, so that the other partitions flow and the group keeps
this member.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge

from bazaar_shared.dead_letters import (
    DeadLetters,
    Handler,
    PermanentError,
    Record,
    record_of,
    replay_dead_letters,
)
from bazaar_shared.envelope import Event, InvalidEvent
from bazaar_shared.management import Health
from bazaar_shared.telemetry import span

__all__ = ["Handler", "PermanentError", "Record", "replay_dead_letters", "run_consumer"]

logger = logging.getLogger(__name__)

HANDLED = Counter("consumer_handled_total", "Records done with", ["group", "topic", "outcome"])
RETRIES = Counter("consumer_retries_total", "Attempts that failed and are made again", ["group", "topic"])
LAG = Gauge("consumer_lag", "Records not handled yet", ["group", "topic", "partition"])

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0
_POLL_MS = 250
_BATCH = 100
_PROBE_EVERY = 5.0
_TIMEOUT = 5.0
# a topic made after the start is seen this soon
_METADATA_MS = 5000


async def run_consumer(
    bootstrap_servers: str,
    *,
    group: str,
    topics: Sequence[str],
    handle: Handler,
    dead_letter_topic: str,
    stop: asyncio.Event,
    health: Health | None = None,
) -> None:
    """Until `stop` is set. `handle` does its effect and its inbox row in one transaction.

    `health`, made with the name "kafka", is kept up to date when given.
    """
    health = health or Health("kafka")
    pause = _FIRST_PAUSE
    while not stop.is_set():
        health.beat()  # a broker that is away does not make the process a stuck one
        try:
            async with _Reader(bootstrap_servers, group, topics, handle, dead_letter_topic, health) as reader:
                pause = _FIRST_PAUSE
                while not stop.is_set():
                    await reader.turn(stop)
        except Exception as error:  # noqa: BLE001 a lost broker has many faces
            reason = f"{type(error).__name__}: {error}"
            health.set("kafka", reason)
            logger.warning("the consumer was interrupted", extra={"group": group, "reason": reason})
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stop.wait()
            pause = min(pause * 2, _LONGEST_PAUSE)


@dataclass(slots=True)
class _Trouble:
    offset: int
    attempts: int
    again_at: float


class _Reader(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(
        self,
        bootstrap_servers: str,
        group: str,
        topics: Sequence[str],
        handle: Handler,
        dead_letter_topic: str,
        health: Health,
    ) -> None:
        self._group = group
        self._topics = topics
        self._handle = handle
        self._health = health
        self._dead_letters = DeadLetters(bootstrap_servers, dead_letter_topic, group)
        self._troubles: dict[TopicPartition, _Trouble] = {}
        self._assignment = 0
        self._probe_at = 0.0
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap_servers,
            group_id=group,
            client_id=f"consumer-{group}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            metadata_max_age_ms=_METADATA_MS,
        )

    async def __aenter__(self) -> Self:
        try:
            await self._consumer.start()
        except BaseException:
            await self.__aexit__()
            raise
        self._consumer.subscribe(topics=self._topics, listener=self)
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_TIMEOUT):
                # gathered, for while a broker is away the client's stop can end as if we had been cancelled
                await asyncio.gather(self._consumer.stop(), return_exceptions=True)
        await self._consumer._client.close()
        await self._dead_letters.close()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """What is in hand is somebody else's now; its effects are in the inbox already, or not at all."""
        self._assignment += 1
        self._troubles.clear()
        for partition in revoked:
            with suppress(KeyError):
                LAG.remove(self._group, partition.topic, str(partition.partition))

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._assignment += 1
        self._health.set("kafka", state=True)
        logger.info("partitions assigned", extra={"group": self._group, "partitions": len(list(assigned))})

    async def turn(self, stop: asyncio.Event) -> None:
        self._health.beat()
        if self._assignment and monotonic() >= self._probe_at:
            self._health.set("kafka", await self._probe())
            self._probe_at = monotonic() + _PROBE_EVERY
        self._resume_due()
        fetched = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=_BATCH)
        assignment = self._assignment
        for partition, messages in fetched.items():
            await self._take(partition, messages, lambda: stop.is_set() or self._assignment != assignment)

    async def _take(
        self, partition: TopicPartition, messages: Sequence[Any], given_up: Callable[[], bool]
    ) -> None:
        """A partition's records in order; one commit for those that were handled."""
        done = None
        for message in messages:
            if given_up():
                break
            self._health.beat()
            try:
                await self._one(message)
            except Exception as error:  # noqa: BLE001 any other failure is taken as passing
                if not given_up():
                    self._try_again_later(partition, message.offset, error)
                break
            done = message.offset + 1
            self._troubles.pop(partition, None)
        if done is not None:
            await self._commit(partition, done, given_up)

    async def _one(self, message: Any) -> None:
        record = record_of(message)
        outcome = "handled"
        attributes = {
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.destination.name": record.topic,
            "messaging.consumer.group.name": self._group,
        }
        with span(f"process {record.topic}", record.headers, SpanKind.CONSUMER, attributes):
            try:
                await self._handle(Event.from_json(message.value), record)
            except (PermanentError, InvalidEvent) as error:
                outcome = "dead_letter"
                extra = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
                logger.error("a record goes to the dead letters", extra=extra, exc_info=error)
                await self._dead_letters.send(message, record, f"{type(error).__name__}: {error}")
        HANDLED.labels(self._group, record.topic, outcome).inc()

    def _try_again_later(self, partition: TopicPartition, offset: int, error: Exception) -> None:
        trouble = self._troubles.get(partition)
        attempts = trouble.attempts + 1 if trouble and trouble.offset == offset else 1
        pause = _pause_after(attempts)
        RETRIES.labels(self._group, partition.topic).inc()
        extra = {
            "topic": partition.topic,
            "partition": partition.partition,
            "offset": offset,
            "attempts": attempts,
        }
        logger.warning("a record is tried again in %.1f s", pause, extra=extra, exc_info=error)
        # a rebalance in between: the new owner begins at the committed offset
        with suppress(IllegalStateError):
            self._consumer.seek(partition, offset)
            self._consumer.pause(partition)
            self._troubles[partition] = _Trouble(offset, attempts, monotonic() + pause)
            self._tell_lag(partition, offset)

    async def _probe(self) -> bool | str:
        """The client keeps silent about a broker that is away; for the readiness check we ask."""
        try:
            async with asyncio.timeout(2):
                await self._consumer.topics()
        except (KafkaError, TimeoutError):
            return "no broker answers"
        return True

    def _resume_due(self) -> None:
        for partition, trouble in self._troubles.items():
            if trouble.again_at <= monotonic():
                with suppress(IllegalStateError):
                    self._consumer.resume(partition)

    async def _commit(self, partition: TopicPartition, offset: int, given_up: Callable[[], bool]) -> None:
        while True:
            try:
                async with asyncio.timeout(_TIMEOUT):
                    await self._consumer.commit({partition: offset})
                return self._tell_lag(partition, offset)
            except TimeoutError:
                # the client itself would wait for the broker for ever, without a sign of life
                self._health.beat()
                self._health.set("kafka", "no broker answers")
                if given_up():
                    return None
            except (CommitFailedError, IllegalStateError):
                # the partition went to another member, which reads these again: the inbox knows them
                logger.info("offsets not committed after a rebalance", extra={"topic": partition.topic})
                return None

    def _tell_lag(self, partition: TopicPartition, offset: int) -> None:
        end = self._consumer.highwater(partition)
        if end is not None:
            LAG.labels(self._group, partition.topic, str(partition.partition)).set(max(end - offset, 0))


def _pause_after(attempts: int) -> float:
    return min(_FIRST_PAUSE * float(2 ** min(attempts - 1, 16)), _LONGEST_PAUSE)
