"""A real broker, on which every market of a test has topics of its own, and a catalog's one answer."""

import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from insights.provision import create
from insights.topology import PARTITIONS, Topology

from bazaar_shared.testing import TokenForge
from tests.component.process import Worker, command
from tests.events import encoded


@pytest.fixture(scope="session")
def brokers() -> str:
    value = os.environ.get("TEST_KAFKA_BOOTSTRAP")
    if not value:
        pytest.fail("TEST_KAFKA_BOOTSTRAP is not set; start the servers: make test S=insights", pytrace=False)
    return value


@pytest.fixture(scope="session")
def forge() -> TokenForge:
    return TokenForge()


@pytest.fixture(scope="session")
def jwks_url(forge: TokenForge) -> Iterator[str]:
    with forge.serving() as url:
        yield url


class Catalog:
    """The one answer that insights asks the catalog for: the sellers that a token's holder works for."""

    def __init__(self) -> None:
        self.sellers: list[str] = []
        self.asked: list[str] = []
        self.status = 200
        catalog = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                catalog.asked.append(f"{self.path} {self.headers.get('Authorization', '')[:7]}")
                items = [{"id": seller, "slug": "s", "name": "S"} for seller in catalog.sellers]
                body = json.dumps({"items": items, "next_cursor": None}).encode()
                self.send_response(catalog.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    catalog = Catalog()
    yield catalog
    catalog.close()


class Market:
    """Topics under a prefix of their own, and the processes that work on them."""

    def __init__(self, brokers: str, jwks_url: str, catalog: Catalog, forge: TokenForge, home: Path) -> None:
        self.brokers = brokers
        self.prefix = f"t{uuid4().hex[:8]}."
        self.names = Topology(self.prefix)
        self.catalog = catalog
        self.forge = forge
        self.home = home
        self.workers: list[Worker] = []
        self.partitions = PARTITIONS
        self.environment = {
            "KAFKA_BOOTSTRAP_SERVERS": brokers,
            "TOPIC_PREFIX": self.prefix,
            "SESSION_SECONDS": "8",
            "JWKS_URL": jwks_url,
            "CATALOG_URL": catalog.url,
            "STATE_DIR": str(home / "one"),
        }

    async def open(self) -> None:
        await create(self.brokers, self.names.all())

    def worker(self, name: str = "one") -> Worker:
        own = {"PROCESS_NAME": name, "STATE_DIR": str(self.home / name)}
        worker = Worker("serve", **self.environment | own)
        self.workers.append(worker)
        return worker

    def run(self, name: str) -> str:
        return command(name, self.environment)

    def books(self) -> dict[tuple[str, str], tuple[int, str]]:
        """What `export` says of each order and seller; everything there was must have been consumed."""
        lines = [json.loads(line) for line in self.run("export").splitlines()]
        positions = [line for line in lines if line["kind"] == "insights_position"]
        assert len(positions) == 2 * self.partitions
        assert [line for line in positions if line["consumed"] < line["end"]] == []
        return {
            (line["order_id"], line["seller_id"]): (line["amount_minor"], line["state"])
            for line in lines
            if line["kind"] == "insight_order"
        }

    def operator(self) -> str:
        return self.forge.token(roles=("operator",))

    @asynccontextmanager
    async def producing(self) -> AsyncIterator[AIOKafkaProducer]:
        producer = AIOKafkaProducer(bootstrap_servers=self.brokers, acks="all", linger_ms=5)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()

    async def tell(self, topic: str, *events: dict[str, Any], key: str | None = None) -> None:
        """In their order, under their subjects or the key, as their services do."""
        async with self.producing() as producer:
            for event in events:
                await producer.send(topic, encoded(event), key=(key or event["subject"]).encode())
            await producer.flush()

    async def raw(
        self, topic: str, value: bytes | None, key: bytes | None = b"k", partition: int = 0
    ) -> None:
        async with self.producing() as producer:
            await producer.send_and_wait(topic, value, key=key, partition=partition)

    async def read(self, topic: str) -> list[Any]:
        """All records that are there now."""
        reader = AIOKafkaConsumer(bootstrap_servers=self.brokers)
        await reader.start()
        try:
            partitions = [TopicPartition(topic, number) for number in range(self.partitions)]
            reader.assign(partitions)
            await reader.seek_to_beginning(*partitions)
            ends = await reader.end_offsets(partitions)
            found: list[Any] = []
            for partition in partitions:
                while await reader.position(partition) < ends[partition]:
                    found += (await reader.getmany(partition, timeout_ms=500)).get(partition, [])
            return found
        finally:
            await reader.stop()

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()


@pytest.fixture
def market(
    brokers: str, jwks_url: str, catalog: Catalog, forge: TokenForge, tmp_path: Path
) -> Iterator[Market]:
    """Closed still: `open()` makes its topics."""
    market = Market(brokers, jwks_url, catalog, forge, tmp_path)
    yield market
    market.close()


@pytest.fixture(scope="session")
def busy(
    brokers: str, jwks_url: str, forge: TokenForge, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Market]:
    """One market with a worker, for many tests: each has sellers, products and visits of its own."""
    catalog = Catalog()
    market = Market(brokers, jwks_url, catalog, forge, tmp_path_factory.mktemp("busy"))
    asyncio.run(market.open())
    market.worker().until_ready()
    yield market
    market.close()
    catalog.close()
