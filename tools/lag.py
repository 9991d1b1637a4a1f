"""How far each consumer group is behind the end of its topics, asked from Kafka itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tools.books import UnreadableBookError

GROUPS: Mapping[str, tuple[str, ...]] = {
    "orders": ("catalog.product", "shipping.parcel"),
    "catalog": ("inventory.stock",),
    "fulfillment": ("catalog.product",),
}
PATIENCE = 20.0


def lags(bootstrap: str) -> dict[str, int]:
    """`group/topic` → records that were published and not handled yet; only those that are behind."""
    try:
        return asyncio.run(asyncio.wait_for(_lags(bootstrap), PATIENCE))
    except (KafkaError, TimeoutError, OSError) as error:
        raise UnreadableBookError(f"Kafka at {bootstrap}: {error or type(error).__name__}") from error


async def _lags(bootstrap: str) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await admin.start()
    try:
        await consumer.start()
        await consumer.topics()  # loads the partitions, too
        behind = {}
        for group, topics in GROUPS.items():
            handled = await admin.list_consumer_group_offsets(group)
            for topic in topics:
                if lag := await _lag(consumer, topic, {each: at.offset for each, at in handled.items()}):
                    behind[f"{group}/{topic}"] = lag
        return behind
    finally:
        await consumer.stop()
        await admin.close()


async def _lag(consumer: AIOKafkaConsumer, topic: str, handled: Mapping[TopicPartition, int]) -> int:
    partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    first, end = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    return sum(max(0, end[each] - max(handled.get(each, 0), first[each])) for each in partitions)
