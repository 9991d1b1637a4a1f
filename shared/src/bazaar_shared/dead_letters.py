"""Dead letters: records that no retry helps, kept with their reason, and brought back by one command."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError

from bazaar_shared.envelope import Event, InvalidEvent

_TIMEOUT_MS = 10_000


class PermanentError(Exception):
    """Raised by a handler for a record that no retry helps: it goes to the dead letters with this reason."""


@dataclass(frozen=True, slots=True)
class Record:
    """Where an event was read. For a replayed dead letter: where it was read at first."""

    topic: str
    partition: int
    offset: int
    key: str | None
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Event, Record], Awaitable[None]]


class DeadLetters:
    """The producer of dead letters, connected when the first one comes."""

    def __init__(self, bootstrap_servers: str, topic: str, group: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._topic = topic
        self._group = group
        self._producer: AIOKafkaProducer | None = None

    async def send(self, message: Any, record: Record, reason: str) -> None:
        producer = await self._connected()
        about = {
            "dead-letter-reason": reason[:500],
            "dead-letter-group": self._group,
            "dead-letter-topic": record.topic,
            "dead-letter-partition": str(record.partition),
            "dead-letter-offset": str(record.offset),
        }
        headers = [(name, value) for name, value in message.headers if name not in about]
        # a reason may repeat what JSON can hold and UTF-8 cannot: half a character
        headers += [(name, value.encode(errors="backslashreplace")) for name, value in about.items()]
        try:
            await producer.send_and_wait(self._topic, message.value or b"", key=message.key, headers=headers)
        except MessageSizeTooLargeError:
            # the headers were one too many: the value stays where it was read
            headers.append(("dead-letter-value", b"omitted"))
            await producer.send_and_wait(self._topic, b"", key=message.key, headers=headers)

    async def partitions(self) -> set[int]:
        numbers: set[int] = await (await self._connected()).partitions_for(self._topic)
        return numbers

    async def close(self) -> None:
        if self._producer is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await self._producer.stop()

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            # not idempotent: a dead letter twice does no harm, a refused one would break the sequence
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap_servers, acks="all", request_timeout_ms=_TIMEOUT_MS
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer


@dataclass(slots=True)
class Replay:
    """What became of the group's dead letters: refused ones were put at the topic's end again."""

    handled: int = 0
    refused: int = 0


async def replay_dead_letters(
    bootstrap_servers: str, dead_letter_topic: str, group: str, handle: Handler
) -> Replay:
    """Handles the group's dead letters that are there now, each once. A passing failure ends it with that
    exception: what was handled is committed, and the same command goes on from there.
    """
    outcome = Replay()
    dead_letters = DeadLetters(bootstrap_servers, dead_letter_topic, group)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        group_id=f"{group}-replay",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        numbers = sorted(await dead_letters.partitions())
        partitions = [TopicPartition(dead_letter_topic, number) for number in numbers]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            while await consumer.position(partition) < ends[partition]:
                fetched = await consumer.getmany(partition, timeout_ms=1000, max_records=1)
                for message in fetched.get(partition, []):
                    await _replay_one(message, group, handle, dead_letters, outcome)
                    await consumer.commit({partition: message.offset + 1})
    finally:
        await consumer.stop()
        await dead_letters.close()
    return outcome


async def _replay_one(
    message: Any, group: str, handle: Handler, dead_letters: DeadLetters, outcome: Replay
) -> None:
    here = record_of(message)
    if here.headers.get("dead-letter-group") != group:
        return
    record = Record(
        here.headers["dead-letter-topic"],
        int(here.headers["dead-letter-partition"]),
        int(here.headers["dead-letter-offset"]),
        here.key,
        here.headers,
    )
    try:
        await handle(Event.from_json(message.value), record)
        outcome.handled += 1
    except (PermanentError, InvalidEvent) as error:
        await dead_letters.send(message, record, f"{type(error).__name__}: {error}")
        outcome.refused += 1


def record_of(message: Any) -> Record:
    headers = {name: value.decode("utf-8", "replace") for name, value in message.headers if value is not None}
    key = message.key.decode("utf-8", "replace") if message.key is not None else None
    return Record(message.topic, message.partition, message.offset, key, headers)
