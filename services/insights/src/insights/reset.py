"""`python -m insights reset`: everything that was derived is thrown away, and derived anew from the topics
that are kept. What stays: alerts that were published, and the
dead letters.
"""

import asyncio
import logging
import shutil
from collections.abc import Iterable
from time import monotonic

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError, KafkaError

from insights.provision import create, partitions, replication_of
from insights.settings import Settings

logger = logging.getLogger(__name__)

_WAIT = 30.0
_PAUSE = 0.5
# of a group's description
_MEMBERS = 5


class StillRunning(Exception):
    """A worker would go on with what it has, and write it back."""


async def reset(settings: Settings) -> None:
    """Safe to do again: whatever of it was done, the rest follows."""
    servers, names = settings.kafka_bootstrap_servers, settings.topology
    derived = {topic.name: topic for topic in names.derived()}
    # what was laid aside and brought back is no derivation: it is read again as the sources are
    sources = (*names.sources, names.replayed)
    await _from_the_beginning(servers, names.app_id, sources, patience=settings.session_seconds + 2)
    await delete(servers, set(derived))
    await create(servers, derived.values(), replication=await replication_of(servers, names.orders))
    shutil.rmtree(settings.state_dir, ignore_errors=True)
    logger.info("reset: the next start reads from the beginning", extra={"topics": len(derived)})


async def alone(servers: str, group: str, patience: float) -> None:
    """StillRunning when the group has a member for longer than a killed one is kept."""
    deadline = monotonic() + patience
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        while await _members(admin, group):
            if monotonic() >= deadline:
                raise StillRunning("stop every worker first")
            await asyncio.sleep(_PAUSE)
    finally:
        await admin.close()


async def _members(admin: AIOKafkaAdminClient, group: str) -> int:
    return sum(
        len(found[_MEMBERS])
        for answer in await admin.describe_consumer_groups([group])
        for found in answer.groups
    )


async def _from_the_beginning(servers: str, group: str, topics: Iterable[str], patience: float) -> None:
    """Kafka takes offsets from outside of a group only while it has no members. A worker that was killed
    is one for as long as its session lasts.
    """
    reader = AIOKafkaConsumer(bootstrap_servers=servers, group_id=group, enable_auto_commit=False)
    await reader.start()
    try:
        there = await partitions(servers)
        assigned = [TopicPartition(name, number) for name in topics for number in range(there.get(name, 0))]
        if not assigned:
            return
        reader.assign(assigned)
        await _commit(reader, dict(await reader.beginning_offsets(assigned)), patience)
    finally:
        await reader.stop()


async def _commit(reader: AIOKafkaConsumer, offsets: dict[TopicPartition, int], patience: float) -> None:
    deadline = monotonic() + patience
    while True:
        try:
            await reader.commit(offsets)
            return
        except (CommitFailedError, KafkaError) as error:
            if monotonic() >= deadline:
                raise StillRunning(f"stop every worker first ({type(error).__name__})") from error
            await asyncio.sleep(_PAUSE)


async def delete(servers: str, names: set[str]) -> None:
    """Those of them that are there; their offsets go with them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.delete_topics([name for name in await partitions(servers) if name in names])
    finally:
        await admin.close()
    deadline = monotonic() + _WAIT
    while names & set(await partitions(servers)):
        if monotonic() >= deadline:
            raise TimeoutError("topics that were deleted are still there")
        await asyncio.sleep(_PAUSE)
