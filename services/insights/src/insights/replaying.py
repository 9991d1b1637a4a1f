"""`python -m insights replay-dead-letters`: what can be read now goes to the running worker, by a topic of
its own, and where its key belongs. Nobody else reads it: a record that orders wrote is not
written again where orders writes.
"""

import logging

from aiokafka import AIOKafkaProducer

from bazaar_shared.consumer import replay_dead_letters
from bazaar_shared.dead_letters import Record
from bazaar_shared.envelope import Event
from insights.settings import Settings
from insights.streams.replay import read

logger = logging.getLogger(__name__)


async def replay(settings: Settings) -> None:
    servers, names = settings.kafka_bootstrap_servers, settings.topology
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", request_timeout_ms=10_000)
    await producer.start()

    async def handle(event: Event, record: Record) -> None:
        value = event.to_json()
        read(names, record.topic, value)
        key = record.key.encode() if record.key is not None else None
        headers = [("dead-letter-topic", record.topic.encode())]
        # a record that was laid aside before the topics were split anew has another partition now
        partition = record.partition if key is None else None
        await producer.send_and_wait(names.replayed, value, key=key, partition=partition, headers=headers)

    try:
        outcome = await replay_dead_letters(servers, names.dead_letters, names.app_id, handle)
    finally:
        await producer.stop()
    logger.info("dead letters replayed", extra={"handled": outcome.handled, "refused": outcome.refused})
