"""Real servers: the shared Kafka with a topic for each test, and a node of its own that may be stopped."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from bazaar_shared.envelope import Event
from tests.component.kafkas import Line, OwnKafka, own_kafka
from tests.component.process import Process

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


def server(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        pytest.fail(f"{name} is not set; start the servers: make test S=clickstream", pytrace=False)
    return value


class Topic:
    def __init__(self, servers: str, name: str) -> None:
        self.servers = servers
        self.name = name

    async def make(self, partitions: int = 6) -> None:
        async for admin in self._admin():
            await admin.create_topics([NewTopic(self.name, partitions, 1)])

    async def drop(self) -> None:
        with suppress(KafkaError):
            async for admin in self._admin():
                await admin.delete_topics([self.name])

    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.servers)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()

    async def records(self) -> list[ConsumerRecord[bytes, bytes]]:
        """All that stands on it now, by partition and offset."""
        reading = AIOKafkaConsumer(self.name, bootstrap_servers=self.servers, auto_offset_reset="earliest")
        found: list[ConsumerRecord[bytes, bytes]] = []
        async with reading as consumer:
            ends = await consumer.end_offsets(consumer.assignment())
            for partition, end in sorted(ends.items()):
                while await consumer.position(partition) < end:
                    found += (await consumer.getmany(partition, timeout_ms=500)).get(partition, [])
        return found

    async def ids(self) -> Counter[str]:
        return Counter(Event.from_json(record.value).id for record in await self.records())


@pytest.fixture
async def topic() -> AsyncIterator[Topic]:
    topic = Topic(server("TEST_KAFKA_BOOTSTRAP"), f"test.clickstream.{uuid4().hex[:12]}")
    await topic.make()
    yield topic
    await topic.drop()


@pytest.fixture(scope="session")
def node() -> Iterator[OwnKafka]:
    with own_kafka() as kafka:
        yield kafka


@pytest.fixture
async def line(node: OwnKafka) -> AsyncIterator[Line]:
    line = Line(node.line, node.target)
    await line.mend()
    yield line
    await line.close()


@pytest.fixture
async def far_topic(node: OwnKafka) -> Topic:
    """Of the node behind the line; looked at past it."""
    topic = Topic(node.direct, f"test.clickstream.{uuid4().hex[:12]}")
    await topic.make()
    return topic


@pytest.fixture
def far(node: OwnKafka, far_topic: Topic) -> dict[str, str]:
    """Settings of a service whose Kafka is behind the line."""
    return {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{node.line}", "CLICKS_TOPIC": far_topic.name}


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(headers=BROWSER, timeout=30)


def view(number: int) -> dict[str, Any]:
    return {"id": str(uuid4()), "kind": "view", "at": datetime.now(UTC).isoformat(), "page": f"/{number}"}


def batch(size: int, session: str | None = None) -> dict[str, Any]:
    return {"session_id": session or str(uuid4()), "events": [view(number) for number in range(size)]}


def ids_of(body: dict[str, Any]) -> list[str]:
    return [event["id"] for event in body["events"]]


@dataclass
class Shoppers:
    """Pages that send batches, and send one again, with its ids, until it is accepted."""

    process: Process
    count: int = 16
    size: int = 5
    accepted: Counter[str] = field(default_factory=Counter)
    repeated: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    _ending: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> "Shoppers":
        limits = httpx.Limits(max_connections=self.count)
        self._http = httpx.AsyncClient(headers=BROWSER, timeout=30, limits=limits)
        self._tasks = [asyncio.create_task(self._browse()) for _ in range(self.count)]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.rest()
        await self._http.aclose()

    async def rest(self) -> None:
        """Each ends with the batch that it is about."""
        self._ending.set()
        async with asyncio.timeout(90):
            await asyncio.gather(*self._tasks)

    async def _browse(self) -> None:
        while not self._ending.is_set():
            body = batch(self.size)
            self.sent |= set(ids_of(body))
            while (status := (await self._http.post(self.process.url, json=body)).status_code) != 202:
                self.statuses[status] += 1
                assert status == 503, status
                self.repeated |= set(ids_of(body))
                await asyncio.sleep(0.2)
            self.statuses[202] += 1
            self.accepted.update(ids_of(body))
            await asyncio.sleep(0.02)
