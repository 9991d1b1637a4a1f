"""`python -m notifications …` as it runs, and the topics that it begins with."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from bazaar_shared.testing import processes


class Process(processes.Process):
    module = "notifications"

    def children(self) -> list[int]:
        """The pool's processes below the worker; Celery's parent has no others."""
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in path.read_text().split()]


type Start = Callable[..., Process]


def together(start: Start, *commands: str, **changes: str) -> list[Process]:
    return [process.until_ready() for process in [start(command, **changes) for command in commands]]


def begin_at_the_end(servers: str, group: str, *topics: str) -> None:
    """What others told before, or tell of other tests' databases, is not this group's."""

    async def run() -> None:
        consumer = AIOKafkaConsumer(bootstrap_servers=servers, group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            numbers = {
                topic: (await consumer._client.fetch_all_metadata()).partitions_for_topic(topic)
                for topic in topics
            }
            partitions = [TopicPartition(topic, number) for topic in topics for number in numbers[topic]]
            consumer.assign(partitions)
            await consumer.commit(await consumer.end_offsets(partitions))
        finally:
            await consumer.stop()

    asyncio.run(run())
