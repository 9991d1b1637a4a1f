"""Topics: created where they are missing, their settings brought back where they differ. Partitions are not:
records that are there would stay where they are, and a key's next ones go elsewhere.
"""

from __future__ import annotations

import logging

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from infra.definition import Topic
from infra.waiting import patiently

NOT_YET = (KafkaError, OSError)
ALREADY_EXISTS = 36
NAME, VALUE = 0, 1


class TopicError(Exception):
    """The broker refused a topic."""


async def provision(bootstrap: str, topics: list[Topic], within: float) -> list[str]:
    """What differs and was left as it is, a line for each topic."""
    # the client's own complaints about a broker that is still starting tell nobody anything
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

    async def connect() -> AIOKafkaAdminClient:
        client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
        try:
            await client.start()
            await client.list_topics()
        except BaseException:
            await client.close()
            raise
        return client

    client = await patiently("Kafka", connect, NOT_YET, within)
    try:
        await create(client, topics)
        await adjust(client, topics)
        return await split_otherwise(client, topics)
    finally:
        await client.close()


async def create(client: AIOKafkaAdminClient, topics: list[Topic]) -> None:
    existing = set(await client.list_topics())
    missing = [
        NewTopic(topic.name, topic.partitions, topic.replication, topic_configs=dict(topic.settings))
        for topic in topics
        if topic.name not in existing
    ]
    if not missing:
        return
    answer = await client.create_topics(missing, timeout_ms=20_000)
    for name, code, *_ in answer.topic_errors:
        if code not in {0, ALREADY_EXISTS}:
            raise TopicError(f"{name}: {for_code(code).__name__}")


async def split_otherwise(client: AIOKafkaAdminClient, topics: list[Topic]) -> list[str]:
    wanted = {topic.name: topic.partitions for topic in topics}
    found = {
        topic["topic"]: len(topic["partitions"]) for topic in await client.describe_topics(sorted(wanted))
    }
    return [
        f"{name} has {count} partitions, not {wanted[name]}: left as it is"
        for name, count in found.items()
        if count not in {0, wanted[name]}
    ]


async def adjust(client: AIOKafkaAdminClient, topics: list[Topic]) -> None:
    wanted = {topic.name: {**topic.settings} for topic in topics}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in wanted]
    changes = []
    for answer in await client.describe_configs(asked):
        for _code, _message, _type, name, entries in answer.resources:
            now = {entry[NAME]: entry[VALUE] for entry in entries}
            if any(now.get(setting) != value for setting, value in wanted[name].items()):
                changes.append(ConfigResource(ConfigResourceType.TOPIC, name, configs=wanted[name]))
    if changes:
        await client.alter_configs(changes)
