"""Asking Kafka for the topics: before the start, and to throw away what can be made anew."""

import asyncio
import logging
from collections.abc import Iterable
from time import monotonic

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from bazaar_shared.management import Health
from insights.topology import Topology, Wanted

logger = logging.getLogger(__name__)

_TIMEOUT = 10.0
_PAUSE = 1.0


class WrongTopics(Exception):
    """Topics are split otherwise than the tables: no waiting helps (README, "Other partitions")."""


async def wait_for_topics(servers: str, names: Topology, health: Health, stop: asyncio.Event) -> bool:
    """Faust passes over a topic that is not there yet, and never looks again. False when stopped
    meanwhile.
    """
    while not stop.is_set():
        health.beat()
        missing = await _missing(servers, names)
        if not missing:
            return True
        health.set("kafka", f"missing: {', '.join(missing)}")
        logger.warning("waiting for topics", extra={"missing": missing})
        try:
            async with asyncio.timeout(_PAUSE):
                await stop.wait()
        except TimeoutError:
            continue
    return False


async def _missing(servers: str, names: Topology) -> list[str]:
    try:
        async with asyncio.timeout(_TIMEOUT):
            found = await partitions(servers)
    except (KafkaError, TimeoutError, OSError) as error:
        return [f"a broker that answers ({type(error).__name__})"]
    wanted = list(names.all())
    wrong = [
        f"{topic.name} has {found[topic.name]}, not {topic.partitions}"
        for topic in wanted
        if found.get(topic.name, topic.partitions) != topic.partitions
    ]
    if wrong:
        raise WrongTopics(f"partitions: {'; '.join(wrong)}")
    return [topic.name for topic in wanted if topic.name not in found]


async def partitions(servers: str) -> dict[str, int]:
    """Of each topic that is there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        described = await admin.describe_topics()
        return {topic["topic"]: len(topic["partitions"]) for topic in described if not topic["error_code"]}
    finally:
        await admin.close()


async def replication_of(servers: str, topic: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        [described] = await admin.describe_topics([topic])
        return len(described["partitions"][0]["replicas"])
    finally:
        await admin.close()


async def create(servers: str, topics: Iterable[Wanted], replication: int = 1) -> None:
    """Those that are there stay as they are. Returns when all are seen: brokers learn of them one by one."""
    wanted = list(topics)
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        answer = await admin.create_topics(
            [
                NewTopic(topic.name, topic.partitions, replication, topic_configs=dict(topic.config))
                for topic in wanted
            ]
        )
    finally:
        await admin.close()
    for name, code, *_ in answer.topic_errors:
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise for_code(code)(name)
    deadline = monotonic() + _TIMEOUT
    while missing := {topic.name for topic in wanted} - set(await partitions(servers)):
        if monotonic() >= deadline:
            raise TimeoutError(f"topics that were made are not there: {', '.join(sorted(missing))}")
        await asyncio.sleep(_PAUSE / 10)
