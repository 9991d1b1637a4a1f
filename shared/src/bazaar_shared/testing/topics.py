"""Kafka as tests meet it: topics that are there, and what stands on them."""

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bazaar_shared.envelope import Event


def make_topics(servers: str, *topics: str, partitions: int = 1) -> None:
    """Topics are made by the deployment: no broker of ours makes one because somebody used it."""

    async def make() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=servers)
        await admin.start()
        try:
            missing = set(topics) - set(await admin.list_topics())
            await admin.create_topics([NewTopic(topic, partitions, 1) for topic in missing])
        finally:
            await admin.close()

    asyncio.run(make())


def send(servers: str, topic: str, values: Iterable[tuple[str, bytes]]) -> None:
    async def run() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all")
        await producer.start()
        try:
            for key, value in values:
                await producer.send(topic, value, key.encode())
            await producer.flush()
        finally:
            await producer.stop()

    asyncio.run(run())


def send_events(servers: str, topic: str, events: Iterable[Event]) -> None:
    send(servers, topic, [(event.subject, event.to_json()) for event in events])


def records(servers: str, topic: str) -> list[tuple[str, Event]]:
    """All that stand on the topic now, with their keys."""

    async def run() -> list[tuple[str, Event]]:
        consumer = AIOKafkaConsumer(
            topic, bootstrap_servers=servers, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await consumer.start()  # without a group: it has every partition
        try:
            partitions = consumer.assignment()
            ends = await consumer.end_offsets(partitions)
            found: list[tuple[str, Event]] = []
            while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    found += [(record.key.decode(), Event.from_json(record.value)) for record in batch]
            return found
        finally:
            await consumer.stop()

    return asyncio.run(run())
