"""What Kafka knows, for Prometheus: Kafka has no such endpoint, a JMX agent would need a jar in its image.

    python -m monitoring.kafka        KAFKA_BOOTSTRAP_SERVERS, MANAGEMENT_HOST, MANAGEMENT_PORT

The lag here is the broker's view of it: still there, and growing, when a consumer is not. Needs aiokafka.
"""

import asyncio
import logging
import os
import signal
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

TIMEOUT = 3.5  # Prometheus waits four seconds
logger = logging.getLogger("monitoring.kafka")


@dataclass
class Metrics:
    lines: list[str] = field(default_factory=list)

    def gauge(self, name: str, text: str, values: Iterable[tuple[Mapping[str, str], int]]) -> None:
        self.lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
        for labels, value in values:
            inside = ",".join(f'{key}="{label}"' for key, label in labels.items())
            self.lines.append(f"{name}{{{inside}}} {value}")

    def text(self) -> str:
        return "\n".join([*self.lines, ""])


class Exporter:
    """Clients are opened at the first scrape, kept, and opened anew after a failure."""

    def __init__(self, bootstrap_servers: str) -> None:
        settings: dict[str, Any] = {"bootstrap_servers": bootstrap_servers, "request_timeout_ms": 3000}
        self._admin = AIOKafkaAdminClient(**settings)
        # it learns one topic at each try, and there are dozens: at its own pace no first scrape would end
        self._consumer = AIOKafkaConsumer(**settings, enable_auto_commit=False, retry_backoff_ms=5)

    async def start(self) -> None:
        await self._admin.start()
        await self._consumer.start()

    async def close(self) -> None:
        for client in (self._consumer.stop, self._admin.close):
            try:
                await client()
            except KafkaError:
                logger.debug("a client that was not connected was closed")

    async def scrape(self) -> str:
        metrics = Metrics()
        cluster = await self._admin.describe_cluster()
        metrics.gauge("kafka_brokers", "Brokers in the cluster", [({}, len(cluster["brokers"]))])
        topics = [topic for topic in await self._admin.describe_topics() if not topic["is_internal"]]
        self._partitions(metrics, topics)
        ends = await self._ends(topics)
        sums: Counter[str] = Counter()
        for partition, end in ends.items():
            sums[partition.topic] += end
        text = "Sum of the partitions' next offsets: its rate is what is produced"
        metrics.gauge(
            "kafka_topic_end_offset", text, (({"topic": t}, end) for t, end in sorted(sums.items()))
        )
        await self._groups(metrics, ends)
        return metrics.text()

    @staticmethod
    def _partitions(metrics: Metrics, topics: list[dict[str, Any]]) -> None:
        behind = [
            ({"topic": t["topic"]}, sum(len(p["isr"]) < len(p["replicas"]) for p in t["partitions"]))
            for t in topics
        ]
        metrics.gauge("kafka_topic_under_replicated_partitions", "Partitions with a replica behind", behind)

    async def _ends(self, topics: list[dict[str, Any]]) -> dict[TopicPartition, int]:
        partitions = [TopicPartition(t["topic"], p["partition"]) for t in topics for p in t["partitions"]]
        return await self._consumer.end_offsets(partitions) if partitions else {}

    async def _groups(self, metrics: Metrics, ends: Mapping[TopicPartition, int]) -> None:
        groups = sorted(name for name, *_ in await self._admin.list_consumer_groups())
        members, lags = [], []
        for group in groups:
            (answer,) = await self._admin.describe_consumer_groups([group])
            members.append(({"group": group}, len(answer.to_object()["groups"][0]["members"])))
            lag: Counter[str] = Counter()
            for partition, at in (await self._admin.list_consumer_group_offsets(group)).items():
                lag[partition.topic] += max(ends.get(partition, 0) - at.offset, 0)
            lags += [({"group": group, "topic": topic}, behind) for topic, behind in sorted(lag.items())]
        metrics.gauge("kafka_group_members", "Members of the consumer group", members)
        metrics.gauge("kafka_group_lag", "Records the group has not committed yet", lags)


class Server:
    def __init__(self, bootstrap_servers: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._exporter: Exporter | None = None
        self._turn = asyncio.Lock()  # one scrape at a time, however many ask

    async def answer(self, path: str) -> tuple[HTTPStatus, str]:
        if path == "/health/live":
            return HTTPStatus.OK, "ok\n"
        if path not in {"/metrics", "/health/ready"}:
            return HTTPStatus.NOT_FOUND, "unknown path\n"
        try:
            async with self._turn, asyncio.timeout(TIMEOUT):
                return HTTPStatus.OK, await self._scrape()
        except (KafkaError, OSError, TimeoutError) as error:
            await self.close()
            # 503: the target is down, and the alert TargetDown says so
            return HTTPStatus.SERVICE_UNAVAILABLE, f"Kafka can't be asked: {type(error).__name__}: {error}\n"

    async def _scrape(self) -> str:
        if self._exporter is None:
            self._exporter = Exporter(self._bootstrap_servers)
            await self._exporter.start()
        return await self._exporter.scrape()

    async def close(self) -> None:
        exporter, self._exporter = self._exporter, None
        if exporter is not None:
            await exporter.close()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10):
                method, path, *_ = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split()
                status, text = await self.answer(path if method == "GET" else "")
            head = (
                f"HTTP/1.0 {status.value} {status.phrase}\r\ncontent-type: text/plain; version=0.0.4\r\n\r\n"
            )
            writer.write((head + text).encode())
            await writer.drain()
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            logger.debug("the caller went away, or sent no request")
        finally:
            writer.close()


async def main(env: Mapping[str, str] = os.environ) -> None:
    server = Server(env["KAFKA_BOOTSTRAP_SERVERS"])
    host, port = env.get("MANAGEMENT_HOST", "127.0.0.1"), int(env["MANAGEMENT_PORT"])
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with await asyncio.start_server(server.handle, host, port):
        await stop.wait()
    await server.close()


if __name__ == "__main__":
    asyncio.run(main())
