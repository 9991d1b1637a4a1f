"""The component tests' tools: topics of their own, relays and consumers that end, a line to cut."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bazaar_shared.consumer import Handler, run_consumer
from bazaar_shared.envelope import Event
from bazaar_shared.relay import run_relay


class Kafka:
    def __init__(self, bootstrap: str, admin: AIOKafkaAdminClient) -> None:
        self.bootstrap = bootstrap
        self._admin = admin
        self._topics: list[str] = []

    async def topic(self, partitions: int = 3, **config: str) -> str:
        name = f"test.shared.{uuid4().hex[:12]}"
        settings = {key.replace("_", "."): value for key, value in config.items()}
        await self._admin.create_topics([NewTopic(name, partitions, 1, topic_configs=settings)])
        self._topics.append(name)
        return name

    async def close(self) -> None:
        if self._topics:
            await self._admin.delete_topics(self._topics)
        await self._admin.close()

    async def messages(self, topic: str) -> list[Any]:
        """Everything in the topic now, by partition and offset."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        try:
            numbers = await self._partitions(topic)
            partitions = [TopicPartition(topic, number) for number in numbers]
            consumer.assign(partitions)
            read = []
            for partition, end in (await consumer.end_offsets(partitions)).items():
                while await consumer.position(partition) < end:
                    read.append(await consumer.getone(partition))
            return read
        finally:
            await consumer.stop()

    async def events(self, topic: str) -> list[Event]:
        return [Event.from_json(message.value) for message in await self.messages(topic)]

    async def produce(
        self, topic: str, *events: Event | tuple[str, bytes | None], partition: int | None = None
    ) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all")
        await producer.start()
        try:
            for event in events:
                key, value = (event.subject, event.to_json()) if isinstance(event, Event) else event
                await producer.send_and_wait(topic, value, key=key.encode(), partition=partition)
        finally:
            await producer.stop()

    async def committed(self, topic: str, group: str) -> int:
        """How many records of the topic the group is done with."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, group_id=group, enable_auto_commit=False
        )
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, number) for number in await self._partitions(topic)]
            consumer.assign(partitions)
            return sum([await consumer.committed(partition) or 0 for partition in partitions])
        finally:
            await consumer.stop()

    async def _partitions(self, topic: str) -> list[int]:
        (described,) = await self._admin.describe_topics([topic])
        return sorted(partition["partition"] for partition in described["partitions"])


def event(subject: str, version: int = 1, **data: Any) -> Event:
    return Event.new(
        source="/bazaar/tests", type="bazaar.tests.thing.v1", subject=subject, version=version, data=data
    )


@asynccontextmanager
async def ending(run: Callable[[asyncio.Event], Any]) -> AsyncIterator[asyncio.Task[None]]:
    """Runs until the block ends, and then ends in good time and without an error."""
    stop = asyncio.Event()
    task = asyncio.create_task(run(stop))
    try:
        yield task
    finally:
        stop.set()
        async with asyncio.timeout(20):
            await task


def relay(dsn: str, bootstrap: str, name: str = "test", poll: float = 0.1, **options: Any) -> Any:
    return ending(lambda stop: run_relay(dsn, bootstrap, name=name, stop=stop, poll=poll, **options))


def consumer(kafka: Kafka, group: str, topics: list[str], handle: Handler, dead: str, **options: Any) -> Any:
    return ending(
        lambda stop: run_consumer(
            kafka.bootstrap,
            group=group,
            topics=topics,
            handle=handle,
            dead_letter_topic=dead,
            stop=stop,
            **options,
        )
    )


async def unsent(connection: asyncpg.Connection) -> int:
    count: int = await connection.fetchval("select count(*) from outbox where sent_at is null")
    return count


class Line:
    """A TCP line to a server that can be cut and mended: what a client sees of a server's restart."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        self._writers |= {writer, there_writer}
        await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
