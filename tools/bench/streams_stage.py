"""A topic full of orders, and each reader on it from its beginning."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tools.bench.programs import Program, ProgramError, measured, running
from tools.bench.streams.counting import PARTITIONS, Given

KEYS = 500


class StreamsStageError(Exception):
    pass


@dataclass(frozen=True)
class Run:
    per_second: float
    cpu_micros: float  # a record


@dataclass(frozen=True)
class Stage:
    servers: str
    topic: str

    async def run(self, module: str, variant: str, records: int) -> Run:
        """A reader of so many records, under a group of its own, with a changelog of its own."""
        what = Given(self.servers, self.topic, f"bench-streams-{uuid.uuid4().hex[:8]}", records, variant)
        async with topics(self.servers, what.changelog):
            return await asyncio.to_thread(self._read, module, what)

    def _read(self, module: str, what: Given) -> Run:
        program = Program("insights", f"tools.bench.streams.{module}", what.arguments())
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "reader.log"
            try:
                with running(program, env=dict(os.environ), log=log) as child:
                    seen = measured(child, {"reader": child.pid})
            except ProgramError as error:
                tail = log.read_text(encoding="utf-8", errors="replace")[-500:]
                raise StreamsStageError(f"{error}: {tail}") from error
        if seen.told != {"records": what.records, "counted": what.records}:
            raise StreamsStageError(f"{module} {what.variant} counted {seen.told}, not {what.records}")
        return Run(what.records / seen.seconds, seen.cpu_seconds["reader"] / what.records * 1e6)


@asynccontextmanager
async def topics(servers: str, *names: str) -> AsyncIterator[None]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
        yield
    finally:
        await admin.delete_topics(list(names))
        await admin.close()


@asynccontextmanager
async def filled(servers: str, records: int) -> AsyncIterator[Stage]:
    name = f"bench.streams.{uuid.uuid4().hex[:8]}"
    async with topics(servers, name):
        producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", linger_ms=20)
        await producer.start()
        try:
            keys = [str(uuid.uuid4()) for _ in range(KEYS)]
            for number in range(records):
                key = keys[number % KEYS]
                await producer.send(name, order(key, number), key=key.encode())
            await producer.flush()
        finally:
            await producer.stop()
        yield Stage(servers, name)


def order(key: str, number: int) -> bytes:
    """About as long as an event of one line."""
    line = {
        "product_id": key,
        "seller_id": key,
        "quantity": 1,
        "unit_price_minor": 1290,
        "line_total_minor": 1290,
    }
    data = {"order_id": key, "shopper_id": key, "status": "confirmed", "total_minor": 1290, "lines": [line]}
    document = {"specversion": "1.0", "id": key, "type": "bazaar.orders.order.confirmed.v1", "subject": key}
    return json.dumps(document | {"aggregateversion": number, "data": data}).encode()
