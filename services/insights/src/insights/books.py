"""`python -m insights export`: what is counted, for the audit. One JSON object a line.

Read from Kafka, whether a worker runs or not, in an order that makes it whole: first the offsets that are
committed, then the changelog to its end. An offset is committed when Kafka has all that came of the records
before it (acknowledged.py), so what is printed holds every order up to `consumed`, and may hold newer ones.
Sales are on their way once more under their seller's key: those that were when the offsets were read are
waited for.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from insights.settings import Settings
from insights.topology import PARTITIONS, Topology

_WAIT = 20.0
_PAUSE = 0.25
_TIMEOUT_MS = 1000

type Offsets = dict[TopicPartition, int]


async def export(settings: Settings) -> None:
    servers, names = settings.kafka_bootstrap_servers, settings.topology
    async with _reader(servers) as reader, _admin(servers) as admin:
        consumed, ends = await _positions(admin, reader, names.app_id, names.orders)
        sold, sales = await _caught_up(admin, reader, names)
        buckets = await last_values(reader, names.changelog("sale-minutes"))
    for bucket, orders in sorted(buckets.items()):
        seller_id = bucket.partition("|")[0]
        for order_id, (amount, state, currency) in orders.items():
            _write(
                kind="insight_order", order_id=order_id, seller_id=seller_id, amount_minor=amount,
                currency=currency, state=state,
            )  # fmt: skip
    for offsets, end in ((consumed, ends), (sold, sales)):
        for partition in sorted(end):
            _write(
                kind="insights_position", topic=partition.topic, partition=partition.partition,
                consumed=offsets[partition], end=end[partition],
            )  # fmt: skip


async def _caught_up(
    admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer, names: Topology
) -> tuple[Offsets, Offsets]:
    """The sales that were sent by now, when they are in the tables; or as it stands when nobody takes
    them.
    """
    _, sent = await _positions(admin, reader, names.app_id, names.sales)
    deadline = monotonic() + _WAIT
    while True:
        consumed, _ = await _positions(admin, reader, names.app_id, names.sales)
        if all(consumed[partition] >= end for partition, end in sent.items()) or monotonic() >= deadline:
            return consumed, sent
        await asyncio.sleep(_PAUSE)


async def _positions(
    admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer, group: str, topic: str
) -> tuple[Offsets, Offsets]:
    """What the group has committed, then where the topic ends."""
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    committed = await admin.list_consumer_group_offsets(group, partitions=partitions)
    begins, ends = await reader.beginning_offsets(partitions), await reader.end_offsets(partitions)
    consumed = {}
    for partition in partitions:
        known = committed.get(partition)
        # what was thrown away before anybody read it cannot be waited for
        consumed[partition] = known.offset if known and known.offset >= 0 else begins[partition]
    return consumed, ends


async def last_values(reader: AIOKafkaConsumer, topic: str) -> dict[str, Any]:
    """A changelog's last value of each key, as Faust would recover it."""
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    ends = await reader.end_offsets(partitions)
    reader.assign(partitions)
    await reader.seek_to_beginning(*partitions)
    values: dict[str, Any] = {}
    for partition in partitions:
        while await reader.position(partition) < ends[partition]:
            for message in (await reader.getmany(partition, timeout_ms=_TIMEOUT_MS)).get(partition, []):
                key = json.loads(message.key)
                if message.value is None:
                    values.pop(key, None)
                else:
                    values[key] = json.loads(message.value)
    return values


@asynccontextmanager
async def _reader(servers: str) -> AsyncIterator[AIOKafkaConsumer]:
    reader = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()


@asynccontextmanager
async def _admin(servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


def _write(**row: Any) -> None:
    sys.stdout.write(json.dumps(row, separators=(",", ":")) + "\n")
