"""Clickstream on a topic of its own, beside the bare producer; both in clickstream's environment."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from native.native_mode import free_port
from tools.bench.http_load import LOCAL, MakeRequest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / "services/clickstream/.venv/bin/python"
PARTITIONS = 6  # as infra/infra.yaml makes them
SESSIONS = 1000
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class ClickstreamStageError(Exception):
    pass


@dataclass(frozen=True)
class RawRun:
    batches: int
    all_batches: int  # with those of the warm-up
    per_second: float  # events
    cpu_micros: float  # an event


@dataclass(frozen=True)
class Topic:
    servers: str
    name: str

    async def count(self) -> int:
        """Records that stand on it."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.servers)
        await consumer.start()
        try:
            ends = await consumer.end_offsets(
                [TopicPartition(self.name, number) for number in range(PARTITIONS)]
            )
        finally:
            await consumer.stop()
        return int(sum(ends.values()))


@asynccontextmanager
async def own_topic(servers: str) -> AsyncIterator[Topic]:
    topic = Topic(servers, f"bench.clickstream.{uuid.uuid4().hex[:8]}")
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic.name, PARTITIONS, 1)])
        yield topic
    finally:
        await admin.delete_topics([topic.name])
        await admin.close()


async def raw(topic: Topic, *, senders: int, events: int, seconds: float) -> RawRun:
    arguments = [topic.servers, topic.name, str(senders), str(events), str(seconds)]
    child = await asyncio.create_subprocess_exec(
        PYTHON,
        "-m",
        "tools.bench.clickstream_raw",
        *arguments,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(child.communicate(), seconds + 60)
    if child.returncode != 0:
        raise ClickstreamStageError(f"the bare producer failed: {errors.decode()[-500:]}")
    return RawRun(**json.loads(out))


@dataclass(frozen=True)
class Service:
    port: int
    pid: int


@asynccontextmanager
async def service(topic: Topic) -> AsyncIterator[Service]:
    port, management = free_port(), free_port()
    env = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": topic.servers,
        "CLICKS_TOPIC": topic.name,
        "HTTP_PORT": str(port),
        "MANAGEMENT_PORT": str(management),
        # few sessions send all of it
        "RATE_BURST": str(10**9),
    }
    with tempfile.TemporaryFile() as log:
        child = await asyncio.create_subprocess_exec(
            PYTHON, "-m", "clickstream", "serve", cwd=ROOT, env=env, stdout=log, stderr=log
        )
        try:
            await until_ready(f"http://{LOCAL}:{management}/health/ready", child)
            yield Service(port, child.pid)
        finally:
            if child.returncode is None:
                child.terminate()
            await asyncio.wait_for(child.wait(), 60)


async def until_ready(url: str, child: asyncio.subprocess.Process) -> None:
    async with httpx.AsyncClient(timeout=5) as http:
        for _ in range(150):
            if child.returncode is not None:
                raise ClickstreamStageError(f"clickstream ended with {child.returncode}")
            try:
                if (await http.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)
    raise ClickstreamStageError("clickstream was not ready within 30 s")


def requests(events: int) -> MakeRequest:
    """Batches of views, each event with an id of its own, from sessions in turn."""
    numbers = itertools.count()
    sessions = [str(uuid.uuid4()) for _ in range(SESSIONS)]
    run = uuid.uuid4().hex[:8]
    now, product = datetime.now(UTC).isoformat(), uuid.uuid4()
    event = f'{{"id":"%s","kind":"view","at":"{now}","product_id":"{product}","page":"/p/a-tea"}}'

    def make() -> bytes:
        number = next(numbers)
        ids = (f"{run}-{place:04x}-4000-8000-{number:012x}" for place in range(events))
        told = ",".join(event % click for click in ids)
        body = f'{{"session_id":"{sessions[number % SESSIONS]}","events":[{told}]}}'
        head = (
            f"POST /api/clickstream HTTP/1.1\r\nHost: {LOCAL}\r\nUser-Agent: {BROWSER}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\ntraceparent: {TRACE}\r\n\r\n"
        )
        return (head + body).encode()

    return make
