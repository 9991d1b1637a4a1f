"""How far each consumer group is behind the end of its topics, asked from Kafka itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tools.books import UnreadableBookError

type Groups = Mapping[str, tuple[str, ...]]

GROUPS: Groups = {
    "orders": ("catalog.product", "shipping.parcel"),
    "catalog": ("inventory.stock",),
    "fulfillment": ("catalog.product",),
    "basket": ("catalog.product", "inventory.stock", "orders.order"),
    "reviews": ("orders.order",),
    "notifications": ("orders.order", "basket.basket", "reviews.review"),
    "chat": ("orders.order",),
    # insights tells in its own export how far it has come
}
PATIENCE = 20.0


def lags(bootstrap: str, groups: Groups = GROUPS) -> dict[str, int]:
    """`group/topic` → records that were published and not handled yet; only those that are behind."""
    try:
        return asyncio.run(asyncio.wait_for(_lags(bootstrap, groups), PATIENCE))
    except (KafkaError, TimeoutError, OSError) as error:
        raise UnreadableBookError(f"Kafka at {bootstrap}: {error or type(error).__name__}") from error


async def _lags(bootstrap: str, groups: Groups) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await admin.start()
    try:
        await consumer.start()
        partitions = partitions_of(await admin.describe_topics(sorted(set().union(*groups.values()))))
        everywhere = [each for topic in partitions.values() for each in topic]
        first = await consumer.beginning_offsets(everywhere)
        behind = {}
        for group, topics in groups.items():
            offsets = await admin.list_consumer_group_offsets(group)
            handled = {each: at.offset for each, at in offsets.items()}
            # the ends after what was handled: too large a lag is asked again, one too small believed
            end = await consumer.end_offsets(everywhere)
            for topic in topics:
                if lag := lag_of(partitions[topic], first, end, handled):
                    behind[f"{group}/{topic}"] = lag
        return behind
    finally:
        await consumer.stop()
        await admin.close()


def partitions_of(described: Iterable[Mapping[str, Any]]) -> dict[str, list[TopicPartition]]:
    """A topic that is not there has no lag of zero: it can't be read."""
    found = {}
    for topic in described:
        name = topic["topic"]
        if topic["error_code"] or not topic["partitions"]:
            raise UnreadableBookError(f"Kafka has no topic {name} (error {topic['error_code']})")
        found[name] = [TopicPartition(name, each["partition"]) for each in topic["partitions"]]
    return found


def lag_of(
    partitions: Iterable[TopicPartition],
    first: Mapping[TopicPartition, int],
    end: Mapping[TopicPartition, int],
    handled: Mapping[TopicPartition, int],
) -> int:
    """A group that never committed starts at the first record that is kept."""
    return sum(max(0, end[each] - max(handled.get(each, 0), first[each])) for each in partitions)
