"""`python -m notifications …` as it runs: real processes, real sockets, real topics."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bazaar_shared.envelope import Event
from bazaar_shared.testing import eventually

STARTS_WITHIN = 90


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


class Process:
    def __init__(self, command: str, environment: dict[str, str], folder: Path) -> None:
        self.port, self.management_port = free_port(), free_port()
        self.log = folder / f"{command}-{self.management_port}.log"
        ports = {"HTTP_PORT": str(self.port), "MANAGEMENT_PORT": str(self.management_port)}
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "notifications", command],
                env={"PATH": os.environ["PATH"]} | environment | ports,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.url = f"http://127.0.0.1:{self.port}"

    def management(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.management_port}{path}", timeout=5)

    def is_ready(self) -> bool:
        if self.child.poll() is not None:
            raise RuntimeError(self.log.read_text())  # no AssertionError: it will not get better
        try:
            return self.management("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def wait_until_ready(self) -> "Process":
        eventually(self.is_ready, within=STARTS_WITHIN)
        return self

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def children(self) -> list[int]:
        """The pool's processes below the worker; Celery's parent has no others."""
        path = Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def stop(self) -> int:
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(timeout=30)

    def end(self) -> None:
        """In peace, so that Kafka's group does not wait for it; else by force."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        self.child.kill()
        self.child.wait()


type Start = Callable[..., Process]


def make_topics(servers: str, *topics: str) -> None:
    """Topics are made by the deployment: no broker of ours makes one because somebody used it."""

    async def make() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=servers)
        await admin.start()
        try:
            missing = set(topics) - set(await admin.list_topics())
            await admin.create_topics([NewTopic(topic, 1, 1) for topic in missing])
        finally:
            await admin.close()

    asyncio.run(make())


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
