"""`python -m insights repartition`: the topics that are kept are split anew, as PARTITIONS says (README).

Every key's records go to one partition again, in their order: a topic that is only made larger would have the
old ones of an order in one partition, and its new ones in another. What is derived is thrown away, as `reset`
does it.

Topics are deleted and made again on the way. At any time all records of one stand in it, or in its copy, and
which of them is whole is known: interrupted, it is simply done again. Nobody else may write before it has
ended.
"""

import asyncio
import logging
from collections.abc import Awaitable, Mapping

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from insights.provision import create, partitions, replication_of
from insights.reset import alone, delete, reset
from insights.settings import Settings
from insights.topology import PARTITIONS, Wanted

logger = logging.getLogger(__name__)

# the copy, and an empty topic that says that it is whole
_ASIDE, _WHOLE = ".aside", ".aside-whole"
_AT_ONCE = 5000
_NAME, _VALUE, _SOURCE = 0, 1, 3
# what somebody has set for this topic; everything else is the broker's
_ITS_OWN = 1


class StillWriting(Exception):
    """What came during the copy would be lost with the topic."""


async def repartition(settings: Settings) -> None:
    servers, names = settings.kafka_bootstrap_servers, settings.topology
    # before anything is touched, the group's offsets too: who is refused goes on as before
    await alone(servers, names.app_id, patience=settings.session_seconds + 2)
    for topic in names.kept():
        await _split(servers, topic.name)
    await reset(settings)


async def _split(servers: str, topic: str) -> None:
    there, aside, whole = await partitions(servers), topic + _ASIDE, topic + _WHOLE
    if whole not in there:
        # what an earlier run has left is a part, or was for nothing
        await delete(servers, {aside})
        if there.get(topic, PARTITIONS) == PARTITIONS:
            return
        await _make(servers, aside, like=topic, split=there[topic])
        copied = await _copy(servers, topic, aside)
        if await _count(servers, topic) != copied:
            raise StillWriting(f"stop everybody who writes to {topic} first")
        await _make(servers, whole, like=topic, split=1)
    await delete(servers, {topic})
    await _make(servers, topic, like=aside, split=PARTITIONS)
    copied = await _copy(servers, aside, topic)
    await delete(servers, {whole})
    await delete(servers, {aside})
    logger.info("split anew", extra={"topic": topic, "partitions": PARTITIONS, "records": copied})


async def _make(servers: str, topic: str, *, like: str, split: int) -> None:
    replication = await replication_of(servers, like)
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        config = await _config(admin, like)
    finally:
        await admin.close()
    await create(servers, [Wanted(topic, split, config)], replication)


async def _config(admin: AIOKafkaAdminClient, topic: str) -> Mapping[str, str]:
    """How long its records are kept goes with them: a cleaner may come at any moment."""
    [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    return {
        entry[_NAME]: entry[_VALUE]
        for *_, entries in answer.resources
        for entry in entries
        if entry[_SOURCE] == _ITS_OWN
    }


async def _copy(servers: str, source: str, target: str) -> int:
    """The number of records; all of them are on the target when it returns."""
    reader = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    writer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True, linger_ms=5)
    await reader.start()
    await writer.start()
    try:
        assigned = [TopicPartition(source, number) for number in range((await partitions(servers))[source])]
        ends = await reader.end_offsets(assigned)
        reader.assign(assigned)
        await reader.seek_to_beginning(*assigned)
        copied = 0
        while any([await reader.position(partition) < ends[partition] for partition in assigned]):
            found = await reader.getmany(timeout_ms=1000, max_records=_AT_ONCE)
            sent = [await _send(writer, target, record) for records in found.values() for record in records]
            await asyncio.gather(*sent)
            copied += len(sent)
        return copied
    finally:
        await writer.stop()
        await reader.stop()


async def _send(writer: AIOKafkaProducer, target: str, record: ConsumerRecord) -> Awaitable[object]:
    """To where its key belongs; what it gives is done when Kafka has it."""
    acknowledged: Awaitable[object] = await writer.send(
        target,
        record.value,
        key=record.key,
        timestamp_ms=record.timestamp,
        headers=list(record.headers),
    )
    return acknowledged


async def _count(servers: str, topic: str) -> int:
    reader = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    await reader.start()
    try:
        assigned = [TopicPartition(topic, number) for number in range((await partitions(servers))[topic])]
        begins, ends = await reader.beginning_offsets(assigned), await reader.end_offsets(assigned)
        return sum(ends[partition] - begins[partition] for partition in assigned)
    finally:
        await reader.stop()
